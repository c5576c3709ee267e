//! Batches as CSV: RFC 4180 with LF line ends, the minimum of quotes, and UTF-8 text.
//!
//! An absent cell is empty, an empty text is `""`, and lists are joined by `|`. A text that a
//! spreadsheet would run gets a leading `'`, also within a cell behind what another separator may be. Bodies are left out unless [`CsvOptions::bodies`] is set, and are cut
//! then, because a cell of a spreadsheet takes at most 32,767 characters.

use super::batch::Columns;
use super::columns::CellRef;
use super::plain;
use super::schema::{Column, Schema};

/// The longest body in a CSV cell, in characters; a longer one is cut and ends in `...`.
pub const BODY_CHARACTERS: usize = 32_000;

/// How a table is written as CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CsvOptions {
    /// Leaves cells that a spreadsheet would run as they are.
    pub raw: bool,
    /// Writes the columns of bodies too, each cut to [`BODY_CHARACTERS`].
    pub bodies: bool,
}

/// The columns that are written, with their places.
fn columns(schema: &Schema, options: CsvOptions) -> impl Iterator<Item = (usize, &Column)> {
    let shown = move |(_, column): &(usize, &Column)| options.bodies || !column.body;
    schema.columns.iter().enumerate().filter(shown)
}

/// The header line.
pub(super) fn header(schema: &Schema, options: CsvOptions) -> Vec<u8> {
    let mut out = Vec::new();
    for (place, column) in columns(schema, options) {
        if place > 0 {
            out.push(b',');
        }
        // Names are plain words, which need neither quotes nor a guard.
        out.extend_from_slice(column.name.as_bytes());
    }
    out.push(b'\n');
    out
}

/// The rows of a batch, each on a line.
pub(super) fn rows(batch: &Columns, options: CsvOptions) -> Vec<u8> {
    let raw = options.raw;
    // An estimate: quotes make it longer, cut bodies shorter.
    let bytes = columns(batch.schema(), options).map(|(place, _)| batch.cells()[place].bytes());
    let mut out = Vec::with_capacity(bytes.sum());
    let mut joined = String::new();
    for row in 0..batch.len() {
        for (place, column) in columns(batch.schema(), options) {
            if place > 0 {
                out.push(b',');
            }
            match batch.cell(row, place) {
                CellRef::Null => {}
                CellRef::Text(text) if column.body => {
                    let (body, tail) = cut(text);
                    write_text(body, tail, raw, &mut out);
                }
                CellRef::Text(text) => write_text(text, "", raw, &mut out),
                CellRef::Integer(value) => plain::integer(value, &mut out),
                CellRef::Float(value) if value.is_finite() => plain::float(value, &mut out),
                CellRef::Float(value) => out.extend_from_slice(not_finite(value).as_bytes()),
                CellRef::Bool(true) => out.extend_from_slice(b"true"),
                CellRef::Bool(false) => out.extend_from_slice(b"false"),
                CellRef::Time(micros) => plain::time(micros, &mut out),
                CellRef::List(items) => {
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

/// A body and nothing, or its first characters and `...`.
fn cut(body: &str) -> (&str, &str) {
    // A text has at most as many characters as bytes, so small bodies need no count.
    if body.len() <= BODY_CHARACTERS {
        return (body, "");
    }
    match body.char_indices().nth(BODY_CHARACTERS) {
        Some((end, _)) => (&body[..end], "..."),
        None => (body, ""),
    }
}

/// Writes one text cell of CSV, as the tables have it: with quotes where they are needed, and unless `raw` with a `'` before
/// what a spreadsheet would run.
pub fn csv_cell(text: &str, raw: bool, out: &mut Vec<u8>) {
    write_text(text, "", raw, out);
}

/// Writes one text cell, followed by `tail`, with a guard and quotes where they are needed.
fn write_text(text: &str, tail: &str, raw: bool, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let quotes = |byte: &u8| matches!(byte, b'"' | b',' | b'\n' | b'\r');
    let quoted = bytes.is_empty() || bytes.iter().any(quotes);
    if quoted {
        out.push(b'"');
    }
    if !raw && (runs(bytes) || is_skipped(bytes)) {
        out.push(b'\'');
    }
    let stops = |byte: &u8| *byte == b'"' || (!raw && separates(*byte));
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(stops) {
        let (head, behind) = rest.split_at(at + 1);
        out.extend_from_slice(head);
        if head[at] == b'"' {
            out.push(b'"');
        } else if runs(behind) {
            out.push(b'\'');
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(tail.as_bytes());
    if quoted {
        out.push(b'"');
    }
}

/// Whether a spreadsheet would run a cell: it begins with `=`, `+`, `-`, `@`, also in full width, which a spreadsheet of
/// an East Asian language takes for the same.
fn runs(cell: &[u8]) -> bool {
    const FULL_WIDTH: [&str; 4] = ["＝", "＋", "－", "＠"];
    matches!(cell.first(), Some(b'=' | b'+' | b'-' | b'@'))
        || (cell.first() == Some(&0xef)
            && FULL_WIDTH.iter().any(|sign| cell.starts_with(sign.as_bytes())))
}

/// Whether a cell begins with what some spreadsheets skip before they look for a formula: a blank that is no space, or a
/// byte order mark.
fn is_skipped(cell: &[u8]) -> bool {
    matches!(cell.first(), Some(b'\t' | b'\r' | b'\n')) || cell.starts_with("\u{feff}".as_bytes())
}

/// Whether a new cell may begin after this byte, when a spreadsheet does not separate by commas: it may then not know
/// the quotes either. Where the comma is the decimal separator, as in Turkish, that is the semicolon.
fn separates(byte: u8) -> bool {
    matches!(byte, b';' | b'\t' | b'\n' | b'\r')
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
    use super::*;
    use crate::Batch;
    use crate::cell::{
        BodyKindWord, BodySideWord, BodyText, FileName, KeyValue, MessageText, Micros,
        ProblemKindWord, ShapeHash, ShapePath, StageWord,
    };
    use crate::rows::{
        Bodies, BodyRow, EXCHANGES, ExchangeRow, Exchanges, PROBLEMS, ProblemRow, Problems,
    };
    use crate::tests::exchange;

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
        assert_eq!(cell("\r=x", false), "\"'\r'=x\"");
        assert_eq!(cell("=\"a\"", false), "\"'=\"\"a\"\"\"");
        assert_eq!(cell("a=1", false), "a=1");
        for text in ["＝1+1", "＋1", "－1", "＠SUM(A1)", "\u{feff}=1"] {
            assert_eq!(cell(text, false), format!("'{text}"));
            assert_eq!(cell(text, true), text);
        }
        assert_eq!(cell("\n=1", false), "\"'\n'=1\"");
        assert_eq!(cell("ｅ", false), "ｅ");
    }

    #[test]
    fn a_part_that_another_separator_would_make_a_cell_is_defused() {
        let check = |text, expected: &str| {
            assert_eq!(cell(text, false), expected);
            assert_eq!(cell(text, true), expected.replace(['\''], ""), "{text}");
        };
        check("a;=1+1;b", "a;'=1+1;b");
        check("a\t@x", "a\t'@x");
        check("a\n-2\r+3", "\"a\n'-2\r'+3\"");
        check("say \"x;=1\"", "\"say \"\"x;'=1\"\"\"");
        check("a; =1 | =2, -3", "\"a; =1 | =2, -3\"");
    }

    #[test]
    fn numbers_are_never_guarded_and_bodies_are_left_out() {
        let mut batch = Batch::<Exchanges>::new();
        batch.push(&ExchangeRow {
            row_num: Some(-3),
            key: Some(KeyValue("007")),
            started_at: Some(Micros(-1)),
            duration_ms: Some(-2.5),
            status: Some(200),
            request_body: Some(BodyText { text: "{}", hash: 0 }),
            ..exchange()
        });
        let line = |options| String::from_utf8(rows(&batch, options)).unwrap();
        let expected = concat!(
            "0,f,,\"\",0,,,,,-3,,007,1969-12-31T23:59:59.999999Z,-2.5,,,,200,unknown,,",
            "{},,,,false,\n"
        );
        assert_eq!(line(CsvOptions { bodies: true, ..CsvOptions::default() }), expected);
        assert_eq!(line(CsvOptions::default()), expected.replace(",{},,,,", ",,,"));
    }

    #[test]
    fn only_bodies_are_cut_and_by_characters() {
        let long = "ş".repeat(BODY_CHARACTERS);
        assert_eq!(cut(&long), (long.as_str(), ""));
        let longer = format!("{long}x");
        assert_eq!(cut(&longer), (long.as_str(), "..."));

        let mut batch = Batch::<Problems>::new();
        batch.push(&ProblemRow {
            file: FileName(""),
            member: None,
            byte: -1,
            stage: StageWord("zip"),
            kind: ProblemKindWord("truncated"),
            message: MessageText(&longer),
        });
        let line = String::from_utf8(rows(&batch, CsvOptions::default())).unwrap();
        assert_eq!(line, format!("\"\",,-1,zip,truncated,{longer}\n"));
    }

    #[test]
    fn lists_are_joined_and_defused_as_one_cell() {
        let mut batch = Batch::<Bodies>::new();
        for paths in [vec![ShapePath("=a"), ShapePath("b")], vec![]] {
            batch.push(&BodyRow {
                endpoint: None,
                side: BodySideWord("request"),
                shape: ShapeHash(1),
                kind: BodyKindWord("json"),
                count: 1,
                failed: 0,
                distinct: 1,
                bytes_sum: 2,
                bytes_max: 2,
                paths,
                sample_file: FileName("f"),
                sample_record: 0,
            });
        }
        let lines = String::from_utf8(rows(&batch, CsvOptions::default())).unwrap();
        let start = ",request,0000000000000001,json,1,0,1,2,2";
        assert_eq!(lines, format!("{start},'=a|b,f,0\n{start},\"\",f,0\n"));
    }

    #[test]
    fn the_header_names_the_columns() {
        let header = |schema, options| String::from_utf8(header(schema, options)).unwrap();
        let (plain, bodies) =
            (CsvOptions::default(), CsvOptions { bodies: true, ..CsvOptions::default() });
        assert_eq!(header(&PROBLEMS, plain), "file,member,byte,stage,kind,message\n");
        assert!(!header(&EXCHANGES, plain).contains("_body"));
        assert!(header(&EXCHANGES, bodies).contains(",request_body,response_body,"));
    }
}
