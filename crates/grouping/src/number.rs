//! Numbers of several tokens: sizes, durations, decimal commas.

use crate::bytes::{DIGIT, LETTER, is};

/// Where `<1 sec` ends: a duration too short to be measured.
pub(crate) fn less_than(text: &[u8], at: usize) -> Option<usize> {
    let number = text[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = text[at + 1 + number..].strip_prefix(b" ")?;
    let unit = rest.iter().take_while(|&&byte| is(byte, LETTER)).count();
    let known = matches!(
        &rest[..unit],
        b"ms" | b"s" | b"sec" | b"secs" | b"second" | b"seconds" | b"min" | b"minute" | b"minutes"
    );
    (number > 0 && known).then_some(at + number + unit + 2)
}

/// Where the size ends whose number ends at `at`: `1190 bytes (1.16 KB)`. Whether a size is
/// repeated in a larger unit depends on the size, so unit and repetition are part of it.
pub(crate) fn size(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..];
    let unit =
        [b" bytes".as_slice(), b" byte"].into_iter().find(|unit| rest.starts_with(unit))?.len();
    if rest.get(unit).is_some_and(|&byte| is(byte, LETTER | DIGIT)) {
        return None;
    }
    let repeated = rest[unit..].strip_prefix(b" (").and_then(|inner| {
        let number = inner
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','))
            .count();
        let word = inner[number..].strip_prefix(b" ").unwrap_or(&inner[number..]);
        let larger = [b"KB)".as_slice(), b"MB)", b"GB)", b"TB)", b"kB)", b"KiB)", b"MiB)", b"GiB)"]
            .into_iter()
            .find(|larger| word.starts_with(larger))?;
        (number > 0).then(|| 2 + inner.len() - word.len() + larger.len())
    });
    Some(at + unit + repeated.unwrap_or(0))
}

/// A number with a decimal comma or commas between thousands: `129,90`, `1,234,567`, `1.234,56 TL`.
/// Longer rows of numbers are lists.
pub(crate) fn comma_number(text: &[u8], start: usize, end: usize) -> Option<usize> {
    if text.get(end) != Some(&b',') || !text[end - 1].is_ascii_digit() {
        return None;
    }
    let whole = &text[start..end];
    let digits = whole.strip_prefix(b"-").or(whole.strip_prefix(b"+")).unwrap_or(whole);
    if !digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
        return None;
    }
    let mut at = end;
    let mut groups = 0;
    let mut last = 0;
    while text.get(at) == Some(&b',') {
        let len = text[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if len == 0 {
            break;
        }
        groups += 1;
        last = len;
        at += 1 + len;
        if len != 3 {
            break;
        }
    }
    let closed =
        !matches!(text.get(at), Some(b',')) && !text.get(at).is_some_and(|&byte| is(byte, LETTER));
    let decimal = groups == 1 && last <= 2;
    let thousands = last == 3 && digits.len() <= 3 && groups > 0;
    (closed && (decimal || thousands)).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_join_decimals_and_thousands_but_not_lists() {
        let check = |text: &str, number: Option<&str>| {
            let end = text.find(',').unwrap_or(text.len());
            assert_eq!(
                comma_number(text.as_bytes(), 0, end).map(|end| &text[..end]),
                number,
                "{text}"
            );
        };
        check("129,90 TL", Some("129,90"));
        check("1.234,56", Some("1.234,56"));
        check("1,234,567 rows", Some("1,234,567"));
        check("25233975,0,93", None);
        check("40002,7163", None);
        check("12, 13", None);
    }

    #[test]
    fn a_size_ends_behind_its_repetition() {
        let check =
            |text: &str, end: Option<usize>| assert_eq!(size(text.as_bytes(), 4), end, "{text}");
        check("1190 bytes (1.16 KB) sent", Some(20));
        check("1190 bytes sent", Some(10));
        check("1190 bytes (of 2)", Some(10));
        check("1190 rows", None);
    }

    #[test]
    fn a_short_duration_ends_behind_its_unit() {
        assert_eq!(less_than(b"<1 sec left", 0), Some(6));
        assert_eq!(less_than(b"<12> x", 0), None);
    }
}
