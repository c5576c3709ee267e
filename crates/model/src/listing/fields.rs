//! The fields of one JSON object, and the values of a log record.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::words::{LogField, Word};
use super::{LogEntry, LogType, State, Status};
use crate::json::{Type, Value, push_escaped, unescape};
use crate::time::Timestamp;

/// One field of an object.
#[derive(Debug)]
pub(super) struct ListingField<'t> {
    /// Its name, unescaped.
    pub(super) name: Cow<'t, str>,
    /// What the name says.
    pub(super) word: Word,
    /// Its value as it stands in the text.
    pub(super) value: Value<'t>,
}

impl<'t> ListingField<'t> {
    /// A field by its name as it stands in the text.
    pub(super) fn of(key: &'t str, value: Value<'t>) -> Self {
        let name = unescaped(key);
        Self { word: Word::of(&name), name, value }
    }
}

/// The fields of an object in their order; `None` for other types. Costs one pass.
pub(super) fn of_object(value: Value<'_>) -> Option<Vec<ListingField<'_>>> {
    if value.ty != Type::Object {
        return None;
    }
    let mut fields = Vec::with_capacity(32);
    value.members(|key, value| {
        fields.push(ListingField::of(key, value));
        true
    });
    Some(fields)
}

/// The elements of an array; none for other types.
pub(super) fn elements(value: Value<'_>) -> Vec<Value<'_>> {
    let mut elements = Vec::new();
    value.elements(|element| {
        elements.push(element);
        true
    });
    elements
}

/// The content of a string with its escapes undone; borrowed when it has none.
pub(super) fn unescaped(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut text = String::new();
    unescape(inner, &mut text);
    Cow::Owned(text)
}

/// Whether a value says nothing or is an empty text, array or object, blanks inside or not.
pub(super) fn is_blank(value: Value<'_>) -> bool {
    value.is_empty() || (value.ty == Type::String && value.inner().trim().is_empty())
}

/// A scalar as text, blanks around it cut off: strings unescaped, numbers and flags as written.
///
/// `None` for null, for empty text and for arrays and objects. Lone surrogates become U+FFFD.
pub(super) fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    let text = match value.ty {
        Type::String => unescaped(value.inner()),
        Type::Object | Type::Array | Type::Null => return None,
        Type::Bool | Type::Number => Cow::Borrowed(value.raw),
    };
    let trimmed = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    (!trimmed.is_empty()).then_some(trimmed)
}

/// A whole number written as number or text; a fraction of zeros is tolerated.
pub(super) fn integer(value: Value<'_>) -> Option<i64> {
    let text = text(value)?;
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        _ => &text,
    };
    whole.parse().ok()
}

/// A flag written as flag, as 0 or 1, or as text of either.
pub(super) fn flag(value: Value<'_>) -> Option<bool> {
    let text = text(value)?;
    let is = |words: [&str; 2]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is(["true", "1"]) {
        Some(true)
    } else if is(["false", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// A plausible time in any spelling; placeholders such as year 1 are none.
pub(super) fn time(value: Value<'_>) -> Option<Timestamp> {
    Timestamp::parse_text(&text(value)?).filter(|time| time.is_plausible())
}

/// A value of a closed set, written as its number or its word.
fn one_of<T: Copy>(value: Value<'_>, all: &[T], name: fn(T) -> &'static str) -> Option<T> {
    let text = text(value)?;
    if let Ok(number) = text.parse::<usize>() {
        return all.get(number.checked_sub(1)?).copied();
    }
    all.iter().copied().find(|&one| Word::same(name(one), &text))
}

/// Reads a log record; its nested logs are left to the caller. `None` when it has no id.
pub(super) fn log_entry(fields: &[ListingField<'_>]) -> Option<LogEntry> {
    let mut entry = LogEntry::default();
    let mut extra: BTreeMap<&str, &str> = BTreeMap::new();
    for ListingField { name, word, value } in fields {
        let understood = match word {
            Word::Log(field) => read_field(&mut entry, *field, *value),
            _ => false,
        };
        if !understood {
            extra.insert(name, value.raw);
        }
    }
    entry.extra = object(extra.iter().map(|(&name, &json)| (name, json)));
    (!entry.id.is_empty()).then_some(entry)
}

/// Puts one field into its place; false when the value is not understood.
fn read_field(entry: &mut LogEntry, field: LogField, value: Value<'_>) -> bool {
    /// False when there was something and it could not be read.
    fn set<T>(slot: &mut Option<T>, read: Option<T>, value: Value<'_>) -> bool {
        let understood = read.is_some() || value.ty == Type::Null || value.raw == "\"\"";
        if read.is_some() {
            *slot = read;
        }
        understood
    }
    let owned = || text(value).map(Cow::into_owned);
    match field {
        LogField::Id => {
            let id = owned();
            let understood = id.is_some();
            entry.id = id.unwrap_or_default();
            understood
        }
        LogField::SubFlows => true,
        LogField::LogType => set(
            &mut entry.log_type,
            one_of(value, &[LogType::Main, LogType::Sub, LogType::Line], LogType::name),
            value,
        ),
        LogField::State => set(
            &mut entry.state,
            one_of(value, &[State::Start, State::InProgress, State::Finished], State::name),
            value,
        ),
        LogField::Status => set(
            &mut entry.status,
            one_of(
                value,
                &[Status::InProgress, Status::Success, Status::Failed, Status::Empty],
                Status::name,
            ),
            value,
        ),
        LogField::ProcessGroupId => set(&mut entry.process_group_id, owned(), value),
        LogField::ProcessGroupName => set(&mut entry.process_group_name, owned(), value),
        LogField::ParentProcessGroupId => set(&mut entry.parent_process_group_id, owned(), value),
        LogField::OriginalFilenameUuid => set(&mut entry.original_filename_uuid, owned(), value),
        LogField::FilenameUuid => set(&mut entry.filename_uuid, owned(), value),
        LogField::Created => set(&mut entry.created, time(value), value),
        LogField::Finished => set(&mut entry.finished, time(value), value),
        LogField::ProcessCount => set(&mut entry.process_count, integer(value), value),
        LogField::SuccessCount => set(&mut entry.success_count, integer(value), value),
        LogField::FailCount => set(&mut entry.fail_count, integer(value), value),
        LogField::FragmentCount => set(&mut entry.fragment_count, integer(value), value),
        LogField::RowNum => set(&mut entry.row_num, integer(value), value),
        LogField::FlowOrder => set(&mut entry.flow_order, integer(value), value),
        LogField::InBound => set(&mut entry.in_bound, flag(value), value),
        LogField::Schedule => set(&mut entry.schedule, owned(), value),
        LogField::IsTriggered => set(&mut entry.is_triggered, flag(value), value),
        LogField::TriggeredBy => set(&mut entry.triggered_by, owned(), value),
        LogField::IsSendS3 => set(&mut entry.is_send_s3, flag(value), value),
    }
}

/// A JSON object of names and values that are JSON already; `None` when there are none.
pub(super) fn object<'t>(fields: impl Iterator<Item = (&'t str, &'t str)>) -> Option<String> {
    let mut out = String::new();
    for (name, json) in fields {
        out.push(if out.is_empty() { '{' } else { ',' });
        out.push('"');
        push_escaped(name, &mut out);
        out.push_str("\":");
        out.push_str(json);
    }
    if out.is_empty() {
        return None;
    }
    out.push('}');
    Some(out)
}
