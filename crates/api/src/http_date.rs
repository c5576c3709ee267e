//! Dates in headers: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The text of a time in seconds since 1970.
pub(crate) fn text(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400);
    let second = seconds.rem_euclid(86_400);
    let (year, month, day) = model::time::civil(days);
    let weekday = usize::try_from(days.rem_euclid(7)).map_or("", |day| DAYS[day]);
    let month = usize::try_from(month - 1).map_or("", |month| MONTHS[month]);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{:02} GMT", second % 60)
}

/// The seconds since 1970 of such a text; `None` for anything else, the two obsolete forms included.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let mut words = text.trim().split_once(", ")?.1.split(' ');
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month: i64 = (1..).zip(MONTHS).find(|(_, name)| *name == month)?.0;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if words.next()? != "GMT" || !(1970..=9999).contains(&year) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970-03-01 of the year that begins in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Now, in seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_and_read() {
        assert_eq!(text(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        for seconds in [0, 784_111_777, 951_782_400, 1_709_164_800, 4_102_444_799] {
            assert_eq!(parse(&text(seconds)), Some(seconds), "{}", text(seconds));
        }
        for wrong in ["", "12", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37 CET"] {
            assert_eq!(parse(wrong), None);
        }
    }
}
