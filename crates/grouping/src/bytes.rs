//! What each byte means to the scanner: one table, looked up once a byte.

/// Stands for a variable in skeletons. A control byte, so that no text can hold it by accident:
/// the scanner reads control bytes of the input as blanks.
pub(crate) const VAR: u8 = 0x01;

/// Blank within a line, control bytes among them.
pub(crate) const BLANK: u8 = 1;
/// Line end.
pub(crate) const LINE: u8 = 2;
/// Splits tokens: brackets, double quotes, `= , ; | #`.
pub(crate) const SPLIT: u8 = 4;
/// ASCII digit.
pub(crate) const DIGIT: u8 = 8;
/// ASCII capital.
pub(crate) const UPPER: u8 = 16;
/// Any other letter; every byte of a character outside ASCII counts as one.
pub(crate) const LOWER: u8 = 32;
/// Joins words into a name and needs no closer look: `_` and `-`.
pub(crate) const JOIN: u8 = 64;
/// May have a meaning inside a token: `. : / \ @ ' ! ? % & * + ~ $ ^`.
pub(crate) const MARK: u8 = 128;

/// Ends a token.
pub(crate) const STOP: u8 = BLANK | LINE | SPLIT;
/// A letter of either case.
pub(crate) const LETTER: u8 = UPPER | LOWER;

/// The class of each byte.
pub(crate) static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [MARK; 256];
    let mut byte = 0usize;
    while byte < 256 {
        table[byte] = match byte as u8 {
            VAR => MARK,
            b'\n' => LINE,
            0..=b' ' | 0x7f => BLANK,
            b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'<' | b'>' | b'"' | b'`' | b'=' | b','
            | b';' | b'|' | b'#' => SPLIT,
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' => UPPER,
            b'a'..=b'z' | 0x80..=0xff => LOWER,
            b'_' | b'-' => JOIN,
            _ => MARK,
        };
        byte += 1;
    }
    table
}

/// The classes of all bytes of a token, joined.
pub(crate) fn classes_of(token: &[u8]) -> u8 {
    token.iter().fold(0, |all, &byte| all | CLASS[usize::from(byte)])
}

/// Whether the byte has one of the classes.
pub(crate) fn is(byte: u8, class: u8) -> bool {
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
