//! Literals of Python as JSON: what `str()` and `repr()` of an object leave in a log.

use std::fmt::Write as _;

use super::literal::{DEPTH_MAX, Literal, LiteralStop, convert, is_json_number};

/// Longest `<object at 0x..>` and longest date that is read, in bytes.
const SPAN_MAX: usize = 4096;

/// Reads a Python literal and writes it to `out` as JSON text; true when all of `text` is one.
///
/// ```
/// let mut json = String::new();
/// assert!(model::fault::python_to_json("{'sku': 'A-1', 'stock': None, 'ok': False}", &mut json));
/// assert_eq!(json, r#"{"sku":"A-1","stock":null,"ok":false}"#);
/// ```
///
/// Tuples and sets become arrays, bytes become text, numbers keep their digits, keys become strings.
/// `datetime(...)` and its kin become ISO 8601 text, `Decimal('1.20')` the number, `OrderedDict` and
/// `defaultdict` objects, `ErrorDetail(string=.., code=..)` of Django REST framework its text; any
/// other call with one argument is that argument, with named ones an object, else text as it stands,
/// like `<object at 0x..>`. `nan` and infinities become null.
///
/// On false `out` is empty, except when the text was cut: it then holds the JSON of what there is,
/// cut as well. Takes time in proportion to the text; nesting beyond 64 is refused.
pub fn python_to_json(text: &str, out: &mut String) -> bool {
    let done = convert(text, out, |literal| {
        match literal.peek() {
            // A whole text in angle brackets is markup.
            None | Some(b'<') => Err(LiteralStop::Fault),
            _ => literal.value(DEPTH_MAX),
        }
    });
    // `KeyError('price')` is better read as text than as "price".
    if done
        && !out.starts_with(['{', '['])
        && text.trim_end().ends_with(')')
        && is_exception_call(text)
    {
        out.clear();
        return false;
    }
    done
}

fn is_exception_call(text: &str) -> bool {
    let name = text.trim_start().split('(').next().unwrap_or_default();
    name.ends_with("Error") || name.ends_with("Exception")
}

/// The bytes of names, dots included.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
}

impl<'t> Literal<'t, '_> {
    fn value(&mut self, depth: u8) -> Result<(), LiteralStop> {
        let depth = depth.checked_sub(1).ok_or(LiteralStop::Fault)?;
        self.skip_blanks();
        match self.peek().ok_or(LiteralStop::Cut)? {
            b'{' => self.braces(depth),
            b'[' => self.list(b']', depth),
            b'(' => self.list(b')', depth),
            b'\'' | b'"' => self.strings(),
            b'<' => self.angles(),
            b'.' if self.rest().starts_with("...") => {
                self.at += 3;
                self.out.push_str("null");
                Ok(())
            }
            b'-' | b'+' | b'.' | b'0'..=b'9' => self.number(),
            byte if byte.is_ascii_alphabetic() || byte == b'_' => self.name(depth),
            _ => Err(LiteralStop::Fault),
        }
    }

    /// A dictionary or a set; the first comma decides.
    fn braces(&mut self, depth: u8) -> Result<(), LiteralStop> {
        let open = self.out.len();
        self.at += 1;
        self.out.push('{');
        self.skip_blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            self.out.push('}');
            return Ok(());
        }
        let mut set = None;
        loop {
            let (from, written) = (self.at, self.out.len());
            self.value(depth)?;
            let to = self.at;
            self.skip_blanks();
            let colon = self.peek().ok_or(LiteralStop::Cut)? == b':';
            if set.is_some_and(|set| set == colon) {
                return Err(LiteralStop::Fault);
            }
            if colon {
                self.make_key(from, to, written);
                self.at += 1;
                self.out.push(':');
                self.value(depth)?;
            } else if set.is_none() {
                self.out.replace_range(open..=open, "[");
            }
            set = Some(!colon);
            if !self.more(b'}')? {
                self.out.push(if set == Some(true) { ']' } else { '}' });
                return Ok(());
            }
            self.out.push(',');
            self.skip_blanks();
        }
    }

    /// Makes the value just written a key: a string stays, anything else becomes its text.
    fn make_key(&mut self, from: usize, to: usize, written: usize) {
        if !self.out[written..].starts_with('"') {
            self.out.truncate(written);
            let raw = self.text.get(from..to).unwrap_or_default();
            self.push_string(raw);
        }
    }

    fn list(&mut self, end: u8, depth: u8) -> Result<(), LiteralStop> {
        self.at += 1;
        self.out.push('[');
        self.skip_blanks();
        if self.peek() == Some(end) {
            self.at += 1;
            self.out.push(']');
            return Ok(());
        }
        loop {
            self.value(depth)?;
            if !self.more(end)? {
                self.out.push(']');
                return Ok(());
            }
            self.out.push(',');
        }
    }

    /// One string or several in a row, which are one.
    fn strings(&mut self) -> Result<(), LiteralStop> {
        self.out.push('"');
        loop {
            let prefix = string_prefix(self.rest());
            let (raw, bytes) = {
                let prefix = &self.rest().as_bytes()[..prefix.unwrap_or(0)];
                (
                    prefix.iter().any(|byte| byte | 0x20 == b'r'),
                    prefix.iter().any(|byte| byte | 0x20 == b'b'),
                )
            };
            self.at += prefix.unwrap_or(0);
            if bytes {
                self.quoted_bytes(raw)?;
            } else {
                self.quoted(raw)?;
            }
            let end = self.at;
            self.skip_blanks();
            if string_prefix(self.rest()).is_none() {
                self.at = end;
                break;
            }
        }
        self.out.push('"');
        Ok(())
    }

    fn number(&mut self) -> Result<(), LiteralStop> {
        let bytes = self.rest().as_bytes();
        let hex = bytes.starts_with(b"0x") || bytes.starts_with(b"0X");
        let mut end = 1;
        while let Some(byte) = bytes.get(end) {
            let sign = matches!(byte, b'+' | b'-') && !hex && matches!(bytes[end - 1], b'e' | b'E');
            if !(is_name_byte(*byte) || sign) {
                break;
            }
            end += 1;
        }
        let raw = &self.rest()[..end];
        self.at += end;
        let plain: String =
            raw.strip_prefix('+').unwrap_or(raw).chars().filter(|c| *c != '_').collect();
        let plain = plain.strip_suffix(['L', 'l']).unwrap_or(&plain);
        let (sign, body) = plain.strip_prefix('-').map_or(("", plain), |body| ("-", body));
        if is_json_number(plain) {
            self.out.push_str(plain);
        } else if matches!(body, "inf" | "nan" | "Infinity" | "NaN") {
            self.out.push_str("null");
        } else {
            // `.5` and `5.` lack a digit that JSON wants.
            let lead = if body.starts_with('.') { "0" } else { "" };
            let padded = match body.split_once('.') {
                Some((whole, "")) => format!("{sign}{whole}.0"),
                _ => format!("{sign}{lead}{body}"),
            };
            if is_json_number(&padded) {
                self.out.push_str(&padded);
            } else if body.bytes().all(|byte| byte.is_ascii_digit())
                || hex
                || is_json_number(body.trim_end_matches('j'))
            {
                self.push_string(raw);
            } else {
                return Err(LiteralStop::Fault);
            }
        }
        Ok(())
    }

    /// A constant, a string with a prefix or a call.
    fn name(&mut self, depth: u8) -> Result<(), LiteralStop> {
        if string_prefix(self.rest()).is_some() {
            return self.strings();
        }
        let rest = self.rest();
        let end = rest.bytes().position(|byte| !is_name_byte(byte)).unwrap_or(rest.len());
        let name = &rest[..end];
        let start = self.at;
        let constant = match name {
            "None" | "null" | "nan" | "NaN" | "inf" | "Infinity" | "NotImplemented"
            | "Ellipsis" => "null",
            "True" | "true" => "true",
            "False" | "false" => "false",
            _ => "",
        };
        self.at += end;
        if !constant.is_empty() {
            self.out.push_str(constant);
            return Ok(());
        }
        match self.peek() {
            Some(b'(') => self.at += 1,
            Some(_) => return Err(LiteralStop::Fault),
            None => return Err(LiteralStop::Cut),
        }
        match name.rsplit('.').next().unwrap_or(name) {
            "datetime" | "date" | "time" | "DateTime" => self.moment(start),
            "OrderedDict" if self.rest().starts_with("[(") => self.pairs(depth),
            "ErrorDetail" if self.rest().starts_with("string=") => self.first_named(depth),
            last => self.call(start, last == "defaultdict", depth),
        }
    }

    /// `OrderedDict([('a', 1)])`, after the opening parenthesis.
    fn pairs(&mut self, depth: u8) -> Result<(), LiteralStop> {
        self.expect(b'[')?;
        self.out.push('{');
        loop {
            self.expect(b'(')?;
            self.skip_blanks();
            let (from, written) = (self.at, self.out.len());
            self.value(depth)?;
            self.make_key(from, self.at, written);
            self.expect(b',')?;
            self.out.push(':');
            self.value(depth)?;
            self.expect(b')')?;
            if !self.more(b']')? {
                break;
            }
            self.out.push(',');
        }
        self.out.push('}');
        self.expect(b')')
    }

    /// The value of the first named argument; the others are read and left out.
    fn first_named(&mut self, depth: u8) -> Result<(), LiteralStop> {
        self.argument_name();
        self.value(depth)?;
        let kept = self.out.len();
        while self.more(b')')? {
            self.argument_name();
            self.value(depth)?;
        }
        self.out.truncate(kept);
        Ok(())
    }

    /// Any other call, after the opening parenthesis; `start` is where its name begins.
    fn call(&mut self, start: usize, keep_last: bool, depth: u8) -> Result<(), LiteralStop> {
        let from = self.out.len();
        self.skip_blanks();
        if self.peek() == Some(b')') {
            self.at += 1;
            return self.keep_raw(start, from);
        }
        if let Some(name) = self.argument_name() {
            self.out.push('{');
            self.push_string(name);
            self.out.push(':');
            self.value(depth)?;
            let mut mixed = false;
            while self.more(b')')? {
                self.out.push(',');
                match self.argument_name() {
                    Some(name) => {
                        self.push_string(name);
                        self.out.push(':');
                    }
                    None => mixed = true,
                }
                self.value(depth)?;
            }
            self.out.push('}');
            return if mixed { self.keep_raw(start, from) } else { Ok(()) };
        }
        self.value(depth)?;
        self.unquote_decimal(start, from);
        let mut last = None;
        while self.more(b')')? {
            self.argument_name();
            last = Some(self.out.len());
            self.value(depth)?;
        }
        match last {
            Some(last) if keep_last => self.out.replace_range(from..last, ""),
            Some(_) => return self.keep_raw(start, from),
            None => {}
        }
        Ok(())
    }

    /// `Decimal('129.90')` is a number, and its digits are all there.
    fn unquote_decimal(&mut self, start: usize, from: usize) {
        let written = &self.out[from..];
        if self.text[start..].starts_with("Decimal(")
            || self.text[start..].starts_with("decimal.Decimal(")
        {
            let digits = written.trim_matches('"');
            if is_json_number(digits) {
                let digits = digits.to_owned();
                self.out.truncate(from);
                self.out.push_str(&digits);
            }
        }
    }

    /// Replaces what was written since `from` by the text since `start` as a string.
    fn keep_raw(&mut self, start: usize, from: usize) -> Result<(), LiteralStop> {
        self.out.truncate(from);
        let raw = self.text.get(start..self.at).ok_or(LiteralStop::Fault)?;
        self.push_string(raw);
        Ok(())
    }

    /// Passes over `name=`.
    fn argument_name(&mut self) -> Option<&'t str> {
        self.skip_blanks();
        let rest = self.rest();
        let end = rest.bytes().position(|byte| !is_name_byte(byte)).unwrap_or(rest.len());
        let sound = end > 0 && rest[end..].starts_with('=') && !rest[end..].starts_with("==");
        sound.then(|| {
            self.at += end + 1;
            &rest[..end]
        })
    }

    /// A date or time, after the opening parenthesis.
    fn moment(&mut self, start: usize) -> Result<(), LiteralStop> {
        let rest = self.rest();
        let window = &rest.as_bytes()[..rest.len().min(SPAN_MAX)];
        let mut open = 1_u32;
        let end = window.iter().position(|byte| {
            open = open + u32::from(*byte == b'(') - u32::from(*byte == b')');
            open == 0
        });
        let Some(end) = end else {
            return Err(if window.len() == rest.len() {
                LiteralStop::Cut
            } else {
                LiteralStop::Fault
            });
        };
        let arguments = rest.get(..end).ok_or(LiteralStop::Fault)?;
        let from = self.out.len();
        self.at += end + 1;
        let numbers: Vec<u32> =
            arguments.split(',').map_while(|part| part.trim().parse().ok()).collect();
        let clock_only = self.text[start..].starts_with("time(")
            || self.text[start..].starts_with("datetime.time(");
        let (day, clock) = if clock_only {
            (&[][..], &numbers[..])
        } else {
            numbers.split_at(numbers.len().min(3))
        };
        if !(clock_only || day.len() == 3) || clock.len() > 4 || (clock_only && clock.is_empty()) {
            return self.keep_raw(start, from);
        }
        self.out.push('"');
        if let [year, month, day] = day {
            // Writing to a string cannot fail, here and below.
            let _ = write!(self.out, "{year:04}-{month:02}-{day:02}");
        }
        if let Some(hour) = clock.first() {
            let part = |place: usize| clock.get(place).copied().unwrap_or(0);
            let separator = if clock_only { "" } else { "T" };
            let _ = write!(self.out, "{separator}{hour:02}:{:02}:{:02}", part(1), part(2));
            if part(3) > 0 {
                let _ = write!(self.out, ".{:06}", part(3));
            }
            self.out.push_str(&zone(arguments));
        }
        self.out.push('"');
        Ok(())
    }

    /// `<object at 0x..>`, brackets inside it balanced.
    fn angles(&mut self) -> Result<(), LiteralStop> {
        let rest = self.rest();
        let window = &rest.as_bytes()[..rest.len().min(SPAN_MAX)];
        let mut open = 0_u32;
        let end = window.iter().position(|byte| {
            open = (open + u32::from(*byte == b'<')).saturating_sub(u32::from(*byte == b'>'));
            open == 0
        });
        let Some(end) = end else {
            return Err(if window.len() == rest.len() {
                LiteralStop::Cut
            } else {
                LiteralStop::Fault
            });
        };
        self.at += end + 1;
        self.push_string(&rest[..=end]);
        Ok(())
    }
}

/// The offset that `tzinfo=` names, empty when it names none that can be read off.
fn zone(arguments: &str) -> String {
    let Some((_, zone)) = arguments.split_once("tzinfo=") else { return String::new() };
    if let Some((_, seconds)) = zone.split_once("seconds=") {
        let digits = seconds.bytes().take_while(u8::is_ascii_digit).count();
        if let Ok(seconds) = seconds[..digits].parse::<u32>()
            && !zone.contains("days=")
        {
            return format!("+{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
        }
        return String::new();
    }
    if zone.contains("utc") || zone.contains("UTC") { "+00:00".to_owned() } else { String::new() }
}

/// Length of the letters before the quote of a string; `None` when there is no string.
fn string_prefix(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let letters = bytes
        .iter()
        .take(3)
        .take_while(|byte| matches!(*byte | 0x20, b'r' | b'b' | b'u' | b'f'))
        .count();
    (letters < 3 && matches!(bytes.get(letters), Some(b'\'' | b'"'))).then_some(letters)
}
