//! Defects of the input, as data.

use std::fmt;

/// The step of reading and decoding that found a defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Finding, opening and reading the file.
    Read,
    /// Bytes to UTF-8 text.
    Text,
    /// Base64 text to bytes, with the quotes or the URI around it.
    Base64,
    /// The structure of a zip: end record, directory, local headers.
    Zip,
    /// Decompression: members of a zip, gzip, zlib.
    Inflate,
}

impl Stage {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Text => "text",
            Self::Base64 => "base64",
            Self::Zip => "zip",
            Self::Inflate => "inflate",
        }
    }
}

/// What is wrong with the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The data ends early; what stands before the cut may have been used.
    Truncated,
    /// A character that base64 does not have, or something after its padding.
    BadBase64,
    /// Neither text nor a format that this crate decodes.
    NotAnArchive,
    /// The member needs a password.
    Encrypted,
    /// The member is compressed by a method that this crate does not know.
    UnsupportedMethod,
    /// The compressed data breaks the rules of its format.
    BadDeflate,
    /// The bytes do not have the checksum that stands beside them; they are not used.
    CrcMismatch,
    /// The data is longer or shorter than its headers say.
    SizeMismatch,
    /// Two headers of one archive contradict each other, or point at nothing.
    HeaderMismatch,
    /// A limit on bytes or on the ratio is exceeded.
    TooLarge,
    /// The limit on members is exceeded.
    TooManyMembers,
    /// The limit on layers is exceeded.
    TooDeep,
    /// Members share bytes of the archive; none of these bytes is used twice.
    OverlappingMembers,
    /// The limit on problems is exceeded; the others are only counted.
    TooManyProblems,
    /// The text is not valid in its encoding; it is read as well as possible.
    BadEncoding,
    /// The operating system refused to read it.
    Io,
}

impl ProblemKind {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::BadBase64 => "bad_base64",
            Self::NotAnArchive => "not_an_archive",
            Self::Encrypted => "encrypted",
            Self::UnsupportedMethod => "unsupported_method",
            Self::BadDeflate => "bad_deflate",
            Self::CrcMismatch => "crc_mismatch",
            Self::SizeMismatch => "size_mismatch",
            Self::HeaderMismatch => "header_mismatch",
            Self::TooLarge => "too_large",
            Self::TooManyMembers => "too_many_members",
            Self::TooDeep => "too_deep",
            Self::OverlappingMembers => "overlapping_members",
            Self::TooManyProblems => "too_many_problems",
            Self::BadEncoding => "bad_encoding",
            Self::Io => "io",
        }
    }
}

/// A defect of one input file. The file itself is not named in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the member, as [`Leaf::member`](crate::Leaf::member); None when the defect is not in a member.
    pub member: Option<String>,
    /// Where, in bytes from the start of the layer that [`stage`](Self::stage) reads. At most [`i64::MAX`].
    pub byte: u64,
    /// The step that found it.
    pub stage: Stage,
    /// What is wrong, to be matched on.
    pub kind: ProblemKind,
    /// Place, fault, numbers, as [`problem_message`] makes it.
    pub message: String,
}

impl Problem {
    /// A problem whose message is made of the place and of `fault`, see [`problem_message`].
    pub fn new(
        member: Option<&str>,
        byte: u64,
        stage: Stage,
        kind: ProblemKind,
        fault: &str,
    ) -> Self {
        let byte = byte.min(i64::MAX.cast_unsigned());
        let message = problem_message(member, byte, fault);
        Self { member: member.map(str::to_owned), byte, stage, kind, message }
    }
}

/// The message of a problem: the member if there is one, the byte, and `fault`, which is lower case and has
/// no full stop. One line of less than 400 bytes: what the name and `fault` have from the input is escaped
/// and cut.
pub fn problem_message(member: Option<&str>, byte: u64, fault: &str) -> String {
    let mut message = match member {
        Some(name) => format!("\"{}\": byte {byte}: ", shown(name)),
        None => format!("byte {byte}: "),
    };
    let room = MESSAGE - message.len();
    push(&mut message, fault, room, |c| c.is_control() || changes_direction(c));
    message
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage.name(), self.message)
    }
}

impl std::error::Error for Problem {}

/// Bytes of a message, at most.
const MESSAGE: usize = 399;
/// Bytes of a name in it, at most, quotes left out.
const NAME: usize = 96;

/// A name from the input for a message: escaped, and cut.
pub(crate) fn shown(name: &str) -> String {
    let mut out = String::new();
    // What `escape_debug` leaves as it is can be printed.
    push(&mut out, name, NAME, |c| {
        matches!(c, '"' | '\\') || changes_direction(c) || !c.escape_debug().eq([c])
    });
    out
}

/// Whether `c` changes the reading direction: with it a text could rewrite the message around it.
fn changes_direction(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Appends `text` with some of its characters escaped; what goes beyond `room` bytes is replaced by `...`.
fn push(out: &mut String, text: &str, room: usize, escaped: fn(char) -> bool) {
    const MORE: &str = "...";
    let end = out.len() + room;
    let mut fits = out.len();
    for c in text.chars() {
        if !escaped(c) {
            out.push(c);
        } else if changes_direction(c) {
            out.extend(c.escape_unicode());
        } else {
            out.extend(c.escape_debug());
        }
        if out.len() > end {
            out.truncate(fits);
            out.push_str(MORE);
            return;
        }
        if out.len() + MORE.len() <= end {
            fits = out.len();
        }
    }
}

/// The first bytes of something unknown, in hex, for a message.
pub(crate) fn first_bytes(data: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in &data[..data.len().min(8)] {
        let space = if out.is_empty() { "" } else { " " };
        let _ = write!(out, "{space}{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_is_longer_than_promised_whatever_it_quotes() {
        for c in ["x", "\"", "\n", "\u{1b}", "\u{202e}", "ş", "😀", "\u{10ffff}", "\u{301}"] {
            let long = c.repeat(65_535);
            let problem =
                Problem::new(Some(&long), u64::MAX, Stage::Zip, ProblemKind::Encrypted, &long);
            assert_eq!(problem.byte, u64::MAX / 2);
            let message = problem.message;
            assert!(message.len() < 400 && message.len() > 380, "{}: {message}", message.len());
            assert!(message.ends_with("...") && message.contains("...\": byte"), "{message}");
            assert!(!message.contains(char::is_control) && !message.contains('\u{202e}'));
        }
        let exact = "y".repeat(MESSAGE - "byte 0: ".len());
        let problem = Problem::new(None, 0, Stage::Zip, ProblemKind::Encrypted, &exact);
        assert!(problem.message.ends_with("yyy") && problem.message.len() == MESSAGE);
    }

    #[test]
    fn a_message_is_one_line_of_bounded_length() {
        let name = format!("a\nb\u{1b}[31m\u{202e}{}", "x".repeat(1_000));
        let problem =
            Problem::new(Some(&name), 7, Stage::Zip, ProblemKind::Encrypted, "needs a password");
        let shown = problem.to_string();
        assert!(shown.starts_with(r#"zip: "a\nb\u{1b}[31m\u{202e}xxx"#), "{shown}");
        assert!(shown.ends_with("x...\": byte 7: needs a password"), "{shown}");
        assert!(shown.len() < 200);
    }
}
