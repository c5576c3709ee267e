//! Class and retry of error texts, a case a line. Texts that are not in the table of words count most:
//! who adds a word adds a text here.

use grouping::{Class, ErrorRef, classify, retryable};
use proptest::prelude::*;

/// The class of a text; `again` for those where the same request may succeed later.
#[rustfmt::skip]
const CASES: &[(Option<u16>, &str, &str, &str)] = &[
    // status, text, class, retry
    // Words are whole words.
    (Some(500), "FileNotFoundException: /exports/stock.csv", "missing", ""),
    (None, "An unexpected value was sent for Quotation 17", "other", ""),
    (Some(400), "Quotation 20260017 has no lines", "missing", ""),
    (Some(400), "Bakım kategorisi 12 geçersiz", "value", ""),
    (Some(400), "Cilt Bakım ürünlerinde barkod zorunludur", "missing", ""),
    (Some(422), "Timeouts2 is not a valid delivery option", "value", ""),
    (Some(500), "Certificate of origin is missing", "missing", ""),
    (Some(400), "Lockers are not supported by this carrier", "value", ""),
    (Some(400), "Parseable Ltd. is not a valid choice", "value", ""),
    (Some(404), "See https://docs.example.com/errors/rate-limit", "missing", ""),
    // Names of programs are words.
    (None, "SQLITE_BUSY: database is locked", "intermittent", "again"),
    (None, "INVALID_ACCESS_TOKEN", "permission", ""),
    (None, "OrderAlreadyExistsError", "duplicate", ""),
    (None, "org.apache.http.conn.HttpHostConnectException: Connect to 10.0.0.1:80 failed: Connection refused", "connection", "again"),
    (Some(200), "apiCallRateLimitExceeded", "rate_limit", "again"),
    (Some(400), "product_variant_not_found", "missing", ""),
    // Duplicates.
    (Some(400), "SKU 'A-17' is already taken by another listing", "duplicate", ""),
    (Some(500), "ORA-00001: unique constraint (ERP.UQ_ORDER) violated", "duplicate", ""),
    (Some(500), "Violation of UNIQUE KEY constraint 'UQ_Barcode'. Cannot insert duplicate key in object 'dbo.Item'.", "duplicate", ""),
    (Some(200), "Fatura daha önce sisteme aktarılmış", "duplicate", ""),
    (Some(200), "Bu belge numarası ile kayıt mevcut", "duplicate", ""),
    (Some(400), "Barkod başka bir ürün tarafından kullanılıyor", "duplicate", ""),
    (Some(409), "Barcode is in use by another product", "duplicate", ""),
    (Some(200), "Aynı kodlu cari kart var", "duplicate", ""),
    // Required and missing.
    (Some(400), "Attribute Renk is mandatory for category Elbise", "missing", ""),
    (Some(417), "Tax office must be provided for company customers", "missing", ""),
    (Some(200), "Lütfen fiyat giriniz", "missing", ""),
    (Some(200), "Depo kodu girilmemiş", "missing", ""),
    (Some(500), "Stok kartı açılmamış: 1KD00123", "missing", ""),
    (Some(200), "Kayıt mevcut değil", "missing", ""),
    (Some(200), "Daha önce tanımlanmamış ölçü birimi: ADT", "missing", ""),
    (Some(500), "Cannot insert the value NULL into column 'TaxNo'", "missing", ""),
    (Some(400), "A valid phone number is required", "value", ""),
    (Some(400), "Geçerli bir e-posta adresi giriniz", "value", ""),
    (Some(400), "Bu alan gönderilmemelidir", "value", ""),
    (Some(400), "property warehouse should not exist", "value", ""),
    // Permission.
    (Some(200), "Incorrect user name or password.", "permission", ""),
    (Some(200), "Kullanıcı adı veya parola yanlış", "permission", ""),
    (Some(400), "invalid_grant", "permission", ""),
    (Some(500), "WS-Security: the token has expired, please login again", "permission", ""),
    (Some(200), "Bu mağaza için yetkiniz bulunmamaktadır", "permission", ""),
    (Some(200), "Hesabınız kilitlendi", "permission", ""),
    (Some(403), "Product group not found", "permission", ""),
    (Some(401), "Your session timed out", "permission", ""),
    // Limits: of calls, of size, of money.
    (Some(403), "User rate limit exceeded, slow down", "rate_limit", "again"),
    (Some(400), "Dakikalık istek sınırı aşıldı", "rate_limit", "again"),
    (Some(503), "Günlük API kotanız doldu", "rate_limit", "again"),
    (Some(200), "API call limit of 40 reached for this shop", "rate_limit", "again"),
    (Some(400), "Credit limit exceeded for customer 120.01.003", "value", ""),
    (Some(200), "Müşterinin kredi limiti aşıldı", "value", ""),
    (Some(400), "Image 3: file size is 12 MB, at most 5 MB are allowed", "too_large", ""),
    (Some(400), "Quantity is too large", "value", ""),
    (Some(500), "Dosya boyutu sınırı aşıyor", "too_large", ""),
    // Locks.
    (Some(200), "Sales order 4711 is currently being processed by user MUELLER", "intermittent", "again"),
    (Some(403), "Material A-17 is locked by user ERPBOT", "intermittent", "again"),
    (Some(400), "ORA-00054: resource busy and acquire with NOWAIT specified", "intermittent", "again"),
    (Some(500), "Lock request time out period exceeded.", "intermittent", "again"),
    (Some(200), "Kayıt ADMIN tarafından kilitlenmiş", "intermittent", "again"),
    (Some(500), "could not serialize access due to concurrent update", "intermittent", "again"),
    (Some(423), "", "intermittent", "again"),
    (Some(200), "Mali dönem kapalı, kayıt yapılamaz", "value", ""),
    // Lost connections.
    (None, "cURL error 35: OpenSSL SSL_connect: Connection reset by peer", "connection", "again"),
    (None, "dial tcp 10.0.0.9:1433: i/o timeout", "connection", "again"),
    (Some(200), "ERP servisine bağlanılamadı", "connection", "again"),
    (Some(200), "Sunucu yanıt vermiyor", "connection", "again"),
    (None, "The remote name could not be resolved: 'erp.example.com'", "connection", "again"),
    (Some(500), "java.net.SocketTimeoutException: Read timed out", "connection", "again"),
    // A permanent cause stays one with status 500; a failure of the server is one with any status.
    (Some(500), "Geçersiz para birimi: TRY", "value", ""),
    (Some(500), "Object with id 17 does not exist", "missing", ""),
    (Some(500), "Object reference not set to an instance of an object.", "intermittent", "again"),
    (Some(500), "Invalid barcode, please try again", "value", ""),
    (Some(500), "Internal Server Error", "intermittent", "again"),
    (Some(200), "Sistem bakımda, daha sonra tekrar deneyiniz", "intermittent", "again"),
    (Some(200), "Service temporarily unavailable", "intermittent", "again"),
    // What databases, services and shops say.
    (Some(400), "the entity is locked for editing", "intermittent", "again"),
    (Some(409), "Another user: RCRD_HAS_BEEN_CHANGED", "intermittent", "again"),
    (Some(200), "Dakikada en fazla 60 istek yapabilirsiniz", "rate_limit", "again"),
    (Some(200), "Veritabanı bağlantısı kurulamadı", "connection", "again"),
    (None, "No connection could be made because the target machine actively refused it.", "connection", "again"),
    (None, "A task was canceled.", "connection", "again"),
    (Some(500), "Error converting data type nvarchar to numeric.", "value", ""),
    (Some(500), "Arithmetic overflow error for type int", "value", ""),
    (Some(400), "One of the base documents has been closed", "value", ""),
    (Some(400), "Order is already cancelled", "value", ""),
    (Some(400), "Payload exceeds maximum allowed size of 1048576 bytes", "too_large", ""),
    (Some(400), "Another product with this SKU exists", "duplicate", ""),
    (Some(400), "No record exists for this SKU", "missing", ""),
    (Some(200), "Bu evrak numarası kullanılmış", "duplicate", ""),
    (Some(500), "response is not well-formed (invalid token): line 1", "parse", ""),
    (Some(500), "Data at the root level is invalid. Line 1, position 1.", "parse", ""),
    (Some(400), "Undefined index: price", "missing", ""),
    (Some(200), "Kullanıcı girişi başarısız", "permission", ""),
    (Some(502), "no", "intermittent", "again"),
    (Some(501), "", "other", ""),
    (Some(400), "Oops", "value", ""),
    (None, "olmadı", "other", ""),
];

#[test]
fn texts_have_the_class_and_retry_that_a_person_gives_them() {
    let mut wrong = Vec::new();
    for &(status, message, class, retry) in CASES {
        let found = classify(&ErrorRef { message, status, ..ErrorRef::default() });
        let again = if retryable(found, status) { "again" } else { "" };
        if (found.name(), again) != (class, retry) {
            wrong.push(format!(
                "{status:?} {message}: {} {again}, not {class} {retry}",
                found.name()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_code_counts_like_a_text() {
    for (code, message, class) in [
        ("RESOURCE_EXHAUSTED", "olmadı", Class::RateLimit),
        ("PERMISSION_DENIED", "olmadı", Class::Permission),
        ("DEADLINE_EXCEEDED", "olmadı", Class::Connection),
        ("ALREADY_EXISTS", "olmadı", Class::Duplicate),
        ("ValidationError", "Qty is mandatory", Class::Missing),
        ("error.lock.wait", "Kayıt güncellenemedi", Class::Intermittent),
    ] {
        let error = ErrorRef { message, code: Some(code), ..ErrorRef::default() };
        assert_eq!(classify(&error), class, "{code}");
    }
}

/// Names that a person or system gives, which hold words of the table as parts of words.
fn name() -> impl Strategy<Value = String> {
    let parts = [
        "quotation",
        "forbiddenfruit",
        "lockers",
        "timeouted",
        "mandatoryx",
        "xrequired",
        "dupkeys",
    ];
    prop::sample::select(parts.to_vec()).prop_map(str::to_owned)
}

proptest! {
    /// No part of a word decides, in whatever case and between whatever marks.
    #[test]
    fn parts_of_words_decide_nothing(name in name(), upper: bool, mark in "[ .:;(\"]", status in prop::option::of(400..600u16)) {
        let name = if upper { name.to_uppercase() } else { name };
        let message = format!("{mark}{name}{mark}");
        let of = |message| classify(&ErrorRef { message, status, ..ErrorRef::default() });
        prop_assert_eq!(of(&message), of(""));
    }

    /// One identifier is one cause however a language spells it.
    #[test]
    fn spellings_of_an_identifier_have_one_class(
        words in prop::sample::select(vec!["item not found", "already exists", "rate limit exceeded", "invalid access token", "connection refused", "payload too large"]),
        status in prop::option::of(prop::sample::select(vec![200u16, 400, 500])),
    ) {
        let camel: String = words.split(' ').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        let of = |message: &str| classify(&ErrorRef { message, status, ..ErrorRef::default() });
        for spelling in [words.replace(' ', "_"), words.replace(' ', "_").to_uppercase(), words.replace(' ', "-"), words.replace(' ', "."), camel] {
            prop_assert_eq!(of(&spelling), of(words), "{}", spelling);
        }
    }

    /// Whether to retry is a matter of the class where the text says what happened.
    #[test]
    fn a_status_does_not_change_whether_a_known_cause_is_retried(status in prop::option::of(100..600u16)) {
        for class in Class::ALL {
            if class != Class::Other {
                prop_assert_eq!(retryable(class, status), retryable(class, None));
            }
        }
    }
}
