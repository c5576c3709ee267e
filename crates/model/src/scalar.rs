//! What a scalar of a record means: a status, a number, a flag, a word for the outcome, a time.

use crate::json::{Type, Value, unescape};
use crate::reason::status_named;
use crate::time::Timestamp;

/// Whether a text has a scheme in front: `https://`, also with slashes that are escaped.
pub(crate) fn has_scheme(text: &str) -> bool {
    // A search that is made ready for its needle takes longer than most addresses are.
    text.as_bytes().windows(3).take(16).any(|three| three == b"://" || three == b":\\/")
}

/// Whether a name holds a word, in any case. No copy of the name is made, since this is asked of every record.
pub(crate) fn mentions(name: &str, word: &str) -> bool {
    name.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// A scalar that stands in an object or list of its own: `{"$numberInt": "422"}` of a Mongo export, `{"N": "422"}`
/// of `DynamoDB`, `{"stringValue": ".."}`, a list with one element. All other values stay as they are.
pub(crate) fn plain(value: Value<'_>) -> Value<'_> {
    let mut inner = value;
    for _ in 0..3 {
        let (mut only, mut count) = (None, 0);
        let mut take = |name: Option<&str>, value| {
            count += 1;
            only = name.is_none_or(is_type_name).then_some(value);
            count < 2 && only.is_some()
        };
        match inner.ty {
            Type::Object => inner.members(|name, value| take(Some(name), value)),
            Type::Array => inner.elements(|value| take(None, value)),
            _ => return inner,
        }
        match only {
            Some(only) if count == 1 => inner = only,
            _ => return value,
        }
    }
    if matches!(inner.ty, Type::Object | Type::Array) { value } else { inner }
}

/// Names that say only of what type the one value beside them is.
fn is_type_name(name: &str) -> bool {
    matches!(
        name,
        "S" | "N"
            | "BOOL"
            | "NULL"
            | "#text"
            | "_text"
            | "__text"
            | "_"
            | "#cdata-section"
            | "__cdata"
            | "string"
            | "int"
            | "long"
            | "double"
            | "boolean"
    ) || (name.starts_with('$') && name.len() > 1)
        || (name.ends_with("Value") && name.len() <= 14)
}

/// What stands where an HTTP status belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatusValue {
    /// A status.
    Http(u16),
    /// A word, or the first digit of a status (`5xx`): whether it succeeded.
    Outcome(bool),
    /// Nothing: there was no answer.
    Missing,
    /// Something that is not understood.
    Unclear,
}

/// Reads an HTTP status in any spelling: `404`, `"404 Not Found"`, `HTTP/1.1 404`, `NotFound`, `{"code": 404, ..}`,
/// `5xx`. `sure`: the name of the field says that it is one; otherwise only what nothing else could be is one.
pub(crate) fn status_value(value: Value<'_>, sure: bool) -> StatusValue {
    let value = plain(value);
    if let Some(status) = http_status(value) {
        return StatusValue::Http(status);
    }
    let text = value.inner().trim();
    match value.ty {
        _ if value.is_empty() => StatusValue::Missing,
        Type::Bool => StatusValue::Outcome(value.raw == "true"),
        Type::Number if matches!(text, "0" | "-1") => StatusValue::Missing,
        Type::Null => StatusValue::Missing,
        Type::Number => spelled_number(text).map_or(StatusValue::Unclear, StatusValue::Http),
        Type::String => status_text(text, sure),
        Type::Object => {
            let mut read = StatusValue::Unclear;
            value.members(|name, value| {
                let names =
                    ["code", "status", "statusCode", "status_code", "value", "kod", "number"];
                if let (true, Some(status)) = (names.contains(&name), http_status(plain(value))) {
                    read = StatusValue::Http(status);
                }
                read == StatusValue::Unclear
            });
            read
        }
        // `[400, "Bad Request"]`
        Type::Array => {
            let mut read = StatusValue::Unclear;
            value.elements(|first| {
                if let Some(status) = http_status(first) {
                    read = StatusValue::Http(status);
                }
                false
            });
            read
        }
    }
}

/// A status as a number in other spellings: `400.0`, `400,0`, `4e2`, with the digits of another script.
fn spelled_number(text: &str) -> Option<u16> {
    if text.len() > 16 {
        return None;
    }
    let plain = |c: char| {
        let zero = ['\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}'].map(u32::from);
        let digit =
            zero.iter().find_map(|zero| u32::from(c).checked_sub(*zero).filter(|d| *d < 10));
        digit.and_then(|digit| char::from_digit(digit, 10)).unwrap_or(if c == ',' {
            '.'
        } else {
            c
        })
    };
    let number: f64 = text.chars().map(plain).collect::<String>().parse().ok()?;
    // A whole number is shown without a point.
    number.to_string().parse().ok().filter(in_range)
}

fn status_text(text: &str, sure: bool) -> StatusValue {
    const MISSING: [&str; 5] = ["-", "--", "—", "n/a", "null"];
    if MISSING.iter().any(|word| text.eq_ignore_ascii_case(word)) || text.bytes().all(|b| b == b'0')
    {
        return StatusValue::Missing;
    }
    if let Some(status) = spelled_number(text) {
        return StatusValue::Http(status);
    }
    let number = || {
        text.split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| word.len() == 3)
            .find_map(|word| word.parse().ok().filter(in_range))
    };
    let begins = text.starts_with(|c: char| c.is_ascii_digit()) || text.starts_with("HTTP");
    if sure || (begins && text.len() <= 60) {
        // `404 Not Found`, but no `100 items`: the words are those of the number.
        let words = text.trim_start_matches(|c: char| c.is_ascii_digit()).trim();
        let http =
            |status: &u16| sure || text.starts_with("HTTP") || status_named(words) == Some(*status);
        if let Some(status) = number().filter(http) {
            return StatusValue::Http(status);
        }
    }
    if let Some(status) = status_named(text) {
        // Alone, `Created`, `Found` and `Locked` say something of a record as well.
        if sure || (status >= 400 && !matches!(status, 409 | 410 | 423)) {
            return StatusValue::Http(status);
        }
    }
    if let [digit @ b'1'..=b'5', b'x' | b'X', b'x' | b'X'] = text.as_bytes() {
        return StatusValue::Outcome(*digit < b'4');
    }
    outcome_word(text).map_or(StatusValue::Unclear, StatusValue::Outcome)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "a filter gives references")]
fn in_range(status: &u16) -> bool {
    (100..600).contains(status)
}

/// An HTTP status: 100 to 599, as number or text.
pub(crate) fn http_status(value: Value<'_>) -> Option<u16> {
    integer(value).and_then(|n| u16::try_from(n).ok()).filter(|n| (100..600).contains(n))
}

/// A whole number, as number or text.
pub(crate) fn integer(value: Value<'_>) -> Option<i64> {
    match value.ty {
        Type::Number | Type::String => value.inner().trim().parse().ok(),
        _ => None,
    }
}

/// A boolean, as such, as a number 0 or 1, or as text.
pub(crate) fn truth(value: Value<'_>) -> Option<bool> {
    match value.ty {
        Type::Bool => Some(value.raw == "true"),
        Type::Number => match value.raw {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        },
        Type::String => {
            let word = value.inner().trim();
            let is = |words: &[&str]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
            if is(&["true", "1", "yes", "evet", "y", "t"]) {
                Some(true)
            } else if is(&["false", "0", "no", "hayir", "hayır", "n", "f"]) {
                Some(false)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// Whether a word says that it succeeded; `None` for words that say neither.
pub(crate) fn outcome_word(word: &str) -> Option<bool> {
    let word = word.trim();
    let is = |words: &[&str]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
    if is(&[
        "success",
        "successful",
        "succeeded",
        "ok",
        "done",
        "completed",
        "complete",
        "processed",
        "accepted",
        "created",
        "updated",
        "sent",
        "basarili",
        "başarılı",
        "tamamlandi",
        "tamamlandı",
        "s",
    ]) {
        Some(true)
    } else if is(&[
        "fail",
        "failed",
        "failure",
        "error",
        "errored",
        "rejected",
        "refused",
        "invalid",
        "exception",
        "timeout",
        "basarisiz",
        "başarısız",
        "hata",
        "hatali",
        "hatalı",
        "reddedildi",
        "unsuccessful",
        "not_ok",
        "nok",
        "ko",
        "e",
    ]) {
        Some(false)
    } else {
        None
    }
}

/// `[2024, 3, 1, 10, 0, 0, 123000000]`, as Java writes a local time.
fn date_list(list: Value<'_>) -> Option<Timestamp> {
    let mut parts = Vec::new();
    list.elements(|part| {
        parts.push(part.raw.parse::<u32>().ok());
        parts.len() < 8
    });
    let parts: Vec<u32> = parts.into_iter().collect::<Option<_>>()?;
    let [year, month, day, hour, minute, rest @ ..] = parts.as_slice() else { return None };
    let (second, nanos) = (rest.first().unwrap_or(&0), rest.get(1).unwrap_or(&0));
    Timestamp::parse_text(&format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}"
    ))
}

/// A point in time, as number, text, `{"seconds": .., "nanos": ..}` or `[2024, 3, 1, 10, 0]`.
pub(crate) fn timestamp(value: Value<'_>) -> Option<Timestamp> {
    let value = plain(value);
    let time = match value.ty {
        Type::Object | Type::Array if value.raw.len() > 200 => None,
        Type::Object => {
            let (mut seconds, mut start, mut others) = (None, None, false);
            value.members(|name, value| {
                match name.trim_start_matches('_') {
                    "seconds" | "epochSecond" => {
                        seconds = Timestamp::from_number_text(value.inner());
                    }
                    "start" | "begin" | "date"
                        if !matches!(value.ty, Type::Object | Type::Array) =>
                    {
                        start = timestamp(value);
                    }
                    "nanos" | "nanoseconds" | "nano" | "nanoOfSecond" => {}
                    _ => others = true,
                }
                true
            });
            start.or(seconds.filter(|_| !others))
        }
        Type::Array => date_list(value),
        Type::Number => Timestamp::from_number_text(value.raw),
        // Times seldom hold escapes: `\/Date(..)\/`, a trailing `\n`.
        Type::String if value.inner().contains('\\') => {
            let mut text = String::new();
            unescape(value.inner(), &mut text);
            Timestamp::parse_text(&text)
        }
        Type::String => Timestamp::parse_text(value.inner()),
        _ => None,
    };
    time.filter(|t| t.is_plausible())
}
