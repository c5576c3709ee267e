//! The class of an error, by rules that a reader can check in one table.

use crate::class_words::BEFORE_STATUS;
use crate::masked::ErrorRef;
use crate::words::by_words;

/// What kind of error it is, as the report names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Class {
    /// A value is refused: format, range, choice, business rule.
    Value,
    /// Something that is referred to does not exist, or a required value was not given.
    Missing,
    /// The other side could not be reached.
    Connection,
    /// The other side failed for a reason of its own; the same call may work later.
    Intermittent,
    /// Too many calls.
    RateLimit,
    /// The call or its answer is larger than allowed.
    TooLarge,
    /// A text could not be read as what it should be.
    Parse,
    /// It exists already.
    Duplicate,
    /// Not allowed: credentials or rights.
    Permission,
    /// None of these.
    Other,
}

impl Class {
    /// All of them, in the order of the contract.
    pub const ALL: [Self; 10] = [
        Self::Value,
        Self::Missing,
        Self::Connection,
        Self::Intermittent,
        Self::RateLimit,
        Self::TooLarge,
        Self::Parse,
        Self::Duplicate,
        Self::Permission,
        Self::Other,
    ];

    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Missing => "missing",
            Self::Connection => "connection",
            Self::Intermittent => "intermittent",
            Self::RateLimit => "rate_limit",
            Self::TooLarge => "too_large",
            Self::Parse => "parse",
            Self::Duplicate => "duplicate",
            Self::Permission => "permission",
            Self::Other => "other",
        }
    }
}

/// HTTP statuses that decide before the words, except before those of throttling and locks.
const STATUS_FIRST: [(u16, Class); 5] = [
    (401, Class::Permission),
    (403, Class::Permission),
    (413, Class::TooLarge),
    (429, Class::RateLimit),
    (504, Class::Connection),
];

/// HTTP statuses that decide when no word is found.
const STATUS_LAST: [(u16, Class); 19] = [
    (400, Class::Value),
    (402, Class::Permission),
    (404, Class::Missing),
    (406, Class::Value),
    (407, Class::Permission),
    (408, Class::Connection),
    (409, Class::Duplicate),
    (410, Class::Missing),
    (412, Class::Value),
    (414, Class::TooLarge),
    (415, Class::Parse),
    (417, Class::Value),
    (422, Class::Value),
    (423, Class::Intermittent),
    (425, Class::RateLimit),
    (431, Class::TooLarge),
    (451, Class::Permission),
    (501, Class::Other),
    (505, Class::Other),
];

/// The class of an error: by words of throttling or a lock, then by a status that leaves no doubt, then
/// by the other words of message and code, then by the other statuses.
pub fn classify(error: &ErrorRef<'_>) -> Class {
    let by_status = |table: &[(u16, Class)]| {
        let status = error.status?;
        table.iter().find(|(listed, _)| *listed == status).map(|(_, class)| *class)
    };
    let words = by_words(error);
    if let Some((line, class)) = words
        && line < BEFORE_STATUS
    {
        return class;
    }
    by_status(&STATUS_FIRST)
        .or(words.map(|(_, class)| class))
        .or_else(|| by_status(&STATUS_LAST))
        .unwrap_or(match error.status {
            Some(500..=599) => Class::Intermittent,
            _ => Class::Other,
        })
}

/// Whether sending the same request again may help: after a lost connection, throttling, a lock or a
/// failure of the server yes, whatever the status; after a refusal no, though some servers send one with
/// status 500. Where the text says nothing, the status decides.
pub fn retryable(class: Class, status: Option<u16>) -> bool {
    match class {
        Class::Connection | Class::Intermittent | Class::RateLimit => true,
        Class::Other => matches!(status, Some(408 | 425 | 429 | 500 | 502..=504 | 506..=599)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, status: Option<u16>, class: Class) {
        let error = ErrorRef { message, status, ..ErrorRef::default() };
        assert_eq!(classify(&error), class, "{message}");
    }

    #[test]
    fn words_in_both_languages_decide_the_class() {
        check("SKU-000123 kodlu ürün bulunamadı.", Some(406), Class::Missing);
        check("Product with sku X was not found", Some(404), Class::Missing);
        check("This field is required.", Some(400), Class::Missing);
        check("A valid integer is required.", Some(400), Class::Value);
        check("Bu alan boş bırakılamaz.", Some(400), Class::Missing);
        check(
            "Ensure this value is greater than or equal to 0.01. Got -3.50",
            Some(400),
            Class::Value,
        );
        check("\"Kırmızı\" is not a valid choice.", Some(400), Class::Value);
        check(
            "The fields sku, channel must make a unique set: (A, 17)",
            Some(406),
            Class::Duplicate,
        );
        check(
            "Sipariş 0000001234567890 zaten kayıtlı (belge no 12345)",
            Some(200),
            Class::Duplicate,
        );
        check(
            "Request was throttled. Expected available in 12 seconds.",
            Some(429),
            Class::RateLimit,
        );
        check(
            "HTTPSConnectionPool(host='erp3.example.com', port=443): Read timed out. (read timeout=30)",
            None,
            Class::Connection,
        );
        check("Expecting value: line 1 column 1 (char 0)", None, Class::Parse);
        check("Request entity too large", None, Class::TooLarge);
        check("BAĞLANTI KURULAMADI", None, Class::Connection);
        check("something odd", None, Class::Other);
    }

    #[test]
    fn a_status_decides_where_words_do_not() {
        check("", Some(502), Class::Intermittent);
        check("Invalid token.", Some(401), Class::Permission);
        check("nope", Some(409), Class::Duplicate);
        let error = ErrorRef {
            code: Some("java.net.SocketTimeoutException"),
            message: "Read",
            ..ErrorRef::default()
        };
        assert_eq!(classify(&error), Class::Connection);
    }

    #[test]
    fn only_failures_of_the_other_side_are_retryable() {
        for status in [408, 425, 429, 500, 502, 503] {
            assert!(retryable(Class::Other, Some(status)));
            assert!(!retryable(Class::Missing, Some(status)));
        }
        assert!(!retryable(Class::Other, Some(501)));
        assert!(retryable(Class::Connection, None) && retryable(Class::Connection, Some(200)));
        assert!(
            !retryable(Class::Value, Some(400))
                && !retryable(Class::Missing, Some(404))
                && !retryable(Class::Value, None)
        );
    }
}
