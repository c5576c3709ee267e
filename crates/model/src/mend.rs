//! JSON as people and other languages write it, made strict: what readers of JSON commonly forgive.
//!
//! The strict [`Cursor`](crate::json::Cursor) reads every text first. Where a value breaks, [`mend`] reads
//! that one value again from its start and writes it as strict JSON. What is sound in it stays byte for
//! byte, blanks included, so the bodies in a mended record are those of the text.
//!
//! ```text
//!   {'sku': 'A-1', "note": "it's", n: 0x1F, }   →   {"sku": "A-1", "note": "it's", "n": 31 }
//! ```
//!
//! Nothing here guesses a value: a text that could be read in two ways is not mended. Nothing recurses.

mod call;
mod gap;
mod repairs;
mod resume;
mod string;
mod word;

pub use repairs::{Repair, Repairs};

pub(crate) use gap::{Behind, NextElement, after_document, next_element};
pub(crate) use resume::next_sibling;

use crate::json::{MAX_DEPTH, Value};
use gap::{Gap, gap};

/// A value that was written as strict JSON.
#[derive(Debug, Clone)]
pub struct Mended {
    /// Strict JSON, one value.
    pub json: String,
    /// Where the value ends in the text it was read from, in bytes.
    pub end: usize,
    /// What had to be changed. Empty when the value was strict JSON.
    pub repairs: Repairs,
}

/// A value that cannot be mended: the text ends in it, it nests too deep or is too large, it is no form of
/// JSON, or it could be read in several ways.
#[derive(Debug)]
struct Unmendable;

/// Reads the value that begins at `at` and writes it as strict JSON. `None` when that is
/// not possible, or when it nests deeper than `levels` or its JSON has more than `most` bytes.
///
/// Takes time in proportion to the bytes of the value, or to those before the place that is in the way.
///
/// ```
/// let mended = model::mend::mend("[None, (1, 'x'),]", 0, 64, 1 << 20).expect("a Python list");
/// assert_eq!(mended.json, r#"[null, [1, "x"]]"#);
/// ```
pub fn mend(text: &str, at: usize, levels: usize, most: usize) -> Option<Mended> {
    mend_value(text, at, levels, most).ok()
}

/// As [`mend`].
///
/// # Errors
/// The place up to which it was read, when it cannot be mended.
pub(crate) fn mend_value(
    text: &str,
    at: usize,
    levels: usize,
    most: usize,
) -> Result<Mended, usize> {
    let mut mender = Mender {
        text,
        at,
        out: String::new(),
        repairs: Repairs::default(),
        open: Vec::new(),
        levels: levels.min(MAX_DEPTH),
        most,
        start: RecordStart::of(text, at),
    };
    match mender.value().and_then(|()| mender.members()) {
        // A safeguard: whatever was read, what is given out is JSON.
        Ok(()) if Value::of(&mender.out).is_none() => Err(mender.at),
        Ok(()) => {
            let Mender { out, at, repairs, .. } = mender;
            Ok(Mended { json: out, end: at, repairs })
        }
        Err(Unmendable) => Err(mender.at),
    }
}

/// Whether a text that does not begin with a bracket may be JSON that has to be mended: a bracket or a call
/// around a bracket stands behind blanks, comments, or `name =`.
pub fn may_be_json(text: &str) -> bool {
    let at = after_document(text, 0, &mut Repairs::default());
    let bytes = text.as_bytes();
    match bytes.get(at) {
        Some(b'{' | b'[' | b'(') => true,
        Some(byte) if byte.is_ascii_alphabetic() => {
            let (name, arguments) = text[at..].split_at(word::name_length(&text[at..]));
            let inside = arguments.trim_start().strip_prefix('(');
            let array = name.eq_ignore_ascii_case("array");
            inside.is_some_and(|inside| array || inside.starts_with(['{', '[', '(']))
        }
        _ => false,
    }
}

/// Where a record begins, to recognise the next one when its end is missing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordStart {
    /// Blanks between the start of its line and the record; `None` when something else stands there.
    indent: Option<usize>,
    /// Its first byte.
    first: u8,
}

impl RecordStart {
    /// The record at `at`.
    pub(crate) fn of(text: &str, at: usize) -> Self {
        let before = &text.as_bytes()[..at];
        let blanks = before.iter().rev().take(256).take_while(|b| matches!(b, b' ' | b'\t'));
        let indent = blanks.count();
        let line = before[..at - indent].last().is_none_or(|byte| matches!(byte, b'\n' | b'\r'));
        Self {
            indent: line.then_some(indent),
            first: text.as_bytes().get(at).copied().unwrap_or_default(),
        }
    }

    /// Whether the line that begins at `at` begins with another such record.
    pub(crate) fn begins_line(self, text: &str, at: usize) -> bool {
        let Some(indent) = self.indent else { return false };
        let rest = &text.as_bytes()[at..];
        let blanks = rest.iter().take(indent + 1).take_while(|b| matches!(b, b' ' | b'\t')).count();
        blanks <= indent
            && rest.get(blanks) == Some(&self.first)
            && matches!(self.first, b'{' | b'[' | b'(')
            && matches!(rest.get(blanks + 1), Some(b'"' | b'\'' | b'{' | b'[' | b'('))
    }
}

/// What is open around the value that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BracketKind {
    Object,
    /// An array, tuple or set.
    Array,
    /// The list of pairs in `OrderedDict([('a', 1)])`, which becomes an object.
    Pairs,
    /// One of these pairs.
    Pair,
    /// The arguments of a call.
    Call,
}

/// An open bracket.
#[derive(Debug, Clone, Copy)]
struct OpenBracket {
    form: BracketKind,
    /// The bracket that closes it.
    close: u8,
    /// Where its own bracket stands in the output.
    written: usize,
    /// Where it begins in the text: for a call, its name.
    from: usize,
    /// Members so far.
    count: u32,
    /// Arguments with a name so far.
    named: u32,
    /// Where the last member begins in the output.
    member: usize,
    /// Where the comma behind the last member stands in the output.
    comma: Option<usize>,
}

/// The reading of one value.
struct Mender<'t> {
    text: &'t str,
    at: usize,
    out: String,
    repairs: Repairs,
    open: Vec<OpenBracket>,
    levels: usize,
    most: usize,
    start: RecordStart,
}

impl Mender<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&self) -> Result<u8, Unmendable> {
        self.peek().ok_or(Unmendable)
    }

    /// Notes a change at the place where the text is read.
    fn note(&mut self, repair: Repair) {
        self.repairs.note(repair, self.at);
    }

    /// Copies blanks and leaves out what JSON does not have between values.
    fn blanks(&mut self) -> Result<Gap, Unmendable> {
        let found = gap(self.text, self.at, Some(&mut self.out), &mut self.repairs);
        self.at = found.end;
        if found.cut { Err(Unmendable) } else { Ok(found) }
    }

    fn is_in(&self, form: BracketKind) -> bool {
        self.open.last().is_some_and(|open| open.form == form)
    }

    fn enter(&mut self, form: BracketKind, close: u8, from: usize) -> Result<(), Unmendable> {
        if self.open.len() >= self.levels {
            return Err(Unmendable);
        }
        let written = self.out.len();
        self.out.push(match form {
            BracketKind::Object | BracketKind::Pairs => '{',
            BracketKind::Array => '[',
            // Replaced when the arguments have names.
            BracketKind::Pair | BracketKind::Call => ' ',
        });
        let open = OpenBracket {
            form,
            close,
            written,
            from,
            count: 0,
            named: 0,
            member: written,
            comma: None,
        };
        self.open.push(open);
        Ok(())
    }

    /// Writes `with` in place of the bracket that stands at `at` in the output.
    fn replace_bracket(&mut self, at: usize, with: &str) {
        self.out.replace_range(at..=at, with);
    }

    /// Reads a value, or the bracket it begins with.
    fn value(&mut self) -> Result<(), Unmendable> {
        self.blanks()?;
        let from = self.at;
        match self.next()? {
            b'{' => {
                self.at += 1;
                self.enter(BracketKind::Object, b'}', from)
            }
            b'[' => {
                self.at += 1;
                self.enter(BracketKind::Array, b']', from)
            }
            b'(' => {
                self.note(Repair::Bracket);
                self.at += 1;
                self.enter(BracketKind::Array, b')', from)
            }
            b'"' => self.straight_string(),
            b'\'' => self.single_string(),
            b'-' | b'+' | b'.' | b'0'..=b'9' if !self.rest().starts_with("...") => self.number(),
            b'<' if !self.open.is_empty() => self.angles(),
            b':' => self.symbol(),
            _ if string::is_smart_quote(self.rest()) => self.smart_string(),
            _ if self.rest().starts_with("...") || self.rest().starts_with('…') => {
                self.note(Repair::Elision);
                self.at += 3;
                self.out.push_str("null");
                Ok(())
            }
            _ => self.word(),
        }
    }

    /// Reads what stands in the open brackets, until the first of them is closed.
    fn members(&mut self) -> Result<(), Unmendable> {
        while let Some(open) = self.open.last().copied() {
            if self.out.len() > self.most {
                return Err(Unmendable);
            }
            let separated = self.separators(open)?;
            if self.next()? == open.close {
                self.close(open)?;
                continue;
            }
            if open.count > 0 && !separated {
                return Err(Unmendable);
            }
            match open.form {
                BracketKind::Object => self.member()?,
                BracketKind::Array => {
                    self.begin_member();
                    self.value()?;
                    self.arrow()?;
                }
                BracketKind::Pairs => {
                    self.begin_member();
                    if self.next()? != b'(' {
                        return Err(Unmendable);
                    }
                    let from = self.at;
                    self.at += 1;
                    self.enter(BracketKind::Pair, b')', from)?;
                    self.blanks()?;
                    self.key()?;
                    self.blanks()?;
                    if self.next()? != b',' {
                        return Err(Unmendable);
                    }
                    self.at += 1;
                    self.out.push(':');
                    self.begin_member();
                    self.value()?;
                }
                // A pair has one value.
                BracketKind::Pair => return Err(Unmendable),
                BracketKind::Call => self.argument()?,
            }
        }
        Ok(())
    }

    fn begin_member(&mut self) {
        let written = self.out.len();
        if let Some(open) = self.open.last_mut() {
            open.count += 1;
            open.member = written;
            open.comma = None;
        }
    }

    /// Reads what stands before a member or the closing bracket. Whether a member may follow: a comma
    /// stands there, or one is missing where it cannot mean anything else.
    fn separators(&mut self, open: OpenBracket) -> Result<bool, Unmendable> {
        let closed = self.text.as_bytes()[..self.at].last();
        let bracket = matches!(closed, Some(b'}' | b']'));
        let (mut comma, mut blank, mut line) = (open.comma, false, None);
        loop {
            let found = self.blanks()?;
            blank |= found.end > found.start;
            line = found.line.or(line);
            match self.next()? {
                sign @ (b',' | b';') => {
                    if comma.is_some() || open.count == 0 {
                        self.note(Repair::ExtraComma);
                    } else {
                        if sign == b';' {
                            self.note(Repair::Separator);
                        }
                        comma = Some(self.out.len());
                        self.out.push(',');
                    }
                    self.at += 1;
                }
                b'.' if self.rest().starts_with("...") => {
                    self.note(Repair::Elision);
                    self.at += 3;
                }
                _ if self.rest().starts_with('…') => {
                    self.note(Repair::Elision);
                    self.at += 3;
                }
                _ => break,
            }
        }
        if let Some(last) = self.open.last_mut() {
            last.comma = comma;
        }
        let next = self.next()?;
        if comma.is_some() || open.count == 0 || next == open.close {
            return Ok(true);
        }
        // Another record that begins on this line is none of this one's members.
        if line.is_some_and(|line| self.start.begins_line(self.text, line)) {
            return Ok(false);
        }
        let quoted = string::begins_string(self.rest());
        let opens = matches!(next, b'{' | b'[' | b'(');
        let clear = match open.form {
            BracketKind::Object => quoted && (blank || bracket),
            BracketKind::Array => (quoted || opens) && line.is_some() || opens && bracket,
            _ => false,
        };
        if clear {
            self.note(Repair::MissingComma);
            if let Some(last) = self.open.last_mut() {
                last.comma = Some(self.out.len());
            }
            self.out.push(',');
        }
        Ok(clear)
    }

    /// Reads a member of an object: its key, and its value or the bracket this begins with.
    fn member(&mut self) -> Result<(), Unmendable> {
        self.begin_member();
        let quoted = self.key()?;
        let count = self.open.last().map_or(0, |open| open.count);
        self.blanks()?;
        match self.next()? {
            b':' => self.at += 1,
            b'=' if self.rest().starts_with("=>") => {
                self.note(Repair::Separator);
                self.at += 2;
            }
            b'=' if !quoted && !self.rest().starts_with("==") => {
                self.note(Repair::Separator);
                self.at += 1;
            }
            b',' | b'}' if count == 1 && quoted => {
                self.note(Repair::Bracket);
                return self.make_set();
            }
            _ => return Err(Unmendable),
        }
        self.out.push(':');
        self.blanks()?;
        if matches!(self.next()?, b',' | b'}') {
            self.note(Repair::MissingValue);
            self.out.push_str("null");
            return Ok(());
        }
        self.value()
    }

    /// Makes the object whose first member has no value an array.
    fn make_set(&mut self) -> Result<(), Unmendable> {
        let open = self.open.last_mut().ok_or(Unmendable)?;
        open.form = BracketKind::Array;
        let written = open.written;
        self.replace_bracket(written, "[");
        Ok(())
    }

    /// Reads `=>` behind the element of an array, which makes that an object, as PHP writes them.
    fn arrow(&mut self) -> Result<(), Unmendable> {
        // An element that is a bracket is not read yet.
        if !self.is_in(BracketKind::Array) || self.out.ends_with(['[', '{', ' ']) {
            return Ok(());
        }
        let found = gap(self.text, self.at, None, &mut Repairs::default());
        if !self.text[found.end..].starts_with("=>") {
            return Ok(());
        }
        let Some(open) = self.open.last_mut().filter(|open| open.count == 1) else {
            return Err(Unmendable);
        };
        open.form = BracketKind::Object;
        let (written, key) = (open.written, open.member);
        self.replace_bracket(written, "{");
        if !self.out[key..].starts_with('"') {
            self.out.insert(key, '"');
            self.out.push('"');
        }
        self.blanks()?;
        self.note(Repair::Separator);
        self.at += 2;
        self.out.push(':');
        self.value()
    }

    /// Reads the bracket that closes `open`.
    fn close(&mut self, open: OpenBracket) -> Result<(), Unmendable> {
        let comma = self.open.last().and_then(|last| last.comma);
        self.at += 1;
        self.open.pop();
        if let Some(comma) = comma {
            // A tuple of one has a comma.
            if !(open.close == b')' && open.count == 1) && open.form != BracketKind::Call {
                self.repairs.note(Repair::ExtraComma, self.at - 1);
            }
            self.out.remove(comma);
        }
        match open.form {
            BracketKind::Object | BracketKind::Pairs => self.out.push('}'),
            // A value in parentheses.
            BracketKind::Array if open.close == b')' && open.count == 1 && comma.is_none() => {
                self.replace_bracket(open.written, " ");
            }
            BracketKind::Array => self.out.push(']'),
            BracketKind::Pair => {}
            BracketKind::Call => self.close_call(open)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
