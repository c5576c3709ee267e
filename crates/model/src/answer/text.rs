//! The texts of errors: in one of several languages, with placeholders, or only a summary.

use crate::json::{Type, Value, unescape};

/// Texts that only say that something went wrong.
const SUMMARIES: &[&str] = &[
    "bad request",
    "operation failed",
    "request failed",
    "validation failed",
    "validation error",
    "validation errors",
    "invalid request",
    "an error occurred",
    "an error has occurred",
    "an unexpected error occurred",
    "unexpected error",
    "error",
    "failed",
    "all shards failed",
    "fail",
    "failure",
    "internal server error",
    "unprocessable entity",
    "one or more validation errors occurred",
    "multiple problems found",
    "multiple errors",
    "request processing failed",
    "something went wrong",
    "hata",
    "hata oluştu",
    "bir hata oluştu",
    "işlem başarısız",
    "işlem başarısız oldu",
    "beklenmeyen hata",
    "doğrulama hatası",
    "geçersiz istek",
    "başarısız",
    "the request is invalid",
    "invalid input",
    "invalid data",
    "rejected",
    "processing failed",
    "an error occurred while saving the entity changes",
];

/// The text of `{"lang": "tr", "value": "text"}` and the like.
pub(super) fn text_in_language(value: Value<'_>) -> Option<Value<'_>> {
    let (mut text, mut others) = (None, 0);
    value.members(|name, v| {
        match name {
            "value" | "text" | "#text" | "message" if v.ty == Type::String => text = Some(v),
            "lang" | "language" | "locale" | "xml:lang" => {}
            _ => others += 1,
        }
        others == 0
    });
    text.filter(|_| others == 0)
}

/// A text that only says that something went wrong; what stands beside or behind it says more.
pub(crate) fn is_summary(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['.', '!', ':']);
    if text.len() > 80 {
        return false;
    }
    let folded = text.to_lowercase();
    SUMMARIES.iter().any(|summary| {
        folded.strip_prefix(summary).is_some_and(|rest| {
            rest.is_empty() || (rest.starts_with([',', '.', ';']) && rest.contains("see "))
        })
    })
}

/// A text with its placeholders (`%1`, `%name`, `{0}`, `{name}`) filled; `None` when none was.
pub(super) fn fill(text: &str, parameters: Value<'_>) -> Option<String> {
    let mut filled = String::with_capacity(text.len() + 32);
    let (mut rest, mut some) = (text, false);
    while let Some(at) = rest.find(['%', '{']) {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        let braced = from.starts_with('{');
        let name = &from[1..];
        let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
        let closed = !braced || name[end..].starts_with('}');
        let value = if closed { parameter(parameters, &name[..end], !braced) } else { None };
        if let Some(value) = value {
            unescape(value.inner(), &mut filled);
            some = true;
            rest = &name[end + usize::from(braced)..];
        } else {
            filled.push_str(&from[..1]);
            rest = name;
        }
    }
    filled.push_str(rest);
    some.then_some(filled)
}

/// The parameter with this name, or at this place.
fn parameter<'r>(parameters: Value<'r>, name: &str, one_based: bool) -> Option<Value<'r>> {
    let mut found = None;
    if parameters.ty == Type::Array {
        let place = name.parse::<usize>().ok()?.checked_sub(usize::from(one_based))?;
        let mut at = 0;
        parameters.elements(|element| {
            if at == place {
                found = Some(element);
            }
            at += 1;
            found.is_none()
        });
    } else {
        parameters.members(|key, value| {
            if key == name {
                found = Some(value);
            }
            found.is_none()
        });
    }
    found.filter(|value| matches!(value.ty, Type::String | Type::Number) && !name.is_empty())
}
