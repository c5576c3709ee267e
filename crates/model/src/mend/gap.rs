//! What stands between values: blanks, comments, separators.

use super::{RecordStart, Repair, Repairs};

/// What stands between two values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap {
    pub(super) start: usize,
    /// Where the next value or sign begins.
    pub(super) end: usize,
    /// Where the last line in it begins; `None` when it is all on one line.
    pub(super) line: Option<usize>,
    /// The text ends inside a comment.
    pub(super) cut: bool,
}

/// Reads blanks and comments from `at` on. Copies the blanks of JSON to `out`.
pub(super) fn gap(
    text: &str,
    at: usize,
    mut out: Option<&mut String>,
    repairs: &mut Repairs,
) -> Gap {
    let bytes = text.as_bytes();
    let mut gap = Gap { start: at, end: at, line: None, cut: false };
    while let Some(&byte) = bytes.get(gap.end) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                if let Some(out) = &mut out {
                    out.push(char::from(byte));
                }
                gap.end += 1;
                if matches!(byte, b'\n' | b'\r') {
                    gap.line = Some(gap.end);
                }
            }
            b'/' | b'#' => {
                let Some(length) = comment_length(&bytes[gap.end..]) else { return gap };
                repairs.note(Repair::Comment, gap.end);
                gap.cut = length.is_none();
                gap.end = length.map_or(text.len(), |length| gap.end + length);
            }
            _ => {
                let odd = match byte {
                    0 | 0x0b | 0x0c | 0x1e => 1,
                    0x80.. => odd_blank_length(&text[gap.end..]),
                    _ => 0,
                };
                if odd == 0 {
                    return gap;
                }
                repairs.note(Repair::Blank, gap.end);
                gap.end += odd;
            }
        }
    }
    gap
}

/// Length of the comment that `text` begins with; the inner `None` when it does not end.
#[expect(clippy::option_option, reason = "no comment, and a comment without an end")]
fn comment_length(text: &[u8]) -> Option<Option<usize>> {
    match text {
        [b'#', ..] | [b'/', b'/', ..] => {
            Some(Some(memchr::memchr2(b'\n', b'\r', text).unwrap_or(text.len())))
        }
        [b'/', b'*', ..] => Some(memchr::memmem::find(&text[2..], b"*/").map(|length| length + 4)),
        _ => None,
    }
}

/// Length of the blank of Unicode or invisible mark that `text` begins with.
fn odd_blank_length(text: &str) -> usize {
    let is_odd = |c: &char| {
        c.is_whitespace()
            || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{180e}')
    };
    text.chars().next().filter(is_odd).map_or(0, char::len_utf8)
}

/// What follows in an array, from its bracket or the end of an element on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NextElement {
    /// An element begins here.
    Element(usize),
    /// The array ends before this place.
    End(usize),
    /// The text ends before either.
    Cut,
    /// Something else stands here.
    Unclear(usize),
    /// The array has no end: the next document begins here.
    NextDocument(usize),
}

/// Where an array is read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behind {
    /// Its opening bracket.
    Bracket,
    /// An element.
    Element,
    /// An element that was skipped; the next one may begin at once.
    Skipped,
}

/// What follows in an array from `at` on. `document`: how the document begins that it stands in.
pub(crate) fn next_element(
    text: &str,
    at: usize,
    behind: Behind,
    document: RecordStart,
    repairs: &mut Repairs,
) -> NextElement {
    let bytes = text.as_bytes();
    let mut noted = Repairs::default();
    let bracket = at > 0 && matches!(bytes[at - 1], b'}' | b']');
    let (mut here, mut comma, mut line) = (at, None, None);
    loop {
        let found = gap(text, here, None, &mut noted);
        here = found.end;
        line = found.line.or(line);
        match bytes.get(here) {
            None => return NextElement::Cut,
            Some(b',' | b';') => {
                if comma.is_some() || behind == Behind::Bracket {
                    noted.note(Repair::ExtraComma, here);
                } else if bytes[here] == b';' {
                    noted.note(Repair::Separator, here);
                }
                comma = comma.or(Some(here));
                here += 1;
            }
            Some(b'.') if text[here..].starts_with("...") => {
                noted.note(Repair::Elision, here);
                here += 3;
            }
            Some(0x80..) if text[here..].starts_with('…') => {
                noted.note(Repair::Elision, here);
                here += '…'.len_utf8();
            }
            Some(b']') => {
                if let Some(comma) = comma {
                    noted.note(Repair::ExtraComma, comma);
                }
                repairs.add(&noted, 0);
                return NextElement::End(here + 1);
            }
            Some(&byte) => {
                if behind != Behind::Bracket
                    && comma.is_none()
                    && line.is_some_and(|line| document.begins_line(text, line))
                {
                    return NextElement::NextDocument(here);
                }
                if behind == Behind::Element && comma.is_none() {
                    if !(line.is_some() || bracket)
                        || !matches!(byte, b'{' | b'[' | b'(' | b'"' | b'\'')
                    {
                        return NextElement::Unclear(here);
                    }
                    noted.note(Repair::MissingComma, here);
                }
                repairs.add(&noted, 0);
                return NextElement::Element(here);
            }
        }
    }
}

/// Where the next document may begin, behind blanks, comments, commas and semicolons, and an assignment
/// (`const log =`).
pub(crate) fn after_document(text: &str, at: usize, repairs: &mut Repairs) -> usize {
    let bytes = text.as_bytes();
    let mut here = at;
    loop {
        here = gap(text, here, None, repairs).end;
        match bytes.get(here) {
            Some(b',' | b';') => {
                repairs.note(Repair::Separator, here);
                here += 1;
            }
            Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => {
                let length = assignment_length(&bytes[here..]);
                if length == 0 {
                    return here;
                }
                repairs.note(Repair::Separator, here);
                here += length;
            }
            _ => return here,
        }
    }
}

/// Length of `const log =`, `export default` and the like, before a bracket, at the start of `text`.
fn assignment_length(text: &[u8]) -> usize {
    let head = &text[..text.len().min(128)];
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$' | b' ');
    let names = head.iter().take_while(|byte| is_name(byte)).count();
    let sign = match head.get(names) {
        Some(b'=') => 1,
        Some(b'{' | b'[') if head[..names].trim_ascii() == b"export default" => 0,
        _ => return 0,
    };
    let rest = &head[names + sign..];
    let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let opens = matches!(rest.get(blanks), Some(b'{' | b'[' | b'(' | b'O'));
    if opens { names + sign } else { 0 }
}
