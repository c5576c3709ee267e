//! The fields of one JSON object, and the values of a log record.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::words::{LogField, Word};
use super::{LogEntry, LogType, State, Status};
use crate::time::Timestamp;

/// One field of an object.
#[derive(Debug)]
pub(super) struct Field<'t> {
    /// Its name, unescaped.
    pub(super) name: Cow<'t, str>,
    /// What the name says.
    pub(super) word: Word,
    /// Its value as it stands in the text.
    pub(super) raw: &'t RawValue,
}

/// The fields of an object in their order; `None` when the text is no sound object. Costs one pass.
pub(super) fn of_object(raw: &RawValue) -> Option<Vec<Field<'_>>> {
    struct Fields<'t>(Vec<Field<'t>>);
    struct FieldsVisitor;

    impl<'de> Deserialize<'de> for Fields<'de> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(FieldsVisitor)
        }
    }

    impl<'de> Visitor<'de> for FieldsVisitor {
        type Value = Fields<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut fields = Vec::with_capacity(32);
            while let Some(Name(name)) = map.next_key()? {
                fields.push(Field { word: Word::of(&name), name, raw: map.next_value()? });
            }
            Ok(Fields(fields))
        }
    }

    raw.get().starts_with('{').then_some(())?;
    serde_json::from_str::<Fields<'_>>(raw.get()).ok().map(|fields| fields.0)
}

/// The elements of an array; `None` when it is none.
pub(super) fn of_array(raw: &RawValue) -> Option<Vec<&RawValue>> {
    raw.get().starts_with('[').then_some(())?;
    serde_json::from_str(raw.get()).ok()
}

/// A field name that borrows from the text unless it holds escapes (serde's own `Cow` always copies).
pub(super) struct Name<'t>(pub(super) Cow<'t, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

/// Whether a value says nothing.
pub(super) fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// Whether a value says nothing or is an empty text, array or object.
pub(super) fn is_blank(raw: &RawValue) -> bool {
    let text = raw.get();
    let inside = |open, close| {
        text.strip_prefix(open)
            .and_then(|rest: &str| rest.strip_suffix(close))
            .is_some_and(|rest| rest.trim().is_empty())
    };
    is_null(raw) || inside('"', '"') || inside('[', ']') || inside('{', '}')
}

/// A scalar as text, blanks around it cut off: strings decoded, numbers and flags as written.
///
/// `None` for null, for empty text and for arrays and objects. Lone surrogates become U+FFFD.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    let decoded = match json.as_bytes().first()? {
        b'"' => string(json)?,
        b'{' | b'[' | b'n' => return None,
        _ => Cow::Borrowed(json),
    };
    let trimmed = match decoded {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    (!trimmed.is_empty()).then_some(trimmed)
}

/// Decodes a JSON string. Lone surrogates are not Unicode text, yet logs hold them where a text was cut.
fn string(json: &str) -> Option<Cow<'_, str>> {
    /// `serde_json` hands out such strings only as bytes.
    struct Lossy(String);

    impl<'de> Deserialize<'de> for Lossy {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct LossyVisitor;

            impl Visitor<'_> for LossyVisitor {
                type Value = Lossy;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a string")
                }

                fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                    Ok(Lossy(String::from_utf8_lossy(bytes).into_owned()))
                }
            }

            deserializer.deserialize_bytes(LossyVisitor)
        }
    }

    match serde_json::from_str::<Name<'_>>(json) {
        Ok(name) => Some(name.0),
        Err(_) => serde_json::from_str::<Lossy>(json).ok().map(|lossy| Cow::Owned(lossy.0)),
    }
}

/// A whole number written as number or text; a fraction of zeros is tolerated.
pub(super) fn integer(raw: &RawValue) -> Option<i64> {
    let text = text(raw)?;
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        _ => &text,
    };
    whole.parse().ok()
}

/// A flag written as flag, as 0 or 1, or as text of either.
pub(super) fn flag(raw: &RawValue) -> Option<bool> {
    let text = text(raw)?;
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
pub(super) fn time(raw: &RawValue) -> Option<Timestamp> {
    Timestamp::parse_text(&text(raw)?).filter(|time| time.is_plausible())
}

/// A value of a closed set, written as its number or its word.
fn one_of<T: Copy>(raw: &RawValue, all: &[T], name: fn(T) -> &'static str) -> Option<T> {
    let text = text(raw)?;
    if let Ok(number) = text.parse::<usize>() {
        return all.get(number.checked_sub(1)?).copied();
    }
    all.iter().copied().find(|&one| Word::same(name(one), &text))
}

/// Reads a log record; its nested logs are left to the caller. `None` when it has no id.
pub(super) fn log_entry(fields: &[Field<'_>]) -> Option<LogEntry> {
    let mut entry = LogEntry::default();
    let mut extra: BTreeMap<&str, &str> = BTreeMap::new();
    for Field { name, word, raw } in fields {
        let understood = match word {
            Word::Log(field) => read_field(&mut entry, *field, raw),
            _ => false,
        };
        if !understood {
            extra.insert(name, raw.get());
        }
    }
    entry.extra = object(extra.iter().map(|(&name, &json)| (name, json)));
    (!entry.id.is_empty()).then_some(entry)
}

/// Puts one field into its place; false when the value is not understood.
fn read_field(entry: &mut LogEntry, field: LogField, raw: &RawValue) -> bool {
    /// False when there was something and it could not be read.
    fn set<T>(slot: &mut Option<T>, value: Option<T>, raw: &RawValue) -> bool {
        let understood = value.is_some() || is_null(raw) || raw.get() == "\"\"";
        if value.is_some() {
            *slot = value;
        }
        understood
    }
    let owned = || text(raw).map(Cow::into_owned);
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
            one_of(raw, &[LogType::Main, LogType::Sub, LogType::Line], LogType::name),
            raw,
        ),
        LogField::State => set(
            &mut entry.state,
            one_of(raw, &[State::Start, State::InProgress, State::Finished], State::name),
            raw,
        ),
        LogField::Status => set(
            &mut entry.status,
            one_of(
                raw,
                &[Status::InProgress, Status::Success, Status::Failed, Status::Empty],
                Status::name,
            ),
            raw,
        ),
        LogField::ProcessGroupId => set(&mut entry.process_group_id, owned(), raw),
        LogField::ProcessGroupName => set(&mut entry.process_group_name, owned(), raw),
        LogField::ParentProcessGroupId => set(&mut entry.parent_process_group_id, owned(), raw),
        LogField::OriginalFilenameUuid => set(&mut entry.original_filename_uuid, owned(), raw),
        LogField::FilenameUuid => set(&mut entry.filename_uuid, owned(), raw),
        LogField::Created => set(&mut entry.created, time(raw), raw),
        LogField::Finished => set(&mut entry.finished, time(raw), raw),
        LogField::ProcessCount => set(&mut entry.process_count, integer(raw), raw),
        LogField::SuccessCount => set(&mut entry.success_count, integer(raw), raw),
        LogField::FailCount => set(&mut entry.fail_count, integer(raw), raw),
        LogField::FragmentCount => set(&mut entry.fragment_count, integer(raw), raw),
        LogField::RowNum => set(&mut entry.row_num, integer(raw), raw),
        LogField::FlowOrder => set(&mut entry.flow_order, integer(raw), raw),
        LogField::InBound => set(&mut entry.in_bound, flag(raw), raw),
        LogField::Schedule => set(&mut entry.schedule, owned(), raw),
        LogField::IsTriggered => set(&mut entry.is_triggered, flag(raw), raw),
        LogField::TriggeredBy => set(&mut entry.triggered_by, owned(), raw),
        LogField::IsSendS3 => set(&mut entry.is_send_s3, flag(raw), raw),
    }
}

/// A JSON object of names and values that are JSON already; `None` when there are none.
pub(super) fn object<'t>(fields: impl Iterator<Item = (&'t str, &'t str)>) -> Option<String> {
    let mut out = String::new();
    for (name, json) in fields {
        out.push(if out.is_empty() { '{' } else { ',' });
        // Serialising a text into memory cannot fail; an empty name would stand for one that did.
        out.push_str(&serde_json::to_string(name).unwrap_or_default());
        out.push(':');
        out.push_str(json);
    }
    if out.is_empty() {
        return None;
    }
    out.push('}');
    Some(out)
}
