//! Numbers and times for people.

use tables::cell::Micros;

use super::zone::{self, zone};

/// `1234567` as `1 234 567`. The number is not negative.
pub(crate) fn count(number: impl Into<i128>) -> String {
    let digits = number.into().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// `1 file`, `2 files`.
pub(crate) fn counted(number: impl Into<i128>, one: &str, many: &str) -> String {
    let number = number.into();
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `2026-03-01 12:05`, in the zone of this run.
pub(crate) fn minute(at: Micros) -> String {
    zone().wall(at)[..16].to_owned()
}

/// `2026-03-01 12:05:07 UTC`, in the zone of this run.
pub(crate) fn second(at: Micros) -> String {
    format!("{} {}", &zone().wall(at)[..19], zone::short_name())
}

/// Bytes in the unit that leaves one to four digits before the point: `512 B`, `1.5 MiB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if number < 1024 {
        return format!("{number} B");
    }
    let mut value = number as f64 / 1024.0;
    let mut unit = 0;
    // Not 1024: what rounds to it belongs to the next unit.
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A share of 0 to 1 in per cent. `0 %` and `100 %` only when it is exactly that.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.1 {
        return "<0.1 %".to_owned();
    }
    if (99.95..100.0).contains(&percent) {
        return ">99.9 %".to_owned();
    }
    let tenths = percent > 0.0 && !(9.95..99.5).contains(&percent) && percent < 100.0;
    if tenths { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// A span of time: `0.42 s`, `12.3 s`, `3 min 4 s`, `2 h 5 min`.
pub(crate) fn span(milliseconds: u64) -> String {
    let seconds = milliseconds as f64 / 1000.0;
    let whole = (milliseconds + 500) / 1000;
    match milliseconds {
        0..1_000 => format!("{seconds:.2} s"),
        1_000..59_950 => format!("{seconds:.1} s"),
        59_950..3_599_500 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A span of time in milliseconds, of which fractions do not matter.
pub(crate) fn milliseconds(ms: f64) -> String {
    span((ms as i64).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1_000, "1 000"), (1_234_567, "1 234 567")]
        {
            assert_eq!(count(number), expected);
        }
    }

    #[test]
    fn a_time_is_shown_to_the_minute_or_second() {
        assert_eq!(minute(Micros(1_687_519_997_186_000)), "2023-06-23 11:33");
        assert_eq!(second(Micros(1_687_519_997_186_000)), "2023-06-23 11:33:17 UTC");
    }

    #[test]
    fn sizes_choose_their_unit() {
        for (number, expected) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (1_048_575, "1.0 MiB"),
            (3 << 29, "1.5 GiB"),
        ] {
            assert_eq!(bytes(number), expected);
        }
    }

    #[test]
    fn a_share_is_nothing_or_all_only_when_it_is() {
        for (share, expected) in [
            (0.0, "0 %"),
            (0.0001, "<0.1 %"),
            (0.034, "3.4 %"),
            (0.5, "50 %"),
            (0.996, "99.6 %"),
            (0.99999, ">99.9 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(percent(share), expected);
        }
    }

    #[test]
    fn spans_of_time() {
        for (ms, expected) in [
            (0, "0.00 s"),
            (420, "0.42 s"),
            (12_340, "12.3 s"),
            (184_000, "3 min 4 s"),
            (7_500_000, "2 h 5 min"),
        ] {
            assert_eq!(span(ms), expected);
        }
    }
}
