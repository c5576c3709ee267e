//! Copies of logs in other wraps: files or members that hold the same text.
//!
//! The survey looks at the beginning of each text anyway. Texts that begin alike are read whole once more, and compared;
//! nothing else is. Two texts are one log when they are equal, or when they have the log id of their names in common and
//! differ only in blanks outside of strings. Texts whose names have different log ids are different logs.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use xxhash_rust::xxh3::Xxh3;

/// Bytes of a text, without blanks, that are compared first. Texts that have fewer are compared whole.
const BEGIN: usize = 1024;
/// Shorter texts are too little to say that they are the same log, in bytes without blanks.
const MIN: usize = 64;
/// Texts that may be copies of each other are at most so many of one beginning; more are parts of a form that
/// all logs share, and are not compared.
const MOST_ALIKE: usize = 1 << 16;

/// How a text begins: a hash of its first bytes that are no blanks; `None` when it is no JSON, or short.
pub(super) fn begin(text: &str) -> Option<u64> {
    if !text.trim_ascii_start().starts_with(['{', '[']) {
        return None;
    }
    let mut dense = Vec::with_capacity(BEGIN);
    for part in dense_parts(text.as_bytes()) {
        dense.extend_from_slice(&part[..part.len().min(BEGIN - dense.len())]);
        if dense.len() == BEGIN {
            break;
        }
    }
    (dense.len() >= MIN).then(|| xxhash_rust::xxh3::xxh3_64(&dense))
}

/// The parts of a JSON text between the blanks that stand outside of strings.
fn dense_parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |&byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b' ' | b'\t' | b'\n' | b'\r' => return !quoted,
            _ => {}
        }
        false
    })
    .filter(|part| !part.is_empty())
}

/// A hash of the bytes of a text that are no blanks, those in strings left out too. Where it differs, texts differ in more
/// than blanks.
pub(super) fn without_blanks(text: &str) -> u128 {
    const ONES: u64 = u64::MAX / 255;
    let (mut hash, mut dense) = (Xxh3::new(), [0; 4096]);
    for part in text.as_bytes().chunks(dense.len()) {
        let mut end = 0;
        let (words, rest) = part.as_chunks::<8>();
        for word in words {
            // Most words have no blank: none of their bytes is below 0x21.
            let bytes = u64::from_le_bytes(*word);
            if bytes.wrapping_sub(0x21 * ONES) & !bytes & (0x80 * ONES) == 0 {
                dense[end..end + 8].copy_from_slice(word);
                end += 8;
            } else {
                end = push_dense(word, &mut dense, end);
            }
        }
        end = push_dense(rest, &mut dense, end);
        hash.update(&dense[..end]);
    }
    hash.digest128()
}

/// Copies what is no blank behind the first `end` bytes, and returns the new end.
fn push_dense(bytes: &[u8], dense: &mut [u8], mut end: usize) -> usize {
    for byte in bytes {
        dense[end] = *byte;
        end += usize::from(!matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }
    end
}

/// Where a text stands: its file, and its place among the leaves of the file.
pub(crate) type TextPlace = (u32, u32);

/// A text that may have copies.
#[derive(Debug, Clone)]
pub(super) struct TextMark {
    pub(super) place: TextPlace,
    /// The log that the names of file and member say.
    pub(super) log: Option<String>,
    pub(super) exact: u128,
    /// Without blanks.
    pub(super) dense: u128,
}

/// The texts that are copies of earlier ones.
#[derive(Debug)]
pub(crate) struct TextCopies {
    /// Differs in each process, so that nobody can make two texts with one hash.
    seed: u64,
    /// The file that holds the first, and the hash of the text.
    copies: HashMap<TextPlace, (u32, u128)>,
}

impl Default for TextCopies {
    fn default() -> Self {
        Self { seed: RandomState::new().hash_one(MIN), copies: HashMap::new() }
    }
}

impl TextCopies {
    /// The mark of a text.
    pub(super) fn mark(&self, place: TextPlace, text: &str, log: Option<String>) -> TextMark {
        let mut dense = Xxh3::with_seed(self.seed);
        if log.is_some() {
            dense_parts(text.as_bytes()).for_each(|part| dense.update(part));
        }
        TextMark { place, exact: self.exact(text), dense: dense.digest128(), log }
    }

    fn exact(&self, text: &str) -> u128 {
        xxhash_rust::xxh3::xxh3_128_with_seed(text.as_bytes(), self.seed)
    }

    /// Finds the copies among texts, which come in the order of the files.
    pub(super) fn find(&mut self, marks: impl IntoIterator<Item = TextMark>) {
        let mut equal: HashMap<u128, Vec<(u32, Option<String>)>> = HashMap::new();
        let mut same_log: HashMap<(String, u128), u32> = HashMap::new();
        for TextMark { place, log, exact, dense } in marks {
            let known = equal.entry(exact).or_default();
            let agrees = |other: &Option<String>| other.is_none() || log.is_none() || *other == log;
            let first = known.iter().find(|(_, other)| agrees(other)).map(|(file, _)| *file);
            let first = first.or_else(|| same_log.get(&(log.clone()?, dense)).copied());
            if let Some(first) = first {
                self.copies.insert(place, (first, exact));
                continue;
            }
            if let Some(log) = log.clone() {
                same_log.insert((log, dense), place.0);
            }
            known.push((place.0, log));
        }
    }

    /// The file that holds the same log as this text, when it still is the text that the survey has read.
    pub(crate) fn original(&self, place: TextPlace, text: &str) -> Option<u32> {
        let (original, exact) = self.copies.get(&place)?;
        (*exact == self.exact(text)).then_some(*original)
    }
}

/// The files with texts that begin as a text of another file or member does. `begins` are pairs of beginning and file;
/// `log` is the log that the name of a file says: texts of different logs are no copies.
pub(super) fn alike(mut begins: Vec<(u64, u32)>, log: impl Fn(u32) -> Option<String>) -> Vec<u32> {
    begins.sort_unstable();
    let mut files = Vec::new();
    for alike in begins.chunk_by(|one, other| one.0 == other.0) {
        if !(2..=MOST_ALIKE).contains(&alike.len()) {
            continue;
        }
        let logs: Vec<Option<String>> = alike.iter().map(|(_, file)| log(*file)).collect();
        let mut named: Vec<&String> = logs.iter().flatten().collect();
        named.sort_unstable();
        let all = named.len();
        named.dedup();
        if all < alike.len() || named.len() < all {
            files.extend(alike.iter().map(|(_, file)| *file));
        }
    }
    files.sort_unstable();
    files.dedup();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"{"request": {"sku": "A 1", "note": "a \" b"}, "response": {"status": 400, "body": "no  such"}}"#;

    #[test]
    fn blanks_outside_of_strings_do_not_count() {
        let dense: Vec<u8> = dense_parts(LOG.as_bytes()).flatten().copied().collect();
        let wanted = r#"{"request":{"sku":"A 1","note":"a \" b"},"response":{"status":400,"body":"no  such"}}"#;
        assert_eq!(String::from_utf8(dense).unwrap(), wanted);
        assert_eq!(begin(LOG), begin(wanted));
        assert_ne!(begin(LOG), begin(&LOG.replace("A 1", "A1")));
        assert_eq!((begin("[]"), begin(&"word ".repeat(99))), (None, None));
    }

    #[test]
    fn the_hash_without_blanks_is_that_of_the_text_without_blanks() {
        let texts = [LOG, "", "  ", " a", "\u{b}\u{1f}12345678", "ğ ü\t\r\n\"x  y\"", "12345678 1"];
        for text in texts.map(str::to_owned).into_iter().chain([LOG.repeat(99), " 1".repeat(9_999)])
        {
            let mut dense = text.clone();
            dense.retain(|c| !" \t\n\r".contains(c));
            let wanted = xxhash_rust::xxh3::xxh3_128(dense.as_bytes());
            assert_eq!(without_blanks(&text), wanted, "{text:?}");
        }
    }

    /// Texts with the log of their names, and for each the place of the first text that it is a copy of.
    #[test]
    fn equal_texts_and_equal_logs_are_copies() {
        let dense = LOG.replace(": ", ":");
        for (texts, copies) in [
            (vec![(LOG, None), (LOG, None), (LOG, Some("7"))], vec![None, Some(0), Some(0)]),
            (vec![(LOG, Some("7")), (LOG, Some("8")), (LOG, Some("8"))], vec![None, None, Some(1)]),
            (
                vec![(LOG, Some("7")), (&dense, Some("7")), (&dense, Some("8"))],
                vec![None, Some(0), None],
            ),
            (vec![(LOG, None), (&dense, None)], vec![None, None]),
        ] {
            let mut all = TextCopies::default();
            let mark = |(n, (text, log)): (usize, &(&str, Option<&str>))| {
                all.mark((n as u32, 0), text, log.map(str::to_owned))
            };
            let marks: Vec<TextMark> = texts.iter().enumerate().map(mark).collect();
            all.find(marks);
            let found: Vec<Option<u32>> = texts
                .iter()
                .enumerate()
                .map(|(n, (text, _))| all.original((n as u32, 0), text))
                .collect();
            assert_eq!(found, copies, "{texts:?}");
            assert_eq!(all.original((1, 0), "another text now"), None);
        }
    }

    #[test]
    fn only_texts_that_begin_alike_and_may_be_one_log_are_compared() {
        let log = |file: u32| (file >= 10).then(|| (file / 2).to_string());
        assert_eq!(alike(vec![(1, 0), (2, 1), (1, 2)], log), [0, 2]);
        assert!(alike(vec![(1, 10), (1, 12)], log).is_empty(), "two logs");
        assert_eq!(alike(vec![(1, 10), (1, 11), (1, 20)], log), [10, 11, 20]);
        assert_eq!(alike(vec![(1, 10), (1, 3)], log), [3, 10]);
        assert_eq!(alike(vec![(1, 4), (1, 4)], log), [4], "two members");
    }
}
