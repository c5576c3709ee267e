//! The text of a query to its tree, by recursive descent.

use std::ops::{Bound, Range};

use model::time::Timestamp;
use tables::cell::Micros;

use super::{
    Condition, Expression, NumberField, NumberRange, Query, QueryError, QueryFault, RequestState,
    Term, TextField, TextPattern,
};
use crate::nearest::nearest;
use crate::zone::Zone;

/// The deepest nesting that is read.
pub(super) const LEVELS: usize = 64;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Fields that are neither text nor number.
const OTHER_FIELDS: [&str; 3] = ["since", "until", "is"];

pub(super) fn query(text: &str, now: Micros, zone: &Zone) -> Result<Query, QueryError> {
    let mut parser = Parser { text, at: 0, now, zone, level: 0 };
    if parser.blank_rest() {
        return Ok(Query { root: None });
    }
    let root = parser.any("the query")?;
    match parser.rest().chars().next() {
        None => Ok(Query { root: Some(root) }),
        Some(_) => Err(at_fault(QueryFault::Unopened, parser.at..parser.at + 1)),
    }
}

struct Parser<'q> {
    text: &'q str,
    at: usize,
    now: Micros,
    zone: &'q Zone,
    level: usize,
}

/// One value after a field, as it is written.
enum WrittenValue<'q> {
    Bare(&'q str),
    Phrase(String),
    Regex(&'q str),
}

type Parsed<T> = Result<T, QueryError>;

impl<'q> Parser<'q> {
    fn rest(&self) -> &'q str {
        &self.text[self.at..]
    }

    /// Skips blanks; whether nothing follows.
    fn blank_rest(&mut self) -> bool {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.rest().is_empty()
    }

    /// Takes an operator that is a word.
    fn keyword(&mut self, word: &str) -> bool {
        self.blank_rest();
        let ends =
            |rest: &str| rest.chars().next().is_none_or(|c| c.is_whitespace() || "()".contains(c));
        let taken = self.rest().strip_prefix(word).is_some_and(ends);
        self.at += if taken { word.len() } else { 0 };
        taken
    }

    /// Parts with OR between them.
    fn any(&mut self, operator: &str) -> Parsed<Expression> {
        let mut parts = vec![self.all(operator)?];
        while self.keyword("OR") {
            parts.push(self.all("OR")?);
        }
        Ok(one_or(parts, Expression::Any))
    }

    /// Parts with AND or nothing between them.
    fn all(&mut self, operator: &str) -> Parsed<Expression> {
        let mut parts = vec![self.one(operator)?];
        loop {
            if self.keyword("AND") {
                parts.push(self.one("AND")?);
                continue;
            }
            let before = self.at;
            let ends = self.blank_rest() || self.rest().starts_with(')') || self.keyword("OR");
            self.at = before;
            if ends {
                return Ok(one_or(parts, Expression::All));
            }
            parts.push(self.one("AND")?);
        }
    }

    /// A condition, a negation or a parenthesis.
    fn one(&mut self, operator: &str) -> Parsed<Expression> {
        let start = self.at;
        let missing = |operator: &str, span| {
            at_fault(QueryFault::NoCondition { operator: operator.to_owned() }, span)
        };
        if self.blank_rest() || self.rest().starts_with(')') {
            return Err(missing(operator, start.saturating_sub(operator.len())..start));
        }
        let start = self.at;
        for word in ["OR", "AND"] {
            if self.keyword(word) {
                return Err(missing(word, start..self.at));
            }
        }
        if self.keyword("NOT") {
            return self.nested(start, |parser| parser.one("NOT")).map(negated);
        }
        let rest = self.rest();
        let denied = rest.strip_prefix('-').and_then(|rest| rest.chars().next());
        if denied.is_some_and(|c| !c.is_whitespace()) {
            self.at += 1;
            return self.nested(start, |parser| parser.one("-")).map(negated);
        }
        if rest.starts_with('(') {
            self.at += 1;
            let inner = self.nested(start, |parser| parser.any("("))?;
            if self.blank_rest() {
                return Err(at_fault(QueryFault::Unclosed { mark: '(' }, start..start + 1));
            }
            // `any` ends at the end or before a closing parenthesis.
            self.at += 1;
            return Ok(inner);
        }
        let condition = self.condition()?;
        Ok(Expression::Term(Term { condition, span: start..self.at }))
    }

    fn nested<T>(&mut self, start: usize, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.level == LEVELS {
            return Err(at_fault(QueryFault::TooDeep, start..self.at));
        }
        self.level += 1;
        let parsed = parse(self);
        self.level -= 1;
        parsed
    }

    fn condition(&mut self) -> Parsed<Condition> {
        let start = self.at;
        let rest = self.rest();
        if let Some((name, after)) = rest.split_once(':')
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
            // An address.
            && !after.starts_with("//")
        {
            self.at += name.len() + 1;
            return self.field(name, start);
        }
        let value = self.value(|c| c.is_whitespace() || "()".contains(c))?;
        Ok(Condition::Anywhere(self.pattern(&value, None, start)?))
    }

    /// A phrase, a regular expression, or what stands before an end.
    fn value(&mut self, ends: impl Fn(char) -> bool) -> Parsed<WrittenValue<'q>> {
        let start = self.at;
        let rest = self.rest();
        if rest.starts_with('"') {
            let mut phrase = String::new();
            let mut escaped = false;
            for (at, c) in rest.char_indices().skip(1) {
                match c {
                    '\\' if !escaped => escaped = true,
                    '"' if !escaped => {
                        self.at += at + 1;
                        return Ok(WrittenValue::Phrase(phrase));
                    }
                    _ => {
                        // A backslash is kept before all but a quote and a backslash.
                        if escaped && !matches!(c, '"' | '\\') {
                            phrase.push('\\');
                        }
                        phrase.push(c);
                        escaped = false;
                    }
                }
            }
            return Err(at_fault(QueryFault::Unclosed { mark: '"' }, start..start + 1));
        }
        if rest.starts_with('/') {
            // It ends with the first slash that something else follows, so that paths can be written too.
            let mut escaped = false;
            for (at, c) in rest.char_indices().skip(1) {
                let after = rest[at + c.len_utf8()..].chars().next();
                if c == '/' && !escaped && at > 1 && after.is_none_or(&ends) {
                    self.at += at + 1;
                    return Ok(WrittenValue::Regex(&rest[1..at]));
                }
                escaped = c == '\\' && !escaped;
            }
        }
        let end = rest.find(&ends).unwrap_or(rest.len());
        self.at += end;
        Ok(WrittenValue::Bare(&rest[..end]))
    }

    fn pattern(
        &self,
        value: &WrittenValue<'_>,
        field: Option<TextField>,
        start: usize,
    ) -> Parsed<TextPattern> {
        let (text, pattern) = match value {
            WrittenValue::Bare("*") if field.is_some() => return Ok(TextPattern::presence()),
            WrittenValue::Bare(text) => (*text, TextPattern::text(text, field)),
            WrittenValue::Phrase(text) => (text.as_str(), TextPattern::text(text, field)),
            WrittenValue::Regex(text) => (*text, TextPattern::regex(text)),
        };
        pattern.map_err(|error| {
            let fault = error.to_string();
            // The last line says what is wrong; those before draw the place.
            let fault = fault.lines().last().unwrap_or_default();
            let fault = fault.trim_start_matches("error: ").to_owned();
            at_fault(QueryFault::Regex { regex: text.to_owned(), fault }, start..self.at)
        })
    }

    fn field(&mut self, name: &str, start: usize) -> Parsed<Condition> {
        let lower = name.to_ascii_lowercase();
        if let Some(field) = TextField::of(&lower) {
            let mut patterns = Vec::new();
            self.values(field.word(), start, |parser, value, at| {
                if let (Some(words), WrittenValue::Bare(text)) = (field.closed(), &value)
                    && *text != "*"
                {
                    parser.known(field.word(), text, words, at)?;
                }
                patterns.push(parser.pattern(&value, Some(field), at)?);
                Ok(())
            })?;
            return Ok(Condition::Text(field, patterns));
        }
        if let Some(field) = NumberField::of(&lower) {
            let mut ranges = Vec::new();
            self.values(field.word(), start, |parser, value, at| {
                let text = written(&value);
                let range = number_range(field, text).ok_or_else(|| {
                    let value = text.to_owned();
                    at_fault(QueryFault::NotANumber { field: field.word(), value }, at..parser.at)
                })?;
                ranges.push(range);
                Ok(())
            })?;
            return Ok(Condition::Number(field, ranges));
        }
        if lower == "is" {
            let mut states = Vec::new();
            let words: Vec<_> = RequestState::ALL.iter().map(|state| state.word()).collect();
            self.values("is", start, |parser, value, at| {
                let text = written(&value);
                // Another word for the same.
                let word = if text == "healed" { "resolved" } else { text };
                parser.known("is", word, &words, at)?;
                states.extend(RequestState::of(&word.to_ascii_lowercase()));
                Ok(())
            })?;
            return Ok(Condition::State(states));
        }
        if let Some(field) = OTHER_FIELDS.into_iter().find(|field| *field == lower) {
            let at = self.at;
            let value = self.one_value(field, start, "()")?;
            let text = written(&value);
            let span = time_span(text, self.now, self.zone).ok_or_else(|| {
                let value = text.to_owned();
                at_fault(QueryFault::NotATime { field, value }, at..self.at)
            })?;
            return Ok(if field == "since" {
                Condition::Since(span.start)
            } else {
                Condition::Until(span.end)
            });
        }
        let names = TextField::ALL.iter().map(|field| field.word());
        let names = names.chain(NumberField::ALL.iter().map(|field| field.word()));
        let nearest = nearest(&lower, names.chain(OTHER_FIELDS));
        let fault = QueryFault::UnknownField { name: name.to_owned(), nearest };
        Err(at_fault(fault, start..start + name.len()))
    }

    /// A value that is not empty, up to a blank or one of `ends`.
    fn one_value(
        &mut self,
        field: &'static str,
        start: usize,
        ends: &str,
    ) -> Parsed<WrittenValue<'q>> {
        match self.value(|c| c.is_whitespace() || ends.contains(c))? {
            WrittenValue::Bare("") => Err(at_fault(QueryFault::NoValue { field }, start..self.at)),
            value => Ok(value),
        }
    }

    /// Calls `each` for every value between commas, with the byte where it begins.
    fn values(
        &mut self,
        field: &'static str,
        start: usize,
        mut each: impl FnMut(&mut Self, WrittenValue<'q>, usize) -> Parsed<()>,
    ) -> Parsed<()> {
        loop {
            let at = self.at;
            let value = self.one_value(field, start, "(),")?;
            each(self, value, at)?;
            if !self.rest().starts_with(',') {
                return Ok(());
            }
            self.at += 1;
        }
    }

    /// Checks a word of a closed set.
    fn known(
        &self,
        field: &'static str,
        word: &str,
        words: &[&'static str],
        at: usize,
    ) -> Parsed<()> {
        if words.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            return Ok(());
        }
        let fault = QueryFault::UnknownWord {
            field,
            value: word.to_owned(),
            nearest: nearest(word, words.iter().copied()),
            words: words.to_vec(),
        };
        Err(at_fault(fault, at..self.at))
    }
}

fn at_fault(fault: QueryFault, span: Range<usize>) -> QueryError {
    QueryError { fault, span }
}

fn negated(part: Expression) -> Expression {
    Expression::Not(Box::new(part))
}

/// The one part, or the group of several.
fn one_or(mut parts: Vec<Expression>, group: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.len() {
        1 => parts.remove(0),
        _ => group(parts),
    }
}

fn written<'v>(value: &'v WrittenValue<'_>) -> &'v str {
    match value {
        WrittenValue::Bare(text) | WrittenValue::Regex(text) => text,
        WrittenValue::Phrase(text) => text,
    }
}

/// `404`, `4xx`, `>=400`, `>400`, `<=400`, `<400`, `400..499`, `*`.
fn number_range(field: NumberField, text: &str) -> Option<NumberRange> {
    use Bound::{Excluded, Included, Unbounded};
    let range = |from, to| Some(NumberRange { from, to });
    let number = |text| number(field, text);
    if text == "*" {
        return range(Unbounded, Unbounded);
    }
    if let Some(rest) = text.strip_prefix(">=") {
        return range(Included(number(rest)?), Unbounded);
    }
    if let Some(rest) = text.strip_prefix("<=") {
        return range(Unbounded, Included(number(rest)?));
    }
    if let Some(rest) = text.strip_prefix('>') {
        return range(Excluded(number(rest)?), Unbounded);
    }
    if let Some(rest) = text.strip_prefix('<') {
        return range(Unbounded, Excluded(number(rest)?));
    }
    if let Some((from, to)) = text.split_once("..") {
        return range(Included(number(from)?), Included(number(to)?));
    }
    let hundreds = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX"));
    if let (NumberField::Status, Some(digit)) = (field, hundreds) {
        let hundred = 100.0 * f64::from(digit.parse::<u8>().ok().filter(|digit| *digit < 10)?);
        return range(Included(hundred), Included(hundred + 99.0));
    }
    let number = number(text)?;
    range(Included(number), Included(number))
}

/// A number without a sign; a duration in milliseconds, or with its unit.
fn number(field: NumberField, text: &str) -> Option<f64> {
    let (digits, unit) = match field {
        NumberField::Status => (text, 1.0),
        NumberField::Duration => [("ms", 1.0), ("s", 1_000.0), ("m", 60_000.0)]
            .into_iter()
            .find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, unit)))
            .unwrap_or((text, 1.0)),
    };
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    Some(digits.parse::<f64>().ok().filter(|_| plain)? * unit)
}

/// The time that is meant by `-3h`, `now`, `yesterday`, `2026-10-24` or `2026-10-24T02:00`: a whole day for a date, else
/// one moment. `None` for anything else. Cost: that of the text's length.
pub fn time_span(text: &str, now: Micros, zone: &Zone) -> Option<Range<Micros>> {
    match text.to_ascii_lowercase().as_str() {
        "now" => return Some(now..now),
        "today" => return Some(zone.day(now, 0)),
        "yesterday" => return Some(zone.day(now, -1)),
        _ => {}
    }
    if let Some(ago) = text.strip_prefix('-') {
        let unit = match ago.as_bytes().last()? {
            b's' => SECOND,
            b'm' => 60 * SECOND,
            b'h' => 3_600 * SECOND,
            b'd' => DAY,
            b'w' => 7 * DAY,
            _ => return None,
        };
        let number: i64 = ago[..ago.len() - 1].parse().ok().filter(|number| *number >= 0)?;
        let at = Micros(now.0.checked_sub(number.checked_mul(unit)?)?);
        return Some(at..at);
    }
    // Numbers alone and names of months are not asked for here.
    let bytes = text.as_bytes();
    let dated = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-';
    let Timestamp(at) = Timestamp::parse_text(text).filter(|_| dated)?;
    let placed = text[10..].contains(['Z', 'z', '+', '-']);
    let at = if placed { Micros(at) } else { zone.instant(Micros(at)) };
    Some(if bytes.len() == 10 { zone.day(at, 0) } else { at..at })
}
