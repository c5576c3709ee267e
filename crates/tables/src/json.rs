//! Batches as JSON lines: one object for each row, with every column as a member, in the order of the schema.
//!
//! Texts are complete and unchanged: null is `null`, lists are arrays, times are RFC 3339
//! strings. Doubles that JSON cannot express (NaN, infinities) are null.

use super::batch::Columns;
use super::columns::CellRef;
use super::plain;

/// The rows of a batch, each on a line.
pub(super) fn rows(batch: &Columns) -> Vec<u8> {
    let names: usize = batch.schema().columns.iter().map(|column| column.name.len() + 4).sum();
    let mut out = Vec::with_capacity(batch.bytes() + batch.len() * names);
    for row in 0..batch.len() {
        for (place, column) in batch.schema().columns.iter().enumerate() {
            out.push(if place == 0 { b'{' } else { b',' });
            write_string(column.name, &mut out);
            out.push(b':');
            match batch.cell(row, place) {
                CellRef::Text(text) => write_string(text, &mut out),
                CellRef::Integer(value) => plain::integer(value, &mut out),
                CellRef::Float(value) if value.is_finite() => plain::float(value, &mut out),
                CellRef::Null | CellRef::Float(_) => out.extend_from_slice(b"null"),
                CellRef::Bool(true) => out.extend_from_slice(b"true"),
                CellRef::Bool(false) => out.extend_from_slice(b"false"),
                CellRef::Time(micros) => {
                    out.push(b'"');
                    plain::time(micros, &mut out);
                    out.push(b'"');
                }
                CellRef::List(items) => {
                    out.push(b'[');
                    for (index, item) in items.enumerate() {
                        if index > 0 {
                            out.push(b',');
                        }
                        write_string(item, &mut out);
                    }
                    out.push(b']');
                }
            }
        }
        out.extend_from_slice(b"}\n");
    }
    out
}

/// Writes a JSON string (RFC 8259, section 7): quotes, backslashes and control characters are
/// escaped, everything else is UTF-8.
fn write_string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(place) = rest.iter().position(special) {
        out.extend_from_slice(&rest[..place]);
        match rest[place] {
            byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            byte => {
                out.extend_from_slice(b"\\u00");
                out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
        rest = &rest[place + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Batch;
    use crate::cell::{BodyKindWord, BodySideWord, FileName, ShapeHash, ShapePath};
    use crate::rows::{Bodies, BodyRow};

    #[test]
    fn every_string_reads_back_as_it_was() {
        let controls: String = (0..0x80_u8).map(char::from).collect();
        for text in ["", "plain", "a\"b\\c/d", &controls, "ğüş😀\u{2028}\u{7f}\u{fffd}", "\\u0000"]
        {
            let mut out = Vec::new();
            write_string(text, &mut out);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn a_row_is_one_object_with_nulls_kept() {
        let mut batch = Batch::<Bodies>::new();
        batch.push(&BodyRow {
            endpoint: None,
            side: BodySideWord(""),
            shape: ShapeHash(10),
            kind: BodyKindWord("json"),
            count: i64::MAX,
            failed: 0,
            distinct: 1,
            bytes_sum: 2,
            bytes_max: 2,
            paths: vec![ShapePath("a.b:string"), ShapePath("c|\"d\"")],
            sample_file: FileName("f"),
            sample_record: 7,
        });
        assert_eq!(
            String::from_utf8(rows(&batch)).unwrap(),
            concat!(
                r#"{"endpoint":null,"side":"","shape":"000000000000000a","kind":"json","#,
                r#""count":9223372036854775807,"failed":0,"distinct":1,"#,
                r#""bytes_sum":2,"bytes_max":2,"paths":["a.b:string","c|\"d\""],"#,
                r#""sample_file":"f","sample_record":7}"#,
                "\n"
            )
        );
    }
}
