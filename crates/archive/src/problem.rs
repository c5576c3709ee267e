//! Defects, kept as data.

use std::fmt;

/// The step that met a defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Opening and reading the file.
    Read,
    /// Bytes to UTF-8 text.
    Text,
    /// Base64 text to bytes, with the quotes or the URI around it.
    Base64,
    /// The structure of a zip: end record, directory, local headers.
    Zip,
    /// Decompression: members of a zip, gzip, zlib.
    Inflate,
    /// Text to JSON values.
    Json,
    /// JSON values to log entries and exchanges.
    Model,
}

impl Stage {
    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Text => "text",
            Self::Base64 => "base64",
            Self::Zip => "zip",
            Self::Inflate => "inflate",
            Self::Json => "json",
            Self::Model => "model",
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The data ends early; what stands before the cut may have been used.
    Truncated,
    /// A character that base64 does not have, or something after its padding.
    BadBase64,
    /// Neither text nor a container that this crate opens.
    NotAnArchive,
    /// The member needs a password.
    Encrypted,
    /// The member is compressed by a method that this crate does not undo.
    UnsupportedMethod,
    /// The compressed data breaks the rules of its format.
    BadDeflate,
    /// The bytes do not have the checksum that stands beside them; they are not used.
    CrcMismatch,
    /// The data is longer or shorter than its headers say.
    SizeMismatch,
    /// Two headers of one archive contradict each other, or point at nothing.
    HeaderMismatch,
    /// A limit on bytes or on the ratio was passed.
    TooLarge,
    /// The limit on members was passed.
    TooManyMembers,
    /// The limit on layers was passed.
    TooDeep,
    /// Members share bytes of the archive; none of those is used.
    OverlappingMembers,
    /// The limit on problems was passed; the rest is only counted.
    TooManyProblems,
    /// The text is not JSON.
    BadJson,
    /// The text is not sound UTF-8 or UTF-16.
    BadEncoding,
    /// JSON that is none of the known shapes.
    UnknownShape,
    /// A saved error answer in place of the data.
    HttpError,
    /// The operating system refused.
    Io,
    /// The file was another one when it was first looked at.
    Changed,
}

impl ProblemKind {
    /// The word used in reports.
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
            Self::BadJson => "bad_json",
            Self::BadEncoding => "bad_encoding",
            Self::UnknownShape => "unknown_shape",
            Self::HttpError => "http_error",
            Self::Io => "io",
            Self::Changed => "changed",
        }
    }
}

/// Something that could not be read as it should.
///
/// The file is not named: whoever reads files knows it and adds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the member inside the archive; None when the fault is the payload's own.
    pub member: Option<String>,
    /// Where, in bytes from the start of the layer that [`stage`](Self::stage) reads.
    pub offset: u64,
    /// The step that met it.
    pub stage: Stage,
    /// What is wrong, to be matched on.
    pub kind: ProblemKind,
    /// Place, fault, numbers, on one line of less than 400 bytes; text of the input is escaped.
    pub message: String,
}

impl Problem {
    /// A problem whose message is built from the place and `fault` (lower case, no full stop). What
    /// `fault` quotes of the input is escaped here, and cut.
    pub fn new(
        member: Option<&str>,
        offset: u64,
        stage: Stage,
        kind: ProblemKind,
        fault: &str,
    ) -> Self {
        let mut message = match member {
            Some(name) => format!("\"{}\": byte {offset}: ", shown(name)),
            None => format!("byte {offset}: "),
        };
        let room = MESSAGE - message.len();
        push(&mut message, fault, room, |c| c.is_control() || turns(c));
        Self { member: member.map(str::to_owned), offset, stage, kind, message }
    }
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

/// A name of the input made fit for a message: escaped, and cut.
pub(crate) fn shown(name: &str) -> String {
    let mut out = String::new();
    // What `escape_debug` leaves as it is can be printed.
    push(&mut out, name, NAME, |c| {
        matches!(c, '"' | '\\') || turns(c) || !c.escape_debug().eq([c])
    });
    out
}

/// Marks that turn the reading direction would let a text rewrite the message around it.
fn turns(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Appends `text` with some of its characters escaped, and `...` in the place of what goes beyond `room`
/// bytes.
fn push(out: &mut String, text: &str, room: usize, escaped: fn(char) -> bool) {
    const MORE: &str = "...";
    let end = out.len() + room;
    let mut fits = out.len();
    for c in text.chars() {
        if !escaped(c) {
            out.push(c);
        } else if turns(c) {
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
