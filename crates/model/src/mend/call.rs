//! Values that are written as calls: `datetime(..)`, `Decimal('1.10')`, `ObjectId("..")`, `OrderedDict(..)`.

use super::{BracketKind, Mender, OpenBracket, Repair, Unmendable};
use crate::fault::python_to_json;
use crate::json::{Cursor, Type};
use crate::mend::word::name_length;

/// Longest call that is kept as its text, in bytes.
const TEXT_MOST: usize = 256;

impl Mender<'_> {
    /// Reads a call up to behind its parenthesis. The text is at `name`.
    pub(super) fn call(&mut self, name: &str) -> Result<(), Unmendable> {
        self.note(Repair::Call);
        let from = self.at;
        let last = name.rsplit('.').next().unwrap_or(name);
        if matches!(last, "datetime" | "date" | "time" | "timedelta" | "DateTime") {
            return self.moment();
        }
        self.at += name.len();
        let arguments = &self.text[self.at + 1..];
        if last == "array" || last == "Array" {
            self.at += 1;
            return self.enter(BracketKind::Array, b')', from);
        }
        if arguments.starts_with(')') {
            let empty = match last {
                "set" | "list" | "tuple" | "frozenset" => "[]",
                "dict" | "OrderedDict" => "{}",
                _ => return Err(Unmendable),
            };
            self.at += 2;
            self.out.push_str(empty);
            return Ok(());
        }
        self.at += 1;
        self.enter(BracketKind::Call, b')', from)?;
        if last == "OrderedDict" && arguments.starts_with("[(") {
            self.begin_member();
            self.at += 1;
            return self.enter(BracketKind::Pairs, b']', from);
        }
        Ok(())
    }

    /// `array (` of PHP; its parenthesis stands `before` bytes on.
    pub(super) fn php_array(&mut self, before: usize) -> Result<(), Unmendable> {
        self.note(Repair::Bracket);
        let from = self.at;
        self.at += before + 1;
        self.enter(BracketKind::Array, b')', from)
    }

    /// A date or time of Python.
    fn moment(&mut self) -> Result<(), Unmendable> {
        let mut depth = 0_u32;
        let length = self.rest().bytes().take(TEXT_MOST).position(|byte| {
            depth += u32::from(byte == b'(');
            depth = depth.saturating_sub(u32::from(byte == b')'));
            byte == b')' && depth == 0
        });
        let length = length.ok_or(Unmendable)? + 1;
        let call = self.text.get(self.at..self.at + length).ok_or(Unmendable)?;
        let mut json = String::new();
        if !python_to_json(call, &mut json) {
            return Err(Unmendable);
        }
        self.out.push_str(&json);
        self.at += length;
        Ok(())
    }

    /// Reads an argument, with its name if it has one.
    pub(super) fn argument(&mut self) -> Result<(), Unmendable> {
        let Some(open) = self.open.last().copied() else { return Err(Unmendable) };
        // The last argument of `defaultdict(<class 'int'>, {..})` is what it holds.
        let holder = self.text[open.from..].starts_with("defaultdict")
            || self.text[open.from..].starts_with("collections.defaultdict");
        if holder {
            self.out.truncate(open.written + 1);
        }
        let name = name_length(self.rest());
        let after = &self.rest()[name..];
        let named = name > 0 && after.starts_with('=') && !after.starts_with("==");
        if named {
            let name = &self.text[self.at..][..name];
            self.push_string(name);
            self.out.push(':');
            self.at += name.len() + 1;
        }
        self.begin_member();
        if let Some(open) = self.open.last_mut() {
            open.named += u32::from(named);
            open.count = if holder { 1 } else { open.count };
        }
        self.value()
    }

    /// Writes what a call is, behind its parenthesis.
    pub(super) fn close_call(&mut self, open: OpenBracket) -> Result<(), Unmendable> {
        let name = &self.text[open.from..][..name_length(&self.text[open.from..])];
        let last = name.rsplit('.').next().unwrap_or(name);
        if open.named == open.count && last != "ErrorDetail" {
            self.replace_bracket(open.written, "{");
            self.out.push('}');
            return Ok(());
        }
        if open.count == 1 && open.named == 0 {
            let is_number =
                ["Decimal", "NumberLong", "NumberInt", "NumberDecimal", "Int64", "Long"];
            let written = self.out[open.written..].trim();
            let digits = written.trim_matches('"');
            let mut cursor = Cursor::new(digits);
            if is_number.contains(&last)
                && cursor.value().is_ok_and(|value| value.ty == Type::Number)
                && cursor.at_end()
            {
                let digits = digits.to_owned();
                self.out.truncate(open.written);
                self.out.push_str(&digits);
            }
            return Ok(());
        }
        let call = &self.text[open.from..self.at];
        if call.len() > TEXT_MOST {
            return Err(Unmendable);
        }
        let mut json = String::new();
        self.out.truncate(open.written);
        if last == "ErrorDetail" && python_to_json(call, &mut json) {
            self.out.push_str(&json);
        } else {
            self.push_string(call);
        }
        Ok(())
    }
}
