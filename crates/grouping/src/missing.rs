//! Messages that say only that a value is missing.
//!
//! `This field is required.` under `name` and under `base_code` has one cause: the record is
//! incomplete. Which field it is varies like a SKU does, so it is no part of the group. A message
//! that says anything more (`A valid integer is required.`) keeps its field.
//!
//! A message says only that a value is missing when all of its words are of the kinds below, and
//! together they say so: a value is demanded or absent, or emptiness is found or forbidden. The name
//! of the field itself may be among them, as in `The name field is required.`, and so may a name in
//! quotes; either is a variable.

use std::ops::Range;

use crate::bytes::{DIGIT, LETTER, VAR, is};
use crate::words;

/// A longer message says more than that. In bytes.
const TEXT_BYTES: usize = 96;
/// A longer word has no kind. In bytes, folded.
const WORD_BYTES: usize = 24;

/// What a word means in such a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WordKind {
    /// The subject without its name, and words that only join others.
    Filler,
    /// Demands something.
    Must,
    /// Negates.
    Not,
    /// There is no value.
    Empty,
    /// A value is there, or has to be.
    Given,
    /// A value is not there.
    Absent,
}

/// The words of each kind, folded as in the table of classes and sorted.
#[rustfmt::skip]
const TABLE: [(WordKind, &[&str]); 6] = [
    (WordKind::Filler, &[
        "a", "alan", "alani", "alanin", "alanlar", "an", "and", "any", "are", "argument", "attribute", "be", "been",
        "bilgi", "bilgisi", "bir", "bu", "can", "could", "data", "deger", "degeri", "element", "field", "fields", "for",
        "has", "have", "her", "icin", "in", "input", "is", "it", "item", "left", "lutfen", "may", "of", "olarak", "or",
        "parameter", "parametre", "parametresi", "please", "property", "record", "satir", "that", "the", "these", "this",
        "to", "value", "values", "ve", "veri", "veya", "was", "were",
    ]),
    (WordKind::Must, &["must", "needs", "olmali", "olmalidir", "shall", "should"]),
    (WordKind::Not, &[
        "birakilamaz", "birakilmamali", "birakilmamalidir", "can't", "cannot", "degil", "degildir", "edilemez",
        "gecilemez", "gecilmemeli", "isn't", "mustn't", "no", "not", "olamaz", "olmamali", "olmamalidir", "wasn't",
    ]),
    (WordKind::Empty, &["blank", "bos", "bostur", "empty", "nil", "none", "null", "undefined", "unset"]),
    (WordKind::Given, &[
        "belirtilmeli", "belirtilmelidir", "doldurulmali", "doldurulmalidir", "doldurun", "doldurunuz", "fill", "filled",
        "gerekir", "gerekiyor", "gerekli", "gereklidir", "girilmeli", "girilmelidir", "girin", "giriniz", "given",
        "mandatory", "obligatory", "present", "provided", "required", "set", "specified", "supplied", "verilmeli",
        "verilmelidir", "zorunlu", "zorunludur",
    ]),
    (WordKind::Absent, &[
        "absent", "belirtilmedi", "belirtilmemis", "eksik", "eksiktir", "girilmedi", "girilmemis", "missing", "omitted",
        "verilmedi", "verilmemis",
    ]),
];

/// A message that says only that a value is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MissingValue {
    /// Where it names the field that the error is about.
    pub(crate) named: Option<Range<usize>>,
}

/// Whether a masked message about `field`, a masked path, says only that a value is missing.
pub(crate) fn missing_value(message: &[u8], field: &[u8]) -> Option<MissingValue> {
    if message.len() > TEXT_BYTES || message.contains(&b'\n') {
        return None;
    }
    let name = FieldName::of(field);
    let mut named: Option<Range<usize>> = None;
    let (mut must, mut not, mut empty, mut given, mut absent) = (false, false, false, false, false);
    let mut at = 0;
    while let Some(word) = next_word(message, &mut at)? {
        let Some(kind) = kind_of(&message[word.clone()]) else {
            // Words without a kind have to be the field's name, in one piece.
            let whole = named.map_or(word.start, |before| before.start)..word.end;
            if !name.begins_with(&message[whole.clone()]) {
                return None;
            }
            named = Some(whole);
            continue;
        };
        match kind {
            WordKind::Filler => {}
            WordKind::Must => must = true,
            WordKind::Not => not = true,
            WordKind::Empty => empty = true,
            WordKind::Given => given = true,
            WordKind::Absent => absent = true,
        }
    }
    if named.clone().is_some_and(|named| !name.is(&message[named])) {
        return None;
    }
    let missing = match (absent, empty, given) {
        (true, _, _) => !not,
        // "may not be blank", "is null"; not "must be null".
        (false, true, _) => not || !must,
        // "required", "was not given"; not "must not be given".
        (false, false, true) => !(must && not),
        (false, false, false) => false,
    };
    missing.then_some(MissingValue { named })
}

/// The next run of letters, `Some(None)` at the end. `None` for a variable that is not in quotes.
#[expect(clippy::option_option, reason = "the end of the text is not a refusal")]
fn next_word(message: &[u8], at: &mut usize) -> Option<Option<Range<usize>>> {
    let part = |at: usize| {
        message.get(at).is_some_and(|&byte| {
            is(byte, LETTER | DIGIT)
                || matches!(byte, b'_' | b'-')
                || (byte == b'\''
                    && at > 0
                    && is(message[at - 1], LETTER)
                    && message.get(at + 1).is_some_and(|&next| is(next, LETTER)))
        })
    };
    while let Some(&byte) = message.get(*at) {
        if byte == VAR {
            let around = (at.checked_sub(1).map(|at| message[at]), message.get(*at + 1));
            if !matches!(around, (Some(before @ (b'\'' | b'"' | b'`')), Some(&after)) if before == after)
            {
                return None;
            }
        } else if part(*at) {
            let start = *at;
            while part(*at) {
                *at += 1;
            }
            return Some(Some(start..*at));
        }
        *at += 1;
    }
    Some(None)
}

fn kind_of(word: &[u8]) -> Option<WordKind> {
    let mut folded = [0; WORD_BYTES];
    let len = words::fold_word(word, &mut folded)?;
    let folded = std::str::from_utf8(&folded[..len]).ok()?;
    TABLE.iter().find(|(_, words)| words.binary_search(&folded).is_ok()).map(|(kind, _)| *kind)
}

/// The last name of a field path, to be compared without regard to case and joints: `base_code`,
/// `baseCode` and `Base code` are one name.
struct FieldName<'f>(&'f [u8]);

impl<'f> FieldName<'f> {
    fn of(field: &'f [u8]) -> Self {
        Self(field.rsplit(|&byte| byte == b'.').next().unwrap_or(field))
    }

    fn letters(text: &[u8]) -> impl Iterator<Item = u8> {
        let joints = |byte: &u8| !matches!(byte, b'_' | b'-' | b' ' | b'\'' | b'"');
        text.iter().copied().filter(joints).map(|byte| byte.to_ascii_lowercase())
    }

    fn begins_with(&self, text: &[u8]) -> bool {
        let mut name = Self::letters(self.0);
        Self::letters(text).all(|letter| name.next() == Some(letter))
    }

    fn is(&self, text: &[u8]) -> bool {
        Self::letters(self.0).eq(Self::letters(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, field: &str, expected: bool) {
        let masked = message.replace("<*>", "\u{1}");
        let found = missing_value(masked.as_bytes(), field.as_bytes());
        assert_eq!(found.is_some(), expected, "{message}");
    }

    #[test]
    fn a_missing_value_is_recognised_in_both_languages() {
        for message in [
            "This field is required.",
            "This field may not be blank.",
            "This field may not be null.",
            "required",
            "Field required",
            "Missing required field",
            "A value must be provided.",
            "Value was not given",
            "must not be empty",
            "can't be blank",
            "can\u{2019}t be blank",
            "'<*>' is a required property",
            "Bu alan zorunlu.",
            "Bu alan boş bırakılmamalı.",
            "Bu alan boş olamaz.",
            "BU ALAN ZORUNLUDUR",
            "Zorunlu alan, boş geçilemez",
            "Bu alanın değeri eksik",
            "Lütfen bu alanı doldurunuz.",
        ] {
            check(message, "name", true);
        }
    }

    #[test]
    fn a_message_that_says_more_keeps_its_field() {
        for message in [
            "A valid integer is required.",
            "This field is required when kind is set.",
            "This field must be null.",
            "This field must not be provided.",
            "Value <*> is required.",
            "Bu alan tekil olmalı.",
            "The price field is required.",
            "This field is valid",
            "this value",
            "",
            "This field is required.\nThis field is required.",
        ] {
            check(message, "name", false);
        }
    }

    #[test]
    fn the_name_of_the_field_itself_may_stand_in_the_message() {
        let named = |message: &str, field: &str, expected: &str| {
            let found =
                missing_value(message.as_bytes(), field.as_bytes()).and_then(|found| found.named);
            assert_eq!(found.map(|named| &message[named]), Some(expected), "{message}");
        };
        named("The base code field is required.", "base_code", "base code");
        named("base_code is required", "items.base_code", "base_code");
        named("BaseCode zorunludur", "base_code", "BaseCode");
        check("base is required", "base_code", false);
    }

    #[test]
    fn the_words_are_folded_and_sorted() {
        for (_, words) in TABLE {
            assert!(words.is_sorted());
            for word in words {
                assert!(word.is_ascii() && *word == word.to_ascii_lowercase());
                assert!(word.len() <= WORD_BYTES, "{word}");
            }
        }
    }
}
