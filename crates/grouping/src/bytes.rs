//! What each byte means to the scanner: one table, looked up once a byte.

/// A variable in a masked message. A control byte, since the scanner reads control bytes of the input as
/// blanks.
pub(crate) const VAR: u8 = 0x01;

/// Blank within a line, control bytes among them.
pub(crate) const BLANK: u16 = 1;
/// Line end.
pub(crate) const LINE: u16 = 2;
/// Splits tokens: brackets, double quotes, `= , ; | #`.
pub(crate) const SPLIT: u16 = 4;
/// ASCII digit.
pub(crate) const DIGIT: u16 = 8;
/// ASCII capital.
pub(crate) const UPPER: u16 = 16;
/// Any other letter; every byte of a character outside ASCII counts as one.
pub(crate) const LOWER: u16 = 32;
/// Joins words into a name and needs no closer look: `_` and `-`.
pub(crate) const JOIN: u16 = 64;
/// `.`
pub(crate) const DOT: u16 = 128;
/// `:`
pub(crate) const COLON: u16 = 256;
/// `/` and `\`
pub(crate) const SLASH: u16 = 512;
/// `@`
pub(crate) const AT: u16 = 1024;
/// Other marks: `' ! ? % & * + ~ $ ^`.
pub(crate) const OTHER: u16 = 2048;
/// May have a meaning inside a token.
pub(crate) const MARK: u16 = DOT | COLON | SLASH | AT | OTHER;

/// Ends a token.
pub(crate) const STOP: u16 = BLANK | LINE | SPLIT;
/// A letter of either case.
pub(crate) const LETTER: u16 = UPPER | LOWER;

/// The class of each byte.
pub(crate) static CLASS: [u16; 256] = classes();

const fn classes() -> [u16; 256] {
    let mut table = [OTHER; 256];
    let mut byte = 0usize;
    while byte < 256 {
        table[byte] = match byte as u8 {
            VAR => OTHER,
            b'\n' => LINE,
            0..=b' ' | 0x7f => BLANK,
            b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' | b'"' | b'`' | b'=' | b','
            | b';' | b'|' | b'#' => SPLIT,
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' => UPPER,
            b'a'..=b'z' | 0x80..=0xff => LOWER,
            b'_' | b'-' => JOIN,
            b'.' => DOT,
            b':' => COLON,
            b'/' | b'\\' => SLASH,
            b'@' => AT,
            _ => OTHER,
        };
        byte += 1;
    }
    table
}

/// The classes of all bytes of a token, joined.
pub(crate) fn classes_of(token: &[u8]) -> u16 {
    token.iter().fold(0, |all, &byte| all | CLASS[usize::from(byte)])
}

/// Whether the byte has one of the classes.
pub(crate) fn is(byte: u8, class: u16) -> bool {
    CLASS[usize::from(byte)] & class != 0
}

/// Length of a token without the punctuation that ends a sentence or clause.
pub(crate) fn stem_len(token: &[u8]) -> usize {
    let mut len = token.len();
    while len > 0 && matches!(token[len - 1], b'.' | b':' | b'!' | b'?' | b'\'') {
        len -= 1;
    }
    len
}
