//! Whole tables: what is written reads back cell by cell, in every format. Parquet as others read it is
//! held in the package `conformance`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rayon::prelude::*;
use serde_json::value::RawValue;
use tempfile::TempDir;

use super::batch::Cell;
use super::schema::{Column, Schema, Type};
use super::*;

/// A table with a column of every type, and one that is always null.
static EVERYTHING: Schema = Schema {
    name: "everything",
    columns: &[
        column("text", Type::Text),
        column("repeated", Type::Text),
        column("never", Type::Text),
        column("u16", Type::U16),
        column("u32", Type::U32),
        column("u64", Type::U64),
        column("i64", Type::I64),
        column("f64", Type::F64),
        column("bool", Type::Bool),
        column("time", Type::Time),
        column("list", Type::List),
        Column { name: "body", kind: Type::Text, body: true },
    ],
};

const fn column(name: &'static str, kind: Type) -> Column {
    Column { name, kind, body: false }
}

/// Rows that differ by their number, every seventh of them with nulls only.
fn everything(rows: std::ops::Range<u64>) -> Batch {
    let mut batch = Batch::new(&EVERYTHING);
    for n in rows {
        let null = n % 7 == 3;
        let some = |text: String| (!null).then_some(text);
        let text = some(match n % 5 {
            0 => String::new(),
            1 => format!("çğıİöşü 😀 \"{n}\", \r\n\ttail\u{0}"),
            2 => format!("=1+{n}"),
            _ => format!("row {n}"),
        });
        let body = some(match n % 50 {
            5 => format!("{{\"n\":{n},\"long\":\"{}\"}}", "ş😀".repeat(20_000)),
            6 => String::new(),
            _ => format!("{{\"n\":{n}}}"),
        });
        let items: Vec<String> = (0..n % 4).map(|item| format!("ö {item}")).collect();
        let mut row = batch.row();
        row.text(text.as_deref());
        row.text(some(format!("flow {}", n % 3)).as_deref());
        row.text(None);
        row.u16((!null).then_some(u16::MAX - (n % 1000) as u16));
        row.u32((!null).then_some(u32::MAX - n as u32));
        row.u64((!null).then_some(u64::MAX - n));
        row.i64((!null).then_some(i64::MIN + n.cast_signed()));
        row.f64((!null).then_some(-0.1 * n as f64));
        row.bool((!null).then_some(n % 2 == 0));
        row.time((!null).then_some(1_792_800_000_000_001 + n.cast_signed()));
        row.list(if null { &[] } else { &items });
        row.text(body.as_deref());
    }
    batch
}

fn all_formats() -> Formats {
    Formats::new([Format::Json, Format::Parquet, Format::Csv, Format::Csv])
}

/// Writes batches as one table of a report and returns the report's folder.
fn written(folder: &TempDir, name: &str, batches: &[Batch], formats: &Formats) -> PathBuf {
    let dir = folder.path().join(name);
    let out = Output::create(&dir, false).unwrap();
    let mut table = out.table(batches[0].schema(), formats).unwrap();
    for batch in batches {
        table.append(encode(batch, formats).unwrap()).unwrap();
    }
    let rows: usize = batches.iter().map(Batch::len).sum();
    assert_eq!(table.finish().unwrap(), rows as u64);
    out.commit().unwrap();
    dir
}

/// A small reader of RFC 4180: rows of fields, each with whether it was quoted.
fn read_csv(text: &str) -> Vec<Vec<(String, bool)>> {
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    let (mut field, mut quoted) = (String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if field.is_empty() && !quoted => {
                quoted = true;
                loop {
                    match characters.next().unwrap() {
                        '"' if characters.peek() == Some(&'"') => field.extend(characters.next()),
                        '"' => break,
                        inner => field.push(inner),
                    }
                }
            }
            ',' => row.push((std::mem::take(&mut field), std::mem::take(&mut quoted))),
            '\n' => {
                row.push((std::mem::take(&mut field), std::mem::take(&mut quoted)));
                rows.push(std::mem::take(&mut row));
            }
            other => {
                assert!(!quoted && other != '"' && other != '\r', "a bare {other:?}");
                field.push(other);
            }
        }
    }
    assert!(row.is_empty() && field.is_empty(), "the last line has an end");
    rows
}

/// What a cell must be in JSON.
fn json(cell: &Cell<'_>) -> serde_json::Value {
    match cell {
        Cell::Null => serde_json::Value::Null,
        Cell::Text(text) => (*text).into(),
        Cell::Unsigned(value) => (*value).into(),
        Cell::Signed(value) => (*value).into(),
        Cell::Float(value) => (*value).into(),
        Cell::Bool(value) => (*value).into(),
        Cell::Time(micros) => {
            let mut out = Vec::new();
            plain::time(*micros, &mut out);
            String::from_utf8(out).unwrap().into()
        }
        Cell::List(items) => items.clone().collect::<Vec<_>>().into(),
    }
}

#[test]
fn csv_holds_every_cell_guarded_and_bodies_cut() {
    let folder = TempDir::new().unwrap();
    let batch = everything(0..300);
    let dir = written(&folder, "report", std::slice::from_ref(&batch), &all_formats());
    let mut raw = all_formats();
    raw.raw_csv = true;
    let raw_dir = written(&folder, "raw", std::slice::from_ref(&batch), &raw);

    for (dir, guarded) in [(dir, true), (raw_dir, false)] {
        let rows = read_csv(&fs::read_to_string(dir.join("everything.csv")).unwrap());
        let names: Vec<_> = rows[0].iter().map(|(name, _)| name.as_str()).collect();
        let expected: Vec<_> = EVERYTHING.columns.iter().map(|column| column.name).collect();
        assert_eq!(names, expected);
        assert_eq!(rows.len(), 1 + batch.len());
        for (row, fields) in rows[1..].iter().enumerate() {
            for (place, (field, quoted)) in fields.iter().enumerate() {
                let expected = match batch.cell(row, place) {
                    Cell::Null => String::new(),
                    Cell::Text(text) if EVERYTHING.columns[place].body => {
                        let mut body: String = text.chars().take(BODY_CHARACTERS).collect();
                        if body.len() < text.len() {
                            body.push_str("...");
                        }
                        body
                    }
                    Cell::Text(text) if guarded && text.starts_with('=') => format!("'{text}"),
                    Cell::Text(text) => text.to_owned(),
                    Cell::List(items) => items.collect::<Vec<_>>().join("|"),
                    other => match json(&other) {
                        serde_json::Value::String(text) => text,
                        number => number.to_string(),
                    },
                };
                assert_eq!(*field, expected);
                let null = batch.cell(row, place) == Cell::Null;
                assert_eq!(field.is_empty() && !quoted, null, "null and empty text differ");
            }
        }
    }
}

#[test]
fn json_lines_hold_every_cell_whole() {
    let folder = TempDir::new().unwrap();
    let batch = everything(0..300);
    let dir = written(&folder, "report", std::slice::from_ref(&batch), &all_formats());
    let text = fs::read_to_string(dir.join("everything.jsonl")).unwrap();
    assert_eq!(text.lines().count(), batch.len());
    for (row, line) in text.lines().enumerate() {
        let object: BTreeMap<String, &RawValue> = serde_json::from_str(line).unwrap();
        assert_eq!(object.len(), EVERYTHING.columns.len());
        for (place, column) in EVERYTHING.columns.iter().enumerate() {
            let (cell, text) = (batch.cell(row, place), object[column.name].get());
            if let Cell::Float(value) = cell {
                // Read by the standard library: the default of serde_json may be one bit off.
                assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
            } else {
                let value: serde_json::Value = serde_json::from_str(text).unwrap();
                assert_eq!(value, json(&cell), "{}", column.name);
            }
        }
    }
}

#[test]
fn every_table_is_written_when_it_is_empty() {
    let folder = TempDir::new().unwrap();
    let dir = folder.path().join("report");
    let out = Output::create(&dir, false).unwrap();
    for schema in TABLES {
        let mut table = out.table(schema, &all_formats()).unwrap();
        // A batch without rows is no row group.
        table.append(encode(&Batch::new(schema), &all_formats()).unwrap()).unwrap();
        assert_eq!(table.finish().unwrap(), 0);
    }
    out.commit().unwrap();
    fs::write(dir.join("summary.json"), r#"{"schema_version":1}"#).unwrap();
    let stored = Stored::open(&dir).unwrap();
    for schema in TABLES {
        assert_eq!(stored.table(schema).unwrap().len(), 0);
        let path = dir.join(schema.name);
        let csv = read_csv(&fs::read_to_string(path.with_extension("csv")).unwrap());
        assert_eq!((csv.len(), csv[0].len()), (1, schema.columns.len()));
        assert_eq!(fs::read(path.with_extension("jsonl")).unwrap(), b"");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    type Encode = fn(&Batch, &Formats) -> Result<Encoded, Error>;
    let folder = TempDir::new().unwrap();
    let write = |name: &str, threads: usize, encode: Encode| {
        let dir = folder.path().join(name);
        let out = Output::create(&dir, false).unwrap();
        let mut table = out.table(&EVERYTHING, &all_formats()).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let batches: Vec<_> = (0..8).map(|n| everything(n * 500..n * 500 + 500)).collect();
        let encoded: Vec<_> = pool.install(|| {
            batches.par_iter().map(|batch| encode(batch, &all_formats()).unwrap()).collect()
        });
        for rows in encoded {
            table.append(rows).unwrap();
        }
        table.finish().unwrap();
        out.commit().unwrap();
        ["parquet", "csv", "jsonl"]
            .map(|kind| fs::read(dir.join("everything").with_extension(kind)))
    };
    let one = write("one", 1, encode).map(Result::unwrap);
    let many = write("many", 4, encode).map(Result::unwrap);
    let abreast = write("abreast", 4, encode_abreast).map(Result::unwrap);
    assert!(one == many && one == abreast);
}

#[test]
fn rows_encoded_for_something_else_are_refused() {
    let folder = TempDir::new().unwrap();
    let out = Output::create(&folder.path().join("report"), false).unwrap();
    let csv = Formats::new([Format::Csv]);
    let mut table = out.table(&EVERYTHING, &csv).unwrap();
    let json = encode(&everything(0..1), &Formats::new([Format::Json])).unwrap();
    assert!(matches!(table.append(json), Err(Error::NotEncoded { .. })));
    let other = encode(&Batch::new(&ERRORS), &csv).unwrap();
    assert!(matches!(table.append(other), Err(Error::NotEncoded { .. })));
    let mut spill = out.scratch(&ERRORS).unwrap();
    let unfit = encode(&Batch::new(&ERRORS), &csv).unwrap();
    assert!(matches!(spill.append(unfit), Err(Error::NotEncoded { .. })));
}

#[test]
fn what_was_written_reads_back_cell_by_cell_and_by_row_group() {
    let folder = tempfile::tempdir().unwrap();
    let batches = [everything(0..3_000), everything(3_000..3_010)];
    let dir = written(&folder, "report", &batches, &all_formats());
    fs::write(dir.join("summary.json"), r#"{"schema_version":1,"keys":{"open":7}}"#).unwrap();
    let report = Stored::open(&dir).unwrap();
    assert_eq!((report.number("/keys/open"), report.number("/keys/none")), (Some(7), None));
    let mut table = report.table(&EVERYTHING).unwrap();
    assert_eq!((table.len(), table.groups()), (3_010, 2));
    let names: Vec<_> = EVERYTHING.columns.iter().map(|column| column.name).collect();
    for (group, batch) in batches.iter().enumerate() {
        let rows = table.rows(group, &names).unwrap();
        assert_eq!(rows.len(), batch.len());
        for (place, name) in names.iter().enumerate() {
            let column = rows.column(name);
            for row in 0..rows.len() {
                match batch.cell(row, place) {
                    Cell::Text(text) => assert_eq!(column.text(row), Some(text)),
                    Cell::Unsigned(number) => assert_eq!(column.number(row), Some(number)),
                    Cell::Bool(truth) => assert_eq!(column.bool(row), Some(truth)),
                    Cell::Time(at) | Cell::Signed(at) => assert_eq!(column.time(row), Some(at)),
                    Cell::List(items) => assert!(items.eq(column.list(row))),
                    Cell::Float(_) => {}
                    Cell::Null => {
                        assert_eq!((column.text(row), column.number(row)), (None, None));
                        assert_eq!((column.bool(row), column.time(row)), (None, None));
                    }
                }
            }
        }
    }
}

#[test]
fn a_column_that_an_older_report_lacks_is_null_and_one_of_another_type_is_damage() {
    static OLDER: Schema = Schema { name: "everything", columns: &[column("u16", Type::U16)] };
    static OTHER: Schema = Schema { name: "everything", columns: &[column("u16", Type::Text)] };
    let folder = tempfile::tempdir().unwrap();
    let stored = |name: &str, schema: &'static Schema| {
        let mut batch = Batch::new(schema);
        match schema.columns[0].kind {
            Type::U16 => batch.row().u16(Some(5)),
            _ => batch.row().text(Some("5")),
        };
        let dir = written(&folder, name, &[batch], &all_formats());
        fs::write(dir.join("summary.json"), r#"{"schema_version":1}"#).unwrap();
        Stored::open(&dir).unwrap().table(&EVERYTHING).unwrap()
    };
    let rows = stored("older", &OLDER).rows(0, &["u16", "list", "text"]).unwrap();
    assert_eq!(rows.column("u16").number(0), Some(5));
    assert!(!rows.column("list").is_there() && rows.column("list").list(0).next().is_none());
    let refused = stored("other", &OTHER).rows(0, &["u16"]).unwrap_err();
    assert!(refused.to_string().ends_with("damaged: column u16 is of another type"), "{refused}");
}

#[test]
fn no_damage_to_a_file_is_read_as_something_else_in_silence_or_panics_in_the_footer() {
    let folder = tempfile::tempdir().unwrap();
    let dir = written(&folder, "report", &[everything(0..20)], &all_formats());
    fs::write(dir.join("summary.json"), r#"{"schema_version":1}"#).unwrap();
    let report = Stored::open(&dir).unwrap();
    let path = dir.join("everything.parquet");
    let whole = fs::read(&path).unwrap();
    for end in (0..whole.len()).step_by(7) {
        fs::write(&path, &whole[..end]).unwrap();
        let refused = report.table(&EVERYTHING).unwrap_err();
        assert!(matches!(refused, ReadError::Damaged { .. }), "{end}: {refused}");
    }
}
