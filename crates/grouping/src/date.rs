//! Dates and times of several tokens.

use crate::bytes::{DIGIT, LETTER, is};

/// Whether the first three letters of a word begin a day of the week.
fn is_day(word: &[u8]) -> bool {
    matches!(
        word,
        [b'M', b'o', b'n', ..]
            | [b'T', b'u', b'e', ..]
            | [b'W', b'e', b'd', ..]
            | [b'T', b'h', b'u', ..]
            | [b'F', b'r', b'i', ..]
            | [b'S', b'a', b't', ..]
            | [b'S', b'u', b'n', ..]
    )
}

/// Whether the first three letters of a word begin a month, in English or Turkish.
fn is_month(word: &[u8]) -> bool {
    let Some(head) = word.first_chunk::<3>() else { return false };
    matches!(
        head,
        b"Jan"
            | b"Feb"
            | b"Mar"
            | b"Apr"
            | b"May"
            | b"Jun"
            | b"Jul"
            | b"Aug"
            | b"Sep"
            | b"Oct"
            | b"Nov"
            | b"Dec"
            | b"Oca"
            | b"Nis"
            | b"Haz"
            | b"Tem"
            | b"Eyl"
            | b"Eki"
            | b"Kas"
    )
}

/// Whether a word may begin a date written with words. A cheap check before [`worded`].
pub(crate) fn may_begin(word: &[u8]) -> bool {
    is_day(word) || is_month(word)
}

/// Where a date written with words ends that begins at `at`: `Fri Jun 17 07:07:00 2005`,
/// `Mon, 17 Nov 2026 10:00:00 GMT`, `17 Nov 2026`, `Nov 17 10:00:00`.
///
/// A month and a day are needed, and a time or a year beside them: `May 3` alone may be anything.
pub(crate) fn worded(text: &[u8], at: usize) -> Option<usize> {
    let mut cursor = DateCursor { text, at };
    if cursor.name(is_day) {
        cursor.comma();
        cursor.gap()?;
    }
    if cursor.name(is_month) {
        cursor.gap_or_dash()?;
        cursor.number(2)?;
    } else {
        cursor.number(2)?;
        cursor.gap_or_dash()?;
        if !cursor.name(is_month) {
            return None;
        }
    }
    let mut anchored = false;
    let mut end = cursor.at;
    // Time, year and zone in any order; each at most once in practice.
    for _ in 0..4 {
        cursor.comma();
        if cursor.gap_or_dash().is_none() {
            break;
        }
        if cursor.clock().is_some() || cursor.number(4).is_some() {
            anchored = true;
        } else if !(anchored && cursor.zone()) {
            break;
        }
        end = cursor.at;
    }
    anchored.then_some(end)
}

/// Where the time ends that follows a date token after one blank, `at` being the end of the date:
/// `2026-11-17 10:00:00,123 +03:00`, `17.11.2026 10:00`.
pub(crate) fn time_after(text: &[u8], at: usize) -> Option<usize> {
    let mut cursor = DateCursor { text, at };
    cursor.gap()?;
    cursor.clock()?;
    let end = cursor.at;
    if cursor.gap().is_some() && cursor.zone() {
        return Some(cursor.at);
    }
    Some(end)
}

/// Whether a token is a date in digits: four, two, two or two, two, four, one separator.
pub(crate) fn is_numeric(token: &[u8]) -> bool {
    if !(8..=10).contains(&token.len()) {
        return false;
    }
    let mut parts = token.split(|byte| matches!(byte, b'-' | b'.' | b'/'));
    let lengths = [parts.next(), parts.next(), parts.next()].map(|part| {
        part.filter(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit))
            .map_or(0, <[u8]>::len)
    });
    parts.next().is_none() && matches!(lengths, [4, 1..=2, 1..=2] | [1..=2, 1..=2, 4])
}

struct DateCursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl DateCursor<'_> {
    fn rest(&self) -> &[u8] {
        &self.text[self.at.min(self.text.len())..]
    }

    /// A known name or a longer word that begins with it (`November`).
    fn name(&mut self, known: fn(&[u8]) -> bool) -> bool {
        let word = self.rest().iter().take_while(|&&byte| is(byte, LETTER)).count();
        let named = (3..=9).contains(&word) && known(self.rest());
        if named {
            self.at += word;
        }
        named
    }

    fn comma(&mut self) {
        if self.rest().first() == Some(&b',') {
            self.at += 1;
        }
    }

    /// One or two blanks; the day of the month may be padded.
    fn gap(&mut self) -> Option<()> {
        let blanks = self.rest().iter().take_while(|&&byte| byte == b' ').count();
        (1..=2).contains(&blanks).then(|| self.at += blanks)
    }

    fn gap_or_dash(&mut self) -> Option<()> {
        match self.rest().first() {
            Some(b'-' | b'/') => {
                self.at += 1;
                Some(())
            }
            _ => self.gap(),
        }
    }

    /// A number of at most `longest` digits, and of exactly four when that is the limit.
    fn number(&mut self, longest: usize) -> Option<()> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let whole =
            self.rest().get(digits).is_none_or(|&byte| !is(byte, LETTER | DIGIT) && byte != b':');
        let fits = if longest == 4 { digits == 4 } else { (1..=longest).contains(&digits) };
        (whole && fits).then(|| self.at += digits)
    }

    /// `10:00`, `10:00:59`, `10:00:59.123`, `10:00:59,123Z`, `10:00:59+03:00`.
    fn clock(&mut self) -> Option<()> {
        let rest = self.rest();
        let hour = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=2).contains(&hour)
            || rest.get(hour) != Some(&b':')
            || !rest.get(hour + 1).is_some_and(u8::is_ascii_digit)
        {
            return None;
        }
        let mut end = hour;
        while let Some(&byte) = rest.get(end) {
            let before_digit = rest.get(end + 1).is_some_and(u8::is_ascii_digit);
            let inside = byte.is_ascii_digit()
                || (matches!(byte, b':' | b'.' | b',' | b'+' | b'-') && before_digit)
                || byte == b'Z';
            if !inside {
                break;
            }
            end += 1;
        }
        self.at += end;
        Some(())
    }

    /// `GMT`, `PDT`, `AM`, `+0300`, `+03:00`.
    fn zone(&mut self) -> bool {
        let rest = self.rest();
        let len = rest
            .iter()
            .take_while(|&&byte| is(byte, LETTER | DIGIT) || matches!(byte, b'+' | b'-' | b':'))
            .count();
        let word = &rest[..len];
        let named = (2..=4).contains(&len) && word.iter().all(u8::is_ascii_uppercase);
        let offset = (3..=6).contains(&len)
            && matches!(word[0], b'+' | b'-')
            && word[1..].iter().all(|byte| byte.is_ascii_digit() || *byte == b':');
        if named || offset {
            self.at += len;
        }
        named || offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, date: Option<&str>) {
        let end = worded(text.as_bytes(), 0);
        assert_eq!(end.map(|end| &text[..end]), date, "{text}");
    }

    #[test]
    fn dates_in_words_are_found_whole() {
        check("Fri Jun 17 07:07:00 2005 and more", Some("Fri Jun 17 07:07:00 2005"));
        check("Fri Jul 01 08:16:53 PDT 2005", Some("Fri Jul 01 08:16:53 PDT 2005"));
        check("Mon, 17 Nov 2026 10:00:00 GMT.", Some("Mon, 17 Nov 2026 10:00:00 GMT"));
        check("17 Kasım 2026", Some("17 Kasım 2026"));
        check("May 3 rows", None);
        check("Sun is up", None);
        check("", None);
    }

    #[test]
    fn dates_in_digits_differ_from_versions() {
        assert!(is_numeric(b"2026-11-17") && is_numeric(b"17.11.2026") && is_numeric(b"7/1/2026"));
        assert!(!is_numeric(b"10.0.0.151") && !is_numeric(b"1.2.3") && !is_numeric(b"20261117"));
    }

    #[test]
    fn a_time_belongs_to_the_date_before_it() {
        assert_eq!(time_after(b"2026-11-17 10:00:00,123 +03:00 x", 10), Some(30));
        assert_eq!(time_after(b"17.11.2026 10:00 oldu", 10), Some(16));
        assert_eq!(time_after(b"17.11.2026 10 oldu", 10), None);
    }
}
