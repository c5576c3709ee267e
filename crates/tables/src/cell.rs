//! The types of cells. Texts of different meaning are different types, so that two columns cannot be swapped.
//!
//! Closed sets of words (`failed`, `sku`) have types that end in `Word`; the words themselves are in docs/tables.md.

use crate::columns::{Cells, Data};
use crate::schema::ColumnType;

/// A value that a column can hold. A column is nullable when its type is an `Option`.
pub trait Cell<'b>: Sized {
    /// How it is stored.
    const KIND: ColumnType;
    /// Whether it may be absent.
    const NULLABLE: bool = false;
    /// Whether it is a request or response body.
    const BODY: bool = false;

    /// Appends it to a column of its kind.
    #[doc(hidden)]
    fn push(&self, cells: &mut Cells);

    /// The value of a row; an empty value where the cell is null.
    #[doc(hidden)]
    fn read(cells: &'b Cells, row: usize) -> Self;
}

/// A text of one meaning.
pub trait Text<'b>: Copy {
    /// A text with this meaning.
    fn new(text: &'b str) -> Self;
    /// The text.
    fn text(self) -> &'b str;
}

impl<'b, C: Cell<'b>> Cell<'b> for Option<C> {
    const KIND: ColumnType = C::KIND;
    const NULLABLE: bool = true;
    const BODY: bool = C::BODY;

    fn push(&self, cells: &mut Cells) {
        match self {
            Some(value) => value.push(cells),
            None => cells.push_null(),
        }
    }

    fn read(cells: &'b Cells, row: usize) -> Self {
        cells.valid.get(row).then(|| C::read(cells, row))
    }
}

macro_rules! texts {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name<'b>(pub &'b str);

        impl<'b> Text<'b> for $name<'b> {
            fn new(text: &'b str) -> Self {
                Self(text)
            }

            fn text(self) -> &'b str {
                self.0
            }
        }

        impl<'b> Cell<'b> for $name<'b> {
            const KIND: ColumnType = ColumnType::Text;

            fn push(&self, cells: &mut Cells) {
                cells.push_text(self.0);
            }

            fn read(cells: &'b Cells, row: usize) -> Self {
                Self(cells.text(row))
            }
        }
    )*};
}

texts! {
    /// Path of a file, relative to the input when that is a folder; `/` between its parts.
    FileName,
    /// Path of a member inside an archive.
    MemberName,
    /// JSON Pointer (RFC 6901) of a record in its document.
    RecordPointer,
    /// Layers taken off a file, outermost first, `>` between them.
    LayerNames,
    /// Id of a log.
    LogId,
    /// Execution id of a run.
    RunId,
    /// Name of a flow.
    FlowName,
    /// Type of a flow, as written.
    FlowTypeText,
    /// State of a flow, as written.
    FlowStateText,
    /// Name of a step.
    StepName,
    /// Value of a business key, as written.
    KeyValue,
    /// HTTP method, as logged.
    HttpMethod,
    /// URL, as logged.
    LoggedUrl,
    /// Method, host and masked path of an address.
    EndpointName,
    /// A JSON object of fields that no column carries.
    ExtraFields,
    /// Name of an error group.
    Fingerprint,
    /// Template of an error group, with `<*>` for variables.
    TemplateText,
    /// Name that a rule of the user gives to a group.
    GroupName,
    /// Error code or class of exception, as written.
    ErrorCode,
    /// Path of the field of an error, dots between names.
    FieldPath,
    /// A message for people.
    MessageText,
    /// An HTTP status in a list.
    StatusText,
    /// A path of a JSON body with its type.
    ShapePath,
    /// Flow id of a main log, step slug of a sub log.
    ProcessGroupId,
    /// Flow name of a main log, step title of a sub log.
    ProcessGroupName,
    /// Flow id above a sub log.
    ParentGroupId,
    /// The log's own file id.
    FileUuid,
    /// Schedule, as the API says.
    ScheduleText,
    /// Who started a run.
    TriggeredBy,
    /// The log that has another log in its `sub_flows`.
    ParentLogId,
    /// Outcome of a file.
    FileOutcomeWord,
    /// State of a key.
    KeyStateWord,
    /// Kind of a problem.
    ProblemKindWord,
    /// Stage that reports a problem.
    StageWord,
    /// How a file was linked to its log.
    LinkedByWord,
    /// What a business key names.
    KeyKindWord,
    /// Outcome of an exchange.
    OutcomeWord,
    /// Why an exchange counts as failed.
    EvidenceWord,
    /// Class of an error.
    ClassWord,
    /// Source of the text of an error.
    SourceWord,
    /// Side of an error.
    SideWord,
    /// Side of a body.
    BodySideWord,
    /// Format of a body.
    BodyKindWord,
    /// Type of a log.
    LogTypeWord,
    /// State of a log.
    LogStateWord,
    /// Status of a log or run.
    LogStatusWord,
    /// Name of a file with a request body, in the list of such files.
    PayloadName,
    /// Which part of a request body such a file holds.
    PayloadPartWord,
    /// Why there is no such file.
    MissingBodyWord,
    /// A column in which something was masked, as `table.column`.
    RedactionPlace,
    /// Why it was masked.
    RedactionRuleWord,
    /// Name of a table of a report.
    TableName,
    /// A setting with which a report was made.
    SettingText,
    /// A number in a list.
    CountText,
    /// `1` or `0` in a list.
    FlagText,
    /// A masked message of an error with its parts.
    MaskedText,
    /// What is measured of a call.
    MeasureWord,
    /// Where errors with a masked message occurred.
    OccurrenceWord,
}

macro_rules! hexes {
    ($($(#[doc = $doc:literal])* $name:ident($inner:ty),)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub $inner);

        impl<'b> Cell<'b> for $name {
            const KIND: ColumnType = ColumnType::Text;

            fn push(&self, cells: &mut Cells) {
                cells.push_text(hex(&self.0.to_be_bytes(), &mut [0; 2 * size_of::<$inner>()]));
            }

            fn read(cells: &'b Cells, row: usize) -> Self {
                Self(<$inner>::from_str_radix(cells.text(row), 16).unwrap_or_default())
            }
        }
    )*};
}

hexes! {
    /// XXH3-128 of the bytes of a body as they are written: equal bodies have equal digests.
    BodyDigest(u128),
    /// Hash of the kind and the paths of a body.
    ShapeHash(u64),
    /// Id of a masked message.
    MessageHash(u64),
    /// Hash of a text or of its beginning.
    TextHash(u64),
}

/// BLAKE3 of the bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileDigest(pub [u8; 32]);

impl<'b> Cell<'b> for FileDigest {
    const KIND: ColumnType = ColumnType::Text;

    fn push(&self, cells: &mut Cells) {
        cells.push_text(hex(&self.0, &mut [0; 64]));
    }

    fn read(cells: &'b Cells, row: usize) -> Self {
        let mut bytes = [0; 32];
        let (pairs, _) = cells.text(row).as_bytes().as_chunks::<2>();
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            let digits = str::from_utf8(pair).unwrap_or_default();
            *byte = u8::from_str_radix(digits, 16).unwrap_or_default();
        }
        Self(bytes)
    }
}

/// Writes bytes as hex digits. `format!` takes some 100 ns for a digest, of which every exchange has two.
fn hex<'t>(bytes: &[u8], out: &'t mut [u8]) -> &'t str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (pairs, _) = out.as_chunks_mut::<2>();
    for (byte, pair) in bytes.iter().zip(pairs) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    }
    str::from_utf8(out).unwrap_or_default()
}

/// A request or response body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyText<'b> {
    /// The body.
    pub text: &'b str,
    /// A hash of it, by which a batch finds equal bodies and keeps them once. All rows of a batch use the same hash function;
    /// 0 in rows that were read back.
    pub hash: u64,
}

impl<'b> Cell<'b> for BodyText<'b> {
    const KIND: ColumnType = ColumnType::Text;
    const BODY: bool = true;

    fn push(&self, cells: &mut Cells) {
        cells.push_body(self.text, self.hash);
    }

    fn read(cells: &'b Cells, row: usize) -> Self {
        Self { text: cells.text(row), hash: 0 }
    }
}

impl<'b, T: Text<'b>> Cell<'b> for Vec<T> {
    const KIND: ColumnType = ColumnType::List;

    fn push(&self, cells: &mut Cells) {
        cells.push_list(self.iter().map(|item| item.text()));
    }

    fn read(cells: &'b Cells, row: usize) -> Self {
        cells.list(row).into_iter().flatten().map(T::new).collect()
    }
}

/// Microseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Micros(pub i64);

macro_rules! values {
    ($($rust:ty, $kind:ident, $data:ident, $to:expr, $from:expr;)*) => {$(
        impl<'b> Cell<'b> for $rust {
            const KIND: ColumnType = ColumnType::$kind;

            fn push(&self, cells: &mut Cells) {
                match &mut cells.data {
                    Data::$data(values) => values.push($to(*self)),
                    _ => cells.wrong_type(Self::KIND),
                }
                cells.valid.push(true);
            }

            fn read(cells: &'b Cells, row: usize) -> Self {
                match &cells.data {
                    Data::$data(values) => $from(values.get(row)),
                    _ => cells.wrong_type(Self::KIND),
                }
            }
        }
    )*};
}

values! {
    i32, I32, I32, |value: i32| value, |value: Option<&i32>| value.copied().unwrap_or_default();
    i64, I64, I64, |value: i64| value, |value: Option<&i64>| value.copied().unwrap_or_default();
    f64, F64, F64, |value: f64| value, |value: Option<&f64>| value.copied().unwrap_or_default();
    Micros, Time, I64, |value: Micros| value.0, |value: Option<&i64>| Micros(value.copied().unwrap_or_default());
    bool, Bool, Bool, |value: bool| value, |value: bool| value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_hex_and_read_back() {
        let mut cells = Cells::of_kind(ColumnType::Text, false);
        let file = FileDigest(std::array::from_fn(|n| n as u8 * 7));
        file.push(&mut cells);
        BodyDigest(0x0f).push(&mut cells);
        ShapeHash(u64::MAX).push(&mut cells);
        assert!(cells.text(0).starts_with("00070e15"), "{}", cells.text(0));
        assert_eq!(cells.text(1), "0000000000000000000000000000000f");
        assert_eq!(FileDigest::read(&cells, 0), file);
        assert_eq!(BodyDigest::read(&cells, 1), BodyDigest(0x0f));
        assert_eq!(ShapeHash::read(&cells, 2), ShapeHash(u64::MAX));
    }
}
