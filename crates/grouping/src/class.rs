//! What kind of trouble an error is, by rules that a reader can check in one table.

use crate::skeleton::ErrorRef;

/// Classes of errors, as the report names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Class {
    /// A value is refused: format, range, choice, business rule.
    Value,
    /// Something that is referred to does not exist, or a required value was not given.
    Missing,
    /// The other side could not be reached.
    Connection,
    /// The other side had trouble of its own; the same call may work later.
    Intermittent,
    /// Too many calls.
    RateLimit,
    /// The call or its answer is larger than allowed.
    TooLarge,
    /// A text could not be read as what it should be.
    Parse,
    /// It is there already.
    Duplicate,
    /// Not allowed: credentials or rights.
    Permission,
    /// None of these.
    Other,
}

impl Class {
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

/// Words of message or code, checked from top to bottom; the first hit decides. The narrow rules
/// stand before the wide ones: "already exists" before "exists", "time out" before "invalid".
/// Words are folded: small letters, Turkish letters without their marks.
const WORDS: [(Class, &[&str]); 10] = [
    (
        Class::RateLimit,
        &[
            "throttl",
            "too many requests",
            "rate limit",
            "ratelimit",
            "quota",
            "istek limiti",
            "cok fazla istek",
        ],
    ),
    (
        Class::Connection,
        &[
            "timed out",
            "timeout",
            "time out",
            "connection refused",
            "connection reset",
            "connection aborted",
            "connection closed",
            "connection error",
            "connecterror",
            "connectexception",
            "connectionerror",
            "sockettimeout",
            "socketexception",
            "unknownhost",
            "name or service not known",
            "no route to host",
            "unreachable",
            "broken pipe",
            "max retries exceeded",
            "could not connect",
            "failed to connect",
            "unable to connect",
            "could not resolve",
            "sslerror",
            "sslexception",
            "sslhandshake",
            "certificate",
            "econn",
            "remote end closed",
            "zaman asimi",
            "baglanti kur",
            "baglanilamadi",
            "baglanti hatasi",
            "baglanti kesil",
            "sunucuya ulas",
            "sunucuya baglan",
            "ulasilamiyor",
        ],
    ),
    (
        Class::TooLarge,
        &[
            "too large",
            "entity too large",
            "payload size",
            "exceeds the maximum size",
            "maximum request length",
            "cok buyuk",
            "boyutu asiyor",
            "boyut siniri",
        ],
    ),
    (
        Class::Duplicate,
        &[
            "already exist",
            "already registered",
            "already been taken",
            "already in use",
            "already recorded",
            "duplicate",
            "must be unique",
            "make a unique set",
            "unique constraint",
            "zaten kayitli",
            "zaten mevcut",
            "zaten var",
            "zaten kullan",
            "daha once kaydedil",
            "mukerrer",
            "benzersiz",
            "essiz",
            "tekrar eden kayit",
        ],
    ),
    (
        Class::Permission,
        &[
            "invalid token",
            "token expired",
            "expired token",
            "token is expired",
            "token has expired",
            "token is invalid",
            "unauthorized",
            "unauthorised",
            "not authorized",
            "not authenticated",
            "authentication",
            "forbidden",
            "permission",
            "access denied",
            "access is denied",
            "invalid credentials",
            "login failed",
            "invalid api key",
            "incorrect password",
            "invalid password",
            "session expired",
            "yetkiniz",
            "yetkisiz",
            "yetki",
            "erisim engel",
            "izniniz",
            "oturum",
            "kimlik dogrula",
            "gecersiz token",
            "gecersiz sifre",
            "sifre hatali",
            "parola",
        ],
    ),
    (
        Class::Parse,
        &[
            "json parse",
            "jsondecodeerror",
            "jsonparse",
            "parse error",
            "parsing",
            "could not parse",
            "cannot parse",
            "unable to parse",
            "malformed",
            "unexpected token",
            "unexpected character",
            "unexpected end of",
            "expecting value",
            "expecting property",
            "extra data:",
            "not well-formed",
            "invalid json",
            "invalid xml",
            "not valid json",
            "syntax error",
            "deserializ",
            "unterminated",
            "unicodedecodeerror",
            "xml document",
            "cozumlenemedi",
            "ayristir",
            "gecersiz json",
            "gecersiz xml",
        ],
    ),
    (
        Class::Missing,
        &[
            "not found",
            "notfound",
            "does not exist",
            "doesn't exist",
            "no such",
            "not exist",
            "unable to find",
            "could not find",
            "cannot find",
            "can't find",
            "is required",
            "required field",
            "is missing",
            "missing required",
            "missing",
            "may not be blank",
            "may not be null",
            "may not be empty",
            "cannot be blank",
            "can't be blank",
            "cannot be null",
            "cannot be empty",
            "must not be empty",
            "must not be null",
            "must not be blank",
            "no data",
            "keyerror",
            "nullreference",
            "nullpointer",
            "bulunamadi",
            "bulunamamis",
            "bulunmuyor",
            "bulunmamak",
            "mevcut degil",
            "zorunlu",
            "bos birak",
            "bos olamaz",
            "bos gecil",
            "eksik",
            "tanimli degil",
            "tanimsiz",
            "kayit yok",
            "gerekli",
        ],
    ),
    (
        Class::Intermittent,
        &[
            "temporarily",
            "try again",
            "service unavailable",
            "bad gateway",
            "gateway time",
            "internal server error",
            "server error",
            "deadlock",
            "lock wait",
            "overloaded",
            "server is busy",
            "under maintenance",
            "gecici",
            "tekrar dene",
            "bakim",
            "mesgul",
            "kilitlen",
            "sunucu hatasi",
        ],
    ),
    (
        Class::Value,
        &[
            "is not a valid",
            "not valid",
            "invalid",
            "a valid",
            "ensure this",
            "must be",
            "should be",
            "out of range",
            "greater than",
            "less than",
            "at least",
            "at most",
            "too long",
            "too short",
            "exceeds",
            "not allowed",
            "incorrect type",
            "expected",
            "insufficient",
            "not supported",
            "unsupported",
            "cannot be",
            "can't be",
            "mismatch",
            "typeerror",
            "valueerror",
            "gecersiz",
            "gecerli",
            "hatali",
            "uygun degil",
            "olmali",
            "olamaz",
            "yetersiz",
            "uyusmuyor",
            "asiyor",
            "buyuk",
            "kucuk",
            "desteklenm",
            "kapali",
        ],
    ),
    // Only a word that a status alone would carry.
    (Class::Other, &["unknown error", "bilinmeyen hata"]),
];

/// HTTP statuses that decide before any word does.
const STATUS_FIRST: [(u16, Class); 5] = [
    (401, Class::Permission),
    (403, Class::Permission),
    (413, Class::TooLarge),
    (429, Class::RateLimit),
    (504, Class::Connection),
];

/// HTTP statuses that decide when no word does.
const STATUS_LAST: [(u16, Class); 13] = [
    (400, Class::Value),
    (404, Class::Missing),
    (406, Class::Value),
    (407, Class::Permission),
    (408, Class::Connection),
    (409, Class::Duplicate),
    (410, Class::Missing),
    (414, Class::TooLarge),
    (415, Class::Parse),
    (422, Class::Value),
    (425, Class::RateLimit),
    (431, Class::TooLarge),
    (451, Class::Permission),
];

/// The class of an error: a status that says it all, else words in message and code, else the status.
pub fn classify(error: &ErrorRef<'_>) -> Class {
    let by_status = |table: &[(u16, Class)]| {
        let status = error.status?;
        table.iter().find(|(listed, _)| *listed == status).map(|(_, class)| *class)
    };
    if let Some(class) = by_status(&STATUS_FIRST) {
        return class;
    }
    let text = folded(error.message, error.code);
    if let Some((class, _)) =
        WORDS.iter().find(|(_, words)| words.iter().any(|word| text.contains(word)))
    {
        return *class;
    }
    by_status(&STATUS_LAST).unwrap_or(match error.status {
        Some(500..=599) => Class::Intermittent,
        _ => Class::Other,
    })
}

/// Whether sending the same request again may help: server errors, 408, 425, 429, time-outs and
/// broken connections yes, other refusals no.
pub fn retryable(class: Class, status: Option<u16>) -> bool {
    match status {
        Some(408 | 425 | 429 | 500..=599) => true,
        Some(400..=499) => false,
        _ => matches!(class, Class::Connection | Class::Intermittent | Class::RateLimit),
    }
}

/// How much of a text is looked at. In bytes; the head of a message names its trouble.
const LOOKED_AT: usize = 2048;

/// Message and code in small letters, `ı ş ğ ü ö ç` and `İ` without their marks.
fn folded(message: &str, code: Option<&str>) -> String {
    let mut text =
        String::with_capacity(message.len().min(LOOKED_AT) + code.map_or(0, str::len) + 1);
    let mut fold = |part: &str| {
        for letter in part.chars() {
            if text.len() >= LOOKED_AT {
                break;
            }
            text.push(match letter {
                'ı' | 'İ' => 'i',
                'ş' | 'Ş' => 's',
                'ğ' | 'Ğ' => 'g',
                'ü' | 'Ü' => 'u',
                'ö' | 'Ö' => 'o',
                'ç' | 'Ç' => 'c',
                'â' | 'Â' => 'a',
                '’' => '\'',
                other => other.to_ascii_lowercase(),
            });
        }
        text.push(' ');
    };
    if let Some(code) = code {
        fold(code);
    }
    fold(message);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, status: Option<u16>, class: Class) {
        let error = ErrorRef { message, status, ..ErrorRef::default() };
        assert_eq!(classify(&error), class, "{message}");
    }

    #[test]
    fn words_in_both_languages_tell_the_class() {
        check("SKU-000123 kodlu ürün bulunamadı.", Some(406), Class::Missing);
        check("Product with sku X was not found", Some(404), Class::Missing);
        check("This field is required.", Some(400), Class::Missing);
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
    fn only_trouble_of_the_other_side_is_worth_a_retry() {
        for status in [408, 425, 429, 500, 502, 503] {
            assert!(retryable(Class::Other, Some(status)));
        }
        assert!(retryable(Class::Connection, None) && retryable(Class::Connection, Some(200)));
        assert!(
            !retryable(Class::Value, Some(400))
                && !retryable(Class::Missing, Some(404))
                && !retryable(Class::Value, None)
        );
    }
}
