//! Tags, text and entities of XML and HTML, as they come in answers: cut anywhere, badly nested,
//! never trusted to be well formed.

use memchr::{memchr, memchr2, memchr3, memmem};

use super::BodyKind;

/// A piece of markup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A start tag, or an empty-element tag.
    Start {
        /// The name as written, prefix included.
        name: &'t str,
        /// What stands between the name and the end of the tag.
        attributes: &'t str,
        /// It ends with `/>`.
        empty: bool,
    },
    /// An end tag.
    End {
        /// The name as written, prefix included.
        name: &'t str,
    },
    /// Character data with entities still in it.
    Text(&'t str),
    /// The content of a CDATA section.
    Cdata(&'t str),
}

/// Splits a text into tags and what is between them; comments, declarations and processing
/// instructions are passed over. Each byte is looked at a fixed number of times.
#[derive(Debug, Clone)]
pub(super) struct Tokens<'t> {
    text: &'t str,
    at: usize,
    /// A quote was never closed, so quotes no longer hide the end of a tag: without this, a page
    /// full of lone quotes would be read to its end for each of them.
    ignore_quotes: bool,
}

impl<'t> Tokens<'t> {
    /// Begins at the first byte.
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, ignore_quotes: false }
    }

    /// Offset of the next token in bytes.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// Everything has been read.
    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Passes over everything up to the end tag of `name` (ASCII, any case): the content of a script.
    pub(super) fn skip_to_end_of(&mut self, name: &str) {
        let mut at = self.at;
        while let Some(found) = memmem::find(&self.text.as_bytes()[at..], b"</") {
            at += found + 2;
            let rest = &self.text.as_bytes()[at..];
            if rest.len() >= name.len() && rest[..name.len()].eq_ignore_ascii_case(name.as_bytes())
            {
                self.at = at - 2;
                return;
            }
        }
        self.at = self.text.len();
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes past the first `end` at or after `from` in the rest; the piece before it, or the whole
    /// rest when there is none.
    fn until(&mut self, from: usize, end: &str) -> &'t str {
        let rest = self.rest();
        let body = rest.get(from..).unwrap_or_default();
        if let Some(found) = memmem::find(body.as_bytes(), end.as_bytes()) {
            self.at += from + found + end.len();
            &body[..found]
        } else {
            self.at = self.text.len();
            body
        }
    }

    /// Goes past a document type, whose subset in brackets may hold `>`.
    fn skip_declaration(&mut self) {
        let rest = self.rest().as_bytes();
        let end = match memchr2(b'>', b'[', rest) {
            Some(found) if rest[found] == b'[' => {
                memmem::find(&rest[found..], b"]").and_then(|close| {
                    let close = found + close;
                    memchr(b'>', &rest[close..]).map(|end| close + end)
                })
            }
            other => other,
        };
        self.at = end.map_or(self.text.len(), |end| self.at + end + 1);
    }

    /// Length of the tag that begins the rest, up to its `>`; `None` when it is cut.
    fn tag_end(&mut self) -> Option<usize> {
        let rest = self.rest().as_bytes();
        if self.ignore_quotes {
            return memchr(b'>', rest);
        }
        let mut at = 0;
        loop {
            let found = at + memchr3(b'>', b'"', b'\'', &rest[at..])?;
            if rest[found] == b'>' {
                return Some(found);
            }
            // Only a quote after `=` opens a value; `<p class=it's>` does not.
            let opens = rest[..found].trim_ascii_end().last() == Some(&b'=');
            if !opens {
                at = found + 1;
                continue;
            }
            let Some(close) = memchr(rest[found], &rest[found + 1..]) else {
                self.ignore_quotes = true;
                return memchr(b'>', rest);
            };
            at = found + close + 2;
        }
    }
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        loop {
            let rest = self.rest();
            let bytes = rest.as_bytes();
            if bytes.is_empty() {
                return None;
            }
            if bytes[0] != b'<' {
                let end = memchr(b'<', bytes).unwrap_or(bytes.len());
                self.at += end;
                return Some(Token::Text(&rest[..end]));
            }
            if rest.starts_with("<!--") {
                self.until(4, "-->");
            } else if rest.starts_with("<![CDATA[") {
                return Some(Token::Cdata(self.until(9, "]]>")));
            } else if rest.starts_with("<!") {
                self.skip_declaration();
            } else if rest.starts_with("<?") {
                self.until(2, "?>");
            } else if !is_tag(bytes) {
                // A lone `<` is text: `stok < 0`.
                let end = memchr(b'<', &bytes[1..]).map_or(bytes.len(), |end| end + 1);
                self.at += end;
                return Some(Token::Text(&rest[..end]));
            } else {
                let Some(end) = self.tag_end() else {
                    self.at = self.text.len();
                    return Some(cut_tag(rest));
                };
                self.at += end + 1;
                return Some(tag(&rest[..end]));
            }
        }
    }
}

/// A `<` that begins a tag: a letter, `_` or `/` follows, or nothing because the text is cut there.
fn is_tag(bytes: &[u8]) -> bool {
    match bytes.get(1) {
        None | Some(b'_' | b'/') => true,
        Some(byte) => byte.is_ascii_alphabetic() || *byte >= 0x80,
    }
}

/// Takes a tag, `<` in front and `>` already off, apart.
fn tag(text: &str) -> Token<'_> {
    let body = &text[1..];
    if let Some(name) = body.strip_prefix('/') {
        return Token::End { name: name.trim() };
    }
    let (body, empty) = body.strip_suffix('/').map_or((body, false), |body| (body, true));
    let (name, attributes) = body
        .bytes()
        .position(|byte| byte.is_ascii_whitespace() || byte == b'/')
        .map_or((body, ""), |end| body.split_at(end));
    Token::Start { name, attributes, empty }
}

/// A tag that the text's end cuts off. Its name may be cut too, so it only counts when an attribute
/// follows; otherwise it is as if it were not there.
fn cut_tag(text: &str) -> Token<'_> {
    match tag(text) {
        whole @ Token::Start { attributes, .. } if !attributes.is_empty() => whole,
        _ => Token::Text(""),
    }
}

/// Calls `each` with the name and the raw value of every attribute.
pub(super) fn attributes<'t>(text: &'t str, mut each: impl FnMut(&'t str, &'t str)) {
    let mut rest = text;
    while let Some(equals) = memchr(b'=', rest.as_bytes()) {
        let name = rest[..equals].split_ascii_whitespace().next_back().unwrap_or_default();
        let value = rest[equals + 1..].trim_ascii_start();
        let (value, after) = if let Some(quote @ (b'"' | b'\'')) = value.as_bytes().first() {
            let body = &value[1..];
            match memchr(*quote, body.as_bytes()) {
                Some(end) => (&body[..end], &body[end + 1..]),
                None => (body, ""),
            }
        } else {
            value.split_at(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len()))
        };
        if !name.is_empty() {
            each(name, value);
        }
        rest = after;
    }
}

/// Whether a text that begins with `<` is XML, HTML or neither (`<Response [500]>`, `< 5`).
pub(super) fn kind(text: &str) -> BodyKind {
    let mut rest = text;
    loop {
        let end = if rest.starts_with("<!--") {
            memmem::find(rest.as_bytes(), b"-->").map(|end| end + 3)
        } else if rest.starts_with("<?") {
            memmem::find(rest.as_bytes(), b"?>").map(|end| end + 2)
        } else {
            break;
        };
        match end {
            Some(end) => rest = rest[end..].trim_start(),
            // Cut inside its prolog.
            None => return BodyKind::Xml,
        }
    }
    let bytes = rest.as_bytes();
    if let Some(declaration) = bytes.strip_prefix(b"<!") {
        let html = declaration.get(..7).is_some_and(|word| word.eq_ignore_ascii_case(b"doctype"))
            && declaration[7..]
                .trim_ascii_start()
                .get(..4)
                .is_some_and(|word| word.eq_ignore_ascii_case(b"html"));
        return if html { BodyKind::Html } else { BodyKind::Xml };
    }
    if bytes.is_empty() {
        return BodyKind::Xml;
    }
    if bytes[0] != b'<' || !is_tag(bytes) {
        return BodyKind::Text;
    }
    let name_end = bytes[1..]
        .iter()
        .position(|byte| {
            !(byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b'.' | b':')
                || *byte >= 0x80)
        })
        .map_or(bytes.len(), |end| end + 1);
    let after = bytes[name_end..].trim_ascii_start().first();
    let name = &rest[1..name_end];
    match after {
        None | Some(b'>' | b'/') => {}
        Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => {
            // `<Foo object at 0x7f>`: words without `=` are no attributes.
            let tag = &bytes[name_end..memchr(b'>', bytes).unwrap_or(bytes.len()).max(name_end)];
            if memchr(b'=', tag).is_none() && bytes.len() > name_end + tag.len() && !is_html(name) {
                return BodyKind::Text;
            }
        }
        Some(_) => return BodyKind::Text,
    }
    if is_html(name) { BodyKind::Html } else { BodyKind::Xml }
}

/// Names that begin HTML pages and pieces of them. `title`, `head` and `p` are not names that an
/// XML answer has at its root.
fn is_html(name: &str) -> bool {
    const NAMES: [&str; 26] = [
        "html", "head", "title", "body", "h1", "h2", "h3", "h4", "p", "div", "span", "center",
        "pre", "br", "hr", "b", "strong", "font", "table", "ul", "script", "style", "meta", "link",
        "img", "form",
    ];
    NAMES.iter().any(|html| html.eq_ignore_ascii_case(name))
}

/// Appends the text inside `raw`: tags taken out, CDATA as it is, entities decoded, blanks kept.
///
/// `cut` says that the text ends because the platform cut it: half an entity at its end is dropped.
pub(super) fn text_of(raw: &str, cut: bool, out: &mut String) {
    for token in Tokens::new(raw) {
        match token {
            Token::Text(text) => decode(text, cut, out),
            Token::Cdata(text) => out.push_str(if cut { text.trim_end_matches(']') } else { text }),
            Token::Start { name, .. } | Token::End { name } => {
                if breaks_words(name) {
                    out.push(' ');
                }
            }
        }
    }
}

/// Tags that stand between words; the others (`b`, `span`, `i`) may stand inside one.
fn breaks_words(name: &str) -> bool {
    !["b", "i", "u", "em", "strong", "span", "font", "a", "code", "small", "tt", "sup", "sub"]
        .iter()
        .any(|inline| inline.eq_ignore_ascii_case(name))
}

/// Appends `text` with its entities decoded; unknown ones stay as they are.
pub(super) fn decode(text: &str, cut: bool, out: &mut String) {
    let mut rest = text;
    while let Some(found) = memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..found]);
        rest = &rest[found..];
        let window = &rest.as_bytes()[..rest.len().min(ENTITY_MAX)];
        match memchr(b';', window) {
            Some(end) => {
                if let Some(c) = entity(&rest[1..end]) {
                    out.push(c);
                    rest = &rest[end + 1..];
                    continue;
                }
            }
            None if cut
                && rest.len() < ENTITY_MAX
                && rest[1..].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#') =>
            {
                return;
            }
            None => {}
        }
        out.push('&');
        rest = &rest[1..];
    }
    out.push_str(rest);
}

/// Longest entity that is looked for, `&` and `;` included.
const ENTITY_MAX: usize = 12;

/// The character that an entity stands for, name or number without `&` and `;`.
fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return Some(
            char::from_u32(code).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER),
        );
    }
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "laquo" => '«',
        "raquo" => '»',
        "middot" => '·',
        "bull" => '•',
        "copy" => '©',
        "reg" => '®',
        "uuml" => 'ü',
        "Uuml" => 'Ü',
        "ouml" => 'ö',
        "Ouml" => 'Ö',
        "ccedil" => 'ç',
        "Ccedil" => 'Ç',
        "scedil" => 'ş',
        "Scedil" => 'Ş',
        "gbreve" => 'ğ',
        "Gbreve" => 'Ğ',
        "inodot" | "imath" => 'ı',
        "Idot" => 'İ',
        "acirc" => 'â',
        "icirc" => 'î',
        "ucirc" => 'û',
        _ => return None,
    })
}
