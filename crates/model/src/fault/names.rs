//! What the name of an element, an attribute, a form field or a JSON key says about its value.

/// What a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultRole {
    /// A SOAP fault.
    Fault,
    /// An error or a list of errors.
    Error,
    /// A text for people. The lowest rank of an error is the one to show.
    Message {
        /// 0 says it best.
        rank: u8,
        /// The name alone says that it is the text of an error.
        strong: bool,
    },
    /// A code.
    Code {
        /// 0 says it best.
        rank: u8,
        /// The name alone says that it is the code of an error.
        strong: bool,
    },
    /// A code that good answers have as well: zero, or a word for success, when all is well.
    ResultCode,
    /// `TYPE` of a message: `E`, `W`, `S`; also a code.
    Severity,
    /// The field that an error is about.
    Field,
    /// True when all is well.
    Success,
    /// True when it is not.
    Failure,
    /// A word (`ERROR`, `success`) or an HTTP status.
    Verdict,
    /// The same, but orders and batches have one too: it counts only at the top of an answer.
    Status,
    /// A stack trace.
    Trace,
    /// SOAP 1.2: the element around the texts.
    Reason,
    /// SOAP 1.2: a text in one language.
    Text,
    /// SOAP 1.2: the code inside `Code`.
    Value,
    /// An unnamed entry of a list.
    Item,
    /// Anything else.
    Other,
}

/// Longer names are no name of ours.
const NAME_MAX: usize = 48;

/// The role of a name; letters are folded as ASCII, `_ - .` and a namespace prefix do not count.
pub(super) fn role(name: &str) -> FaultRole {
    let mut folded = [0_u8; NAME_MAX];
    let mut len = 0;
    for byte in name.bytes() {
        match byte {
            b':' => len = 0,
            b'_' | b'-' | b'.' | b' ' => {}
            _ => {
                let Some(slot) = folded.get_mut(len) else { return FaultRole::Other };
                *slot = byte.to_ascii_lowercase();
                len += 1;
            }
        }
    }
    by_folded(&folded[..len])
}

/// The name without its namespace prefix.
pub(super) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Sorted by role; the order inside a rank means nothing.
fn by_folded(name: &[u8]) -> FaultRole {
    match name {
        b"fault" => FaultRole::Fault,
        b"faultstring" | b"exceptionmessage" | b"longmessage" | b"messagedetail" => {
            FaultRole::Message { rank: 0, strong: true }
        }
        b"errormessage" | b"errormsg" | b"errmsg" | b"errmessage" | b"errortext"
        | b"hatamesaji" | b"hatamesaj" | b"hataaciklamasi" | b"hataaciklama" => {
            FaultRole::Message { rank: 1, strong: true }
        }
        b"errordescription" | b"errordesc" | b"errdesc" | b"errorstring" | b"errorreason"
        | b"failurereason" | b"failreason" => FaultRole::Message { rank: 2, strong: true },
        b"message" | b"msg" | b"mesaj" | b"aciklama" | b"resultmessage" | b"statusmessage"
        | b"responsemessage" | b"returnmessage" | b"sonucaciklama" | b"sonucaciklamasi"
        | b"sonucmesaji" | b"faulttext" | b"messagetext" | b"resulttext" | b"resultmsg"
        | b"returntext" | b"statxt" | b"sonucmetni" => {
            FaultRole::Message { rank: 1, strong: false }
        }
        b"description" | b"desc" | b"resultdescription" | b"statusdescription" | b"resultdesc" => {
            FaultRole::Message { rank: 2, strong: false }
        }
        b"detail" | b"details" | b"explanation" => FaultRole::Message { rank: 3, strong: false },
        b"shortmessage" | b"info" => FaultRole::Message { rank: 4, strong: false },
        b"title" => FaultRole::Message { rank: 5, strong: false },
        b"errorcode" | b"errcode" | b"errorno" | b"errornumber" | b"errno" | b"faultcode"
        | b"hatakodu" | b"hatakod" | b"hatano" => FaultRole::Code { rank: 0, strong: true },
        b"code" | b"resultmessagecode" | b"messagecode" => {
            FaultRole::Code { rank: 1, strong: false }
        }
        b"exceptiontype" | b"exceptionclass" => FaultRole::Code { rank: 2, strong: true },
        b"resultcode" | b"returncode" | b"sonuckodu" | b"islemsonucu" => FaultRole::ResultCode,
        b"type" | b"severity" | b"msgty" | b"msgtyp" | b"statyp" | b"messagetype" => {
            FaultRole::Severity
        }
        b"number" | b"statuscode" | b"httpstatus" | b"httpcode" => {
            FaultRole::Code { rank: 3, strong: false }
        }
        b"field" | b"fieldname" | b"attribute" | b"property" | b"propertyname" | b"parameter"
        | b"parametername" | b"alan" | b"alanadi" => FaultRole::Field,
        b"success" | b"issuccess" | b"successful" | b"issuccessful" | b"succeeded" | b"isok"
        | b"ok" | b"basarili" | b"basarilimi" => FaultRole::Success,
        b"iserror" | b"haserror" | b"haserrors" | b"isfailed" | b"failed" | b"isfaulted" => {
            FaultRole::Failure
        }
        b"result" | b"sonuc" | b"ack" | b"outcome" | b"statustext" | b"responsestatus"
        | b"resultstatus" => FaultRole::Verdict,
        b"status" | b"state" | b"durum" => FaultRole::Status,
        b"stacktrace" | b"traceback" | b"stack" | b"exc" => FaultRole::Trace,
        b"reason" => FaultRole::Reason,
        b"text" => FaultRole::Text,
        b"value" => FaultRole::Value,
        b"string" | b"item" | b"listitem" | b"li" => FaultRole::Item,
        b"hata"
        | b"hatalar"
        | b"problem"
        | b"apierrorresponse"
        | b"errorresponse"
        | b"errorlist"
        | b"errordetails"
        | b"errordetail"
        | b"errorinfo"
        | b"failure"
        | b"failures"
        | b"serviceexceptionreport"
        | b"exceptionreport" => FaultRole::Error,
        _ if name.ends_with(b"returncode") || name.ends_with(b"resultcode") => {
            FaultRole::ResultCode
        }
        _ if name.ends_with(b"errorcode") => FaultRole::Code { rank: 0, strong: true },
        _ if TEXT_ENDS.iter().any(|end| name.ends_with(end)) => {
            FaultRole::Message { rank: 1, strong: true }
        }
        _ if ERROR_ENDS.iter().any(|end| name.ends_with(end)) => FaultRole::Error,
        _ => FaultRole::Other,
    }
}

/// What the names of error texts end with: `KargoHataMesaji`, `cvcErrorMessage`.
const TEXT_ENDS: [&[u8]; 4] = [b"errormessage", b"errmessage", b"hatamesaji", b"longmessage"];

/// What the names of errors end with: `ValidationError`, `api-errors`, `ServiceException`.
const ERROR_ENDS: [&[u8]; 7] = [
    b"error",
    b"errors",
    b"exception",
    b"exceptions",
    b"faultmessage",
    b"exceptiondetail",
    b"validationfault",
];

/// A value that says yes.
pub(super) fn is_true(value: &str) -> bool {
    is_any(value, &["true", "1", "yes", "evet", "y"])
}

/// A value that says no, none or nothing.
pub(super) fn is_false(value: &str) -> bool {
    is_any(value, &["false", "0", "no", "hayır", "hayir", "n", "none", "null", "nil", "yok", "-"])
}

/// A word by which an answer says that it failed.
pub(super) fn is_failure_word(value: &str) -> bool {
    is_any(
        value,
        &[
            "error",
            "err",
            "fail",
            "failed",
            "failure",
            "fault",
            "nok",
            "unsuccessful",
            "exception",
            "hata",
            "hatalı",
            "hatali",
            "başarısız",
            "basarisiz",
            "partialfailure",
        ],
    )
}

/// A state that an answer has and an order has not: an order may be "failed".
pub(super) fn is_error_state(value: &str) -> bool {
    is_any(value, &["error", "err", "hata", "hatalı", "hatali", "nok", "exception", "fault"])
}

/// A word, code or text by which an answer says that all is well.
pub(super) fn is_success_word(value: &str) -> bool {
    is_any(
        value,
        &[
            "ok",
            "success",
            "successful",
            "succeeded",
            "no error",
            "noerror",
            "no errors",
            "done",
            "başarılı",
            "basarili",
            "işlem başarılı",
            "işlem başarılı.",
            "islem basarili",
            "hata yok",
            "success.",
            "ok.",
            "completed",
        ],
    ) || (!value.trim().is_empty() && value.trim().bytes().all(|byte| byte == b'0'))
}

/// Letters fold as ASCII, `İ` as `i`: headlines are shouted in Turkish too.
fn is_any(value: &str, words: &[&str]) -> bool {
    let value = value.trim();
    value.len() <= 32 && words.iter().any(|word| equal_folded(value, word))
}

/// Equal but for letter case, with `İ I ı i` all one letter.
fn equal_folded(a: &str, b: &str) -> bool {
    a.chars().flat_map(fold_char).eq(b.chars().flat_map(fold_char))
}

/// One letter case, and the four Turkish letters i as one.
pub(super) fn fold_char(c: char) -> impl Iterator<Item = char> {
    let c = match c {
        'İ' | 'I' | 'ı' => 'i',
        // The dot that lower-casing `İ` leaves behind.
        '\u{307}' => return None.into_iter().chain(None),
        _ => c,
    };
    let mut lower = c.to_lowercase();
    lower.next().into_iter().chain(lower.next())
}
