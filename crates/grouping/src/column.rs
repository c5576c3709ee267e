//! Which columns of a bucket are variables.

use crate::bytes::{DIGIT, LETTER, LOWER, UPPER, VAR, is};
use crate::{token, value};

/// Words before a name or id: people, records, machines and files, of which there are ever more.
/// Parts of a system (interface, service, device) are few and distinguish causes, so they are not here.
#[rustfmt::skip]
const SLOT_WORDS: [&str; 34] = [
    "account", "barcode", "batch", "branch", "brand", "category", "channel", "company", "customer", "directory",
    "document", "domain", "file", "filename", "folder", "group", "host", "hostname", "id", "invoice", "key", "login",
    "node", "order", "path", "product", "server", "session", "sku", "store", "supplier", "uid", "user", "username",
];
/// The same in Turkish, where the verb may follow too: only a word that does not look like a verb is a
/// value.
/// Endings of possession (`deposu`, `firması`) are taken off, where they leave the word as it is.
#[rustfmt::skip]
const TURKISH_SLOT_WORDS: [&str; 22] = [
    "barkod", "belge", "beden", "cari", "depo", "dosya", "fatura", "firma", "grubu", "grup", "kampanya", "kategori",
    "kod", "kullanıcı", "mağaza", "marka", "müşteri", "rengi", "renk", "sipariş", "ürün", "şube",
];
const POSSESSIVES: [&str; 8] = ["sı", "si", "su", "sü", "ı", "i", "u", "ü"];
/// Words that continue the sentence instead of naming something.
const SENTENCE_WORDS: [&str; 44] = [
    "is", "are", "was", "were", "be", "been", "has", "have", "had", "not", "no", "must", "may",
    "can", "cannot", "could", "should", "does", "did", "do", "and", "or", "of", "in", "on", "at",
    "by", "for", "from", "to", "with", "without", "already", "unknown", "missing", "invalid",
    "required", "failed", "found", "exists", "ve", "veya", "değil", "ile",
];
/// Words on both sides of a name: "for root from", "of S3 in".
const PREPOSITIONS: [&str; 18] = [
    "for", "from", "to", "by", "with", "in", "on", "at", "of", "via", "using", "as", "into",
    "için", "ile", "olarak", "through", "over",
];
/// Units that change with the size of the number before them.
const UNITS: [&str; 34] = [
    "b",
    "byte",
    "bytes",
    "kb",
    "mb",
    "gb",
    "tb",
    "kib",
    "mib",
    "gib",
    "us",
    "ms",
    "s",
    "sec",
    "secs",
    "second",
    "seconds",
    "min",
    "mins",
    "minute",
    "minutes",
    "h",
    "hour",
    "hours",
    "day",
    "days",
    "milliseconds",
    "microseconds",
    "sn",
    "saniye",
    "dk",
    "dakika",
    "saat",
    "gün",
];
/// How many distinct plain words one column may have before they count as values: in the second
/// column, and in later ones. Sentences differ early.
const PLAIN: (usize, usize) = (16, 10);
/// The same for words that look like names or ids.
const NAMES: (usize, usize) = (4, 3);

/// A column with its distinct words, sorted.
pub(crate) struct WordColumn<'s> {
    /// From 0.
    pub(crate) at: usize,
    pub(crate) values: Vec<&'s str>,
}

/// What is around a column.
pub(crate) struct ColumnContext<'s> {
    /// Text between the word before and this one.
    pub(crate) before: &'s str,
    /// Text between this word and the next.
    pub(crate) after: &'s str,
    /// The word before, when it is the same in all samples.
    pub(crate) previous: Option<&'s str>,
    /// The word after, likewise.
    pub(crate) next: Option<&'s str>,
    /// Constant words of the bucket, see [`constants`].
    pub(crate) constants: usize,
    /// No other column differs.
    pub(crate) alone: bool,
    /// All have one listed error code, which identifies the cause.
    pub(crate) listed_code: bool,
}

impl WordColumn<'_> {
    /// Whether the column is where a value is expected, or its words show that it holds values.
    pub(crate) fn is_slot(&self, context: &ColumnContext<'_>) -> bool {
        self.is_assigned(context)
            || self.masked_elsewhere()
            || self.numbered()
            || self.follows_slot_word(context)
            || self.is_unit(context)
            || self.between_prepositions(context)
    }

    /// Whether it is a variable rather than where two messages differ in meaning.
    ///
    /// The less sure the sign, the more constant words must be left around it, and the more
    /// distinct words must have been seen.
    pub(crate) fn is_variable(&self, context: &ColumnContext<'_>) -> bool {
        if self.values.iter().any(|word| token::is_error_code(word.as_bytes())) {
            return false;
        }
        let constants = context.constants;
        if self.is_unit(context) {
            return true;
        }
        if (self.is_assigned(context) && constants >= 2)
            || ((self.masked_elsewhere() || self.numbered()) && constants >= 3)
        {
            return true;
        }
        if self.follows_slot_word(context) {
            return (constants >= 4 && self.values.len() >= 2)
                || (constants == 3 && self.values.len() >= 3);
        }
        if context.listed_code && context.alone && self.at > 0 && constants >= 3 {
            return !self.values.iter().any(|word| continues_sentence(word));
        }
        if self.between_prepositions(context) && constants >= 5 && self.values.len() >= 3 {
            return true;
        }
        if self.at > 0 && constants >= 5 && self.names_something(context) {
            return true;
        }
        // First words distinguish sentences, unless many are followed by the same rest.
        if constants < 2 || (self.at == 0 && !(context.alone && constants >= 3)) {
            return false;
        }
        let limits = if self.values.iter().all(|word| is_name(word)) { NAMES } else { PLAIN };
        self.values.len() > if self.at <= 1 { limits.0 } else { limits.1 }
    }

    /// Behind `=`. Quoted values are masked by the scan; what it leaves in quotes is a field's name.
    fn is_assigned(&self, context: &ColumnContext<'_>) -> bool {
        self.at > 0 && context.before.trim_end().ends_with('=')
    }

    /// Behind a word like "user", and none of the words continues the sentence.
    fn follows_slot_word(&self, context: &ColumnContext<'_>) -> bool {
        let Some(previous) = context.previous.map(str::to_lowercase) else { return false };
        let value = |word: &&str| is_name(word) || value::begins_with_capital(word.as_bytes());
        (SLOT_WORDS.contains(&previous.as_str())
            || (is_turkish_slot_word(&previous) && self.values.iter().all(value)))
            && !self.values.iter().any(|word| continues_sentence(word))
    }

    /// A number is before it and all its words are units.
    fn is_unit(&self, context: &ColumnContext<'_>) -> bool {
        context.before == " "
            && context.previous.is_some_and(|word| word.as_bytes() == [VAR])
            && self.values.iter().all(|word| is_unit(word))
    }

    /// A name between two prepositions. The weakest of the signs.
    fn between_prepositions(&self, context: &ColumnContext<'_>) -> bool {
        let preposition = |word: &str| PREPOSITIONS.contains(&word.to_lowercase().as_str());
        context.before == " "
            && context.after == " "
            && context.previous.is_some_and(preposition)
            && context.next.is_some_and(preposition)
            && !self.values.iter().any(|word| continues_sentence(word))
    }

    /// All its words begin with a capital inside a sentence of small letters: short codes once
    /// three were seen (`USD`, `EUR`, `GBP`), names once four were.
    fn names_something(&self, context: &ColumnContext<'_>) -> bool {
        let small =
            |word: Option<&str>| word.is_some_and(|word| word.bytes().all(|byte| is(byte, LOWER)));
        let code = |word: &&str| word.len() <= 4 && word.bytes().all(|byte| is(byte, UPPER));
        let codes = self.values.iter().all(code);
        self.values.len() >= if codes { 3 } else { 4 }
            && self.values.iter().all(|word| value::begins_with_capital(word.as_bytes()))
            && (small(context.previous) || small(context.next))
    }

    /// Some samples have a variable here, and the words of the others look like values, too.
    fn masked_elsewhere(&self) -> bool {
        let masked = |word: &str| word.as_bytes() == [VAR];
        let partly = self.values.iter().filter(|word| word.as_bytes().contains(&VAR)).count();
        if partly == 0 {
            return false;
        }
        let others = self.values.iter().filter(|word| !masked(word));
        let all_names = others.clone().all(|word| is_name(word));
        let count = others.count();
        if self.values.iter().any(|word| masked(word)) {
            all_names || (self.at > 0 && count >= 3)
        } else {
            all_names && count >= 3
        }
    }

    /// The words differ in their digits only: `tty1`, `tty2`.
    fn numbered(&self) -> bool {
        let letters = |word: &str| word.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        let mut stems = self.values.iter().map(|word| letters(word));
        let first = stems.next();
        self.values.iter().all(|word| word.bytes().any(|byte| byte.is_ascii_digit()))
            && stems.all(|stem| Some(stem) == first)
    }
}

/// Number of columns that are the same in all samples and are words, not variables.
pub(crate) fn constants(words: &[&str], variable: &[bool], differing: &[WordColumn<'_>]) -> usize {
    words
        .iter()
        .enumerate()
        .filter(|(at, word)| {
            !variable[*at]
                && differing.iter().all(|column| column.at != *at)
                && word.bytes().any(|byte| is(byte, LETTER))
        })
        .count()
}

/// Whether a word is a unit of size or time.
pub(crate) fn is_unit(word: &str) -> bool {
    UNITS.contains(&word.to_lowercase().as_str())
}

fn is_turkish_slot_word(word: &str) -> bool {
    let stems = POSSESSIVES.iter().filter_map(|ending| word.strip_suffix(ending));
    stems.chain([word]).any(|stem| TURKISH_SLOT_WORDS.contains(&stem))
}

fn continues_sentence(word: &str) -> bool {
    let lower = word.to_lowercase();
    SENTENCE_WORDS.contains(&lower.as_str())
}

/// A word that looks like a name or an id: digits, a variable part, `_ . @ \` inside, or capitals
/// after small letters.
fn is_name(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.iter().any(|&byte| is(byte, DIGIT) || matches!(byte, VAR | b'_' | b'.' | b'@' | b'\\'))
        || bytes.windows(2).any(|pair| is(pair[0], LOWER) && is(pair[1], UPPER))
}
