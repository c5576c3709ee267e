//! What a scalar of a record means: a status, a number, a flag, a word for the outcome, a time, a duration.

use crate::json::{Type, Value, unescape};
use crate::time::Timestamp;

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

pub(crate) fn timestamp(value: Value<'_>) -> Option<Timestamp> {
    let time = match value.ty {
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

/// A duration in milliseconds, as number or text, with or without a unit.
pub(crate) fn milliseconds(value: Value<'_>) -> Option<f64> {
    let text = match value.ty {
        Type::Number | Type::String => value.inner().trim(),
        _ => return None,
    };
    let number_end =
        text.find(|c: char| !(c.is_ascii_digit() || ".,-+eE".contains(c))).unwrap_or(text.len());
    let digits = text[..number_end].trim();
    let number: f64 = match digits.parse() {
        Ok(number) => number,
        Err(_) => digits.replace(',', ".").parse().ok()?,
    };
    let factor = match text[number_end..].trim() {
        "" | "ms" | "msec" | "millis" | "milliseconds" => 1.0,
        "s" | "sec" | "sn" | "seconds" => 1000.0,
        "us" | "µs" => 0.001,
        "ns" => 1e-6,
        "min" | "m" => 60_000.0,
        _ => return None,
    };
    let ms = number * factor;
    // A point in time is no duration.
    (ms.is_finite() && (0.0..3.2e10).contains(&ms)).then_some(ms)
}
