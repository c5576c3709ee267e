//! The first phase: each text becomes a masked message with a stable hash, and masked messages are
//! counted.

use std::sync::Arc;

use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_64;

use crate::bytes::{BLANK, LETTER, LINE, SPLIT, VAR, is};
use crate::group::Groups;
use crate::rules::Rules;
use crate::{code, mask, mine, missing};

/// Of a longer text only the head is read and, when it has lines, its last line. In bytes.
///
/// The head names the cause, and the last line of a Python traceback is its exception.
const TEXT_BYTES: usize = 4096;
/// How much of a long text's last line is read. In bytes.
const TAIL_BYTES: usize = 1024;
/// Between the parts of a masked message.
pub const PART: u8 = 0x02;

/// One error of a log. Everything is taken as written; masking does the cleaning.
#[derive(Debug, Clone, Copy, Default)]
pub struct ErrorRef<'a> {
    /// Error code or exception class, if the source names one.
    pub code: Option<&'a str>,
    /// Path of the field that the error is about, dots between names.
    pub field: Option<&'a str>,
    /// The text a person would read.
    pub message: &'a str,
    /// HTTP status of the exchange. It takes part in the class, not in the group.
    pub status: Option<u16>,
    /// The platform cut the text off at its end.
    pub cut: bool,
}

/// Identifies a masked message: XXH3-64 of code, field and masked text. The same on every machine and
/// in every run of one [`RULES_VERSION`](crate::RULES_VERSION); [`Groups::of`] gives its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// Distinct masked messages with their counts. A masked message is code, field and text of an error
/// without what varies between errors of one cause.
///
/// `add` and `merge` commute: texts may come in any order, in any number of shards. Memory grows
/// with the number of distinct masked messages only.
#[derive(Debug, Clone, Default)]
pub struct MaskedMessages {
    messages: HashMap<u64, CountedMessage>,
    rules: Option<Arc<Rules>>,
    scratch: Vec<u8>,
}

/// A masked message and the number of its errors.
#[derive(Debug, Clone)]
pub(crate) struct CountedMessage {
    /// Code, field, cut flag, masked text and, where a split rule matches, its name for the match;
    /// `PART` between them.
    pub(crate) text: Box<str>,
    pub(crate) count: u64,
}

impl MaskedMessages {
    /// Empty, to be grouped by rules of the user. Shards that are merged have the same rules.
    pub fn with_rules(rules: Arc<Rules>) -> Self {
        Self { rules: Some(rules).filter(|rules| !rules.is_empty()), ..Self::default() }
    }

    /// Counts one error; the id of its masked message.
    ///
    /// Costs one scan over the text, one hash and one look-up, also for a text read before: a memo of
    /// texts in front of the scan made texts without repeats slower by a twentieth. Allocates only
    /// for a new masked message.
    ///
    /// Two masked messages with one 64-bit hash would share a group: of dumps with a million masked
    /// messages this happens in one of 10^7.
    pub fn add(&mut self, error: ErrorRef<'_>) -> MessageId {
        self.scratch.clear();
        write(error, &mut self.scratch);
        if let Some(split) = self.rules.as_ref().and_then(|rules| rules.split(error.message)) {
            self.scratch.push(PART);
            self.scratch.extend_from_slice(split.as_bytes());
        }
        let id = xxh3_64(&self.scratch);
        if let Some(known) = self.messages.get_mut(&id) {
            known.count += 1;
        } else {
            let text = String::from_utf8_lossy(&self.scratch).into();
            self.messages.insert(id, CountedMessage { text, count: 1 });
        }
        MessageId(id)
    }

    /// Counts one error with a masked message that is known by its text, as [`iter`](Self::iter) gives it.
    pub fn add_masked(&mut self, id: MessageId, text: &str) {
        self.add_masked_times(id, text, 1);
    }

    /// Counts so many errors with a masked message. Where a rule of the user makes one group of several, its template is
    /// that of most errors.
    pub fn add_masked_times(&mut self, id: MessageId, text: &str, errors: u64) {
        let new = || CountedMessage { text: text.into(), count: 0 };
        self.messages.entry(id.0).or_insert_with(new).count += errors;
    }

    /// The ids and texts of all masked messages, in any order. A text has five parts, [`PART`] between them: code, field,
    /// `c` when it was cut, masked text, and the name of a split rule where one matches; the last may be missing.
    pub fn iter(&self) -> impl Iterator<Item = (MessageId, &str)> {
        self.messages.iter().map(|(id, message)| (MessageId(*id), &*message.text))
    }

    /// Replaces the text of a masked message; its id stays. For texts that may not be kept as they are.
    pub fn replace(&mut self, id: MessageId, text: &str) {
        if let Some(message) = self.messages.get_mut(&id.0) {
            message.text = text.into();
        }
    }

    /// Adds the counts of another shard.
    pub fn merge(&mut self, other: Self) {
        if self.messages.is_empty() {
            self.messages = other.messages;
            self.rules = self.rules.take().or(other.rules);
            return;
        }
        for (id, theirs) in other.messages {
            self.messages.entry(id).and_modify(|ours| ours.count += theirs.count).or_insert(theirs);
        }
    }

    /// Mines the masked messages into groups. Runs on the calling thread, over distinct masked
    /// messages only, in sorted order.
    pub fn finish(self) -> Groups {
        let rules = self.rules.unwrap_or_default();
        mine::mine(self.messages.into_iter().collect(), &rules)
    }

    /// How many distinct masked messages there are.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether no error was added.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

/// Writes the masked message of an error.
fn write(error: ErrorRef<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    let code = error.code.and_then(|code| code::code(code, error.status));
    if let Some(code) = code {
        out.extend(code.bytes().map(|byte| if byte < b' ' { b' ' } else { byte }));
    }
    out.push(PART);
    let field = out.len();
    if let Some(written) = error.field {
        code::field(written, out);
    }
    let field = field..out.len();
    out.push(PART);
    if error.cut {
        out.push(b'c');
    }
    out.push(PART);
    let begin = out.len();
    let text = code.map_or(error.message, |code| code::without(error.message, code)).as_bytes();
    if error.cut {
        mask::mask(whole_words(text), true, out);
    } else if text.len() <= TEXT_BYTES {
        mask::mask(text, false, out);
    } else {
        mask_long(text, out);
    }
    if field.start == 1 + start && out[begin..].iter().all(|&byte| !is(byte, LETTER)) {
        // Of "java.net.UnknownHostException: erp.example.com" only the class says what happened.
        let class = error.code.and_then(code::exception_class).unwrap_or_default();
        out.splice(start..start, class.bytes());
        return;
    }
    if field.is_empty() || error.cut {
        return;
    }
    // The field varies; that its value is missing is the cause.
    if let Some(missing) = missing::missing_value(&out[begin..], &out[field.clone()]) {
        if let Some(named) = missing.named {
            out.splice(begin + named.start..begin + named.end, [VAR]);
        }
        out.drain(field);
    }
}

/// A cut text without its last word, which may be half a word. All of it when it is one word.
fn whole_words(text: &[u8]) -> &[u8] {
    let text = &text[..text.len().min(TEXT_BYTES)];
    match text.iter().rposition(|&byte| is(byte, BLANK | LINE | SPLIT)) {
        Some(at) if text[..at].iter().any(|&byte| !is(byte, BLANK | LINE | SPLIT)) => &text[..=at],
        _ => text,
    }
}

fn mask_long(text: &[u8], out: &mut Vec<u8>) {
    let trimmed = text.trim_ascii_end();
    let last_line = memchr::memrchr(b'\n', trimmed).map(|at| &trimmed[at + 1..]);
    let tail = last_line.map_or(&trimmed[..0], |line| &line[..line.len().min(TAIL_BYTES)]);
    let room = &trimmed[..(TEXT_BYTES - tail.len()).min(trimmed.len())];
    let head = match memchr::memrchr(b'\n', room) {
        Some(end) if !tail.is_empty() => &room[..end],
        _ => &room[..room.iter().rposition(|&byte| is(byte, BLANK)).unwrap_or(room.len())],
    };
    mask::mask(head, false, out);
    let head_end = out.len();
    if !tail.is_empty() {
        out.push(b'\n');
        let tail_start = out.len();
        mask::mask(tail, false, out);
        if out.len() == tail_start {
            out.truncate(head_end);
        }
    }
}

/// Shows variables as they are written in templates.
pub(crate) fn render(masked: &str) -> String {
    let mut shown = String::with_capacity(masked.len() + 16);
    for part in masked.split_inclusive(char::from(VAR)) {
        if let Some(constant) = part.strip_suffix(char::from(VAR)) {
            shown.push_str(constant);
            shown.push_str("<*>");
        } else {
            shown.push_str(part);
        }
    }
    shown
}
