//! The first phase: each text becomes a masked message with a stable hash, and masked messages are counted.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::bytes::{BLANK, LETTER, LINE, SPLIT, VAR, is};
use crate::group::Groups;
use crate::rules::Rules;
use crate::{code, mask, mine, missing};

/// A text longer than this is read at its head and, when it has lines, at its last line. In bytes.
///
/// The head names the cause, and the last line of a Python traceback is its exception.
const TEXT_BYTES: usize = 4096;
/// How much of a long text's last line is read. In bytes.
const TAIL_BYTES: usize = 1024;
/// How many texts are remembered with their masked messages. Services repeat themselves: a text met again
/// needs no scan. A power of two; 256 KiB, taken once as many texts were added as make it worth it.
const REMEMBERED: usize = 1 << 14;
/// After how many texts remembering begins.
const REMEMBER_AFTER: u32 = 256;
/// Between the parts of a masked message.
pub(crate) const PART: u8 = 0x02;

/// One error as it was met. Everything is taken as written; grouping does the cleaning.
#[derive(Debug, Clone, Copy, Default)]
pub struct ErrorRef<'a> {
    /// Error code or exception class, if the source names one.
    pub code: Option<&'a str>,
    /// Path of the field the error speaks of, dots between names.
    pub field: Option<&'a str>,
    /// The text a person would read.
    pub message: &'a str,
    /// HTTP status of the exchange. It takes part in the class, not in the group.
    pub status: Option<u16>,
    /// The text ends where the platform cut it.
    pub cut: bool,
}

/// Names a masked message: XXH3-64 of code, field and masked text. The same on every machine and in
/// every run of one rules version; leads to the group once mining is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// Distinct masked messages with their counts.
///
/// `add` and `merge` commute: texts may come in any order, in any number of shards. Memory grows
/// with the number of distinct masked messages only.
#[derive(Debug, Clone, Default)]
pub struct MaskedMessages {
    entries: HashMap<u64, Entry, BuildHasherDefault<Hashed>>,
    rules: Option<Arc<Rules>>,
    scratch: Vec<u8>,
    /// Hash of an error as written, and its masked message; the newest of one place wins.
    remembered: Vec<(u64, u64)>,
    added: u32,
}

/// A masked message and how often it was met.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Code, field, cut flag, masked text and, where a rule keeps something, that; `PART` between them.
    pub(crate) text: Box<str>,
    pub(crate) count: u64,
}

impl MaskedMessages {
    /// None yet, to be grouped by rules of the user. Shards that are merged have the same rules.
    pub fn with_rules(rules: Arc<Rules>) -> Self {
        Self { rules: Some(rules).filter(|rules| !rules.is_empty()), ..Self::default() }
    }

    /// Counts one error and names its masked message.
    ///
    /// One scan over the text, one hash and one look-up, less for a text met shortly before; allocates
    /// only for a new masked message. Two
    /// masked messages with one 64-bit hash would share a group (one in 10^7 dumps of a million masked messages).
    pub fn add(&mut self, error: ErrorRef<'_>) -> MessageId {
        let written = written_hash(error);
        let place = written as usize & (REMEMBERED - 1);
        if let Some(&(known, id)) = self.remembered.get(place)
            && known == written
            && let Some(entry) = self.entries.get_mut(&id)
        {
            entry.count += 1;
            return MessageId(id);
        }
        self.scratch.clear();
        write(error, &mut self.scratch);
        if let Some(apart) = self.rules.as_ref().and_then(|rules| rules.apart(error.message)) {
            self.scratch.push(PART);
            self.scratch.extend_from_slice(apart.as_bytes());
        }
        let id = xxh3_64(&self.scratch);
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.count += 1;
        } else {
            let text = String::from_utf8_lossy(&self.scratch).into();
            self.entries.insert(id, Entry { text, count: 1 });
        }
        if let Some(slot) = self.remembered.get_mut(place) {
            *slot = (written, id);
        } else {
            self.added += 1;
            if self.added == REMEMBER_AFTER {
                self.remembered = vec![(0, 0); REMEMBERED];
            }
        }
        MessageId(id)
    }

    /// Counts one more error of a masked message that [`add`](Self::add) named. Costs one look-up.
    pub fn again(&mut self, message: MessageId) {
        if let Some(entry) = self.entries.get_mut(&message.0) {
            entry.count += 1;
        }
    }

    /// Takes over the counts of another shard.
    pub fn merge(&mut self, other: Self) {
        if self.entries.is_empty() {
            self.entries = other.entries;
            self.rules = self.rules.take().or(other.rules);
            return;
        }
        for (id, theirs) in other.entries {
            self.entries.entry(id).and_modify(|ours| ours.count += theirs.count).or_insert(theirs);
        }
    }

    /// Mines the masked messages into groups. Runs on the calling thread, over distinct masked messages only,
    /// in sorted order.
    pub fn finish(self) -> Groups {
        let rules = self.rules.unwrap_or_default();
        mine::mine(self.entries.into_iter().collect(), &rules)
    }

    /// How many distinct masked messages there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no error was added.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Hash of all that decides the masked message, as written.
fn written_hash(error: ErrorRef<'_>) -> u64 {
    let mut seed = u64::from(error.cut);
    if let Some(code) = error.code {
        seed = xxh3_64_with_seed(code.as_bytes(), seed + 2 * u64::from(error.status.unwrap_or(1)));
    }
    if let Some(field) = error.field {
        seed = xxh3_64_with_seed(field.as_bytes(), seed.wrapping_add(4));
    }
    xxh3_64_with_seed(error.message.as_bytes(), seed)
}

/// Writes the masked message of an error.
fn write(error: ErrorRef<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    if let Some(code) = error.code.and_then(|code| code::code(code, error.status)) {
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
    let text = error.message.as_bytes();
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
    // What lacks a value varies; that it lacks one is the trouble.
    if let Some(lacking) = missing::lacking(&out[begin..], &out[field.clone()]) {
        if let Some(named) = lacking.named {
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

/// Keys are hashes already.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only u64 keys are used; this keeps the trait whole.
        self.0 = xxh3_64(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
