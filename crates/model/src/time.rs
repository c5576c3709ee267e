//! Points in time as logs write them.
//!
//! A dump spells times in many ways, often several within one record: epoch milliseconds as a
//! string, ISO 8601 with any number of fraction digits, `dd.MM.yyyy HH:mm`, .NET `/Date(..)/`, HTTP
//! dates. [`Timestamp::parse_text`] reads them all, [`Timestamp::from_number_text`] reads the numbers.
//! A text without an offset is taken as UTC, since nothing says which zone was meant.
//!
//! Calendar arithmetic counts days from 1 March of year 0, so that the leap day ends a year and months
//! follow one linear formula (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013).

use std::fmt;

/// Microseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

impl Timestamp {
    /// The first plausible moment: 1990-01-01.
    pub const PLAUSIBLE_FROM: Self = Self(631_152_000 * MICROS_PER_SECOND);
    /// The end of the plausible window, not part of it: 2100-01-01.
    pub const PLAUSIBLE_BEFORE: Self = Self(4_102_444_800 * MICROS_PER_SECOND);

    /// 0000-01-01, and the end of the year 9999: what RFC 3339 can write.
    const YEAR_0: Self = Self(-62_167_219_200 * MICROS_PER_SECOND);
    const YEAR_10000: Self = Self(253_402_300_800 * MICROS_PER_SECOND);

    /// Whether it lies in 1990 to 2099. Placeholders such as `0001-01-01T00:00:00` and epoch 0 do not.
    pub fn is_plausible(self) -> bool {
        Self::PLAUSIBLE_FROM <= self && self < Self::PLAUSIBLE_BEFORE
    }

    /// Reads any known spelling of a time; blanks and line ends around it do not matter.
    ///
    /// | spelling | example |
    /// |---|---|
    /// | ISO 8601 and RFC 3339: `T` or blanks, dot or comma, `Z`, `+03:00`, `+0300`, `+03` or no offset | `2023-06-23T11:33:17.898+00:00` |
    /// | the same with `/` or `.` between year, month and day; a date alone is its midnight | `2023/06/23 11:33:17` |
    /// | basic format | `20230623T113317Z`, `20230623113317` |
    /// | epoch seconds, milliseconds, microseconds or nanoseconds | `1687519997186` |
    /// | day first, with dots | `23.06.2023 11:33`, `23.06.2023 11.33` |
    /// | with a month by its English or Turkish name | `28 Kasım 2026 Cumartesi 14:05` |
    /// | with slashes or dashes, where one number must be the day; month first as `NiFi` and with `AM`, `PM` | `12/28/2021 10:06:39.938 UTC` |
    /// | .NET; the offset is only a wish for display | `/Date(1687519997186+0300)/` |
    /// | RFC 2822 and the three HTTP dates of RFC 9110 | `Tue, 01 Nov 2022 10:00:00 GMT` |
    /// | `Date` as Java and JavaScript print it | `Tue Nov 01 10:00:00 TRT 2022` |
    ///
    /// Digits below a microsecond are cut. Numbers must be plausible (see
    /// [`from_number_text`](Self::from_number_text)), calendar dates may name any year from 0 to 9999: check
    /// [`is_plausible`](Self::is_plausible) where placeholders would hurt. `None` for anything else, also
    /// for dates that do not exist and for `11/12/2022`, where day and month are ambiguous.
    /// No allocation; time is linear in the length of the text.
    pub fn parse_text(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = text.as_bytes();
        let read = match bytes.first()? {
            b'/' => dot_net(bytes),
            b'0'..=b'9' => Self::from_number_text(text).or_else(|| starting_with_digits(bytes)),
            b'A'..=b'Z' | b'a'..=b'z' | 0x80.. => starting_with_name(bytes),
            _ => None,
        };
        // A zone can carry the ends of the calendar out of it.
        read.filter(|read| (Self::YEAR_0..Self::YEAR_10000).contains(read))
    }

    /// Reads the text of a JSON number as seconds, milliseconds, microseconds or nanoseconds since 1970.
    ///
    /// The unit is the one that puts the number into 1990 to 2099. The four ranges do not touch each
    /// other, and prices, row numbers and most ids lie in none of them. A fraction (`1687519997.186`) and
    /// an exponent (`1.687519997186E12`) are read digit by digit, never through a float; digits below a
    /// microsecond are cut. `None` when no unit fits or the text is no number.
    pub fn from_number_text(text: &str) -> Option<Self> {
        // 19 digits before the point is the longest number with a meaning (nanoseconds).
        const MOST_DIGITS: usize = 19;
        let mut cursor = TimeCursor(text.trim().as_bytes());
        let mut digits = [0_u8; MOST_DIGITS];
        let mut kept = 0; // significant digits in `digits`
        let mut point = 0_i64; // where the decimal point stands, counted from the first significant digit
        let mut any = false;
        for after_point in [false, true] {
            if after_point && !cursor.eat(b'.') {
                break;
            }
            while let Some(digit) = cursor.digit() {
                any = true;
                if kept == 0 && digit == 0 {
                    point -= i64::from(after_point);
                    continue;
                }
                point += i64::from(!after_point);
                if kept < MOST_DIGITS {
                    digits[kept] = digit;
                    kept += 1;
                }
            }
        }
        if any && (cursor.eat(b'e') || cursor.eat(b'E')) {
            let negative = !cursor.eat(b'+') && cursor.eat(b'-');
            let exponent = i64::from(cursor.number(1, 3)?);
            point = point.checked_add(if negative { -exponent } else { exponent })?;
        }
        if !any || !cursor.is_done() {
            return None;
        }
        // Seconds have 9 or 10 digits in the window, and each finer unit has three more. So the
        // microseconds are always the first 15 or 16 digits of the number.
        let wanted = match point {
            9 | 12 | 15 | 18 => 15,
            10 | 13 | 16 | 19 => 16,
            _ => return None,
        };
        let micros = digits[..wanted].iter().fold(0, |sum, &digit| sum * 10 + i64::from(digit));
        Some(Self(micros)).filter(|time| time.is_plausible())
    }

    /// Appends the time as RFC 3339 in UTC with six fraction digits: `2023-06-23T11:33:17.186000Z`.
    ///
    /// All have the same width, so that their order as text is their order in time. Years beyond 0 to
    /// 9999 get a sign and six digits, as ISO 8601 requires.
    pub fn write_rfc3339(self, out: &mut String) {
        let _ = fmt::write(out, format_args!("{self}")); // a String takes every write
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 as [`Timestamp::write_rfc3339`] writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(MICROS_PER_SECOND);
        let micros = self.0.rem_euclid(MICROS_PER_SECOND);
        let (year, month, day) = civil(seconds.div_euclid(SECONDS_PER_DAY));
        let second = seconds.rem_euclid(SECONDS_PER_DAY);
        if (0..=9999).contains(&year) {
            write!(f, "{year:04}")?;
        } else {
            write!(f, "{year:+07}")?;
        }
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar; the date must exist.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let march_year = if month < 3 { year - 1 } else { year };
    let march_month = (month + 9) % 12; // 0 is March, 11 is February
    let leap_days =
        march_year.div_euclid(4) - march_year.div_euclid(100) + march_year.div_euclid(400);
    // 719_468 days lie between 0000-03-01 and 1970-01-01.
    march_year * 365 + leap_days + (153 * march_month + 2) / 5 + day - 1 - 719_468
}

/// Year, month and day of the proleptic Gregorian calendar, from days since 1970-01-01.
pub fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097; // 400 years
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let leaps = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = (march_month + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month < 3), month, day)
}

/// A calendar date that exists, as days since 1970-01-01.
fn date(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    (1..=last)
        .contains(&day)
        .then(|| days_from_civil(i64::from(year), i64::from(month), i64::from(day)))
}

/// `/Date(1687519997186)/`, also with an offset: the number is milliseconds UTC in either case.
fn dot_net(bytes: &[u8]) -> Option<Timestamp> {
    let mut cursor = TimeCursor(bytes.strip_prefix(b"/Date(")?.strip_suffix(b")/")?);
    let negative = cursor.eat(b'-');
    let mut millis = 0_i64;
    let mut any = false;
    while let Some(digit) = cursor.digit() {
        any = true;
        millis = millis.checked_mul(10)?.checked_add(i64::from(digit))?;
    }
    if matches!(cursor.peek(), Some(b'+' | b'-')) {
        cursor.signed_offset()?;
    }
    let micros = millis.checked_mul(if negative { -1000 } else { 1000 })?;
    (any && cursor.is_done()).then_some(Timestamp(micros))
}

/// Every calendar spelling that begins with a digit.
fn starting_with_digits(bytes: &[u8]) -> Option<Timestamp> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let separator = bytes.get(digits).copied();
    let mut cursor = TimeCursor(bytes);
    match (digits, separator) {
        (4, Some(b'-' | b'/' | b'.')) => {
            let separator = separator?;
            let year = cursor.number(4, 4)?;
            let month = cursor.after(separator)?.number(1, 2)?;
            let day = cursor.after(separator)?.number(1, 2)?;
            cursor.time_of(date(year, month, day)?)
        }
        (8 | 14, _) => {
            let (year, month, day) =
                (cursor.number(4, 4)?, cursor.number(2, 2)?, cursor.number(2, 2)?);
            // Eight digits alone are more often an article number than a date.
            if digits == 8 && separator.is_none() {
                return None;
            }
            cursor.time_of(date(year, month, day)?)
        }
        (1 | 2, Some(b'.')) => {
            let day = cursor.number(1, 2)?;
            let month = cursor.after(b'.')?.number(1, 2)?;
            let year = cursor.after(b'.')?.number(4, 4)?;
            cursor.time_of(date(year, month, day)?)
        }
        (1 | 2, Some(separator @ (b'/' | b'-')))
            if bytes.get(digits + 1).is_some_and(u8::is_ascii_digit) =>
        {
            numbers(cursor, separator, bytes)
        }
        (1 | 2, _) => day_first(cursor),
        _ => None,
    }
}

/// `12/28/2021 10:06:39.938 UTC`, `28/12/2021 10:06` or `28-12-2021 10:06`: the number above 12 is the day. Where both may be the month,
/// it comes first if the text is as `NiFi` writes it (three digits of a fraction, then the name of a zone) or has
/// `AM` or `PM`.
fn numbers(mut cursor: TimeCursor<'_>, separator: u8, text: &[u8]) -> Option<Timestamp> {
    let first = cursor.number(1, 2)?;
    let second = cursor.after(separator)?.number(1, 2)?;
    let year = cursor.after(separator)?.number(4, 4)?;
    let half = text.len() > 2 && half_of_day(&text[text.len() - 2..]).is_some();
    let zone = text.rsplit(|byte| *byte == b' ').next()?;
    let named = zone.len() >= 2 && zone.iter().all(u8::is_ascii_uppercase);
    let point = text.len().checked_sub(zone.len() + 5).and_then(|at| text.get(at));
    let (month, day) = match (first > 12, second > 12) {
        (true, _) => (second, first),
        (_, true) => (first, second),
        _ if half || (named && point == Some(&b'.')) => (first, second),
        _ => return None,
    };
    cursor.time_of(date(year, month, day)?)
}

/// `AM` or `PM`: whether it is the second half of the day.
fn half_of_day(word: &[u8]) -> Option<bool> {
    let second = word.eq_ignore_ascii_case(b"PM");
    (second || word.eq_ignore_ascii_case(b"AM")).then_some(second)
}

/// `01 Nov 2022 10:00:00 GMT`, `06-Nov-94 08:49:37 GMT`, `01/Nov/2022:10:00:00 +0300`, `28 Kasım 2026 Cumartesi 14:05`.
fn day_first(mut cursor: TimeCursor<'_>) -> Option<Timestamp> {
    let day = cursor.number(1, 2)?;
    cursor.name_separator();
    let month = cursor.month()?;
    cursor.name_separator();
    let year = cursor.year()?;
    cursor.eat(b':');
    let mut behind = cursor;
    behind.skip_blanks();
    if behind.name(&WEEKDAYS).is_some() {
        cursor = behind;
    }
    cursor.time_of(date(year, month, day)?)
}

/// English and Turkish, without the marks of letters.
const WEEKDAYS: [&[u8]; 14] = [
    b"monday",
    b"tuesday",
    b"wednesday",
    b"thursday",
    b"friday",
    b"saturday",
    b"sunday",
    b"pazartesi",
    b"sali",
    b"carsamba",
    b"persembe",
    b"cuma",
    b"cumartesi",
    b"pazar",
];

/// Spellings that begin with the name of a weekday or a month.
fn starting_with_name(bytes: &[u8]) -> Option<Timestamp> {
    let mut cursor = TimeCursor(bytes);
    if cursor.name(&WEEKDAYS).is_some() {
        cursor.eat(b',');
        cursor.skip_blanks();
        if cursor.peek()?.is_ascii_digit() {
            return day_first(cursor);
        }
    }
    let month = cursor.month()?;
    cursor.skip_blanks();
    let day = cursor.number(1, 2)?;
    cursor.eat(b',');
    cursor.skip_blanks();
    // JavaScript puts the year here; C and Java put it last, after the time and perhaps a zone.
    let digits = cursor.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 4 {
        let year = cursor.number(4, 4)?;
        return cursor.time_of(date(year, month, day)?);
    }
    let micros = cursor.clock()?;
    cursor.skip_blanks();
    let offset = if cursor.peek()?.is_ascii_digit() { 0 } else { cursor.zone()? };
    cursor.skip_blanks();
    let year = cursor.number(4, 4)?;
    cursor.is_done().then_some(())?;
    Some(moment(date(year, month, day)?, micros, offset))
}

/// The moment of a day, a time within it and the offset of its zone.
fn moment(days: i64, micros_of_day: i64, offset_seconds: i64) -> Timestamp {
    Timestamp((days * SECONDS_PER_DAY - offset_seconds) * MICROS_PER_SECOND + micros_of_day)
}

/// The longest name of a month or weekday has so many letters.
const LONGEST_NAME: usize = 9;

/// A word in lower case without the marks of Turkish letters; `None` when it is no name of a month or weekday.
fn fold<'f>(word: &[u8], out: &'f mut [u8; LONGEST_NAME]) -> Option<&'f [u8]> {
    let mut length = 0;
    for letter in std::str::from_utf8(word).ok()?.chars() {
        *out.get_mut(length)? = match letter {
            'ı' | 'İ' => b'i',
            'ş' | 'Ş' => b's',
            'ç' | 'Ç' => b'c',
            'ğ' | 'Ğ' => b'g',
            'ü' | 'Ü' => b'u',
            letter => u8::try_from(letter).ok()?.to_ascii_lowercase(),
        };
        length += 1;
    }
    Some(&out[..length])
}

/// What is still unread of a text.
#[derive(Clone, Copy)]
struct TimeCursor<'t>(&'t [u8]);

impl TimeCursor<'_> {
    fn is_done(self) -> bool {
        self.0.is_empty()
    }

    fn peek(self) -> Option<u8> {
        self.0.first().copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    /// The cursor behind `byte`, which must stand here.
    fn after(&mut self, byte: u8) -> Option<&mut Self> {
        self.eat(byte).then_some(self)
    }

    fn skip_blanks(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }

    fn digit(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        byte.is_ascii_digit().then(|| {
            self.0 = rest;
            byte - b'0'
        })
    }

    /// A number of `least` to `most` digits, `most` at most 9; more digits stay unread.
    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let (mut value, mut count) = (0, 0);
        while count < most
            && let Some(digit) = self.digit()
        {
            value = value * 10 + u32::from(digit);
            count += 1;
        }
        (count >= least).then_some(value)
    }

    /// Letters at the cursor.
    fn word(&mut self) -> &[u8] {
        let letter = |byte: &&u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
        let length = self.0.iter().take_while(letter).count();
        let (word, rest) = self.0.split_at(length);
        self.0 = rest;
        word
    }

    /// Place in `names` of the word here, which is a whole name or its beginning of three letters or more.
    fn name(&mut self, names: &[&[u8]]) -> Option<usize> {
        let before = *self;
        let mut folded = [0; LONGEST_NAME];
        let place = fold(self.word(), &mut folded)
            .filter(|word| word.len() >= 3)
            .and_then(|word| names.iter().position(|name| name.starts_with(word)));
        if place.is_none() {
            *self = before;
        }
        place
    }

    fn month(&mut self) -> Option<u32> {
        const MONTHS: [&[u8]; 24] = [
            b"january",
            b"february",
            b"march",
            b"april",
            b"may",
            b"june",
            b"july",
            b"august",
            b"september",
            b"october",
            b"november",
            b"december",
            b"ocak",
            b"subat",
            b"mart",
            b"nisan",
            b"mayis",
            b"haziran",
            b"temmuz",
            b"agustos",
            b"eylul",
            b"ekim",
            b"kasim",
            b"aralik",
        ];
        self.name(&MONTHS).map(|place| place as u32 % 12 + 1)
    }

    /// What may stand around the name of a month.
    fn name_separator(&mut self) {
        if !self.eat(b'-') && !self.eat(b'/') {
            self.skip_blanks();
        }
    }

    /// A year of four digits, or of two as RFC 2822 completes them: 50 to 99 are 1950 to 1999.
    fn year(&mut self) -> Option<u32> {
        let before = self.0.len();
        let year = self.number(2, 4)?;
        match before - self.0.len() {
            4 => Some(year),
            2 => Some(year + if year < 50 { 2000 } else { 1900 }),
            _ => None,
        }
    }

    /// The rest of the text as a time of the given day: nothing, or separator, clock, zone.
    fn time_of(mut self, days: i64) -> Option<Timestamp> {
        if self.is_done() {
            return Some(moment(days, 0, 0));
        }
        if !self.eat(b'T') && !self.eat(b't') {
            self.eat(b',');
            self.skip_blanks();
            if self.0.starts_with(b"- ") {
                self.0 = &self.0[2..];
                self.skip_blanks();
            }
        }
        let mut micros = self.clock()?;
        self.skip_blanks();
        if let Some(second) = self.0.get(..2).and_then(half_of_day) {
            self.0 = &self.0[2..];
            let noon = 12 * 3600 * MICROS_PER_SECOND;
            (micros < noon + 3600 * MICROS_PER_SECOND).then_some(())?;
            micros = micros % noon + if second { noon } else { 0 };
            self.skip_blanks();
        }
        let offset = self.zone()?;
        self.skip_blanks();
        // Java appends the zone's name in brackets, JavaScript in parentheses.
        let named = matches!(
            (self.0.first(), self.0.last()),
            (Some(b'['), Some(b']')) | (Some(b'('), Some(b')'))
        );
        (named || self.is_done()).then(|| moment(days, micros, offset))
    }

    /// `HH:mm`, `HH:mm:ss`, `HH.mm.ss`, `HHmm` or `HHmmss` with any number of fraction digits, in microseconds of the day.
    ///
    /// 24:00:00 is the end of the day, and second 60 (a leap second) is the first of the next minute.
    fn clock(&mut self) -> Option<i64> {
        let hour = self.number(1, 2)?;
        // `10.05.06` as Turkish and DB2 write it.
        let separator = self.peek().filter(|byte| matches!(byte, b':' | b'.'));
        let separated = separator.is_some_and(|separator| self.eat(separator));
        let minute = self.number(2, 2)?;
        let has_second = if separated {
            separator.is_some_and(|separator| self.eat(separator))
        } else {
            self.peek().is_some_and(|byte| byte.is_ascii_digit())
        };
        let second = if has_second { self.number(2, 2)? } else { 0 };
        let mut micros = 0;
        if has_second && (self.eat(b'.') || self.eat(b',')) {
            let mut unit = MICROS_PER_SECOND / 10;
            while let Some(digit) = self.digit() {
                micros += i64::from(digit) * unit;
                unit /= 10;
            }
        }
        let end_of_day = hour == 24 && minute == 0 && second == 0 && micros == 0;
        ((hour < 24 || end_of_day) && minute < 60 && second <= 60)
            .then(|| i64::from(hour * 3600 + minute * 60 + second) * MICROS_PER_SECOND + micros)
    }

    /// A zone as its offset in seconds; none at all is UTC.
    fn zone(&mut self) -> Option<i64> {
        /// Names with one meaning here: those of RFC 2822 and the Turkish ones.
        const ZONES: [(&[u8], i64); 15] = [
            (b"Z", 0),
            (b"UTC", 0),
            (b"GMT", 0),
            (b"UT", 0),
            (b"TRT", 3),
            (b"EET", 2),
            (b"EEST", 3),
            (b"EST", -5),
            (b"EDT", -4),
            (b"CST", -6),
            (b"CDT", -5),
            (b"MST", -7),
            (b"MDT", -6),
            (b"PST", -8),
            (b"PDT", -7),
        ];
        match self.peek() {
            Some(b'+' | b'-') => self.signed_offset(),
            Some(byte) if byte.is_ascii_alphabetic() => {
                let word = self.word();
                let (name, hours) =
                    ZONES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word))?;
                // `GMT+0300`
                if matches!(*name, b"GMT" | b"UTC") && matches!(self.peek(), Some(b'+' | b'-')) {
                    return self.signed_offset();
                }
                Some(hours * 3600)
            }
            _ => Some(0),
        }
    }

    /// `+03:00`, `+0300`, `+03` or `+3` in seconds.
    fn signed_offset(&mut self) -> Option<i64> {
        let negative = self.eat(b'-');
        if !negative {
            self.after(b'+')?;
        }
        let hours = self.number(1, 2)?;
        let minutes = if self.eat(b':') || self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.number(2, 2)?
        } else {
            0
        };
        let seconds = i64::from(hours * 3600 + minutes * 60);
        (hours < 24 && minutes < 60).then_some(if negative { -seconds } else { seconds })
    }
}

#[cfg(test)]
mod tests;
