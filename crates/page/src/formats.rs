//! Numbers and times for people. The script writes them in the same way.

use tables::cell::Micros;

/// `1234567` as `1 234 567`, with blanks at which no line ends.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push('\u{a0}');
        }
        out.push(digit);
    }
    out
}

/// A share in per cent: `12 %`, `3.4 %`; `0 %` and `100 %` only when it is exactly that.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let percent = part as f64 * 100.0 / whole.max(1) as f64;
    let text = if percent > 0.0 && percent < 0.1 {
        "<0.1".to_owned()
    } else if (99.95..100.0).contains(&percent) {
        ">99.9".to_owned()
    } else if percent > 0.0 && !(9.95..99.5).contains(&percent) && percent < 100.0 {
        format!("{percent:.1}")
    } else {
        format!("{percent:.0}")
    };
    text + "\u{a0}%"
}

/// `24 Oct 02:15`, with the year where that is wanted.
pub(crate) fn moment(at: Micros, year: bool) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = tables::rfc3339(at);
    let part = |from, to| text.get(from..to).unwrap_or_default();
    let month: usize = part(5, 7).parse().unwrap_or(1);
    let day = part(8, 10).trim_start_matches('0');
    let month = MONTHS[month.clamp(1, 12) - 1];
    let year = if year { format!(" {}", part(0, 4)) } else { String::new() };
    format!("{day} {month}{year} {}", part(11, 16))
}

/// `120 ms`, `2.5 s`, `3 min`, `2.5 h`, `3 d`.
pub(crate) fn duration(ms: f64) -> String {
    let short = |number: f64, unit: &str| {
        if number < 9.95 {
            format!("{number:.1}\u{a0}{unit}")
        } else {
            format!("{number:.0}\u{a0}{unit}")
        }
    };
    match ms {
        ms if ms < 999.5 => format!("{ms:.0}\u{a0}ms"),
        ms if ms < 99_500.0 => short(ms / 1e3, "s"),
        ms if ms < 5_970_000.0 => short(ms / 6e4, "min"),
        ms if ms < 172_800_000.0 => short(ms / 3.6e6, "h"),
        ms => short(ms / 8.64e7, "d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_short() {
        assert_eq!(count(1_234_567), "1\u{a0}234\u{a0}567");
        assert_eq!(percent(1, 3), "33\u{a0}%");
        assert_eq!(percent(1, 100_000), "<0.1\u{a0}%");
        assert_eq!(percent(3, 3), "100\u{a0}%");
        assert_eq!(moment(Micros(1_687_519_997_186_000), false), "23 Jun 11:33");
        assert_eq!(moment(Micros(1_687_519_997_186_000), true), "23 Jun 2023 11:33");
        assert_eq!(
            [duration(7.4), duration(2_500.0), duration(5.4e6)],
            ["7\u{a0}ms", "2.5\u{a0}s", "90\u{a0}min"]
        );
    }
}
