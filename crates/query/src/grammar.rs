//! The language of searches: text to a syntax tree, the tree as text, and whether a request matches it.
//!
//! ```text
//! space = AND   OR   - or NOT   ( )   word   "phrase"   /regex/
//! field:value   field:a,b   field:>=400   field:a..b   field:4xx   field:*
//! ```
//!
//! AND binds tighter than OR. A word without a field is looked for in keys, messages, the URL and both bodies. Text
//! without a capital letter matches in any case, text with one only as it is written. Nothing here reads a report:
//! [`SearchedRow`] is what a request says, and a part of it that has not been read yet makes the answer unknown.

mod parse;
mod pattern;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::ops::{Bound, Range};

use tables::cell::Micros;

use crate::zone::Zone;

pub use parse::time_span;
pub use pattern::TextPattern;

/// What is searched for.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// `None` for an empty query, which every request matches.
    pub root: Option<Expression>,
}

/// A part of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// Every part matches; two or more.
    All(Vec<Expression>),
    /// Some part matches; two or more.
    Any(Vec<Expression>),
    /// The part does not match.
    Not(Box<Expression>),
    /// One condition.
    Term(Term),
}

/// A condition and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What is wanted.
    pub condition: Condition,
    /// Its bytes in the query.
    pub span: Range<usize>,
}

/// What a request must say.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A text in its keys, messages, URL or bodies.
    Anywhere(TextPattern),
    /// Any of these in a field.
    Text(TextField, Vec<TextPattern>),
    /// Any of these ranges.
    Number(NumberField, Vec<NumberRange>),
    /// It began at this time or later.
    Since(Micros),
    /// It began before this time.
    Until(Micros),
    /// Any of these states.
    State(Vec<RequestState>),
}

macro_rules! words {
    ($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $item_doc:literal])* $item:ident = $word:literal,)* }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[doc = $item_doc])* $item,)* }

        impl $name {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$item,)*];

            /// Its word in a query.
            pub fn word(self) -> &'static str {
                match self { $(Self::$item => $word,)* }
            }

            fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}

words! {
    /// A field that holds text.
    TextField {
        /// The key of the request, or of one of its errors.
        Key = "key",
        /// The same, when it is a SKU.
        Sku = "sku",
        /// The same, when it is an order.
        Order = "order",
        /// Name of the flow.
        Flow = "flow",
        /// Name of the step.
        Step = "step",
        /// Id of the run.
        Run = "run",
        /// Method, host and masked path.
        Endpoint = "endpoint",
        /// HTTP method.
        Method = "method",
        /// URL, as logged.
        Url = "url",
        /// `success`, `failed`, `unknown`.
        Outcome = "outcome",
        /// Class of one of its errors.
        Class = "class",
        /// Side of one of its errors.
        Side = "side",
        /// Fingerprint of the group of one of its errors, or the beginning of it.
        Group = "group",
        /// Code of one of its errors.
        Code = "code",
        /// Field of one of its errors.
        Field = "field",
        /// Message of one of its errors.
        Message = "msg",
        /// Request body.
        Request = "req",
        /// Response body.
        Response = "res",
        /// File of the log.
        File = "file",
    }
}

words! {
    /// A field that holds a number.
    NumberField {
        /// HTTP status.
        Status = "status",
        /// How long it took, milliseconds.
        Duration = "duration",
    }
}

words! {
    /// A state of a request.
    RequestState {
        /// The newest attempt at one of its keys failed.
        Open = "open",
        /// An attempt at one of its keys failed, and the newest one succeeded.
        Resolved = "resolved",
        /// It failed.
        Failed = "failed",
        /// The platform cut the response.
        Truncated = "truncated",
    }
}

impl TextField {
    /// The only texts that it can hold; `None` when it can hold any.
    fn closed(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Outcome => Some(&["success", "failed", "unknown"]),
            Self::Class => Some(&[
                "value",
                "missing",
                "connection",
                "intermittent",
                "rate_limit",
                "too_large",
                "parse",
                "duplicate",
                "permission",
                "other",
            ]),
            Self::Side => Some(&["integrator", "omnitron", "erp", "mapping"]),
            _ => None,
        }
    }
}

/// Numbers from one bound to the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberRange {
    /// The smallest.
    pub from: Bound<f64>,
    /// The largest.
    pub to: Bound<f64>,
}

impl NumberRange {
    /// Whether the range has a number.
    pub fn contains(&self, number: f64) -> bool {
        std::ops::RangeBounds::contains(&(self.from, self.to), &number)
    }

    /// Whether the range has some number between two, both included.
    pub fn overlaps(&self, least: f64, most: f64) -> bool {
        let from = match self.from {
            Bound::Included(from) => from <= most,
            Bound::Excluded(from) => from < most,
            Bound::Unbounded => true,
        };
        let to = match self.to {
            Bound::Included(to) => least <= to,
            Bound::Excluded(to) => least < to,
            Bound::Unbounded => true,
        };
        from && to
    }
}

/// What a request says, as far as it has been read. Every answer is `None` while it is not known.
pub trait SearchedRow {
    /// Whether a text of the field matches one of the patterns.
    fn text(&self, field: TextField, patterns: &[TextPattern]) -> Option<bool>;
    /// Whether the number is in one of the ranges.
    fn number(&self, field: NumberField, ranges: &[NumberRange]) -> Option<bool>;
    /// Whether it began at `from` or later, and before `to`.
    fn time(&self, from: Option<Micros>, to: Option<Micros>) -> Option<bool>;
    /// Whether it is in the state.
    fn state(&self, state: RequestState) -> Option<bool>;
}

/// The fields in which a word without a field is looked for.
const ANYWHERE: [TextField; 5] =
    [TextField::Key, TextField::Message, TextField::Url, TextField::Request, TextField::Response];

impl Query {
    /// Reads a query. `now` is what times such as `-3h` and `yesterday` refer to; days, and times without an offset of
    /// their own, are those of `zone`.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str, now: Micros, zone: &Zone) -> Result<Self, QueryError> {
        parse::query(text, now, zone)
    }

    /// Whether a request matches; `None` when that depends on something that the row does not know yet.
    pub fn matches(&self, row: &impl SearchedRow) -> Option<bool> {
        self.root.as_ref().map_or(Some(true), |root| root.matches(row))
    }

    /// What is looked for in bodies and messages, outside of every NOT: these places are shown as hits.
    pub fn highlights(&self) -> Vec<&TextPattern> {
        let mut found = Vec::new();
        if let Some(root) = &self.root {
            root.highlights(&mut found);
        }
        found
    }
}

impl Expression {
    fn matches(&self, row: &impl SearchedRow) -> Option<bool> {
        match self {
            Self::All(parts) => every(parts.iter().map(|part| part.matches(row))),
            Self::Any(parts) => some(parts.iter().map(|part| part.matches(row))),
            Self::Not(part) => part.matches(row).map(|matches| !matches),
            Self::Term(term) => term.condition.matches(row),
        }
    }

    fn highlights<'q>(&'q self, found: &mut Vec<&'q TextPattern>) {
        use TextField::{Code, Field, Key, Message, Order, Request, Response, Sku, Url};
        match self {
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.highlights(found);
                }
            }
            Self::Not(_) => {}
            Self::Term(term) => match &term.condition {
                Condition::Anywhere(pattern) => found.push(pattern),
                Condition::Text(
                    Key | Sku | Order | Message | Request | Response | Url | Code | Field,
                    patterns,
                ) => found.extend(patterns.iter().filter(|pattern| !pattern.is_presence())),
                _ => {}
            },
        }
    }
}

impl Condition {
    fn matches(&self, row: &impl SearchedRow) -> Option<bool> {
        match self {
            Self::Anywhere(pattern) => {
                let pattern = std::slice::from_ref(pattern);
                some(ANYWHERE.iter().map(|&field| row.text(field, pattern)))
            }
            Self::Text(field, patterns) => row.text(*field, patterns),
            Self::Number(field, ranges) => row.number(*field, ranges),
            Self::Since(from) => row.time(Some(*from), None),
            Self::Until(to) => row.time(None, Some(*to)),
            Self::State(states) => some(states.iter().map(|&state| row.state(state))),
        }
    }
}

/// False when one is false, else unknown when one is unknown.
fn every(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    some(answers.map(|answer| answer.map(|is| !is))).map(|is| !is)
}

/// True when one is true, else unknown when one is unknown.
fn some(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for answer in answers {
        match answer {
            Some(true) => return Some(true),
            Some(false) => {}
            None => known = false,
        }
    }
    known.then_some(false)
}

impl fmt::Display for Query {
    /// As a query that means the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.as_ref().map_or(Ok(()), |root| root.fmt(f))
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => {
                for (n, part) in parts.iter().enumerate() {
                    f.write_str(if n > 0 { " " } else { "" })?;
                    match part {
                        Self::Any(_) | Self::All(_) => write!(f, "({part})")?,
                        _ => part.fmt(f)?,
                    }
                }
                Ok(())
            }
            Self::Any(parts) => {
                for (n, part) in parts.iter().enumerate() {
                    f.write_str(if n > 0 { " OR " } else { "" })?;
                    match part {
                        Self::Any(_) => write!(f, "({part})")?,
                        _ => part.fmt(f)?,
                    }
                }
                Ok(())
            }
            Self::Not(part) => match **part {
                Self::All(_) | Self::Any(_) => write!(f, "-({part})"),
                _ => write!(f, "-{part}"),
            },
            Self::Term(term) => term.condition.fmt(f),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anywhere(pattern) => pattern.fmt(f),
            Self::Text(field, patterns) => listed(f, field.word(), patterns),
            Self::Number(field, ranges) => listed(f, field.word(), ranges),
            Self::Since(at) => write!(f, "since:{}", tables::rfc3339(*at)),
            Self::Until(at) => write!(f, "until:{}", tables::rfc3339(*at)),
            Self::State(states) => {
                let words: Vec<_> = states.iter().map(|state| state.word()).collect();
                write!(f, "is:{}", words.join(","))
            }
        }
    }
}

fn listed(f: &mut fmt::Formatter<'_>, name: &str, values: &[impl fmt::Display]) -> fmt::Result {
    write!(f, "{name}:")?;
    for (n, value) in values.iter().enumerate() {
        write!(f, "{}{value}", if n > 0 { "," } else { "" })?;
    }
    Ok(())
}

impl fmt::Display for NumberRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Bound::{Excluded, Included, Unbounded};
        match (self.from, self.to) {
            #[expect(clippy::float_cmp, reason = "one number was written for both")]
            (Included(from), Included(to)) if from == to => write!(f, "{from}"),
            (Included(from) | Excluded(from), Included(to) | Excluded(to)) => {
                write!(f, "{from}..{to}")
            }
            (Included(from), Unbounded) => write!(f, ">={from}"),
            (Excluded(from), Unbounded) => write!(f, ">{from}"),
            (Unbounded, Included(to)) => write!(f, "<={to}"),
            (Unbounded, Excluded(to)) => write!(f, "<{to}"),
            (Unbounded, Unbounded) => f.write_str("*"),
        }
    }
}

/// What is wrong with a query, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct QueryError {
    /// What is wrong.
    pub fault: QueryFault,
    /// The bytes of the query that are meant.
    pub span: Range<usize>,
}

/// What can be wrong with a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryFault {
    /// There is no field of this name.
    #[error("{name}: no such field{}; quote it to search for the text", meant(*nearest))]
    UnknownField {
        /// What was written before the colon.
        name: String,
        /// The field that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The field never has this value.
    #[error("{field}:{value}: no such value{}; there are {}", meant(*nearest), words.join(", "))]
    UnknownWord {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
        /// The value that was probably meant.
        nearest: Option<&'static str>,
        /// All values.
        words: Vec<&'static str>,
    },
    /// A field without a value.
    #[error("{field}: a value is missing after the colon")]
    NoValue {
        /// The field.
        field: &'static str,
    },
    /// The field holds numbers.
    #[error(
        "{field}:{value}: not a number; write 404, 4xx, >=400 or 400..499, of a duration also 2s or 500ms"
    )]
    NotANumber {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
    },
    /// The field holds a time.
    #[error(
        "{field}:{value}: not a time; write -3h, yesterday, 2026-10-24 or 2026-10-24T02:00, in UTC unless --tz is set"
    )]
    NotATime {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
    },
    /// The text between slashes is no regular expression.
    #[error("/{regex}/: not a regular expression: {fault}")]
    Regex {
        /// The text.
        regex: String,
        /// What is wrong with it.
        fault: String,
    },
    /// A quote or parenthesis that is not closed.
    #[error("{mark} is not closed")]
    Unclosed {
        /// The mark.
        mark: char,
    },
    /// A parenthesis that was not opened.
    #[error(") closes nothing")]
    Unopened,
    /// An operator or parenthesis without what it applies to.
    #[error("{operator}: a condition is missing")]
    NoCondition {
        /// The operator.
        operator: String,
    },
    /// More levels of parentheses and NOTs than are read.
    #[error("more than {} levels of parentheses and NOTs", parse::LEVELS)]
    TooDeep,
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!(" (did you mean {nearest}?)")).unwrap_or_default()
}
