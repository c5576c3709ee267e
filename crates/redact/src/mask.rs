//! What is written instead of a value: pseudonyms under a key, and `[redacted]`.

use std::fmt;

use crate::rule::{Level, Rule};

/// The key of pseudonyms. Who has it can check guesses; equal keys give equal pseudonyms.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// A key of 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key made of data that are known only to those who may know the masked values as well.
    pub fn of(data: &[u8]) -> Self {
        Self(blake3::derive_key("analyze 2026 redact key of data", data))
    }

    /// A value that is equal for equal keys and from which the key cannot be found: 16 hex digits.
    pub fn check_value(&self) -> String {
        let check = blake3::derive_key("analyze 2026 redact check value of a key", &self.0);
        check[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// What stands for a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// The letters of pseudonyms (RFC 4648, lower case).
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// How many letters a pseudonym has: 60 bits.
const LENGTH: usize = 12;

/// Makes the replacements of one report.
#[derive(Debug, Clone)]
pub(crate) struct Masks {
    pub(crate) level: Level,
    pseudonyms: [u8; 32],
}

impl Masks {
    pub(crate) fn new(level: Level, key: &Key) -> Self {
        Self { level, pseudonyms: blake3::derive_key("analyze 2026 redact pseudonyms", &key.0) }
    }

    /// What is written for `value`, whose escapes are undone.
    pub(crate) fn replacement(&self, rule: Rule, value: &str) -> String {
        let Some(class) = rule.class() else { return REDACTED.to_owned() };
        let mut hasher = blake3::Hasher::new_keyed(&self.pseudonyms);
        hasher.update(class.as_bytes()).update(&[0]).update(normalised(rule, value).as_bytes());
        let mut bits = 0u64;
        for &byte in &hasher.finalize().as_bytes()[..8] {
            bits = bits << 8 | u64::from(byte);
        }
        let mut text = format!("{class}_");
        for n in 0..LENGTH {
            text.push(char::from(LETTERS[(bits >> (59 - 5 * n) & 31) as usize]));
        }
        text
    }
}

/// The value without what people write in several ways: the case of mail addresses, the groups and the
/// country code of Turkish phone numbers, the spaces of numbers.
fn normalised(rule: Rule, value: &str) -> String {
    let value = value.trim();
    match rule {
        Rule::Email => value.to_lowercase(),
        Rule::Phone => {
            let digits: String = value.chars().filter(char::is_ascii_digit).collect();
            let local = digits.trim_start_matches('0');
            if local.len() == 10 && !value.starts_with('+') {
                format!("90{local}")
            } else {
                local.to_owned()
            }
        }
        Rule::Iban | Rule::Card | Rule::NationalId | Rule::TaxNumber => value
            .chars()
            .filter(|char| char.is_alphanumeric())
            .flat_map(char::to_uppercase)
            .collect(),
        _ => value.to_owned(),
    }
}

/// Whether something is masked in a text, or it is the placeholder of credentials in commands.
pub fn is_masked(value: &str) -> bool {
    matches!(value, "redacted" | "CREDENTIALS")
        || value.contains(REDACTED)
        || memchr::memchr_iter(b'_', value.as_bytes()).any(|at| {
            let class = value[..at].bytes().rev().take_while(u8::is_ascii_lowercase).count();
            let letters = value[at + 1..].bytes().take_while(u8::is_ascii_alphanumeric).count();
            let is_letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'2'..=b'7');
            letters == LENGTH
                && Rule::is_class(&value[at - class..at])
                && value[at + 1..=at + LENGTH].bytes().all(is_letter)
        })
}
