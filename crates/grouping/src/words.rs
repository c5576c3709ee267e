//! Reading a text as words: for the table of classes, and for single words of other tables.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::class::Class;
use crate::class_words::WORDS;
use crate::masked::ErrorRef;

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
        // Blanks on both sides make a word a whole word.
        let pattern = |word: &str| match word.strip_suffix('*') {
            Some(begin) => format!(" {begin}"),
            None => format!(" {word} "),
        };
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(words().map(|(_, word)| pattern(word)))
            .expect("a thousand short words fit into an automaton");
        Self { automaton, lines: words().map(|(line, _)| line).collect() }
    }

    /// The first line of the table of which a word occurs in a text from [`spaced`].
    fn first_line(&self, text: &str) -> Option<usize> {
        self.automaton
            .find_overlapping_iter(text)
            .filter_map(|found| self.lines.get(found.pattern().as_usize()).copied())
            .min()
    }
}

/// The first line of the table of which a word occurs in message or code, with its class.
pub(crate) fn by_words(error: &ErrorRef<'_>) -> Option<(usize, Class)> {
    let line = |text: &str| FINDER.first_line(&spaced(text));
    let lines = [line(error.message), error.code.and_then(line)];
    let line = lines.into_iter().flatten().min()?;
    WORDS.get(line).map(|(class, _)| (line, *class))
}

/// The words of a text in small letters without marks, a blank before and after each. Names of programs
/// are several words (`SSLException`, `not_found`); addresses are left out, since their words say
/// nothing of the error.
fn spaced(text: &str) -> String {
    let mut words = String::with_capacity(text.len().min(READ_BYTES) * 9 / 8 + 8);
    words.push(' ');
    let mut letters = text.chars().peekable();
    let mut before = [' ', ' '];
    while let Some(letter) = letters.next() {
        if words.len() >= READ_BYTES {
            break;
        }
        if letter == '/' && before == [':', '/'] {
            let ends =
                |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')' | ',');
            while letters.next_if(|&c| !ends(c)).is_some() {}
        }
        let plain = without_mark(letter);
        let next = letters.peek().copied().unwrap_or(' ');
        // "can't" is one word, "token'ı" is two.
        let negates = plain == '\'' && before[1] == 'n' && next == 't';
        if plain.is_alphanumeric() || negates {
            let begins = letter.is_uppercase()
                && (before[1].is_lowercase() || before[1].is_uppercase() && next.is_lowercase());
            if begins {
                words.push(' ');
            }
            words.push(plain.to_ascii_lowercase());
        } else if !words.ends_with(' ') {
            words.push(' ');
        }
        before = [before[1], letter];
    }
    if !words.ends_with(' ') {
        words.push(' ');
    }
    words
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

    #[test]
    fn a_text_is_read_as_words() {
        for (text, words) in [
            ("", " "),
            ("FileNotFoundException: A-1", " file not found exception a 1 "),
            ("java.net.SSLException", " java net ssl exception "),
            ("INVALID_API_KEY", " invalid api key "),
            ("rateLimitExceeded", " rate limit exceeded "),
            ("can't parse 'x', don’t", " can't parse x don't "),
            ("BAĞLANTI İÇİN ŞİFRE", " baglanti icin sifre "),
            ("E11000 dup key", " e11000 dup key "),
            ("see https://a.b/not-found?x=1, please", " see https please "),
        ] {
            assert_eq!(spaced(text), words, "{text}");
        }
    }

    /// The table read word by word, as its documentation says.
    fn line_by_line(text: &str) -> Option<Class> {
        let text = spaced(text);
        let occurs = |word: &str| match word.strip_suffix('*') {
            Some(begin) => text.contains(&format!(" {begin}")),
            None => text.contains(&format!(" {word} ")),
        };
        WORDS.iter().find(|(_, words)| words.iter().any(|w| occurs(w))).map(|(class, _)| *class)
    }

    #[test]
    fn the_automaton_agrees_with_reading_the_table() {
        let texts: Vec<&str> = WORDS
            .iter()
            .flat_map(|(_, words)| words.iter().map(|w| w.trim_end_matches('*')))
            .collect();
        for (at, word) in texts.iter().enumerate() {
            let other = texts[at * 7 % texts.len()];
            let text = format!("Şu: {} ve {other}.", word.to_ascii_uppercase());
            let error = ErrorRef { message: &text, ..ErrorRef::default() };
            assert_eq!(by_words(&error).map(|(_, class)| class), line_by_line(&text), "{text}");
        }
    }

    #[test]
    fn the_words_of_the_table_are_folded_and_stand_there_once() {
        let mut known = std::collections::HashSet::new();
        for (class, words) in WORDS {
            for word in words {
                let plain = word.trim_end_matches('*');
                assert_eq!(spaced(plain).trim(), plain);
                assert!(known.insert(plain), "{class:?}: {word} twice");
            }
        }
    }
}
