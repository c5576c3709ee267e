//! One scan over a text that masks its variables and keeps its constants.

use crate::bytes::{
    BLANK, CLASS, COLON, DIGIT, LETTER, LINE, LOWER, MARK, SLASH, SPLIT, STOP, UPPER, VAR, is,
    stem_len,
};
use crate::date;
use crate::number;
use crate::quote::{self, QUOTED_BYTES, QUOTED_WORDS};
use crate::token;
use crate::trace::TraceFilter;
use crate::value;

/// Appends `text` to `out` with each variable masked by one byte.
///
/// Lines are masked one by one, so that no variable reaches over a line end; blank lines and
/// blanks around a line are dropped, blanks inside it become one. Of a stack trace only the frames
/// of [`TraceFilter`] stay. With `cut`, a quoted text that is still open at the end is left out, since
/// its end is unknown.
///
/// One pass, no allocation once `out` is large enough.
pub(crate) fn mask(text: &[u8], cut: bool, out: &mut Vec<u8>) {
    let base = out.len();
    let mut at = 0;
    let mut trace = TraceFilter::default();
    loop {
        let end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |len| at + len);
        let last = end == text.len();
        let line = &text[at..end];
        at = end + 1;
        if out.len() > base && trace.drops(line) {
            if last {
                break;
            }
            continue;
        }
        let before = out.len();
        if before > base {
            out.push(b'\n');
        }
        let floor = out.len();
        Scanner { text: line, at: 0, floor, out, closes_at: None }.line(cut && last);
        if out.len() == floor {
            out.truncate(before);
        }
        if last {
            break;
        }
    }
}

struct Scanner<'t> {
    /// One line.
    text: &'t [u8],
    at: usize,
    /// Where the masked line begins in `out`.
    floor: usize,
    out: &'t mut Vec<u8>,
    /// Position of the quote that closes the sentence being scanned.
    closes_at: Option<usize>,
}

impl Scanner<'_> {
    fn line(&mut self, cut: bool) {
        while let Some(&byte) = self.text.get(self.at) {
            let class = CLASS[usize::from(byte)];
            if class & (BLANK | LINE) != 0 {
                self.at += 1;
                if self.out.len() > self.floor && self.out.last() != Some(&b' ') {
                    self.out.push(b' ');
                }
            } else if self.closes_at == Some(self.at) {
                self.out.push(byte);
                self.at += 1;
                self.closes_at = None;
            } else if byte == b'"' || byte == b'\'' {
                if !self.quoted(byte) {
                    if cut && self.text.len() - self.at <= QUOTED_BYTES {
                        self.at = self.text.len();
                    } else {
                        self.out.push(byte);
                        self.at += 1;
                    }
                }
            } else if class & SPLIT != 0 {
                self.split(byte);
            } else {
                self.token();
            }
        }
        while self.out.len() > self.floor && self.out.last() == Some(&b' ') {
            self.out.pop();
        }
    }

    /// A bracket, comma or the like. Empty brackets after a blank are an empty slot: `from host ()` and
    /// `from host (name)` are one text.
    fn split(&mut self, byte: u8) {
        if byte == b'<'
            && let Some(end) = number::less_than(self.text, self.at)
        {
            self.at = end;
            self.variable();
            return;
        }
        self.out.push(byte);
        self.at += 1;
        if byte == b'(' && self.text.get(self.at) == Some(&b')') && self.ends_with(b" (") {
            self.out.push(VAR);
        }
    }

    fn ends_with(&self, tail: &[u8]) -> bool {
        self.out[self.floor..].ends_with(tail)
    }

    fn variable(&mut self) {
        token::variable(self.out);
        if self.ends_with(b"\x01, \x01") && (self.enclosed(b"\x01, \x01") || self.list_goes_on()) {
            self.collapse_list(b"\x01, \x01");
        }
        for pair in [b"\x01,\x01".as_slice(), b"\x01 \x01"] {
            if self.ends_with(pair) && self.enclosed(pair) {
                self.collapse_list(pair);
            }
        }
    }

    /// The pair of variables that ends the masked line began right behind a bracket.
    fn enclosed(&self, pair: &[u8]) -> bool {
        let line = &self.out[self.floor..];
        matches!(
            line.len().checked_sub(pair.len() + 1).map(|at| line[at]),
            Some(b'[' | b'(' | b'{')
        )
    }

    /// After the variable comes another value or nothing: `4, 65536 bytes` is no list.
    fn list_goes_on(&self) -> bool {
        matches!(&self.text[self.at..], [] | [b',' | b')' | b']' | b'}', ..] | [b'.'])
    }

    /// A list is one variable, however many values it has.
    fn collapse_list(&mut self, pair: &[u8]) {
        if self.ends_with(pair) {
            self.out.truncate(self.out.len() - pair.len() / 2 - 1);
        }
    }

    fn token(&mut self) {
        let start = self.at;
        let mut end = start;
        let mut classes = 0;
        while let Some(&byte) = self.text.get(end) {
            let class = CLASS[usize::from(byte)];
            if class & STOP != 0 {
                break;
            }
            classes |= class;
            end += 1;
        }
        let word = &self.text[start..end];
        match self.text.get(end) {
            Some(b'{' | b'[') if self.object(end) => return,
            // A value of several parts: `key=0|com.example|17|null`.
            Some(b'|') if self.ends_with(b"=") => {
                let parts = self.text[end..].iter();
                self.at = end + parts.take_while(|&&byte| byte == b'|' || !is(byte, STOP)).count();
                self.variable();
                return;
            }
            _ => {}
        }
        if classes & (DIGIT | UPPER) != 0
            && self.text.get(end + 1).is_some_and(|&byte| matches!(byte, b'/' | b'-'))
            && let Some(end) = value::joined(self.text, start)
        {
            self.at = end;
            self.variable();
            return;
        }
        if classes & (DIGIT | MARK) == 0 {
            // The common case: letters and joints only.
            self.at = end;
            if classes & UPPER != 0 && date::may_begin(word) && self.date(start, end) {
                return;
            }
            if follows_value(word) {
                self.mask_word_before(matches!(word, b"isimli") || word == "adlı".as_bytes());
            }
            if self.ends_with(b"=")
                && let Some(end) = value::assigned(self.text, start)
            {
                self.at = end;
                self.variable();
                return;
            }
            if token::is_boolean(word)
                || (matches!(word, b"null" | b"None" | b"nil") && self.is_assigned())
            {
                self.variable();
            } else if word.len() >= 8 && matches!(word[0], b'a'..=b'f') {
                token::emit_classed(word, classes, false, self.out);
            } else {
                self.out.extend_from_slice(word);
            }
            return;
        }
        if word[0] == b'/' && self.ends_with(b"<") {
            // The end tag of an element, not a path.
            self.out.extend_from_slice(word);
            self.at = end;
            return;
        }
        if classes & SLASH != 0 && self.spread(start, end)
            || classes & COLON != 0 && self.property(start, end)
        {
            return;
        }
        if word.len() >= 2 && word[1] == b'\'' && matches!(word[0], b'u' | b'b' | b'r') {
            // A string prefix of Python: `u'...'`.
            self.out.push(word[0]);
            self.at = start + 1;
            return;
        }
        if word[0].is_ascii_digit() && self.date(start, end) {
            return;
        }
        let stem = stem_len(word);
        let called = stem == word.len() && matches!(self.text.get(end), Some(b'(' | b'='));
        let before = self.out.len();
        if let Some(number) = number::comma_number(self.text, start, end) {
            self.at = number;
            self.variable();
            return;
        }
        token::emit(&word[..stem], called, self.out);
        self.at = start + stem;
        if self.out.last() == Some(&VAR) && self.out.len() <= before + 1 {
            // Written by `variable` once more, so that lists and joined runs collapse.
            if self.out.len() > before {
                self.out.pop();
                if self.ends_with(b"\x01 ") && value::goes_on(&self.text[..start], word) {
                    self.out.pop();
                }
            }
            if stem == word.len()
                && let Some(size) = number::size(self.text, end)
            {
                self.at = size;
                self.variable();
                return;
            }
            self.variable();
        } else if token::is_boolean(&self.out[before..]) {
            self.out.truncate(before);
            self.variable();
        }
        self.out.extend_from_slice(&word[stem..]);
        self.at = end;
        if word.ends_with(b":")
            && let Some(len) = value::named_object(&self.out[self.floor..], &self.text[end..])
        {
            self.out.push(b' ');
            self.at = end + len;
            self.variable();
        }
    }

    /// `source=WorkSource{10113}`: an object printed as a value, without named parts, is one variable.
    fn object(&mut self, end: usize) -> bool {
        let close = if self.text[end] == b'{' { b'}' } else { b']' };
        if !self.ends_with(b"=") {
            return false;
        }
        let inner = &self.text[end + 1..];
        let Some(len) = inner.iter().take(QUOTED_BYTES).position(|&byte| {
            matches!(byte, b'}' | b']' | b'{' | b'[' | b'=' | b':' | b'"' | b'\'')
        }) else {
            return false;
        };
        let found = inner[len] == close;
        if found {
            self.at = end + len + 2;
            self.variable();
        }
        found
    }

    /// In Turkish the word that says what a value is follows it: `BLK-RED kodlu ürün`,
    /// `Elif Kaya adlı müşteri`.
    fn mask_word_before(&mut self, name: bool) {
        let line = &self.out[self.floor..];
        let Some(line) = line.strip_suffix(b" ") else { return };
        let mut word = line.iter().rev().take_while(|&&byte| !is(byte, STOP)).count();
        if name {
            word = word.max(line.len() - value::name_before(line));
        }
        let start = self.floor + line.len() - word;
        // `17 satıcı kodlu`: a word of small letters behind a value says what kind of value it is.
        if self.out[..start].ends_with(b"\x01 ")
            && self.out[start..].iter().all(|&byte| is(byte, LOWER | BLANK))
            && !value::begins_with_capital(&self.out[start..])
        {
            return;
        }
        if word > 0 && self.out[start] != b'\'' && stem_len(&self.out[start..start + word]) == word
        {
            self.out.truncate(start);
            self.variable();
            self.out.push(b' ');
        }
    }

    /// The masked line ends with `=`.
    fn is_assigned(&self) -> bool {
        self.ends_with(b"=") || self.ends_with(b"= ")
    }

    /// A date that begins with the token from `start` to `end`; moves behind it.
    fn date(&mut self, start: usize, end: usize) -> bool {
        let token = &self.text[start..end];
        let found = match token {
            [b'0'..=b'9']
            | [b'0'..=b'9', b'0'..=b'9']
            | [b'0'..=b'9', b'-' | b'/', ..]
            | [b'0'..=b'9', b'0'..=b'9', b'-' | b'/', b'A'..=b'Z', ..] => {
                date::worded(self.text, start)
            }
            [b'A'..=b'Z', ..] => date::worded(self.text, start),
            _ if token.len() >= 8 && date::is_numeric(token) => date::time_after(self.text, end),
            // `2026-11-17T10:00:00,123`
            _ if token.len() >= 16
                && self.text.get(end) == Some(&b',')
                && date::is_numeric(&token[..10]) =>
            {
                let fraction =
                    self.text[end + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                (fraction > 0).then_some(end + 1 + fraction)
            }
            _ => None,
        };
        if let Some(end) = found {
            self.at = end;
            self.variable();
        }
        found.is_some()
    }

    /// URLs, paths with a query and .NET dates may contain `= , ; &` and brackets.
    fn spread(&mut self, start: usize, end: usize) -> bool {
        let rest = &self.text[start..];
        let token = &self.text[start..end];
        if let Some(inner) = rest.strip_prefix(b"/Date(").or_else(|| rest.strip_prefix(b"\\/Date("))
        {
            let digits = inner
                .iter()
                .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-'))
                .count();
            if inner[digits..].starts_with(b")") {
                let mut end = start + rest.len() - inner.len() + digits + 1;
                end +=
                    self.text[end..].iter().take_while(|byte| matches!(byte, b'/' | b'\\')).count();
                self.at = end;
                self.variable();
                return true;
            }
        }
        let scheme = token.windows(3).position(|window| window == b"://");
        let query = memchr::memchr(b'?', token)
            .is_some_and(|mark| memchr::memchr(b'/', &token[..mark]).is_some());
        if scheme.is_none() && !query {
            return false;
        }
        let mut len = rest
            .iter()
            .take_while(|&&byte| {
                !is(byte, BLANK | LINE)
                    && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'|' | b']' | b'}')
            })
            .count();
        // A bracket that the address did not open belongs to the sentence.
        let mut open = 0i32;
        for (at, byte) in rest[..len].iter().enumerate() {
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                _ => {}
            }
            if open < 0 {
                len = at;
                break;
            }
        }
        while len > 0 && matches!(rest[len - 1], b'.' | b',' | b':' | b';' | b'!' | b'?' | b'=') {
            len -= 1;
        }
        let plain_prefix = scheme.map_or(0, |scheme| {
            token[..scheme]
                .iter()
                .rev()
                .take_while(|&&byte| is(byte, LETTER | DIGIT) || byte == b'+')
                .count()
        });
        let address = scheme.map_or(0, |scheme| scheme - plain_prefix);
        self.out.extend_from_slice(&rest[..address]);
        self.at = start + len.max(address + 1);
        self.variable();
        true
    }

    /// `environment:java.home=/usr/lib/jvm`: a listing of properties. Which property it is is part of
    /// the variable, and its value reaches to the line's end.
    fn property(&mut self, start: usize, end: usize) -> bool {
        if self.text.get(end) != Some(&b'=') {
            return false;
        }
        let token = &self.text[start..end];
        let Some(colon) = token.iter().position(|&byte| byte == b':') else { return false };
        let (kind, name) = (&token[..colon], &token[colon + 1..]);
        let words = |text: &[u8]| !text.is_empty() && text.iter().all(|&byte| is(byte, LETTER));
        let listed =
            words(kind) && name.contains(&b'.') && name.split(|&byte| byte == b'.').all(words);
        if listed {
            self.out.extend_from_slice(&token[..=colon]);
            self.out.push(VAR);
            self.at = self.text.len();
        }
        listed
    }

    /// The text before says that the quoted name is that of a field: `field 'price'`,
    /// `KeyError: 'price'`, `row['price']`. Fields distinguish causes, so their names stay.
    fn names_field(&self) -> bool {
        let line = &self.out[self.floor..];
        match line {
            [.., before, b'['] => is(*before, LETTER | DIGIT) || *before == b']',
            [words @ .., b' '] => {
                let len = words.iter().rev().take_while(|&&byte| is(byte, LETTER)).count();
                quote::is_field_noun(&words[words.len() - len..]) || words.ends_with(b"KeyError:")
            }
            _ => false,
        }
    }

    /// The text before is a key like `"message": ` or `"error_code":`, whose value is the explanation
    /// and no datum.
    fn explains(&self) -> bool {
        let line = &self.out[self.floor..];
        let line = line.strip_suffix(b" ").unwrap_or(line);
        let Some([key @ .., b'"' | b'\'']) = line.strip_suffix(b":") else { return false };
        let len = key.iter().rev().take_while(|&&byte| !matches!(byte, b'"' | b'\'')).count();
        quote::is_explaining_key(&key[key.len() - len..])
    }

    /// A quoted text that opens here: a key or the name of a field stays, a request line keeps its method,
    /// a short value is one variable, a sentence is scanned. False when no quote opens here or none closes.
    fn quoted(&mut self, quote: u8) -> bool {
        let inner = &self.text[self.at + 1..];
        let Some(len) = quote::closing(inner, quote) else { return false };
        let content = &inner[..len];
        let behind = self.at + len + 2;
        let key = (1..=QUOTED_BYTES).contains(&content.len())
            && self.text[behind.min(self.text.len())..].iter().find(|&&byte| !is(byte, BLANK))
                == Some(&b':')
            && !content.iter().any(|&byte| is(byte, BLANK));
        if key || (quote::is_field_name(content) && self.names_field()) {
            self.out.push(quote);
            token::emit(content, true, self.out);
            self.out.push(quote);
            self.at = behind;
            return true;
        }
        let words = content.split(|&byte| is(byte, BLANK)).filter(|word| !word.is_empty()).count();
        if let Some(method) = quote::request_method(content) {
            self.out.push(quote);
            self.out.extend_from_slice(method);
            self.out.extend_from_slice(&[b' ', VAR, quote]);
            self.at = behind;
            return true;
        }
        let sentence = words > QUOTED_WORDS || (words > 1 && content.ends_with(b"."));
        if sentence || content.len() > QUOTED_BYTES || self.explains() {
            self.out.push(quote);
            self.closes_at = self.closes_at.or(Some(behind - 1));
            self.at += 1;
            return true;
        }
        self.out.extend_from_slice(&[quote, VAR, quote]);
        self.at = behind;
        let pair = [VAR, quote, b',', b' ', quote, VAR, quote];
        if self.ends_with(&pair) {
            self.out.truncate(self.out.len() - 5);
        }
        true
    }
}

/// "with code", "with number", "named" and their like.
fn follows_value(word: &[u8]) -> bool {
    const WORDS: [&[u8]; 8] = [
        b"kodlu",
        b"nolu",
        "numaralı".as_bytes(),
        "adlı".as_bytes(),
        b"isimli",
        b"barkodlu",
        b"stokkodlu",
        b"idli",
    ];
    matches!(word.first(), Some(b'k' | b'n' | b'a' | b'i' | b'b' | b's')) && WORDS.contains(&word)
}
