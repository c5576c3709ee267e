//! The words that decide the class of an error, and the search for them.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::class::Class;
use crate::masked::ErrorRef;

/// Words of message or code, checked from top to bottom; the first hit decides. The narrow rules
/// come before the wide ones: "already exists" before "exists", "time out" before "invalid".
/// Words are folded: small letters, Turkish letters without their marks.
const WORDS: [(Class, &[&str]); 11] = [
    (
        Class::RateLimit,
        &[
            "throttl",
            "too many requests",
            "rate limit",
            "ratelimit",
            "quota",
            "istek limiti",
            "cok fazla istek",
        ],
    ),
    (
        Class::Connection,
        &[
            "timed out",
            "timeout",
            "time out",
            "connection refused",
            "connection reset",
            "connection aborted",
            "connection closed",
            "connection error",
            "connecterror",
            "connectexception",
            "connectionerror",
            "sockettimeout",
            "socketexception",
            "unknownhost",
            "name or service not known",
            "no route to host",
            "unreachable",
            "broken pipe",
            "max retries exceeded",
            "could not connect",
            "failed to connect",
            "unable to connect",
            "could not resolve",
            "sslerror",
            "sslexception",
            "sslhandshake",
            "certificate",
            "econn",
            "remote end closed",
            "getaddrinfo",
            "enotfound",
            "socket hang up",
            "deadline exceeded",
            "zaman asimi",
            "baglanti kur",
            "baglanilamadi",
            "baglanti hatasi",
            "baglanti kesil",
            "sunucuya ulas",
            "sunucuya baglan",
            "ulasilamiyor",
        ],
    ),
    (
        Class::TooLarge,
        &[
            "too large",
            "entity too large",
            "payload size",
            "exceeds the maximum size",
            "maximum request length",
            "cok buyuk",
            "boyutu asiyor",
            "boyut siniri",
        ],
    ),
    (
        Class::Duplicate,
        &[
            "already exist",
            "already registered",
            "already been taken",
            "already in use",
            "already recorded",
            "duplicate",
            "must be unique",
            "make a unique set",
            "unique constraint",
            "zaten kayitli",
            "zaten mevcut",
            "zaten var",
            "zaten kullan",
            "daha once kaydedil",
            "mukerrer",
            "benzersiz",
            "essiz",
            "tekrar eden kayit",
        ],
    ),
    (
        Class::Permission,
        &[
            "invalid token",
            "token expired",
            "expired token",
            "token is expired",
            "token has expired",
            "token is invalid",
            "unauthorized",
            "unauthorised",
            "not authorized",
            "not authenticated",
            "authentication",
            "forbidden",
            "permission",
            "access denied",
            "access is denied",
            "invalid credentials",
            "login failed",
            "invalid api key",
            "incorrect password",
            "invalid password",
            "session expired",
            "yetkiniz",
            "yetkisiz",
            "yetki",
            "erisim engel",
            "izniniz",
            "oturum",
            "kimlik dogrula",
            "gecersiz token",
            "gecersiz sifre",
            "sifre hatali",
            "parola",
        ],
    ),
    (
        Class::Parse,
        &[
            "json parse",
            "jsondecodeerror",
            "jsonparse",
            "parse error",
            "parsing",
            "could not parse",
            "cannot parse",
            "unable to parse",
            "malformed",
            "unexpected token",
            "unexpected character",
            "unexpected end of",
            "expecting value",
            "expecting property",
            "extra data:",
            "not well-formed",
            "invalid json",
            "invalid xml",
            "not valid json",
            "syntax error",
            "deserializ",
            "unterminated",
            "unicodedecodeerror",
            "unicodeencodeerror",
            "codec can't",
            "xml document",
            "cozumlenemedi",
            "ayristir",
            "gecersiz json",
            "gecersiz xml",
        ],
    ),
    // "A valid integer is required." had a value, but a wrong one.
    (Class::Value, &["a valid integer", "a valid number", "a valid boolean", "a valid date"]),
    (
        Class::Missing,
        &[
            "not found",
            "notfound",
            "does not exist",
            "doesn't exist",
            "no such",
            "not exist",
            "not defined",
            "foreign key constraint",
            "not-null constraint",
            "value is empty",
            "unable to find",
            "could not find",
            "cannot find",
            "can't find",
            "is required",
            "required field",
            "is missing",
            "missing required",
            "missing",
            "may not be blank",
            "may not be null",
            "may not be empty",
            "cannot be blank",
            "can't be blank",
            "cannot be null",
            "cannot be empty",
            "must not be empty",
            "must not be null",
            "must not be blank",
            "no data",
            "keyerror",
            "nullreference",
            "nullpointer",
            "bulunamadi",
            "bulunamamis",
            "bulunmuyor",
            "bulunmamak",
            "mevcut degil",
            "zorunlu",
            "bos birak",
            "bos olamaz",
            "bos gecil",
            "eksik",
            "tanimli degil",
            "tanimsiz",
            "kayit yok",
            "gerekli",
        ],
    ),
    (
        Class::Intermittent,
        &[
            "temporarily",
            "try again",
            "service unavailable",
            "bad gateway",
            "gateway time",
            "internal server error",
            "server error",
            "deadlock",
            "lock wait",
            "overloaded",
            "server is busy",
            "under maintenance",
            "gecici",
            "tekrar dene",
            "bakim",
            "mesgul",
            "kilitlen",
            "sunucu hatasi",
        ],
    ),
    (
        Class::Value,
        &[
            "is not a valid",
            "not valid",
            "invalid",
            "a valid",
            "ensure this",
            "must be",
            "should be",
            "out of range",
            "greater than",
            "less than",
            "at least",
            "at most",
            "too long",
            "too short",
            "would be truncated",
            "data too long",
            "exceeds",
            "not allowed",
            "incorrect type",
            "expected",
            "insufficient",
            "not supported",
            "unsupported",
            "cannot be",
            "can't be",
            "mismatch",
            "typeerror",
            "valueerror",
            "attributeerror",
            "gecersiz",
            "gecerli",
            "hatali",
            "uygun degil",
            "olmali",
            "olamaz",
            "yetersiz",
            "uyusmuyor",
            "asiyor",
            "buyuk",
            "asildi",
            "kucuk",
            "desteklenm",
            "kapali",
        ],
    ),
    // Only a word that a status alone would carry.
    (Class::Other, &["unknown error", "bilinmeyen hata"]),
];

/// How much of a text is read. In bytes; the head of a message names the cause.
const READ_BYTES: usize = 2048;

/// All words of the table in one automaton, which reads a text once.
static FINDER: LazyLock<WordFinder> = LazyLock::new(WordFinder::new);

struct WordFinder {
    automaton: AhoCorasick,
    /// The line of [`WORDS`] of each pattern.
    lines: Vec<usize>,
}

impl WordFinder {
    fn new() -> Self {
        let words = || {
            WORDS
                .iter()
                .enumerate()
                .flat_map(|(line, (_, words))| words.iter().map(move |word| (line, *word)))
        };
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words().map(|(_, word)| word))
            .expect("a few hundred short words fit into an automaton");
        Self { automaton, lines: words().map(|(line, _)| line).collect() }
    }

    /// The first line of the table of which a word occurs.
    fn first_line(&self, text: &[u8]) -> Option<usize> {
        self.automaton
            .find_overlapping_iter(text)
            .filter_map(|found| self.lines.get(found.pattern().as_usize()).copied())
            .min()
    }
}

/// The class of the first line of the table of which a word occurs in message or code.
pub(crate) fn by_words(error: &ErrorRef<'_>) -> Option<Class> {
    let line = |text: &str| {
        let head = &text.as_bytes()[..text.len().min(READ_BYTES)];
        if head.is_ascii() {
            FINDER.first_line(head)
        } else {
            FINDER.first_line(folded(text).as_bytes())
        }
    };
    let lines = [line(error.message), error.code.and_then(line)];
    lines.into_iter().flatten().min().and_then(|line| WORDS.get(line)).map(|(class, _)| *class)
}

/// A text without the marks of `ı ş ğ ü ö ç` and `İ`; capitals stay, since the search
/// ignores case.
fn folded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len().min(READ_BYTES));
    for letter in text.chars() {
        if plain.len() >= READ_BYTES {
            break;
        }
        plain.push(without_mark(letter));
    }
    plain
}

/// Writes a word in small letters without marks into `out`; its length. `None` when it has no room
/// there or is not UTF-8.
pub(crate) fn fold_word(word: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut len = 0;
    for letter in std::str::from_utf8(word).ok()?.chars() {
        let plain = without_mark(letter).to_ascii_lowercase();
        let end = len + plain.len_utf8();
        plain.encode_utf8(out.get_mut(len..end)?);
        len = end;
    }
    Some(len)
}

fn without_mark(letter: char) -> char {
    match letter {
        'ı' | 'İ' => 'i',
        'ş' | 'Ş' => 's',
        'ğ' | 'Ğ' => 'g',
        'ü' | 'Ü' => 'u',
        'ö' | 'Ö' => 'o',
        'ç' | 'Ç' => 'c',
        'â' | 'Â' => 'a',
        '’' => '\'',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table read line by line, as its documentation says.
    fn line_by_line(text: &str) -> Option<Class> {
        let text = folded(text).to_ascii_lowercase();
        WORDS
            .iter()
            .find(|(_, words)| words.iter().any(|word| text.contains(word)))
            .map(|(class, _)| *class)
    }

    #[test]
    fn the_automaton_agrees_with_reading_the_table() {
        let texts = WORDS.iter().flat_map(|(_, words)| words.iter());
        for (at, word) in texts.clone().enumerate() {
            let other =
                texts.clone().nth(at * 7 % texts.clone().count()).copied().unwrap_or_default();
            let text = format!("Şu: {} ve {other}.", word.to_ascii_uppercase());
            let error = ErrorRef { message: &text, ..ErrorRef::default() };
            assert_eq!(by_words(&error), line_by_line(&text), "{text}");
        }
        // Every word of the table is written as it is looked for.
        assert!(texts.clone().all(|word| word.is_ascii() && *word == word.to_ascii_lowercase()));
    }
}
