//! Batches as CSV: RFC 4180 with LF line ends, the minimum of quotes, and UTF-8 text.
//!
//! An absent cell is empty, an empty text is `""`, and lists are joined by `|`. A text that a
//! spreadsheet would run is defused, and bodies are cut, because a spreadsheet takes no more than
//! 32,767 characters a cell.

use super::batch::{Batch, Cell};
use super::plain;
use super::schema::Schema;

/// The longest body in a CSV cell, in characters; what is longer ends in `...` behind them.
pub const BODY_CHARACTERS: usize = 32_000;

/// The header line.
pub(super) fn header(schema: &Schema) -> Vec<u8> {
    let mut out = Vec::new();
    for (place, column) in schema.columns.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        // Names are plain words, which need neither quotes nor a guard.
        out.extend_from_slice(column.name.as_bytes());
    }
    out.push(b'\n');
    out
}

/// The rows of a batch, a line each. `raw` leaves out the guard against formulas.
pub(super) fn rows(batch: &Batch, raw: bool) -> Vec<u8> {
    // About what it takes: quotes add to it, cut bodies take from it.
    let mut out = Vec::with_capacity(batch.bytes());
    let mut joined = String::new();
    for row in 0..batch.len() {
        for (place, column) in batch.schema().columns.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            match batch.cell(row, place) {
                Cell::Null => {}
                Cell::Text(text) if column.body => {
                    let (body, tail) = cut(text);
                    write_text(body, tail, raw, &mut out);
                }
                Cell::Text(text) => write_text(text, "", raw, &mut out),
                Cell::Unsigned(value) => plain::unsigned(value, &mut out),
                Cell::Signed(value) => plain::signed(value, &mut out),
                Cell::Float(value) if value.is_finite() => plain::float(value, &mut out),
                Cell::Float(value) => out.extend_from_slice(not_finite(value).as_bytes()),
                Cell::Bool(true) => out.extend_from_slice(b"true"),
                Cell::Bool(false) => out.extend_from_slice(b"false"),
                Cell::Time(micros) => plain::time(micros, &mut out),
                Cell::List(items) => {
                    joined.clear();
                    for (index, item) in items.enumerate() {
                        if index > 0 {
                            joined.push('|');
                        }
                        joined.push_str(item);
                    }
                    write_text(&joined, "", raw, &mut out);
                }
            }
        }
        out.push(b'\n');
    }
    out
}

/// A body and what follows it: itself and nothing, or its first characters and `...`.
fn cut(body: &str) -> (&str, &str) {
    // As many bytes are at most as many characters, so that small bodies cost nothing.
    if body.len() <= BODY_CHARACTERS {
        return (body, "");
    }
    match body.char_indices().nth(BODY_CHARACTERS) {
        Some((end, _)) => (&body[..end], "..."),
        None => (body, ""),
    }
}

/// Writes one text cell, `tail` behind it, with a guard and quotes where they are needed.
fn write_text(text: &str, tail: &str, raw: bool, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let guarded = !raw && matches!(bytes.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'));
    let special = |byte: &u8| matches!(byte, b'"' | b',' | b'\n' | b'\r');
    let first_special = bytes.iter().position(special);
    let quoted = bytes.is_empty() || first_special.is_some();
    if quoted {
        out.push(b'"');
    }
    if guarded {
        out.push(b'\'');
    }
    let mut rest = bytes;
    // What stands before the first special byte holds no quote either.
    let mut from = first_special.unwrap_or(bytes.len());
    while let Some(quote) = rest[from..].iter().position(|byte| *byte == b'"') {
        let (head, behind) = rest.split_at(from + quote + 1);
        out.extend_from_slice(head);
        out.push(b'"');
        (rest, from) = (behind, 0);
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(tail.as_bytes());
    if quoted {
        out.push(b'"');
    }
}

/// The spelling that readers of CSV commonly take for these values.
fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "inf"
    } else {
        "-inf"
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::{BODIES, EXCHANGES, PROBLEMS};
    use super::*;

    fn cell(text: &str, raw: bool) -> String {
        let mut out = Vec::new();
        write_text(text, "", raw, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn quotes_stand_only_where_they_are_needed() {
        let check = |text, expected: &str| assert_eq!(cell(text, false), expected);
        check("plain text; with | and 'quotes'", "plain text; with | and 'quotes'");
        check("", "\"\"");
        check("a,b", "\"a,b\"");
        check("say \"hi\"", "\"say \"\"hi\"\"\"");
        check("\"", "\"\"\"\"");
        check("two\nlines", "\"two\nlines\"");
        check("two\r\nlines", "\"two\r\nlines\"");
        check("çğş,\"😀\"", "\"çğş,\"\"😀\"\"\"");
    }

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_defused_unless_raw() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"] {
            assert_eq!(cell(text, false), format!("'{text}"));
            assert_eq!(cell(text, true), text);
        }
        assert_eq!(cell("\r=x", false), "\"'\r=x\"");
        assert_eq!(cell("=\"a\"", false), "\"'=\"\"a\"\"\"");
        assert_eq!(cell("a=1", false), "a=1");
    }

    #[test]
    fn numbers_are_never_guarded() {
        let mut batch = Batch::new(&EXCHANGES);
        let mut row = batch.row();
        row.u64(Some(0)).text(None).text(None).text(Some("")).u32(None);
        row.text(None).text(None).text(None).text(None).i64(Some(-3)).text(None).text(Some("007"));
        row.time(Some(-1)).f64(Some(-2.5)).text(None).text(None).text(None).u16(Some(200));
        row.text(None).text(None).text(None).text(None).text(None).text(None).bool(Some(false));
        row.text(None);
        drop(row);
        let line = String::from_utf8(rows(&batch, false)).unwrap();
        let expected =
            "0,,,\"\",,,,,,-3,,007,1969-12-31T23:59:59.999999Z,-2.5,,,,200,,,,,,,false,\n";
        assert_eq!(line, expected);
    }

    #[test]
    fn only_bodies_are_cut_and_by_characters() {
        let long = "ş".repeat(BODY_CHARACTERS);
        assert_eq!(cut(&long), (long.as_str(), ""));
        let longer = format!("{long}x");
        assert_eq!(cut(&longer), (long.as_str(), "..."));

        let mut batch = Batch::new(&PROBLEMS);
        batch.row().text(None).text(None).u64(None).text(None).text(None).text(Some(&longer));
        let line = String::from_utf8(rows(&batch, false)).unwrap();
        assert_eq!(line, format!(",,,,,{longer}\n"));
    }

    #[test]
    fn lists_are_joined_and_defused_as_one_cell() {
        let mut batch = Batch::new(&BODIES);
        for paths in [&["=a", "b"][..], &[]] {
            let mut row = batch.row();
            row.text(None).text(None).text(None).text(None);
            row.u64(None).u64(None).u64(None).u64(None).u64(None).list(paths).text(None).u32(None);
        }
        let lines = String::from_utf8(rows(&batch, false)).unwrap();
        assert_eq!(lines, ",,,,,,,,,'=a|b,,\n,,,,,,,,,\"\",,\n");
    }

    #[test]
    fn the_header_names_the_columns() {
        assert_eq!(header(&PROBLEMS), b"file,member,offset,stage,kind,message\n");
    }
}
