//! What one object of an answer states about how the call went.

use super::names::{AnswerName, Says};
use crate::json::{Type, Value};
use crate::members::Member;
use crate::record::NameRoles;
use crate::roles::Role;
use crate::scalar::{http_status, integer, outcome_word, truth};

/// What the members of one object state.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a statement of its own")]
pub(crate) struct Statement<'a> {
    /// A flag: whether it went well.
    flag: Option<bool>,
    /// A word: whether it went well.
    word: Option<bool>,
    /// The word says in any place that something failed: no order or product is "in error".
    sure_word: bool,
    /// A list of errors that is not empty.
    pub(crate) list: bool,
    /// An error object that is not empty, a count of errors above zero.
    error: bool,
    /// The text of an error.
    text: bool,
    /// The text or name of an exception.
    exception: bool,
    /// The code of an error.
    code: bool,
    /// A code that is not zero; with a text, and if that does not speak of success, it is one of an error.
    result_code: bool,
    /// An HTTP status of 400 or above.
    http: bool,
    /// `code` is a number, or a name of an error, of which good answers have none.
    odd_code: bool,
    /// A text or a description that is not blank.
    any_text: bool,
    /// A list of texts, or the text of a reason.
    reasons: bool,
    /// `code` or `status` as high.
    number: bool,
    /// `severity`: whether it is an error.
    severity: Option<bool>,
    /// It is one letter: `A` may be a kind of record as well.
    letter: bool,
    /// A number of failed rows.
    count: bool,
    /// A text for people.
    message: Option<Value<'a>>,
    /// It has an id, and a time when it was made or changed.
    id: bool,
    time: bool,
}

/// Where an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is the answer, or the entry for one row of the request.
    Answer,
    /// Somewhere inside, where orders and products have states of their own.
    Inside,
}

impl<'a> Statement<'a> {
    /// What an object states.
    pub(crate) fn of(object: Value<'a>, names: &mut NameRoles) -> Self {
        let mut statement = Self::default();
        object.members(|key, value| {
            let AnswerName { role, says } = names.in_answer(key);
            statement.add_member(&Member { name: key, role, says, value });
            true
        });
        statement
    }

    /// Whether one member alone may state a failure: a cheap look, by which few good answers are looked at twice.
    pub(crate) fn alarms(says: Says, value: Value<'a>) -> bool {
        if says == Says::InErrors {
            return value.raw.len() > 2 && value.ty == Type::String;
        }
        let mut alone = Self::default();
        alone.add(says, "", value);
        alone.flag == Some(false)
            || alone.word == Some(false)
            || alone.severity == Some(true)
            || alone.list
            || alone.error
            || alone.text
            || alone.exception
            || alone.code
            || alone.result_code
            || alone.http
            || alone.number
            || alone.count
    }

    /// Adds what a member says and is.
    pub(crate) fn add_member(&mut self, member: &Member<'a>) {
        let Member { name, role, says, value } = *member;
        self.add(says, name, value);
        self.id |= role == Role::Id && value.ty != Type::Null;
        self.time |= matches!(role, Role::Start | Role::End);
    }

    /// Adds what a member says.
    fn add(&mut self, says: Says, key: &str, value: Value<'a>) {
        let filled = || value.ty == Type::String && !says_none(value.inner());
        let positive = || value.ty == Type::Number && integer(value).is_some_and(|n| n > 0);
        match says {
            Says::Well => match truth(value) {
                // `isValid: false` may be said of an address.
                Some(false) if key.to_ascii_lowercase().contains("valid") => self.word(Some(false)),
                Some(well) => self.flag(well),
                None => {}
            },
            Says::Failed => match truth(value) {
                _ if value.ty == Type::Number => self.count |= positive(),
                Some(failed) => self.flag(!failed),
                None => self.list |= value.ty == Type::Array && is_told(value),
            },
            Says::Errors => match value.ty {
                // Not `showErrors: true`.
                Type::Bool if key.len() < 8 => self.flag(value.raw == "false"),
                Type::Array => self.list |= is_told(value),
                Type::Object => self.error |= is_told(value),
                Type::String => match truth(value) {
                    Some(failed) if value.inner().len() > 1 => self.flag(!failed),
                    _ => self.text |= filled(),
                },
                Type::Number => self.count |= positive(),
                Type::Bool | Type::Null => {}
            },
            Says::ErrorText => match value.ty {
                Type::String => self.text |= filled() && truth(value).is_none(),
                Type::Array => self.list |= is_told(value),
                Type::Object => self.error |= is_told(value),
                _ => {}
            },
            Says::Exception => {
                self.exception |= match value.ty {
                    Type::String => filled() && !is_id(value.inner()),
                    _ => is_told(value),
                };
            }
            Says::ErrorCode => self.code |= is_text_or_number(value) && !is_sound_code(value),
            Says::ResultCode => {
                self.http |= http_status(value).is_some_and(|status| status >= 400);
                self.result_code |= is_text_or_number(value) && !is_sound_code(value);
            }
            Says::HttpStatus => self.http |= http_status(value).is_some_and(|status| status >= 400),
            Says::Code => {
                let (word, number) = (value.inner(), integer(value));
                self.number |= http_status(value).is_some_and(|status| status >= 400);
                self.odd_code |= is_text_or_number(value)
                    && !is_sound_code(value)
                    && (number.is_some_and(|n| !(0..1000).contains(&n)) || names_an_error(word));
                if value.ty == Type::String && (is_sure(word) || says_well(word)) {
                    self.state(word);
                }
            }
            Says::Status if value.ty == Type::String && http_status(value).is_none() => {
                self.state(value.inner());
            }
            Says::Status if value.ty == Type::Object => {
                // `"status": {"code": 401, "description": ..}`
                value.members(|name, code| {
                    self.http |= ["code", "statusCode"].contains(&name)
                        && http_status(code).is_some_and(|status| status >= 400);
                    true
                });
            }
            Says::Status => self.number |= http_status(value).is_some_and(|status| status >= 400),
            Says::Result => match value.ty {
                Type::Bool => self.word(Some(value.raw == "true")),
                Type::String => self.state(value.inner()),
                Type::Number => self.result_code |= integer(value).is_some_and(|n| n < 0),
                _ => {}
            },
            Says::Severity if value.ty == Type::String => {
                self.severity = self.severity.or(severity(value.inner()));
                self.letter |= value.inner().len() == 1;
            }
            Says::Text(true) if value.ty == Type::String && value.raw.len() > 2 => {
                self.message = self.message.or(Some(value));
            }
            Says::Text(_) => {
                let names_text = ["text", "description", "aciklama"];
                self.any_text |= value.ty == Type::String
                    && value.raw.len() > 2
                    && names_text.iter().any(|name| key.eq_ignore_ascii_case(name));
                self.reasons |= match value.ty {
                    Type::Array => is_told(value),
                    Type::String => filled() && key.to_ascii_lowercase().ends_with("reason"),
                    _ => false,
                };
            }
            _ => {}
        }
    }

    fn flag(&mut self, well: bool) {
        self.flag = Some(self.flag.unwrap_or(true) && well);
    }

    fn word(&mut self, well: Option<bool>) {
        if let Some(well) = well {
            self.word = Some(self.word.unwrap_or(true) && well);
        }
    }

    fn state(&mut self, word: &str) {
        let well = outcome_word(word).or(in_error(word).then_some(false));
        self.sure_word |= well == Some(false) && is_sure(word);
        self.word(well);
    }

    /// Whether the object says that it failed (`Some(true)`) or that it went well; `None`: it says neither.
    pub(crate) fn verdict(&self, place: Place) -> Option<bool> {
        let told = self.list || self.error || self.text || self.exception || self.code;
        let well = self.flag == Some(true) || (self.flag.is_none() && self.word == Some(true));
        let bad_result = self.result_code
            && !well
            && self.message.is_some_and(|message| !says_success(message.inner()));
        let bad_word = self.word == Some(false)
            && (place == Place::Answer
                || told
                || bad_result
                || (self.sure_word && (self.message.is_some() || self.reasons)));
        let odd = self.odd_code
            && place == Place::Answer
            && self.message.is_some_and(|message| !says_success(message.inner()));
        let failed = self.flag == Some(false)
            || self.list
            || self.http
            || bad_word
            || bad_result
            || (odd && !well)
            || (self.severity == Some(true)
                && (self.message.is_some() || (self.any_text && !self.letter) || told))
            || (self.number && (place == Place::Answer || told || self.message.is_some()) && !well)
            || (self.count && (place == Place::Answer || told))
            || (told && !well);
        let sound = self.flag == Some(true) || self.word == Some(true) || self.severity.is_some();
        if failed { Some(true) } else { sound.then_some(false) }
    }

    /// It is a thing that the other system keeps, an order or a shipment: it has an id and a time. The states of
    /// what belongs to it are no outcome of the call.
    pub(crate) fn is_resource(&self) -> bool {
        self.id && self.time
    }

    /// Whether an object inside an answer says that it failed.
    pub(crate) fn fails_inside(&self) -> bool {
        if self.is_resource() {
            return self.flag == Some(false) || self.list;
        }
        self.verdict(Place::Inside) == Some(true)
    }

    /// A flag, a word or a status states an outcome.
    pub(crate) fn is_stated(&self) -> bool {
        self.flag.is_some() || self.word.is_some() || self.http || self.number
    }

    /// Nothing but a list of errors says that it failed: it may be what was asked for.
    pub(crate) fn only_lists(&self) -> bool {
        let without = Self { list: false, count: false, ..*self };
        self.list && without.verdict(Place::Answer) != Some(true)
    }

    /// It says of itself that it is a warning or an information.
    pub(crate) fn is_advice(&self) -> bool {
        self.severity == Some(false)
    }
}

/// What a name of this meaning says, looked up.
impl AnswerName {
    /// Whether errors stand in a member of this name.
    pub(crate) fn holds_errors(self) -> bool {
        matches!(self.says, Says::Errors | Says::ErrorText | Says::Exception)
    }
}

/// Whether anything stands in a value that is more than "none" and zero.
fn is_told(value: Value<'_>) -> bool {
    told_within(value, 4)
}

/// As [`is_told`]; what stands deeper than so many levels counts as told.
fn told_within(value: Value<'_>, levels: u8) -> bool {
    let mut told = false;
    let mut look = |inner| {
        told |= levels == 0 || told_within(inner, levels - 1);
        !told
    };
    match value.ty {
        Type::String => return !says_none(value.inner()),
        Type::Number => return integer(value) != Some(0),
        Type::Array => value.elements(look),
        Type::Object => value.members(|_, member| look(member)),
        _ => {}
    }
    told
}

fn is_text_or_number(value: Value<'_>) -> bool {
    matches!(value.ty, Type::String | Type::Number)
}

/// A code that stands for "no error": zero however it is written (`0000`, `AE00000`), 1, a word for success, an
/// HTTP status below 400.
pub(crate) fn is_sound_code(value: Value<'_>) -> bool {
    let text = value.inner().trim();
    let digits = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    says_none(text)
        || truth(value) == Some(true)
        || outcome_word(text) == Some(true)
        || severity(text) == Some(false)
        || (!digits.is_empty() && digits.bytes().all(|b| b == b'0' || b == b'.'))
        || (100..400).contains(&http_status(value).unwrap_or(0))
}

/// `IllegalAccessToken`, `INVALID_SIGN`, `isv.limit-exceeded`: the name of an error, not of a thing.
fn names_an_error(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    !code.contains(' ')
        && [
            "error",
            "invalid",
            "illegal",
            "fail",
            "denied",
            "missing",
            "notfound",
            "not_found",
            "unauthor",
            "expired",
            "exceed",
            "forbidden",
            "duplicate",
            "unsupported",
            "conflict",
        ]
        .iter()
        .any(|word| code.contains(word))
}

fn says_well(word: &str) -> bool {
    word.eq_ignore_ascii_case("success") || word.eq_ignore_ascii_case("ok")
}

/// `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`: the id of a trace.
fn is_id(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'='))
        && text.bytes().any(|b| b.is_ascii_digit())
}

/// Whether the word of a severity is one of an error; `None` for any other word.
pub(crate) fn severity(word: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|w| word.trim().eq_ignore_ascii_case(w));
    if is(&["e", "a", "x", "error", "err", "fatal", "abort", "critical", "exception", "hata"]) {
        Some(true)
    } else if is(&["w", "i", "s", "warning", "warn", "info", "information", "success", "uyari"]) {
        Some(false)
    } else {
        None
    }
}

/// `DATA_ERROR`, `COMPLETED_WITH_ERRORS`, `Validation Failed`; not `failed_delivery`.
fn in_error(word: &str) -> bool {
    if word.len() > 40 {
        return false;
    }
    let mut words = word.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    let Some(last) = words.next_back() else { return false };
    let is = |word: &str, words: &[&str]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
    is(last, &["error", "errors", "hatasi", "hatası"])
        || (is(last, &["failed", "failure", "failures"])
            && words.next_back().is_some_and(|before| {
                is(
                    before,
                    &[
                        "partial",
                        "partially",
                        "validation",
                        "import",
                        "processing",
                        "upload",
                        "with",
                        "sync",
                    ],
                )
            }))
}

/// Words for a failure that goods and orders do not have.
fn is_sure(word: &str) -> bool {
    let is = |words: &[&str]| words.iter().any(|w| word.trim().eq_ignore_ascii_case(w));
    in_error(word)
        || is(&["error", "fail", "failed", "failure", "exception", "hata", "hatalı", "hatali"])
        || is(&["basarisiz", "başarısız", "nok"])
}

/// A text that stands where errors stand and says that there are none.
pub(crate) fn says_none(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['.', '!']);
    text.len() <= 24
        && [
            "",
            "null",
            "none",
            "nil",
            "undefined",
            "false",
            "0",
            "ok",
            "success",
            "no error",
            "no errors",
            "no errors found",
            "no error found",
            "noerror",
            "success",
            "yok",
            "hata yok",
            "n/a",
            "na",
            "-",
            "--",
            "[]",
            "{}",
        ]
        .iter()
        .any(|none| {
            let same = |(a, b): (u8, u8)| a.eq_ignore_ascii_case(&b) || (a == b'_' && b == b' ');
            none.len() == text.len() && text.bytes().zip(none.bytes()).all(same)
        })
}

/// A text for people that speaks of success.
pub(crate) fn says_success(text: &str) -> bool {
    let text = text.to_lowercase();
    let not = ["not ", "unsuccess", "başarısız", "basarisiz", "olmadı", "edilemedi"];
    !not.iter().any(|word| text.contains(word))
        && ([
            "success",
            "başarı",
            "basari",
            "tamamland",
            "completed",
            "kaydedildi",
            "eklendi",
            "güncellendi",
            "created",
            "updated",
            "accepted",
            "processed",
            "normal",
            "approved",
            "onayland",
            "bulundu",
            "no error",
            "hata yok",
        ]
        .iter()
        .any(|word| text.contains(word))
            || outcome_word(&text) == Some(true))
}
