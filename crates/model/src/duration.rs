//! How long something took.
//!
//! A duration has its unit from its text (`1.5s`, `PT0.3S`, `00:00:01.5`), from its name (`duration_ms`,
//! `elapsedSeconds`), from a name that one kind of recorder uses with one unit (`request_time` of nginx), or from
//! a field beside it (`"unit": "ms"`). A bare whole number counts milliseconds; a bare fraction says nothing.

use crate::json::{Type, Value};
use crate::record::Field;
use crate::roles::Role;
use crate::scalar::plain;

/// A unit of time, in milliseconds.
pub(crate) type Unit = f64;

const NANO: Unit = 1e-6;
const MICRO: Unit = 1e-3;
const MILLI: Unit = 1.0;
const SECOND: Unit = 1e3;
/// Seconds, where the number has a point.
const POINTED: Unit = -1.0;
const MINUTE: Unit = 60e3;
const HOUR: Unit = 3600e3;

/// Names of units, as they stand behind a number or at the end of a name.
#[rustfmt::skip]
const UNITS: &[(Unit, &[&str])] = &[
    (NANO, &["ns", "nano", "nanos", "nanosecond", "nanoseconds"]),
    (MICRO, &["us", "µs", "μs", "usec", "micro", "micros", "microsec", "microsecond", "microseconds", "mikrosaniye"]),
    (MILLI, &["ms", "msec", "msecs", "milli", "millis", "millisec", "millisecond", "milliseconds", "milisaniye"]),
    (SECOND, &["s", "sec", "secs", "sn", "second", "seconds", "saniye"]),
    (MINUTE, &["min", "mins", "m", "minute", "minutes", "dk", "dakika"]),
    (HOUR, &["h", "hr", "hour", "hours", "saat"]),
];

/// Names of durations with the unit that the recorders that use them write; ASCII lower case, letters only.
#[rustfmt::skip]
const BY_NAME: &[(Unit, &[&str])] = &[
    (MILLI, &["invokehttprequestduration", "time", "timetaken", "took", "sure", "gecensure"]),
    (POINTED, &["requesttime", "upstreamresponsetime", "upstreamconnecttime", "totaltime", "timetotal", "timeelapsed"]),
    (NANO, &["eventduration", "durationns", "latencyns", "elapsedns", "responsetimens"]),
    (MICRO, &["durationus", "latencyus", "elapsedus"]),
];

/// The unit that a word names.
pub(crate) fn unit_named(word: &str) -> Option<Unit> {
    let word = word.trim();
    UNITS
        .iter()
        .find(|(_, names)| names.iter().any(|n| word.eq_ignore_ascii_case(n)))
        .map(|(unit, _)| *unit)
}

/// The unit in the name of a duration: its last word, or what recorders mean by this name.
pub(crate) fn unit_of_name(name: &str) -> Option<Unit> {
    // The most common name of all, and it says nothing.
    if name == "duration" {
        return None;
    }
    let last = name.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or(name);
    let at_hump = last.rfind(|c: char| c.is_ascii_uppercase()).map_or(0, |at| {
        // `elapsedMS`
        let before = last[..at].chars().next_back();
        if before.is_some_and(|c| c.is_ascii_uppercase()) { at - 1 } else { at }
    });
    let word = &last[at_hump..];
    // `h` and `m` at the end of a name are seldom units.
    if word.len() < name.len()
        && (word.len() > 1 || matches!(word, "s" | "S"))
        && let Some(unit) = unit_named(word)
    {
        return Some(unit);
    }
    let (mut letters, mut len) = ([0; 40], 0);
    for byte in name.bytes().filter(u8::is_ascii_alphabetic).take(letters.len()) {
        letters[len] = byte.to_ascii_lowercase();
        len += 1;
    }
    let letters = str::from_utf8(&letters[..len]).unwrap_or("");
    if let Some((unit, _)) = BY_NAME.iter().find(|(_, names)| names.contains(&letters)) {
        return Some(*unit);
    }
    // `durationms`, `elapsedmilliseconds`; a single `s` only makes a plural.
    UNITS.iter().take(4).find_map(|(unit, names)| {
        names
            .iter()
            .any(|n| {
                (n.len() > 2 || *n == "ms")
                    && *n != "sn"
                    && letters.len() > n.len() + 3
                    && letters.ends_with(n)
            })
            .then_some(*unit)
    })
}

/// Names beside a duration that only a recorder writes whose durations have this unit.
const BY_NEIGHBOUR: &[(Unit, &str)] = &[
    (NANO, "OriginDuration"),
    (NANO, "Overhead"),
    (SECOND, "resp_headers"),
    (MILLI, "@mt"),
    (MILLI, "db"),
];

/// The unit that a field beside a duration says.
pub(crate) fn unit_beside(fields: &[Field<'_>], duration: &Field<'_>) -> Option<Unit> {
    let mut unit = None;
    for field in fields.iter().filter(|field| field.parent == duration.parent) {
        match field.role {
            Role::Unit => return unit_named(field.value.inner()),
            // Who counts the beginning in microseconds counts so throughout.
            Role::Start if field.value.ty == Type::Number => {
                let digits = field.value.raw.bytes().all(|b| b.is_ascii_digit());
                match field.value.raw.len() {
                    16 if digits => unit = Some(MICRO),
                    19 if digits => unit = Some(NANO),
                    _ => {}
                }
            }
            Role::None | Role::Headers | Role::Duration => {
                let named = BY_NEIGHBOUR.iter().find(|(_, name)| *name == field.key);
                unit = unit.or(named.map(|(unit, _)| *unit));
            }
            _ => {}
        }
    }
    unit
}

/// A duration in milliseconds. `unit`: that of a bare number, where name or neighbours say it.
pub(crate) fn milliseconds(value: Value<'_>, unit: Option<Unit>) -> Option<f64> {
    let value = plain(value);
    let ms = match value.ty {
        Type::Number => bare(value.raw, unit)?,
        Type::String => text(value.inner().trim(), unit)?,
        Type::Object => return parts(value, unit),
        _ => return None,
    };
    // A point in time is no duration.
    (ms.is_finite() && (0.0..3.2e10).contains(&ms)).then_some(ms)
}

fn bare(digits: &str, unit: Option<Unit>) -> Option<f64> {
    // Web servers write their seconds with a point.
    let unit = unit.filter(|unit| *unit != POINTED || digits.contains('.'));
    let unit = unit.map(|unit| if unit == POINTED { SECOND } else { unit });
    let number: f64 = digits.parse().or_else(|_| digits.replace(',', ".").parse()).ok()?;
    let whole = digits.bytes().all(|b| b.is_ascii_digit());
    // More than an hour of milliseconds are finer units that nobody named.
    let unit = unit.or((whole && number < 36e5).then_some(MILLI))?;
    Some(scaled(number, unit))
}

/// Divides where the unit is a fraction, so that decimal numbers stay as exact as they can be.
fn scaled(number: f64, unit: Unit) -> f64 {
    if unit < 1.0 { number / (1.0 / unit).round() } else { number * unit }
}

fn text(text: &str, unit: Option<Unit>) -> Option<f64> {
    if let Some(iso) = text.strip_prefix("PT") {
        return sequence(iso);
    }
    if let Some(clock) = clock(text) {
        return Some(clock);
    }
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || ".,-+".contains(c))).unwrap_or(text.len());
    let (digits, word) = (text[..end].trim(), text[end..].trim());
    if digits.is_empty() {
        return None;
    }
    if word.is_empty() {
        return bare(digits, unit);
    }
    if let Some(unit) = unit_named(word) {
        return bare(digits, Some(unit));
    }
    text.parse()
        .ok()
        .and_then(|number: f64| unit.map(|unit| scaled(number, unit)))
        .or_else(|| sequence(text))
}

/// `1m2.5s`, `1H3M`: numbers, each with its unit.
fn sequence(text: &str) -> Option<f64> {
    let (mut rest, mut sum) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        sum += scaled(number, unit_named(&rest[..letters])?);
        rest = &rest[letters..];
    }
    (!text.is_empty()).then_some(sum)
}

/// `00:00:01.2345678`.
fn clock(text: &str) -> Option<f64> {
    let mut parts = text.splitn(3, ':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds: f64 = seconds.parse().ok()?;
    (minutes < 60 && seconds < 60.0)
        .then(|| f64::from(hours) * HOUR + f64::from(minutes) * MINUTE + seconds * SECOND)
}

/// `{"secs": 1, "nanos": 5}`, `{"value": 3, "unit": "s"}`, `{"total": 12, ..}`, `{"request": 12, "proxy": 3}`.
fn parts(object: Value<'_>, unit: Option<Unit>) -> Option<f64> {
    let (mut sum, mut any) = (0.0, false);
    let (mut total, mut named): (Option<(u8, Value<'_>)>, _) = (None, unit);
    object.members(|name, value| {
        const TOTALS: [&str; 8] =
            ["total", "request", "duration", "value", "elapsed", "time", "all", "roundtrip"];
        let value = plain(value);
        if let (Some(unit), Type::Number) = (unit_named(name), value.ty) {
            any = true;
            sum += value.raw.parse().map_or(0.0, |number| scaled(number, unit));
        } else if let Some(rank) = TOTALS.iter().position(|total| name.eq_ignore_ascii_case(total))
        {
            if total.is_none_or(|(before, _)| (rank as u8) < before) {
                total = Some((rank as u8, value));
            }
        } else if name.eq_ignore_ascii_case("unit") {
            named = unit_named(value.inner()).or(named);
        }
        true
    });
    match total {
        Some((_, value)) if value.ty != Type::Object => milliseconds(value, named),
        _ => any.then_some(sum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name of the field, its value, the milliseconds.
    #[rustfmt::skip]
    const CASES: &[(&str, &str, Option<f64>)] = &[
        ("duration_ms", "12.5", Some(12.5)), ("durationMs", "7", Some(7.0)), ("elapsedMS", "3", Some(3.0)),
        ("ElapsedMilliseconds", "33.25", Some(33.25)), ("elapsed_seconds", "0.25", Some(250.0)),
        ("duration_s", "2", Some(2000.0)), ("durationSec", "1.5", Some(1500.0)), ("took_us", "1500", Some(1.5)),
        ("durationNanos", "2500000", Some(2.5)), ("event.duration", "5000000", Some(5.0)),
        ("request_time", "\"0.042\"", Some(42.0)), ("upstream_response_time", "0.5", Some(500.0)),
        ("time", "70.4", Some(70.4)), ("invokehttp.request.duration", "\"120\"", Some(120.0)),
        ("duration", "906", Some(906.0)), ("duration", "\"906\"", Some(906.0)), ("duration", "0.0012", None),
        ("duration", "52382000000", None), ("latency", "\"0.25s\"", Some(250.0)), ("latency", "\"12.5 ms\"", Some(12.5)),
        ("latency", "\"250µs\"", Some(0.25)), ("duration", "\"PT0.3S\"", Some(300.0)), ("duration", "\"PT1M2S\"", Some(62_000.0)),
        ("duration", "\"00:00:01.5\"", Some(1500.0)), ("duration", "\"1m2.5s\"", Some(62_500.0)),
        ("duration", r#"{"secs":1,"nanos":5000000}"#, Some(1005.0)), ("duration", r#"{"value":3,"unit":"s"}"#, Some(3000.0)),
        ("durations", r#"{"total":226}"#, Some(226.0)), ("durationns", "5000000", Some(5.0)),
        ("timings", r#"{"dns":1,"connect":2,"total":40}"#, Some(40.0)), ("duration", r#"{"$numberLong":"5"}"#, Some(5.0)),
        ("duration", "\"fast\"", None), ("duration", "\"12 parsecs\"", None), ("duration", "null", None),
        ("sure_saniye", "2", Some(2000.0)), ("duration", "-5", None),
    ];

    #[test]
    fn a_duration_has_its_unit_from_text_name_or_nothing() {
        for (name, value, wanted) in CASES {
            let value = Value::of(value).expect("JSON");
            assert_eq!(milliseconds(value, unit_of_name(name)), *wanted, "{name} {}", value.raw);
        }
    }
}
