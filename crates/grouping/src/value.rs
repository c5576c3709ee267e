//! Values of several words, without quotes or digits, that are recognised by the text around them.

use crate::bytes::{DIGIT, LETTER, LINE, LOWER, SPLIT, STOP, UPPER, is};

/// Words before a colon that say that an object is missing or exists already. Its name follows the
/// colon: `Category not found: Shoes`.
const BEFORE_OBJECT: [&str; 10] = [
    "not found",
    "not exist",
    "n't exist",
    "bulunamadı",
    "bulunmuyor",
    "mevcut değil",
    "tanımlı değil",
    "already exists",
    "zaten kayıtlı",
    "zaten mevcut",
];

/// A name has at most so many words; more are a sentence.
const NAME_WORDS: usize = 4;

/// How much of `rest` is the name of an object, `before` being the line up to and with a colon. `rest`
/// begins with a blank, which counts. `None` when there is no name.
pub(crate) fn named_object(before: &[u8], rest: &[u8]) -> Option<usize> {
    let said = before.strip_suffix(b":")?;
    if !BEFORE_OBJECT.iter().any(|end| said.ends_with(end.as_bytes()))
        || rest.first() != Some(&b' ')
    {
        return None;
    }
    let end = rest
        .windows(2)
        .position(|pair| matches!(pair, b". " | b" (" | b"; " | b" ["))
        .unwrap_or(rest.len());
    // Marks that belong to the sentence around it.
    let end = end
        - rest[..end]
            .iter()
            .rev()
            .take_while(|byte| matches!(byte, b'.' | b')' | b']' | b'}'))
            .count();
    let words = || rest[..end].split(|&byte| is(byte, STOP)).filter(|word| !word.is_empty());
    // Small letters alone are a kind of object, which distinguishes causes: "not found: brand".
    let name = |word: &[u8]| begins_with_capital(word) || word.iter().any(|&byte| !is(byte, LOWER));
    let names = words().count() <= NAME_WORDS
        && words().any(name)
        && !rest[..end].windows(2).any(|two| two == b": ");
    names.then_some(end)
}

/// What joins the parts of a value, with blanks around it.
const JOINTS: [&[u8]; 2] = [b" / ", b" - "];
/// A part of a joined value has at most so many words.
const PART_WORDS: usize = 3;

/// Where a value of several parts ends that begins with the word at `at`: `1KD00123 / BLK / 38`,
/// `Elbise / Açık Mavi / 38`. Each word begins with a capital or has a digit, the last part is one word, and
/// a part has a digit. Parts after a slash may be names; those after a dash must be capitals and digits, and
/// two or more, since `Order 17 - Closed` says what happened.
pub(crate) fn joined(text: &[u8], at: usize) -> Option<usize> {
    let word_len = |at: usize| text[at..].iter().take_while(|&&byte| !is(byte, STOP)).count();
    let digit = |part: &[u8]| part.iter().any(u8::is_ascii_digit);
    let joint_at = |at: usize| JOINTS.into_iter().find(|joint| text[at..].starts_with(joint));
    let mut end = at + word_len(at);
    let joint = joint_at(end)?;
    let mut digits = digit(&text[at..end]);
    let mut joints = 0;
    let mut whole = None;
    while joint_at(end) == Some(joint) {
        joints += 1;
        let part = end + joint.len();
        end = part;
        for words in 0..if joint == JOINTS[0] { PART_WORDS } else { 1 } {
            let start = if words == 0 { end } else { end + 1 };
            let word = &text[start..start + word_len(start)];
            let code = word
                .iter()
                .all(|&byte| is(byte, UPPER | DIGIT) || matches!(byte, b'-' | b'_' | b'.'));
            let fits =
                if joint == JOINTS[0] { begins_with_capital(word) || digit(word) } else { code };
            if word.is_empty() || !fits {
                break;
            }
            end = start + word.len();
            if words == 0 {
                whole = Some(part + word.len());
            }
            if joint_at(end) == Some(joint) || text.get(end) != Some(&b' ') {
                break;
            }
        }
        if end == part {
            return None;
        }
        digits |= digit(&text[part..end]);
    }
    let code = joints > 1 && digit(&text[at..at + word_len(at)]);
    whole.filter(|_| digits && (joint == JOINTS[0] || code))
}

/// Where a value of several words ends that begins at `at`, behind `=`: `colour=Light Blue (`. Each
/// of them begins with a capital, and a closing mark or the end of the line follows.
pub(crate) fn assigned(text: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    let mut words = 0;
    loop {
        let len = text[end..].iter().take_while(|&&byte| !is(byte, STOP)).count();
        let closed = match text.get(end + len) {
            None => true,
            Some(&byte) => is(byte, SPLIT) && !matches!(byte, b'=' | b'(' | b'[' | b'{' | b'<'),
        };
        if !begins_with_capital(&text[end..end + len]) {
            // Behind the blank: a bracket opens, which closes the value as well.
            let bracket = len == 0 && matches!(text.get(end), Some(b'(' | b'['));
            return (words > 1 && bracket).then_some(end - 1);
        }
        words += 1;
        end += len;
        if closed {
            return (words > 1).then_some(end);
        }
        if text.get(end) != Some(&b' ') {
            return None;
        }
        end += 1;
    }
}

/// Where the words begin that end `line` and are a name, each beginning with a capital.
pub(crate) fn name_before(line: &[u8]) -> usize {
    let mut start = line.len();
    while start > 0 {
        let before = line[..start].strip_suffix(b" ").unwrap_or(&line[..start]);
        let len = before.iter().rev().take_while(|&&byte| !is(byte, STOP)).count();
        let word = &before[before.len() - len..];
        if before.len() == start && start < line.len() || !begins_with_capital(word) {
            break;
        }
        start = before.len() - len;
    }
    start
}

/// Whether a value and the one that ends `before`, a blank between, are one: an id and what follows it
/// (`KMB2201 38`), or ids of a kind (`blk_17 blk_18`). Two numbers are two values.
pub(crate) fn goes_on(before: &[u8], value: &[u8]) -> bool {
    let Some(before) = before.strip_suffix(b" ") else { return false };
    let mark = before.iter().rposition(|&byte| is(byte, SPLIT | LINE));
    let before = &before[mark.map_or(0, |at| at + 1)..];
    let words = || before.rsplit(|&byte| byte == b' ');
    let letters = value.iter().take_while(|&&byte| is(byte, LETTER) || byte == b'_').count();
    if letters >= 2 && words().next().is_some_and(|word| word.starts_with(&value[..letters])) {
        return true;
    }
    // A long one is a barcode.
    let number = |word: &&[u8]| word.len() < 12 && !word.iter().any(|&byte| is(byte, LETTER));
    let id = |word: &[u8]| {
        let plain = |&byte: &u8| is(byte, UPPER | DIGIT) || matches!(byte, b'-' | b'_' | b'.');
        word.iter().any(u8::is_ascii_digit) && word.iter().all(plain)
    };
    !number(&value) && id(value) || words().take(3).find(|word| !number(word)).is_some_and(id)
}

/// A capital of any language.
pub(crate) fn begins_with_capital(word: &[u8]) -> bool {
    match word.first() {
        Some(byte) if byte.is_ascii() => is(*byte, UPPER),
        Some(_) => {
            let head = &word[..word.len().min(4)];
            let letter = head.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
            letter.is_some_and(char::is_uppercase)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_behind_a_colon() {
        let check = |text: &str, expected: Option<&str>| {
            let colon = text.find(": ").map_or(0, |at| at + 1);
            let found = named_object(&text.as_bytes()[..colon], &text.as_bytes()[colon..]);
            assert_eq!(found.map(|len| &text[colon..colon + len]), expected, "{text}");
        };
        check("Kategori bulunamadı: Ayakkabı > Spor", Some(" Ayakkabı > Spor"));
        check("Category not found: Shoes. Add it.", Some(" Shoes"));
        check("Marka zaten kayıtlı: Ela (17)", Some(" Ela"));
        check("failed(Category not found: Shoes).", Some(" Shoes"));
        check("Category not found: shoes_17", Some(" shoes_17"));
        check("Category not found: Ask the one who made it", None);
        check("Not found: brand", None);
        check("Not found: java.lang.Error: closed", None);
        check("Invalid value: too long", None);
    }

    #[test]
    fn assigned_values_of_several_words_end_at_a_mark() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(assigned(text.as_bytes(), 0).map(|end| &text[..end]), expected, "{text}");
        };
        check("Açık Mavi (kanal 3)", Some("Açık Mavi"));
        check("Light Blue, size", Some("Light Blue"));
        check("Light Blue", Some("Light Blue"));
        check("Light", None);
        check("OK Retry later", None);
        check("Light blue", None);
        check("A B=3", None);
    }

    #[test]
    fn names_before_a_word_reach_back_over_capitals() {
        let check =
            |line: &str, name: &str| assert_eq!(&line[name_before(line.as_bytes())..], name);
        check("sipariş için Elif Kaya Demir", "Elif Kaya Demir");
        check("Öz Can", "Öz Can");
        check("sipariş için", "");
        check("kod (Ali Can", "Ali Can");
        check("", "");
    }
}
