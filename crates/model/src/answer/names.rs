//! What the names of an answer's members say: one table.
//!
//! Names are normalised as in [`crate::roles`]. What stands in no table here means what it means there. Who meets
//! a new vendor adds a word here, and a case to `tests/answers.rs`.

use crate::roles::{Role, role_of};

/// What a member says by its name about how the call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Says {
    /// Nothing.
    #[default]
    Nothing,
    /// Neither does what is in it: an echo of the request, earlier errors, warnings, settings.
    Aside,
    /// True when it went well.
    Well,
    /// True, or a number above zero, when it failed.
    Failed,
    /// An error, or a list or count of errors.
    Errors,
    /// What stands in an error: any text there speaks of it.
    InErrors,
    /// The text of an error.
    ErrorText,
    /// The text of an exception.
    Exception,
    /// The code of an error, zero when there is none.
    ErrorCode,
    /// A code that good answers have as well.
    ResultCode,
    /// An HTTP status of a part or of a system behind.
    HttpStatus,
    /// `status`: a word or a number; orders and products have one too.
    Status,
    /// `result`: a flag, a word, or the answer itself.
    Result,
    /// `type`, `severity`: an error, a warning, an information; or anything else.
    Severity,
    /// `code`: of an error or of a product.
    Code,
    /// A text for people; whether it is surely no description of goods.
    Text(bool),
}

/// What a name means inside an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerName {
    pub(crate) role: Role,
    pub(crate) says: Says,
}

/// Names that mean something else here than in a record.
#[rustfmt::skip]
const NAMES: &[(Says, Role, &[&str])] = &[
    (Says::Aside, Role::None, &["history", "log", "logs", "loglevel", "events", "audit", "audits", "auditlog", "reviews", "comments", "warning", "warnings", "uyari", "uyarilar", "infos", "notices", "debug", "schema", "schemas", "definitions", "components", "config", "configuration", "settings", "options", "enums", "translations", "labels", "dictionary", "locales", "links", "examples", "onerror", "onfailure", "onexception", "continueonerror", "stoponerror", "failonerror", "ignoreerrors", "lasterror", "lasterrors", "lasterrormessage", "lasterrorcode", "previouserror", "previouserrors", "sonhata", "errortypes", "errorpolicy", "requestitem", "requestparameters", "requestparams", "echo", "attempts", "denemeler", "retries", "trackingdetails", "timeline"]),
    (Says::Well, Role::Ok, &["valid", "islembasarili", "sonucbasarili"]),
    (Says::Failed, Role::Failed, &["failedcount", "failcount", "failurecount", "errorcount", "errorscount", "faileditemcount", "itemsfailed", "hatasayisi", "hatalisayisi", "hatalikayitsayisi", "unsuccessfulcount", "rejectedcount"]),
    (Says::Result, Role::ResponseBody, &["result", "sonuc"]),
    (Says::Status, Role::Status, &["ack", "resultstatus"]),
    (Says::Severity, Role::Code, &["type", "severity", "msgtype", "messagetype", "msgty", "msgtyp", "statyp", "messageseverity", "mesajtipi", "mesajturu"]),
    (Says::ResultCode, Role::ErrorCode, &["resultcode", "returncode", "sonuckodu", "islemsonuckodu", "responsecode"]),
    (Says::Code, Role::Code, &["code", "kod", "kodu", "issue", "category", "messagecode", "msgno", "reasoncode", "stamno", "errorkey"]),
    (Says::Nothing, Role::Code, &["number"]),
    (Says::Nothing, Role::ExceptionClass, &["exctype", "errorclass"]),
    (Says::Nothing, Role::Field, &["propertypath", "attribute", "attributecode", "parametername", "fieldpath", "datapath", "instancepath", "jsonpath", "columnname", "kolon", "alanismi", "attributenames", "fieldnames", "element", "location", "propertyref", "jsonpointer"]),
    (Says::Text(true), Role::Message, &["resulttext", "statxt", "statusmessage", "responsemessage", "responsetext", "sonucmetni", "sonucaciklama", "longtext", "shortmessage"]),
    (Says::Text(false), Role::Message, &["reasons", "validationresults", "validationmessages", "info", "text", "title", "explanation"]),
];

/// What the ends of names say, the first that fits.
#[rustfmt::skip]
const ENDS: &[(Says, Role, &[&str])] = &[
    (Says::ErrorText, Role::ErrorMessage, &["errormessage", "errormsg", "errmsg", "errmessage", "errordescription", "errordesc", "errortext", "hatamesaji", "hataaciklamasi", "hataaciklama", "failurereason", "failreason", "failedreason", "rejectreason", "rejectionreason", "redsebebi", "rednedeni"]),
    (Says::Errors, Role::Errors, &["errors", "hatalari", "hatalar", "exceptions", "failures", "failurereasons", "failreasons", "failedreasons", "rejectreasons", "rejectionreasons", "errorlist", "errordetails", "violations", "error", "errormessages", "hatalistesi"]),
    (Says::ErrorCode, Role::ErrorCode, &["errorcode", "errcode", "hatakodu", "faultcode"]),
    (Says::ResultCode, Role::ErrorCode, &["resultcode", "sonuckodu"]),
    (Says::Failed, Role::Failed, &["failed", "haserrors", "haserror"]),
    (Says::Text(true), Role::Message, &["message", "msg", "mesaj", "mesaji", "messages", "mesajlar"]),
    (Says::Text(false), Role::Message, &["description", "aciklama", "aciklamasi", "reason", "explanation"]),
    (Says::Status, Role::Status, &["status", "durumu"]),
    (Says::Nothing, Role::Field, &["fieldname", "errorfield", "invalidfield", "errorpath", "fieldpath", "propertyname"]),
];

/// Words that make the status of goods, orders and people out of a name that ends with "status".
const BUSINESS: &[&str] = &[
    "order",
    "payment",
    "ship",
    "deliver",
    "cargo",
    "kargo",
    "siparis",
    "odeme",
    "fulfil",
    "financial",
    "approval",
    "onay",
    "stock",
    "product",
    "invoice",
    "fatura",
    "subscription",
    "account",
    "customer",
    "refund",
    "return",
    "iade",
];

/// What a normalised name means inside an answer.
pub(crate) fn name_in_answer(name: &str) -> AnswerName {
    let listed = NAMES.iter().find(|(_, _, names)| names.contains(&name));
    if let Some((says, role, _)) = listed {
        return AnswerName { says: *says, role: *role };
    }
    if name.contains("history") || name.contains("gecmis") {
        return AnswerName { says: Says::Aside, role: Role::None };
    }
    let role = role_of(name);
    if matches!(role, Role::None | Role::Reason | Role::Field | Role::Attributes)
        && let Some(known) = by_end(name)
    {
        return known;
    }
    AnswerName { role, says: by_role(role, name) }
}

/// What a role says in an answer; `name` is the normalised name that has it.
pub(crate) fn by_role(role: Role, name: &str) -> Says {
    match role {
        // `header` holds the outcome of many answers.
        Role::Headers if name != "header" => Says::Aside,
        Role::Request | Role::RequestBody | Role::RawRequest => Says::Aside,
        Role::Ok => Says::Well,
        Role::Failed => Says::Failed,
        Role::Errors => Says::Errors,
        Role::ErrorMessage => Says::ErrorText,
        Role::ExceptionMessage => Says::Exception,
        Role::ErrorCode => Says::ErrorCode,
        Role::HttpStatus => Says::HttpStatus,
        Role::Status | Role::State => Says::Status,
        Role::Code => Says::Code,
        Role::Message => {
            Says::Text(matches!(name, "message" | "mesaj" | "msg" | "messages" | "detail"))
        }
        _ => Says::Nothing,
    }
}

fn by_end(name: &str) -> Option<AnswerName> {
    let (says, role, _) =
        ENDS.iter().find(|(_, _, ends)| ends.iter().any(|end| name.ends_with(end)))?;
    // `last_payment_error`, `previousErrors`: of an earlier call.
    if ["last", "latest", "prev", "onceki"].iter().any(|word| name.starts_with(word)) {
        return Some(AnswerName { says: Says::Aside, role: Role::None });
    }
    let business = *says == Says::Status && BUSINESS.iter().any(|word| name.contains(word));
    (!business).then_some(AnswerName { says: *says, role: *role })
}
