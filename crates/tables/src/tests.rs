//! Tables as a whole: what is written is read back in every format. Parquet as other programs read it is tested in
//! the package `conformance`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::ops::Range;
use std::path::{Path, PathBuf};

use polars_parquet::read::read_metadata;
use rayon::prelude::*;
use serde_json::value::RawValue;
use tempfile::TempDir;

use super::cell::{
    BodyDigest, BodyText, ExtraFields, FileDigest, FileName, FlowName, MessageText, Micros,
    OutcomeWord, ProblemKindWord, RecordPointer, ShapeHash, ShapePath, StageWord, StepName,
};
use super::columns::CellRef;
use super::rows::{ExchangeRow, Exchanges, ProblemRow, Problems};
use super::*;

crate::table! {
    /// A column of every type, one that repeats and one that is always null.
    pub(crate) table Everything, EVERYTHING = "everything" of EverythingRow<'b> {
        /// never null
        id: i64,
        /// never null
        file: FileName<'b>,
        /// different in each row
        text: Option<MessageText<'b>>,
        /// one of three
        repeated: Option<FlowName<'b>>,
        /// always null
        never: Option<StepName<'b>>,
        /// 32 bits
        small: Option<i32>,
        /// 64 bits
        large: Option<i64>,
        /// a double
        double: Option<f64>,
        /// true or false
        flag: Option<bool>,
        /// a point in time
        time: Option<Micros>,
        /// zero to three items
        list: Vec<ShapePath<'b>>,
        /// 128 bits, hex
        body_digest: Option<BodyDigest>,
        /// 64 bits, hex
        shape: Option<ShapeHash>,
        /// 256 bits, hex
        file_digest: Option<FileDigest>,
        /// half of them repeat
        body: Option<BodyText<'b>>,
    }
}

crate::select! {
    /// A few columns, in another order than the table has them.
    struct SomeColumns<'b> from Everything {
        list: Vec<ShapePath<'b>>,
        id: i64,
        text: Option<MessageText<'b>>,
    }
}

/// Rows that differ by their number; in every seventh all that can be null is null.
pub(crate) fn everything(rows: Range<u64>) -> Batch<Everything> {
    let mut batch = Batch::new();
    for n in rows {
        let text = match n % 5 {
            0 => String::new(),
            1 => format!("çğıİöşü 😀 \"{n}\", \r\n\ttail\u{0}"),
            2 => format!("=1+{n}"),
            _ => format!("row {n}"),
        };
        let body = match n % 50 {
            5 => format!("{{\"n\":{n},\"long\":\"{}\"}}", "ş😀".repeat(20_000)),
            6 => String::new(),
            _ => format!("{{\"n\":{}}}", n / 2),
        };
        let items: Vec<_> = (0..n % 4).map(|item| format!("ö {item}")).collect();
        let (file, flow) = (format!("file {}", n / 100), format!("flow {}", n % 3));
        let row = EverythingRow {
            id: n.cast_signed(),
            file: FileName(&file),
            text: Some(MessageText(&text)),
            repeated: Some(FlowName(&flow)),
            never: None,
            small: Some(i32::MIN + n as i32),
            large: Some(i64::MIN + n.cast_signed()),
            double: Some(-0.1 * n as f64),
            flag: Some(n.is_multiple_of(2)),
            time: Some(Micros(1_792_800_000_000_001 + n.cast_signed())),
            list: items.iter().map(|item| ShapePath(item)).collect(),
            body_digest: Some(BodyDigest(u128::from(n) << 64)),
            shape: Some(ShapeHash(u64::MAX - n)),
            file_digest: Some(FileDigest([n as u8; 32])),
            body: Some(BodyText { text: &body, hash: hash_of(&body) }),
        };
        batch.push(&if n % 7 == 3 { nulls(row.id, row.file.0) } else { row });
    }
    batch
}

fn nulls(id: i64, file: &str) -> EverythingRow<'_> {
    EverythingRow {
        id,
        file: FileName(file),
        text: None,
        repeated: None,
        never: None,
        small: None,
        large: None,
        double: None,
        flag: None,
        time: None,
        list: Vec::new(),
        body_digest: None,
        shape: None,
        file_digest: None,
        body: None,
    }
}

fn hash_of(body: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(body.as_bytes())
}

/// An exchange of which nothing is known.
pub(crate) fn exchange() -> ExchangeRow<'static> {
    ExchangeRow {
        exchange: 0,
        file: FileName("f"),
        member: None,
        pointer: RecordPointer(""),
        record: 0,
        log_id: None,
        run_id: None,
        flow: None,
        step: None,
        row_num: None,
        key_kind: None,
        key: None,
        started_at: None,
        duration_ms: None,
        method: None,
        url: None,
        endpoint: None,
        status: None,
        outcome: OutcomeWord("unknown"),
        evidence: None,
        request_body: None,
        response_body: None,
        request_digest: None,
        response_digest: None,
        response_truncated: false,
        extra: None,
    }
}

const METADATA: Metadata = Metadata { rules_version: 7, redaction: "none" };
const SUMMARY: &str = r#"{"schema_version":2,"version":"1.2.3","keys":{"open":7}}"#;

fn all_formats() -> Formats {
    Formats::new([Format::Json, Format::Parquet, Format::Csv, Format::Csv])
}

/// A report whose only table has these rows, and its folder.
fn written<T: Table>(
    place: &TempDir,
    name: &str,
    batches: &[Batch<T>],
    formats: &Formats,
) -> PathBuf {
    let dir = place.path().join(name);
    let output = Output::create(&dir, false).unwrap();
    let mut table = output.table(T::SCHEMA, formats, &METADATA).unwrap();
    for batch in batches {
        table.append(encode(batch, formats).unwrap()).unwrap();
    }
    let rows: usize = batches.iter().map(|batch| batch.len()).sum();
    assert_eq!(table.finish().unwrap(), rows as u64);
    output.file("summary.json", SUMMARY.as_bytes()).unwrap();
    output.commit().unwrap();
    dir
}

fn opened<T: Table>(dir: &Path) -> StoredTable<T> {
    Stored::open(dir).unwrap().table().unwrap()
}

fn text_of(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
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
fn json(cell: &CellRef<'_>) -> serde_json::Value {
    match cell {
        CellRef::Null => serde_json::Value::Null,
        CellRef::Text(text) => (*text).into(),
        CellRef::Integer(value) => (*value).into(),
        CellRef::Float(value) => (*value).into(),
        CellRef::Bool(value) => (*value).into(),
        CellRef::Time(micros) => {
            let mut out = Vec::new();
            plain::time(*micros, &mut out);
            String::from_utf8(out).unwrap().into()
        }
        CellRef::List(items) => items.clone().collect::<Vec<_>>().into(),
    }
}

/// What a cell must be in CSV.
fn csv_text(cell: &CellRef<'_>, column: &Column, options: CsvOptions) -> String {
    match cell {
        CellRef::Text(text) if column.body => {
            let mut body: String = text.chars().take(BODY_CHARACTERS).collect();
            if body.len() < text.len() {
                body.push_str("...");
            }
            body
        }
        CellRef::Text(text) if !options.raw && text.starts_with('=') => format!("'{text}"),
        CellRef::List(items) => items.clone().collect::<Vec<_>>().join("|"),
        other => match json(other) {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text,
            number => number.to_string(),
        },
    }
}

#[test]
fn csv_holds_every_cell_guarded_unless_raw_and_bodies_only_when_asked_for() {
    let place = TempDir::new().unwrap();
    let batch = everything(0..300);
    for (raw, bodies) in [(false, false), (false, true), (true, false), (true, true)] {
        let options = CsvOptions { raw, bodies };
        let mut formats = all_formats();
        formats.csv = options;
        let name = format!("{raw} {bodies}");
        let dir = written(&place, &name, std::slice::from_ref(&batch), &formats);
        let columns = EVERYTHING.columns.iter().enumerate();
        let columns: Vec<_> = columns.filter(|(_, column)| bodies || !column.body).collect();
        assert_eq!(columns.len(), EVERYTHING.columns.len() - usize::from(!bodies));

        let rows = read_csv(&text_of(&dir, "everything.csv"));
        let names: Vec<_> = rows[0].iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.iter().eq(columns.iter().map(|(_, column)| &column.name)), "{names:?}");
        assert_eq!(rows.len(), 1 + batch.len());
        for (row, fields) in rows[1..].iter().enumerate() {
            assert_eq!(fields.len(), columns.len());
            for ((field, quoted), (place, column)) in fields.iter().zip(&columns) {
                let cell = batch.cell(row, *place);
                assert_eq!(*field, csv_text(&cell, column, options), "{}", column.name);
                let null = cell == CellRef::Null;
                assert_eq!(field.is_empty() && !quoted, null, "null and empty text differ");
            }
        }
    }
}

#[test]
fn json_lines_hold_every_cell_whole() {
    let place = TempDir::new().unwrap();
    let batch = everything(0..300);
    let dir = written(&place, "report", std::slice::from_ref(&batch), &all_formats());
    let text = text_of(&dir, "everything.jsonl");
    assert_eq!(text.lines().count(), batch.len());
    for (row, line) in text.lines().enumerate() {
        let object: BTreeMap<String, &RawValue> = serde_json::from_str(line).unwrap();
        assert_eq!(object.len(), EVERYTHING.columns.len());
        for (place, column) in EVERYTHING.columns.iter().enumerate() {
            let (cell, text) = (batch.cell(row, place), object[column.name].get());
            if let CellRef::Float(value) = cell {
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
fn a_list_on_its_own_is_the_same_text_as_the_file_of_a_table() {
    let place = TempDir::new().unwrap();
    let batch = everything(0..30);
    let dir = written(&place, "report", std::slice::from_ref(&batch), &all_formats());
    for (format, name) in
        [(TextFormat::Csv, "everything.csv"), (TextFormat::Json, "everything.jsonl")]
    {
        let list = text(&batch, format, CsvOptions::default());
        assert_eq!(String::from_utf8(list).unwrap(), text_of(&dir, name));
    }
}

#[test]
fn every_table_is_written_when_it_is_empty() {
    let place = TempDir::new().unwrap();
    let dir = place.path().join("report");
    let mut sink = Folder::create(&dir, false, all_formats(), &METADATA).unwrap();
    // A batch without rows is no row group.
    let part = sink.encoder().encode(&mut Batch::<Problems>::new()).unwrap();
    sink.append(part).unwrap();
    sink.finish(SUMMARY).unwrap();
    for schema in TABLES {
        let path = dir.join(schema.name);
        let mut parquet = File::open(path.with_extension("parquet")).unwrap();
        let footer = read_metadata(&mut parquet).unwrap();
        assert_eq!((footer.num_rows, footer.row_groups.len()), (0, 0));
        assert_eq!(footer.schema_descr.columns().len(), schema.columns.len());
        let csv = read_csv(&fs::read_to_string(path.with_extension("csv")).unwrap());
        let bodies = schema.columns.iter().filter(|column| column.body).count();
        assert_eq!((csv.len(), csv[0].len()), (1, schema.columns.len() - bodies));
        assert_eq!(fs::read(path.with_extension("jsonl")).unwrap(), b"");
    }
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 3 * TABLES.len() + 1);
    let summary = text_of(&dir, "summary.json");
    assert!(summary.starts_with(SUMMARY.trim_end_matches('}')), "{summary}");
}

#[test]
fn a_temporary_report_stands_in_its_place_from_the_beginning() {
    let place = TempDir::new().unwrap();
    let dir = place.path().join("shard");
    let sink = Folder::temporary(&dir, &METADATA).unwrap();
    assert_eq!(sink.path(), dir);
    assert!(matches!(Folder::temporary(&dir, &METADATA), Err(Error::Io { .. })), "two at a time");
    sink.finish(SUMMARY).unwrap();
    assert!(crate::Stored::open(&dir).is_ok());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing beside it");
}

#[test]
fn a_parquet_file_states_what_its_rows_depend_on() {
    let place = TempDir::new().unwrap();
    let dir = written(&place, "report", &[everything(0..3)], &all_formats());
    let mut file = File::open(dir.join("everything.parquet")).unwrap();
    let footer = read_metadata(&mut file).unwrap();
    let pairs: Vec<_> = footer.key_value_metadata.into_iter().flatten().collect();
    let pairs: Vec<_> =
        pairs.iter().map(|pair| (pair.key.as_str(), pair.value.as_deref().unwrap())).collect();
    let expected = [
        ("schema_version", "2"),
        ("program version", env!("CARGO_PKG_VERSION")),
        ("rules_version", "7"),
        ("redaction", "none"),
    ];
    assert_eq!(pairs, expected);
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let place = TempDir::new().unwrap();
    let write = |threads: usize| {
        let dir = place.path().join(threads.to_string());
        let output = Output::create(&dir, false).unwrap();
        let mut table = output.table(&EVERYTHING, &all_formats(), &METADATA).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let batches: Vec<_> = (0..8).map(|n| everything(n * 500..n * 500 + 500)).collect();
        let encoded: Vec<_> = pool.install(|| {
            batches.par_iter().map(|batch| encode(batch, &all_formats()).unwrap()).collect()
        });
        for rows in encoded {
            table.append(rows).unwrap();
        }
        table.finish().unwrap();
        output.commit().unwrap();
        ["parquet", "csv", "jsonl"]
            .map(|kind| fs::read(dir.join("everything").with_extension(kind)).unwrap())
    };
    assert!(write(1) == write(4));
}

#[test]
fn rows_encoded_for_something_else_are_refused() {
    let place = TempDir::new().unwrap();
    let output = Output::create(&place.path().join("report"), false).unwrap();
    let csv = Formats::new([Format::Csv]);
    let mut table = output.table(&EVERYTHING, &csv, &METADATA).unwrap();
    let json = encode(&everything(0..1), &Formats::new([Format::Json])).unwrap();
    assert!(matches!(table.append(json), Err(Error::NotEncoded { .. })));
    let other = encode(&Batch::<Problems>::new(), &csv).unwrap();
    assert!(matches!(table.append(other), Err(Error::NotEncoded { .. })));

    let mut folder = Folder::create(&place.path().join("other"), false, csv, &METADATA).unwrap();
    let unknown = folder.encoder().encode(&mut everything(0..1)).unwrap();
    let refused = folder.append(unknown).unwrap_err();
    assert_eq!(refused.to_string(), "a report has no table everything");
}

#[test]
fn what_was_written_reads_back_row_by_row_and_by_row_group() {
    let place = TempDir::new().unwrap();
    // Long enough for dictionaries, and one without rows, which is no row group.
    let batches = [everything(0..3_000), everything(0..0), everything(3_000..3_010)];
    let dir = written(&place, "report", &batches, &all_formats());
    let mut table = opened::<Everything>(&dir);
    assert_eq!((table.len(), table.groups(), table.is_empty()), (3_010, 2, false));
    for (group, batch) in [&batches[0], &batches[2]].into_iter().enumerate() {
        let stored = table.read::<Everything>(group).unwrap();
        assert_eq!((stored.len(), stored.is_empty()), (batch.len(), false));
        for (found, expected) in stored.iter().zip(batch.rows()) {
            assert_eq!(found, expected);
        }
        let some = table.read::<SomeColumns<'static>>(group).unwrap();
        for (row, expected) in batch.rows().enumerate() {
            let found = some.get(row);
            assert_eq!((found.id, found.text), (expected.id, expected.text));
            assert_eq!(found.list, expected.list);
        }
    }
}

#[test]
fn chosen_rows_read_back_as_if_they_were_alone() {
    let place = TempDir::new().unwrap();
    let all = everything(0..3_000);
    let dir = written(&place, "report", std::slice::from_ref(&all), &all_formats());
    let mut table = opened::<Everything>(&dir);
    let every_third = (0..1_000).map(|n| 3 * n).collect();
    for rows in [vec![], vec![0], vec![2_999], vec![4, 5, 6, 1_700], every_third] {
        let stored = table.read_rows::<Everything>(0, &rows).unwrap();
        assert_eq!(stored.len(), rows.len());
        let expected: Vec<_> = all.rows().collect();
        for (found, row) in stored.iter().zip(rows) {
            assert_eq!(found, expected[row]);
        }
    }
}

#[test]
fn the_range_of_a_column_is_that_of_its_cells() {
    let place = TempDir::new().unwrap();
    let batches = [everything(0..50), everything(50..60)];
    let dir = written(&place, "report", &batches, &all_formats());
    let table = opened::<Everything>(&dir);
    for (group, batch) in batches.iter().enumerate() {
        let range = |values: Vec<i64>| Some((*values.iter().min()?, *values.iter().max()?));
        let of = |column| table.range(group, column);
        assert_eq!(of("id"), range(batch.rows().map(|row| row.id).collect()));
        let small = batch.rows().filter_map(|row| row.small.map(i64::from)).collect();
        assert_eq!(of("small"), range(small));
        let time = batch.rows().filter_map(|row| row.time.map(|at| at.0)).collect();
        assert_eq!(of("time"), range(time));
        assert_eq!((of("text"), of("never"), of("unknown")), (None, None, None));
    }
}

#[test]
fn where_rows_are_cut_into_batches_changes_none_of_them() {
    let place = TempDir::new().unwrap();
    let all = everything(0..120);
    let text = |dir: &Path, name| fs::read(dir.join(name)).unwrap();
    let whole = written(&place, "whole", std::slice::from_ref(&all), &all_formats());
    for size in [1, 7, 50, 119] {
        let starts = (0..120).step_by(size);
        let batches: Vec<_> =
            starts.map(|from| everything(from..120.min(from + size as u64))).collect();
        let dir = written(&place, &size.to_string(), &batches, &all_formats());
        for name in ["everything.csv", "everything.jsonl"] {
            assert!(text(&dir, name) == text(&whole, name), "{name} in batches of {size}");
        }
        let mut table = opened::<Everything>(&dir);
        let mut expected = all.rows();
        for group in 0..table.groups() {
            for row in table.read::<Everything>(group).unwrap().iter() {
                assert_eq!(Some(row), expected.next());
            }
        }
        assert_eq!(expected.next(), None);
    }
}

/// Hands rows of two tables to a sink, those of one after they waited.
fn fill<S: Sink>(mut sink: S) {
    let encoder = sink.encoder();
    let mut spill = sink.spill::<Exchanges>().unwrap();
    for file in ["a", "ğ"] {
        let mut problems = Batch::<Problems>::new();
        let mut exchanges = Batch::<Exchanges>::new();
        for byte in 0..20 {
            problems.push(&ProblemRow {
                file: FileName(file),
                member: None,
                byte,
                stage: StageWord("zip"),
                kind: ProblemKindWord("truncated"),
                message: MessageText("=ends"),
            });
            let body = format!("{{\"n\":{}}}", byte / 3);
            exchanges.push(&ExchangeRow {
                exchange: byte << 32,
                request_body: (byte > 2).then_some(BodyText { text: &body, hash: hash_of(&body) }),
                extra: Some(ExtraFields("{}")),
                ..exchange()
            });
        }
        spill.append(&Frame::pack(&mut exchanges).unwrap()).unwrap();
        let part = encoder.encode(&mut problems).unwrap();
        assert!(problems.is_empty() && exchanges.is_empty());
        sink.append(part).unwrap();
    }
    let drained = spill.drain(1, |frames| {
        for frame in frames {
            sink.append(encoder.encode(&mut frame.unpack()?)?)?;
        }
        Ok::<_, Error>(())
    });
    drained.unwrap();
    sink.finish(SUMMARY).unwrap();
}

#[test]
fn memory_has_the_rows_of_the_folder() {
    fn check<T: Table + for<'b> Select<Table = T, Row<'b> = <T as Table>::Row<'b>>>(
        dir: &Path,
        memory: &Memory,
        rows: usize,
    ) where
        for<'b> <T as Table>::Row<'b>: PartialEq + std::fmt::Debug,
    {
        let mut table = opened::<T>(dir);
        let batches: Vec<_> = memory.batches::<T>().collect();
        assert_eq!(table.groups(), batches.len());
        assert_eq!(batches.iter().map(|batch| batch.len()).sum::<usize>(), rows);
        for (group, batch) in batches.iter().enumerate() {
            let stored = table.read::<T>(group).unwrap();
            assert!(stored.iter().eq(batch.rows()), "{}, row group {group}", T::SCHEMA.name);
        }
    }
    let place = TempDir::new().unwrap();
    let dir = place.path().join("report");
    fill(Folder::create(&dir, false, all_formats(), &METADATA).unwrap());
    let mut memory = Memory::default();
    assert_eq!(memory.summary(), "");
    fill(&mut memory);
    check::<Problems>(&dir, &memory, 40);
    check::<Exchanges>(&dir, &memory, 40);
    assert_eq!(memory.summary(), text_of(&dir, "summary.json"));
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 3 * TABLES.len() + 1, "no scratch file");
}

#[test]
fn a_report_of_another_schema_version_or_none_is_refused_in_one_sentence() {
    let place = TempDir::new().unwrap();
    let dir = place.path().join("report");
    let check = |expected: &str| {
        let refused = Stored::open(&dir).unwrap_err().to_string();
        let refused = refused.strip_prefix(&format!("{}: ", dir.display())).unwrap().to_owned();
        assert_eq!(refused.lines().next(), Some(expected));
    };
    check("no report: there is no such folder");
    fs::create_dir(&dir).unwrap();
    check("no report: summary.json is not in it");
    for (summary, expected) in [
        (r#"{"schema_version":1}"#, "a report of schema version 1; this program reads version 2"),
        (r#"{"schema_version":3}"#, "a report of schema version 3; this program knows up to 2"),
        ("{}", "no report: its summary.json states no schema_version"),
    ] {
        fs::write(dir.join("summary.json"), summary).unwrap();
        check(expected);
    }
    fs::write(dir.join("summary.json"), "no JSON").unwrap();
    let refused = Stored::open(&dir).unwrap_err();
    assert!(matches!(refused, ReadError::Damaged { .. }), "{refused}");
    fs::write(dir.join("summary.json"), SUMMARY).unwrap();
    let report = Stored::open(&dir).unwrap();
    assert_eq!((report.number("/keys/open"), report.number("/keys/none")), (Some(7), None));
    assert_eq!((report.text("/version").as_deref(), report.text("/none")), (Some("1.2.3"), None));
    let refused = report.table::<Problems>().unwrap_err().to_string();
    assert!(refused.contains("problems.parquet is not there\nthis command reads Parquet"));
}

/// Tables of the same name with other columns.
mod others {
    crate::table! {
        /// Has what cannot be null, and little else.
        pub(super) table Fewer, FEWER = "everything" of FewerRow<'b> {
            /// likewise
            id: i64,
            /// likewise
            file: crate::cell::FileName<'b>,
            /// likewise
            small: Option<i32>,
            /// likewise
            list: Vec<crate::cell::ShapePath<'b>>,
        }
    }
    crate::table! {
        /// Has nulls where the table cannot have any.
        pub(super) table WithNulls, WITH_NULLS = "everything" of WithNullsRow<'b> {
            /// likewise
            id: Option<i64>,
            /// not in the table
            unknown: Option<crate::cell::FlowName<'b>>,
        }
    }
    crate::table! {
        /// Has a column of another type.
        pub(super) table OtherType, OTHER_TYPE = "everything" of OtherTypeRow<'b> {
            /// likewise
            id: i64,
            /// likewise
            file: crate::cell::FileName<'b>,
            /// a number in the table
            small: Option<crate::cell::StepName<'b>>,
        }
    }
}

#[test]
fn a_missing_column_is_null_where_it_can_be_and_damage_where_it_cannot() {
    use others::{Fewer, FewerRow, OtherType, OtherTypeRow, WithNulls, WithNullsRow};
    fn read<T: Table>(row: &T::Row<'_>) -> (TempDir, StoredTable<Everything>) {
        let place = TempDir::new().unwrap();
        let mut batch = Batch::<T>::new();
        batch.push(row);
        let dir = written(&place, "report", &[batch], &all_formats());
        (place, opened(&dir))
    }
    let damage = |refused: Result<_, ReadError>, expected: &str| {
        let refused = refused.map(|_: StoredRows<_>| ()).unwrap_err();
        assert!(matches!(refused, ReadError::Damaged { .. }), "{refused}");
        assert!(refused.to_string().ends_with(expected), "{refused}");
    };

    let (_place, mut table) = read::<Fewer>(&FewerRow {
        id: 4,
        file: FileName("f"),
        small: Some(-5),
        list: vec![ShapePath("p")],
    });
    let rows = table.read::<Everything>(0).unwrap();
    assert_eq!(
        rows.get(0),
        EverythingRow { small: Some(-5), list: vec![ShapePath("p")], ..nulls(4, "f") }
    );

    let (_place, mut table) =
        read::<WithNulls>(&WithNullsRow { id: None, unknown: Some(FlowName("price")) });
    damage(table.read::<Everything>(0), "damaged: column id has nulls where it cannot have any");
    let (_place, mut table) = read::<WithNulls>(&WithNullsRow { id: Some(1), unknown: None });
    damage(table.read::<Everything>(0), "damaged: column file is missing");

    let (_place, mut table) =
        read::<OtherType>(&OtherTypeRow { id: 1, file: FileName("f"), small: Some(StepName("5")) });
    damage(table.read::<Everything>(0), "damaged: column small is of another type");
}

#[test]
fn a_file_that_ends_early_is_damaged() {
    let place = TempDir::new().unwrap();
    let dir = written(&place, "report", &[everything(0..20)], &all_formats());
    let report = Stored::open(&dir).unwrap();
    let path = dir.join("everything.parquet");
    let whole = fs::read(&path).unwrap();
    for end in (0..whole.len()).step_by(7) {
        fs::write(&path, &whole[..end]).unwrap();
        let refused = report.table::<Everything>().unwrap_err();
        assert!(matches!(refused, ReadError::Damaged { .. }), "{end}: {refused}");
    }
}

#[test]
fn a_changed_bit_is_damage_and_never_a_panic() {
    let place = TempDir::new().unwrap();
    let dir = written(&place, "report", &[everything(0..12)], &all_formats());
    let report = Stored::open(&dir).unwrap();
    let path = dir.join("everything.parquet");
    let whole = fs::read(&path).unwrap();
    let read = || {
        let mut table = report.table::<Everything>()?;
        let groups = 0..table.groups();
        groups.map(|group| table.read::<Everything>(group)).collect::<Result<Vec<_>, _>>()
    };
    assert!(read().is_ok());
    // Seven is no divisor of eight, so that every bit of a byte has its turn.
    for bit in (0..whole.len() * 8).step_by(7) {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &changed).unwrap();
        let refused = read().err();
        assert!(matches!(refused, Some(ReadError::Damaged { .. })), "bit {bit}: {refused:?}");
    }
}

#[test]
fn the_page_about_the_state_has_its_columns() {
    let page = include_str!("../../../docs/state.md");
    for schema in crate::state::STATE_TABLES {
        let wanted =
            format!("## {}\n\n{}\n\n{}", schema.name, schema.doc.trim(), schema.markdown());
        assert!(page.contains(wanted.trim_end()), "docs/state.md should have\n{wanted}");
    }
}
