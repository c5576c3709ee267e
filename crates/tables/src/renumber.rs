//! Changes the number of the exchange in rows of CSV and JSON lines, and leaves all other bytes as they are.

use memchr::{memchr, memchr_iter, memchr2_iter, memchr3};

use super::encode::TextFormat;
use super::plain;
use super::schema::{ColumnType, Schema};

/// Adds `shift` to the values of `column` in `rows` rows, as `csv` and `json` write them. `None` where that cannot be done:
/// a column before it may have commas in its values, there are other rows than told, or a sum is beyond 64 bits.
pub(super) fn shifted(
    text: &[u8],
    format: TextFormat,
    schema: &Schema,
    column: usize,
    rows: usize,
    shift: i64,
) -> Option<Vec<u8>> {
    let texts = [ColumnType::Text, ColumnType::List];
    if schema.columns[..column].iter().any(|before| texts.contains(&before.kind)) {
        return None;
    }
    let name = schema.columns[column].name;
    match format {
        TextFormat::Csv => numbers_shifted(text, record_ends(text), rows, column, "", shift),
        TextFormat::Json => {
            let brace = if column == 0 { "{" } else { "" };
            let member = format!("{brace}\"{name}\":");
            numbers_shifted(text, line_ends(text), rows, column, &member, shift)
        }
    }
}

/// `before`: what stands in the field before its number.
fn numbers_shifted(
    text: &[u8],
    ends: impl Iterator<Item = usize>,
    rows: usize,
    column: usize,
    before: &str,
    shift: i64,
) -> Option<Vec<u8>> {
    // Room for the longest number in each row.
    let mut out = Vec::with_capacity(text.len() + 20 * rows);
    let (mut start, mut copied, mut count) = (0, 0, 0);
    for end in ends {
        let row = &text[start..end];
        let mut field = 0;
        for _ in 0..column {
            field += memchr(b',', &row[field..])? + 1;
        }
        let number = row[field..].strip_prefix(before.as_bytes())?;
        let digits = &number[..memchr3(b',', b'\n', b'}', number)?];
        let value: i64 = str::from_utf8(digits).ok()?.parse().ok()?;
        let at = start + field + before.len();
        out.extend_from_slice(&text[copied..at]);
        plain::integer(value.checked_add(shift)?, &mut out);
        copied = at + digits.len();
        start = end;
        count += 1;
    }
    out.extend_from_slice(&text[copied..]);
    (start == text.len() && count == rows).then_some(out)
}

/// Where each line ends, its line feed included.
fn line_ends(text: &[u8]) -> impl Iterator<Item = usize> {
    memchr_iter(b'\n', text).map(|at| at + 1)
}

/// Where each record of CSV ends, its line feed included: a line feed between quotes ends none.
fn record_ends(text: &[u8]) -> impl Iterator<Item = usize> {
    let mut quoted = false;
    memchr2_iter(b'"', b'\n', text).filter_map(move |at| {
        let is_quote = text[at] == b'"';
        quoted ^= is_quote;
        (!is_quote && !quoted).then_some(at + 1)
    })
}
