//! A cursor over JSON text: values are found, checked and skipped, not built.
//!
//! The grammar is RFC 8259, and besides the three words that Python writes for floats that are no
//! numbers: `NaN`, `Infinity`, `-Infinity`. Nothing recurses: nesting costs one bit a level, up to
//! a limit. Numbers are never converted here, strings stay escaped until [`unescape`] is called.
//!
//! Why not `serde_json`: a document has to be readable up to the place where it breaks, values are
//! wanted as slices with their place, and lone surrogates or `NaN` must not cost the record. Where
//! both accept a text they agree; a property test holds one against the other.

mod expected;
mod string;

pub(crate) use expected::ExpectedKey;
pub use string::{push_escaped, unescape};
pub(crate) use string::{text_of, unescaped};

pub(crate) use string::string_end;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number, or one of `NaN`, `Infinity`, `-Infinity`.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// Where and why a text stops being JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct Fault {
    /// In bytes from the start of the text.
    pub offset: usize,
    /// What is wrong there.
    pub kind: FaultKind,
}

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// The text ends inside a value.
    #[error("the text ends inside a value")]
    Truncated,
    /// A byte that the grammar does not allow here.
    #[error("not JSON")]
    Syntax,
    /// More arrays and objects inside one another than the limit allows.
    #[error("nested deeper than the limit")]
    TooDeep,
}

/// How deep arrays and objects may nest at all, whatever limit is set. Nothing recurses by it: walkers
/// that do recurse (error shapes) are bounded far lower.
pub const MAX_DEPTH: usize = 8192;

/// Nesting that is followed without asking for memory. The deepest recorded exchange nests 17 levels.
const NEAR: usize = 1024;

/// A place in a JSON text.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    text: &'a str,
    pos: usize,
    /// How many more levels may open.
    levels: usize,
}

/// A value in a text: its type and its slice.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    /// What it is.
    pub ty: Type,
    /// The text of the value, from its first byte to its last; strings with their quotes.
    pub raw: &'a str,
}

impl<'a> Value<'a> {
    /// The first value of a text that is known to be sound, such as a slice that a cursor gave.
    /// `None` when it is not.
    pub fn of(text: &'a str) -> Option<Self> {
        let mut cursor = Cursor::new(text);
        let value = cursor.value().ok()?;
        cursor.at_end().then_some(value)
    }

    /// The escaped content of a string, without its quotes; the text itself for all other types.
    pub fn inner(&self) -> &'a str {
        if self.ty == Type::String {
            self.raw.get(1..self.raw.len().wrapping_sub(1)).unwrap_or("")
        } else {
            self.raw
        }
    }

    /// `null`, `""`, `[]` or `{}`, or an array or object with nothing but blanks inside.
    pub fn is_empty(&self) -> bool {
        match self.ty {
            Type::Null => true,
            Type::String => self.raw.len() == 2,
            Type::Array | Type::Object => {
                // By bytes: a value that was cut may end anywhere.
                let inside = self.raw.as_bytes().get(1..self.raw.len().wrapping_sub(1));
                inside.is_none_or(|inside| inside.iter().all(u8::is_ascii_whitespace))
            }
            _ => false,
        }
    }

    /// Calls `each` with key (escaped content) and value of each member of an object, in order.
    /// Nothing happens for other types. Stops when `each` gives `false`.
    pub fn members(&self, mut each: impl FnMut(&'a str, Value<'a>) -> bool) {
        if self.ty != Type::Object {
            return;
        }
        let mut cursor = Cursor::at(self.raw, 1);
        let mut first = true;
        while let Ok(Some(key)) = cursor.key(first) {
            first = false;
            let Ok(value) = cursor.value() else { return };
            if !each(key, value) {
                return;
            }
        }
    }

    /// Calls `each` with each element of an array, in order. Nothing happens for other types.
    /// Stops when `each` gives `false`.
    pub fn elements(&self, mut each: impl FnMut(Value<'a>) -> bool) {
        if self.ty != Type::Array {
            return;
        }
        let mut cursor = Cursor::at(self.raw, 1);
        let mut first = true;
        while let Ok(true) = cursor.element(first) {
            first = false;
            let Ok(value) = cursor.value() else { return };
            if !each(value) {
                return;
            }
        }
    }
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of a text.
    pub fn new(text: &'a str) -> Self {
        Self::at(text, 0)
    }

    /// A cursor at a place in a text; `pos` must lie on a character boundary.
    pub fn at(text: &'a str, pos: usize) -> Self {
        Self::within(text, pos, MAX_DEPTH)
    }

    /// A cursor that follows so many levels of arrays and objects, [`MAX_DEPTH`] at most.
    pub fn within(text: &'a str, pos: usize, levels: usize) -> Self {
        Self { text, pos, levels: levels.min(MAX_DEPTH) }
    }

    /// How many more levels may open from here.
    pub fn levels(&self) -> usize {
        self.levels
    }

    /// The whole text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Where the cursor stands, in bytes.
    pub fn pos(&self) -> usize {
        self.pos
    }

    /// Skips blanks; whether nothing is left.
    pub fn at_end(&mut self) -> bool {
        self.blanks();
        self.pos == self.text.len()
    }

    /// The type of the value that begins here, by its first byte.
    ///
    /// # Errors
    /// When no value can begin here or the text ends.
    #[inline]
    pub fn peek(&mut self) -> Result<Type, Fault> {
        self.blanks();
        let byte = self.text.as_bytes().get(self.pos);
        byte.and_then(|byte| FIRST[usize::from(*byte)]).ok_or_else(|| self.no_value())
    }

    /// Why no value begins here.
    #[cold]
    fn no_value(&self) -> Fault {
        let ends = self.pos == self.text.len();
        self.fault(if ends { FaultKind::Truncated } else { FaultKind::Syntax })
    }

    /// Steps into the array or object that begins here, past its bracket.
    ///
    /// # Errors
    /// When no more levels may open.
    pub fn enter(&mut self) -> Result<(), Fault> {
        self.blanks();
        if self.levels == 0 {
            return Err(self.fault(FaultKind::TooDeep));
        }
        self.levels -= 1;
        self.pos += 1;
        Ok(())
    }

    /// In an object, past its bracket or a value: the next key (escaped content), or `None` past its end.
    ///
    /// # Errors
    /// When neither stands here.
    pub fn key(&mut self, first: bool) -> Result<Option<&'a str>, Fault> {
        let key = self.next_key(first)?;
        self.levels += usize::from(key.is_none());
        Ok(key)
    }

    /// As [`key`](Self::key), when that is the one expected; otherwise `None`, and the cursor stays where it is.
    #[expect(clippy::inline_always, reason = "tried for every member; 2 % of the instructions")]
    #[inline(always)]
    pub(crate) fn key_if(&mut self, expected: &ExpectedKey, first: bool) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        let at = if first { self.pos } else { behind(bytes, self.pos, b',')? };
        let start = behind(bytes, at, b'"')?;
        let end = start + expected.len_at(bytes, start)?;
        self.pos = behind(bytes, end + 1, b':')?;
        Some(&self.text[start..end])
    }

    fn next_key(&mut self, first: bool) -> Result<Option<&'a str>, Fault> {
        self.blanks();
        match self.byte()? {
            b'}' => {
                self.pos += 1;
                return Ok(None);
            }
            b',' if !first => {
                self.pos += 1;
                self.blanks();
            }
            b'"' if first => {}
            _ => return Err(self.fault(FaultKind::Syntax)),
        }
        if self.byte()? != b'"' {
            return Err(self.fault(FaultKind::Syntax));
        }
        let start = self.pos + 1;
        self.string()?;
        let key = &self.text[start..self.pos - 1];
        self.blanks();
        if self.byte()? != b':' {
            return Err(self.fault(FaultKind::Syntax));
        }
        self.pos += 1;
        Ok(Some(key))
    }

    /// In an array, past its bracket or a value: whether another element follows; steps past the end.
    ///
    /// # Errors
    /// When neither stands here.
    pub fn element(&mut self, first: bool) -> Result<bool, Fault> {
        let more = self.next_element(first)?;
        self.levels += usize::from(!more);
        Ok(more)
    }

    fn next_element(&mut self, first: bool) -> Result<bool, Fault> {
        self.blanks();
        match self.byte()? {
            b']' => {
                self.pos += 1;
                Ok(false)
            }
            b',' if !first => {
                self.pos += 1;
                Ok(true)
            }
            _ if first => Ok(true),
            _ => Err(self.fault(FaultKind::Syntax)),
        }
    }

    /// The value that begins here, checked to its end; the cursor stands past it.
    ///
    /// # Errors
    /// When it is not JSON; the cursor then stands where that shows.
    pub fn value(&mut self) -> Result<Value<'a>, Fault> {
        let ty = self.peek()?;
        let start = self.pos;
        match ty {
            Type::Object | Type::Array => self.nested()?,
            _ => self.scalar(ty)?,
        }
        Ok(Value { ty, raw: &self.text[start..self.pos] })
    }

    /// Skips an array or object with all it holds.
    fn nested(&mut self) -> Result<(), Fault> {
        let start = self.pos;
        let near = self.levels.min(NEAR);
        match self.nested_in(&mut [0; NEAR / 64], near) {
            // So rare that it begins anew with a large stack; a growing one would cost all others.
            Err(fault) if fault.kind == FaultKind::TooDeep && self.levels > near => {
                self.pos = start;
                self.nested_in(&mut vec![0; self.levels.div_ceil(64)], self.levels)
            }
            read => read,
        }
    }

    /// `stack` has a bit per open level: 1 for objects. At most `levels` open.
    fn nested_in(&mut self, stack: &mut [u64], levels: usize) -> Result<(), Fault> {
        let mut depth = 0;
        loop {
            // A value begins here.
            let ty = self.peek()?;
            let mut opened = false;
            match ty {
                Type::Object | Type::Array => {
                    if depth == levels {
                        return Err(self.fault(FaultKind::TooDeep));
                    }
                    let bit = 1u64 << (depth % 64);
                    if ty == Type::Object {
                        stack[depth / 64] |= bit;
                    } else {
                        stack[depth / 64] &= !bit;
                    }
                    depth += 1;
                    self.pos += 1;
                    opened = true;
                }
                _ => self.scalar(ty)?,
            }
            // A value ended, or a level was opened: on to the next value.
            loop {
                let object = stack[(depth - 1) / 64] >> ((depth - 1) % 64) & 1 == 1;
                let more = if object {
                    self.next_key(opened)?.is_some()
                } else {
                    self.next_element(opened)?
                };
                if more {
                    break;
                }
                depth -= 1;
                if depth == 0 {
                    return Ok(());
                }
                opened = false;
            }
        }
    }

    /// Skips a value of this type, which is neither array nor object, and whose first byte stands here.
    ///
    /// # Errors
    /// As [`value`](Self::value).
    #[expect(clippy::inline_always, reason = "most values; 2 % of the instructions")]
    #[inline(always)]
    pub(crate) fn scalar(&mut self, ty: Type) -> Result<(), Fault> {
        match ty {
            Type::String => self.string(),
            Type::Number => self.number(),
            Type::Null => self.word("null"),
            _ if self.text.as_bytes()[self.pos] == b't' => self.word("true"),
            _ => self.word("false"),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        let rest = &self.text.as_bytes()[self.pos..];
        if rest.starts_with(word.as_bytes()) {
            self.pos += word.len();
            return Ok(());
        }
        let kind = if word.as_bytes().starts_with(rest) {
            FaultKind::Truncated
        } else {
            FaultKind::Syntax
        };
        Err(self.fault(kind))
    }

    #[expect(clippy::inline_always, reason = "as `scalar`")]
    #[inline(always)]
    fn string(&mut self) -> Result<(), Fault> {
        self.pos = string_end(self.text.as_bytes(), self.pos + 1)?;
        Ok(())
    }

    // Beside `scalar`, which is in the loops of its callers.
    #[inline(never)]
    fn number(&mut self) -> Result<(), Fault> {
        let bytes = self.text.as_bytes();
        let mut at = self.pos;
        if bytes[at] == b'-' {
            at += 1;
        }
        match bytes.get(at) {
            None => return Err(Fault { offset: at, kind: FaultKind::Truncated }),
            Some(b'N') if at == self.pos => return self.word("NaN"),
            Some(b'I') => {
                self.pos = at;
                return self.word("Infinity");
            }
            Some(b'0') => at += 1,
            Some(b'1'..=b'9') => at = digits(bytes, at),
            Some(_) => return Err(Fault { offset: at, kind: FaultKind::Syntax }),
        }
        if bytes.get(at) == Some(&b'.') {
            at = self.some_digits(at + 1)?;
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            at += 1;
            if let Some(b'+' | b'-') = bytes.get(at) {
                at += 1;
            }
            at = self.some_digits(at)?;
        }
        // `01` and `1x` are no numbers; what follows a number is a blank, `,`, `]`, `}` or the end.
        if bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'.') {
            return Err(Fault { offset: at, kind: FaultKind::Syntax });
        }
        self.pos = at;
        Ok(())
    }

    fn some_digits(&self, at: usize) -> Result<usize, Fault> {
        let end = digits(self.text.as_bytes(), at);
        if end > at {
            return Ok(end);
        }
        let kind = if at >= self.text.len() { FaultKind::Truncated } else { FaultKind::Syntax };
        Err(Fault { offset: at, kind })
    }

    #[inline]
    fn blanks(&mut self) {
        let bytes = self.text.as_bytes();
        // Most logs are written without blanks.
        if bytes.get(self.pos).is_some_and(|byte| *byte <= b' ') {
            self.pos = past_blanks(bytes, self.pos);
        }
    }

    fn byte(&self) -> Result<u8, Fault> {
        self.text.as_bytes().get(self.pos).copied().ok_or(self.fault(FaultKind::Truncated))
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault { offset: self.pos, kind }
    }
}

/// By the first byte of a value, its type.
const FIRST: [Option<Type>; 256] = {
    let mut types = [None; 256];
    types[b'{' as usize] = Some(Type::Object);
    types[b'[' as usize] = Some(Type::Array);
    types[b'"' as usize] = Some(Type::String);
    types[b't' as usize] = Some(Type::Bool);
    types[b'f' as usize] = Some(Type::Bool);
    types[b'n' as usize] = Some(Type::Null);
    let numbers = *b"-0123456789NI";
    let mut at = 0;
    while at < numbers.len() {
        types[numbers[at] as usize] = Some(Type::Number);
        at += 1;
    }
    types
};

/// The place of the first byte from `at` on that is no blank.
fn past_blanks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The place behind `sign`, if that stands at `at` or behind blanks there.
#[inline]
fn behind(bytes: &[u8], mut at: usize, sign: u8) -> Option<usize> {
    // Most logs are written without blanks.
    if bytes.get(at) != Some(&sign) {
        at = past_blanks(bytes, at);
        if bytes.get(at) != Some(&sign) {
            return None;
        }
    }
    Some(at + 1)
}

fn digits(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn the_three_words_of_python_floats_are_numbers() {
        for text in ["NaN", "Infinity", "-Infinity", "[NaN, -Infinity]"] {
            assert!(Value::of(text).is_some(), "{text}");
        }
        for text in ["-NaN", "nan", "+1", "01", "1.", ".5", "1e", "0x1", "- 1", "Inf"] {
            assert!(Value::of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_cut_text_is_truncated_and_not_a_syntax_fault() {
        let whole = r#"{"a":[1.5e3,true,null,"x\u0131"],"b":{}}"#;
        for end in 1..whole.len() {
            if !whole.is_char_boundary(end) {
                continue;
            }
            let fault = Cursor::new(&whole[..end]).value().unwrap_err();
            assert_eq!(fault.kind, FaultKind::Truncated, "{}", &whole[..end]);
        }
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(Value::of(&deep(MAX_DEPTH)).is_some());
        let text = deep(MAX_DEPTH + 1);
        assert_eq!(Cursor::new(&text).value().unwrap_err().kind, FaultKind::TooDeep);
        for levels in [0, 1, NEAR - 1, NEAR, NEAR + 1, 5_000] {
            let (fits, text) = (deep(levels.max(1)), deep(levels + 1));
            assert_eq!(Cursor::within(&fits, 0, levels).value().is_ok(), levels > 0);
            let fault = Cursor::within(&text, 0, levels).value().unwrap_err();
            assert_eq!((fault.offset, fault.kind), (levels, FaultKind::TooDeep));
        }
    }

    #[test]
    fn levels_that_were_left_may_be_opened_again() {
        let mut cursor = Cursor::within("[[1], {\"a\": 2}, [[3]]]", 0, 2);
        cursor.enter().unwrap();
        assert!(cursor.element(true).unwrap());
        cursor.enter().unwrap();
        assert!(cursor.element(true).unwrap());
        cursor.value().unwrap();
        assert!(!cursor.element(false).unwrap());
        assert!(cursor.element(false).unwrap());
        assert_eq!(cursor.value().unwrap().raw, "{\"a\": 2}");
        assert!(cursor.element(false).unwrap());
        assert_eq!(cursor.value().unwrap_err().kind, FaultKind::TooDeep);
    }

    #[test]
    fn members_and_elements_come_in_order() {
        let value = Value::of(r#" {"a": 1, "b" : [ {}, "x" ]} "#).unwrap();
        let mut seen = Vec::new();
        value.members(|k, v| {
            seen.push(format!("{k}={}", v.raw));
            v.elements(|e| {
                seen.push(e.raw.to_owned());
                true
            });
            true
        });
        assert_eq!(seen, ["a=1", "b=[ {}, \"x\" ]", "{}", "\"x\""]);
    }

    proptest! {
        #[test]
        fn serde_json_agrees(text in r#"[\[\]{}:,"a0 1.eE+\-tfnrulse\\/\n]{0,24}"#) {
            let ours = Value::of(&text).is_some();
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(ours, theirs, "{}", text);
        }

        #[test]
        fn sound_json_is_sound_here(value in vec((".{0,9}", any::<Option<i64>>(), vec(".{0,5}", 0..4)), 0..6)) {
            let text = serde_json::to_string(&value).unwrap();
            prop_assert!(Value::of(&text).is_some());
        }
    }
}
