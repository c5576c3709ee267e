//! Numbers and times in the text formats.

use std::io::Write as _;

use crate::cell::Micros;

const MICROS_A_DAY: i64 = 86_400_000_000;

/// Writes decimal digits, with `-` before them when negative.
pub(super) fn integer(value: i64, out: &mut Vec<u8>) {
    write!(out, "{value}").expect("a vector takes every byte");
}

/// Writes the shortest digits that read back as the same double, always with a point or an exponent
/// so that programs that guess types find a floating-point column: `12.0`, `0.1`, `1e300`. The value is
/// finite.
pub(super) fn float(value: f64, out: &mut Vec<u8>) {
    write!(out, "{value:?}").expect("a vector takes every byte");
}

/// Writes microseconds since 1970-01-01 UTC as `2026-10-24T00:00:00.000000Z` (RFC 3339). Years
/// beyond 9999 or before 0, which RFC 3339 cannot express, have a sign and as many digits as they
/// need.
pub(super) fn time(micros: i64, out: &mut Vec<u8>) {
    let (year, month, day) = date(micros.div_euclid(MICROS_A_DAY));
    let in_day = micros.rem_euclid(MICROS_A_DAY);
    let (seconds, fraction) = (in_day / 1_000_000, in_day % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (0..=9999).contains(&year) { write!(out, "{year:04}") } else { write!(out, "{year:+05}") }
        .and_then(|()| {
            write!(out, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
        })
        .expect("a vector takes every byte");
}

/// A time in the text formats: `2026-10-24T00:00:00.000000Z`.
pub fn rfc3339(at: Micros) -> String {
    let mut out = Vec::new();
    time(at.0, &mut out);
    // Digits and signs only.
    String::from_utf8(out).unwrap_or_default()
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
///
/// The count is moved to start at 0000-03-01, so that the leap day is the last of its year and of
/// its 400-year era (146,097 days); months from March on then follow the 153-days-in-5 rule.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leaps = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_rfc_3339_with_microseconds() {
        let check = |micros, expected: &str| assert_eq!(written(|out| time(micros, out)), expected);
        check(0, "1970-01-01T00:00:00.000000Z");
        check(-1, "1969-12-31T23:59:59.999999Z");
        check(1_792_800_000_000_000, "2026-10-24T00:00:00.000000Z");
        check(1_687_519_997_186_000, "2023-06-23T11:33:17.186000Z");
        check(951_782_400_000_000, "2000-02-29T00:00:00.000000Z");
        check(4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z");
        check(-62_167_219_200_000_000, "0000-01-01T00:00:00.000000Z");
        check(253_402_300_800_000_000, "+10000-01-01T00:00:00.000000Z");
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let leap = |year| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..146_097 {
            assert_eq!(date(days), (year, month, day));
            let last = match month {
                2 => 28 + i64::from(leap(year)),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > last {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
    }

    #[test]
    fn floats_read_back_as_the_same_double() {
        for value in [0.0, -0.0, 1.0, 0.1, 1e16, 1e300, f64::MIN_POSITIVE, -12.75, f64::MAX] {
            let text = written(|out| float(value, out));
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{text}");
        }
        assert_eq!(written(|out| float(12.0, out)), "12.0");
    }
}
