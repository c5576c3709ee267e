use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rayon::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::cell::{
    BodyText, ClassWord, ExtraFields, FileName, Fingerprint, KeyValue, LoggedUrl, MemberName,
    MessageText, Micros, OutcomeWord, RecordPointer, SourceWord,
};
use crate::rows::{ErrorRow, Errors, ExchangeRow, Exchanges, Problems};
use crate::state::{ErrorStateRow, ErrorStates};
use crate::tests::{everything, exchange};
use crate::{Batch, CsvOptions, Encoder as _, Folder, Metadata, Sink as _};

const METADATA: Metadata = Metadata { rules_version: 7, redaction: "none" };
const SUMMARY: &str = r#"{"schema_version":2}"#;

/// What the rows of both tables are made of.
#[derive(Debug, Clone)]
struct RandomRow {
    exchange: i64,
    text: String,
    other: Option<String>,
    body: Option<String>,
    duration_ms: Option<f64>,
}

fn random_row() -> impl Strategy<Value = RandomRow> {
    let text = || "[a\"\n\r,;=|{}\\\\ğ😀\t-]{0,12}";
    let body = prop_oneof![text(), Just("{\"exchange\":7,\n\"a\":\"b,c\"}".repeat(3))];
    let exchange = prop_oneof![-12..12_i64, any::<i32>().prop_map(|n| i64::from(n) << 24)];
    (
        exchange,
        text(),
        prop::option::of(text()),
        prop::option::of(body),
        prop::option::of(any::<f64>()),
    )
        .prop_map(|(exchange, text, other, body, duration_ms)| RandomRow {
            exchange,
            text,
            other,
            body,
            duration_ms,
        })
}

fn exchanges(rows: &[RandomRow], shift: i64) -> Batch<Exchanges> {
    let mut batch = Batch::new();
    for (n, row) in (0..).zip(rows) {
        let body = row.body.as_deref();
        let body = body.map(|text| BodyText { text, hash: xxh3_64(text.as_bytes()) });
        batch.push(&ExchangeRow {
            exchange: row.exchange + shift,
            file: FileName(&row.text),
            member: row.other.as_deref().map(MemberName),
            pointer: RecordPointer("/records"),
            record: n,
            key: row.other.as_deref().map(KeyValue),
            started_at: row.duration_ms.map(|_| Micros(row.exchange)),
            duration_ms: row.duration_ms,
            url: Some(LoggedUrl(&row.text)),
            outcome: OutcomeWord(if n % 2 == 0 { "failed" } else { "success" }),
            request_body: body,
            response_body: body.filter(|_| n % 3 > 0),
            response_truncated: n % 5 == 0,
            extra: row.other.as_deref().map(ExtraFields),
            ..exchange()
        });
    }
    batch
}

fn errors(rows: &[RandomRow], shift: i64) -> Batch<Errors> {
    let mut batch = Batch::new();
    for (n, row) in (0..).zip(rows) {
        batch.push(&ErrorRow {
            error: n,
            exchange: row.exchange + shift,
            file: FileName(&row.text),
            record: 0,
            fingerprint: Fingerprint("f"),
            class: ClassWord("other"),
            code: None,
            field: None,
            message: MessageText(row.body.as_deref().unwrap_or_default()),
            source: SourceWord("errors"),
            key_kind: None,
            key: row.other.as_deref().map(KeyValue),
            side: None,
            started_at: None,
            flow: None,
            step: None,
            endpoint: None,
            status: Some(n),
        });
    }
    batch
}

fn formats(names: &[Format], raw: bool, bodies: bool) -> Formats {
    let mut formats = Formats::new(names.iter().copied());
    formats.csv = CsvOptions { raw, bodies };
    formats
}

const ALL: [Format; 3] = [Format::Parquet, Format::Csv, Format::Json];

fn folder(dir: &Path, formats: &Formats) -> Folder {
    let mut folder = Folder::create(dir, false, formats.clone(), &METADATA).unwrap();
    // Else there is no state.
    let part = folder.encoder().encode(&mut Batch::<ErrorStates>::new()).unwrap();
    folder.append(part).unwrap();
    folder
}

/// A report with these row groups in both tables.
fn encoded(dir: &Path, formats: &Formats, groups: &[Vec<RandomRow>], shift: i64) {
    let mut sink = folder(dir, formats);
    let encoder = sink.encoder();
    for rows in groups {
        sink.append(encoder.encode(&mut exchanges(rows, shift)).unwrap()).unwrap();
        sink.append(encoder.encode(&mut errors(rows, shift)).unwrap()).unwrap();
    }
    sink.finish(SUMMARY).unwrap();
}

/// A report of the row groups of another.
fn copied(from: &Path, dir: &Path, formats: &Formats, shift: i64) -> Result<(), ReadError> {
    fn append<T: Table>(report: &Stored, sink: &mut Folder, shift: i64) -> Result<(), ReadError> {
        let encoder = sink.encoder();
        let groups = encoder.stored_groups::<T>(report)?.unwrap();
        let all: Vec<_> = (0..groups.starts().len() - 1).collect();
        let parts = all.into_par_iter().map(|group| encoder.stored(&groups, group, shift).unwrap());
        for part in parts.collect::<Result<Vec<_>, _>>()? {
            sink.append(part).unwrap();
        }
        Ok(())
    }
    let report = Stored::open(from)?;
    let mut sink = folder(dir, formats);
    append::<Exchanges>(&report, &mut sink, shift)?;
    append::<Errors>(&report, &mut sink, shift)?;
    sink.finish(SUMMARY).unwrap();
    Ok(())
}

/// All files of a report by name.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for folder in [dir.to_owned(), dir.join("state")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = fs::read(&path).unwrap();
                files.insert(path.strip_prefix(dir).unwrap().to_owned(), bytes);
            }
        }
    }
    files
}

fn assert_equal(copied: &Path, encoded: &Path) {
    let (copied, encoded) = (files(copied), files(encoded));
    assert!(copied.keys().eq(encoded.keys()));
    for (name, bytes) in &copied {
        assert!(*bytes == encoded[name], "{} differs", name.display());
    }
}

fn row_groups() -> impl Strategy<Value = Vec<Vec<RandomRow>>> {
    prop::collection::vec(prop::collection::vec(random_row(), 1..30), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn copying_gives_the_bytes_that_encoding_gives(
        groups in row_groups(),
        (raw, bodies) in any::<(bool, bool)>(),
        shift in prop_oneof![Just(0), -300..300_i64, any::<i32>().prop_map(|n| i64::from(n) << 20)],
    ) {
        let place = TempDir::new().unwrap();
        let [first, copy, expected] = ["first", "copy", "expected"].map(|name| place.path().join(name));
        let formats = formats(&ALL, raw, bodies);
        encoded(&first, &formats, &groups, 0);
        encoded(&expected, &formats, &groups, shift);
        copied(&first, &copy, &formats, shift).unwrap();
        assert_equal(&copy, &expected);
    }

    #[test]
    fn numbers_in_text_are_shifted_and_nothing_else(
        rows in prop::collection::vec(random_row(), 0..30),
        (raw, bodies) in any::<(bool, bool)>(),
        shift in -300..300_i64,
    ) {
        let options = CsvOptions { raw, bodies };
        let shifted = |text: &[u8], format, schema, column| {
            renumber::shifted(text, format, schema, column, rows.len(), shift)
        };
        let [first, wanted] = [0, shift].map(|shift| exchanges(&rows, shift));
        let text = shifted(&csv::rows(&first, options), TextFormat::Csv, Exchanges::SCHEMA, 0);
        prop_assert_eq!(text, Some(csv::rows(&wanted, options)));
        let text = shifted(&json::rows(&first), TextFormat::Json, Exchanges::SCHEMA, 0);
        prop_assert_eq!(text, Some(json::rows(&wanted)));
        let [first, wanted] = [0, shift].map(|shift| errors(&rows, shift));
        let text = shifted(&csv::rows(&first, options), TextFormat::Csv, Errors::SCHEMA, 1);
        prop_assert_eq!(text, Some(csv::rows(&wanted, options)));
        let text = shifted(&json::rows(&first), TextFormat::Json, Errors::SCHEMA, 1);
        prop_assert_eq!(text, Some(json::rows(&wanted)));
    }

    #[test]
    fn text_that_is_not_there_as_it_is_wanted_is_written_from_parquet(
        groups in row_groups(),
        (raw, bodies) in any::<(bool, bool)>(),
        shift in -300..300_i64,
    ) {
        let place = TempDir::new().unwrap();
        let [first, copy, expected] = ["first", "copy", "expected"].map(|name| place.path().join(name));
        encoded(&first, &formats(&[Format::Parquet, Format::Csv], raw, bodies), &groups, 0);
        let other = formats(&ALL, !raw, bodies);
        encoded(&expected, &other, &groups, shift);
        copied(&first, &copy, &other, shift).unwrap();
        assert_equal(&copy, &expected);
    }
}

fn some_rows(count: i64) -> Vec<RandomRow> {
    let row = |n: i64| RandomRow {
        exchange: n << 32,
        text: format!("\"{n}\", \n=x"),
        other: (n % 3 > 0).then(|| format!("member {n}")),
        body: (n % 4 > 0).then(|| format!("{{\"exchange\":{},\"b\":\"ş\"}}", n / 5)),
        duration_ms: (n % 7 > 0).then_some(n as f64 * 0.1),
    };
    (0..count).map(row).collect()
}

#[test]
fn row_groups_of_every_type_are_copied() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("everything.parquet");
    let write = |parts: Vec<RowGroup>| {
        let schema = <crate::tests::Everything as Table>::SCHEMA;
        let mut writer = crate::parquet::Writer::create(path.clone(), schema, Vec::new()).unwrap();
        for part in &parts {
            writer.append(part).unwrap();
        }
        writer.finish().unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        bytes
    };
    // With dictionaries, long texts, nulls alone, and a single row.
    let batches = [everything(0..3_000), everything(3_000..3_010), everything(3..4)];
    let encode = |batch: &Batch<_>| crate::parquet::encode(batch).unwrap();
    let encoded = write(batches.iter().map(encode).collect());

    fs::write(&path, &encoded).unwrap();
    fs::write(place.path().join("summary.json"), SUMMARY).unwrap();
    let report = Stored::open(place.path()).unwrap();
    let formats = Formats::new([Format::Parquet]);
    let groups =
        StoredGroups::<crate::tests::Everything>::open(&report, &formats).unwrap().unwrap();
    assert_eq!(groups.starts(), [0, 3_000, 3_010, 3_011]);
    let parts = (0..3).map(|group| groups.encoded(group, 9).unwrap().parquet.unwrap());
    let parts = parts.collect();
    fs::remove_file(&path).unwrap();
    assert!(write(parts) == encoded);
}

#[test]
fn what_cannot_be_copied_is_not_opened() {
    let place = TempDir::new().unwrap();
    let dir = place.path().join("report");
    encoded(&dir, &formats(&[Format::Parquet], false, false), &[some_rows(3)], 0);
    let report = Stored::open(&dir).unwrap();
    let workbook = Formats::new([Format::Parquet, Format::Xlsx]);
    assert!(StoredGroups::<Exchanges>::open(&report, &workbook).unwrap().is_some());
    assert!(StoredGroups::<Problems>::open(&report, &workbook).unwrap().is_none());
    assert!(StoredGroups::<Problems>::open(&report, &Formats::default()).unwrap().is_some());
    assert!(StoredGroups::<crate::tests::Everything>::open(&report, &workbook).unwrap().is_none());
    fs::rename(dir.join("errors.parquet"), dir.join("exchanges.parquet")).unwrap();
    assert!(StoredGroups::<Exchanges>::open(&report, &workbook).unwrap().is_none());
    assert!(StoredGroups::<Errors>::open(&report, &workbook).unwrap().is_none());
}

#[test]
fn tables_of_the_state_are_copied_as_parquet() {
    let place = TempDir::new().unwrap();
    let [dir, copy] = ["report", "copy"].map(|name| place.path().join(name));
    let write = |dir: &Path, from: Option<&Path>| {
        let mut sink = Folder::create(dir, false, formats(&ALL, false, false), &METADATA).unwrap();
        let encoder = sink.encoder();
        let part = if let Some(from) = from {
            let report = Stored::open(from).unwrap();
            let groups = encoder.stored_groups::<ErrorStates>(&report).unwrap().unwrap();
            encoder.stored(&groups, 0, 5).unwrap().unwrap()
        } else {
            let mut batch = Batch::<ErrorStates>::new();
            let message = crate::cell::MessageHash(7);
            batch.push(&ErrorStateRow { message, class: ClassWord("other"), side: None });
            encoder.encode(&mut batch).unwrap()
        };
        sink.append(part).unwrap();
        sink.finish(SUMMARY).unwrap();
    };
    write(&dir, None);
    write(&copy, Some(&dir));
    assert_equal(&copy, &dir);
}

#[test]
fn a_changed_bit_of_parquet_is_damage() {
    let place = TempDir::new().unwrap();
    let dir = place.path().join("report");
    let formats = formats(&[Format::Parquet], false, false);
    encoded(&dir, &formats, &[some_rows(12)], 0);
    let report = Stored::open(&dir).unwrap();
    let path = dir.join("errors.parquet");
    let whole = fs::read(&path).unwrap();
    let read = |shift| {
        let groups = StoredGroups::<Errors>::open(&report, &formats)?.unwrap();
        groups.encoded(0, shift)
    };
    assert!(read(0).is_ok() && read(4).is_ok());
    for bit in (0..whole.len() * 8).step_by(7) {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &changed).unwrap();
        for shift in [0, 4] {
            let refused = read(shift).err();
            assert!(matches!(refused, Some(ReadError::Damaged { .. })), "bit {bit}: {refused:?}");
        }
    }
}

#[test]
fn text_that_somebody_changed_is_written_anew() {
    let place = TempDir::new().unwrap();
    let dir = place.path().join("report");
    let formats = formats(&ALL, false, true);
    encoded(&dir, &formats, &[some_rows(5), some_rows(4)], 0);
    let report = Stored::open(&dir).unwrap();
    let text = |shift| {
        let groups = StoredGroups::<Errors>::open(&report, &formats).unwrap().unwrap();
        let parts = [0, 1].map(|group| groups.encoded(group, shift).unwrap());
        parts.map(|part| (part.csv.unwrap(), part.json.unwrap()))
    };
    let expected = [0, 4].map(text);
    for name in ["errors.csv", "errors.jsonl"] {
        let path = dir.join(name);
        let whole = fs::read(&path).unwrap();
        let check = |changed: &[u8]| {
            fs::write(&path, changed).unwrap();
            assert!([0, 4].map(text) == expected);
        };
        for bit in (0..whole.len() * 8).step_by(127) {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            check(&changed);
        }
        check(&whole[..whole.len() - 1]);
        check(b"");
        let crlf = String::from_utf8(whole.clone()).unwrap().replace('\n', "\r\n");
        check(crlf.as_bytes());
        fs::remove_file(&path).unwrap();
        assert!([0, 4].map(text) == expected);
        fs::write(&path, &whole).unwrap();
    }
    fs::remove_file(dir.join("state/text_groups.parquet")).unwrap();
    assert!([0, 4].map(text) == expected);
}

#[test]
fn a_number_beyond_64_bits_is_damage() {
    let place = TempDir::new().unwrap();
    let dir = place.path().join("report");
    let formats = formats(&ALL, false, false);
    encoded(&dir, &formats, &[some_rows(5)], 0);
    let report = Stored::open(&dir).unwrap();
    let groups = StoredGroups::<Exchanges>::open(&report, &formats).unwrap().unwrap();
    let refused = groups.encoded(0, i64::MAX).unwrap_err().to_string();
    assert!(refused.ends_with("exchange beyond 64 bits"), "{refused}");
}

#[test]
fn rows_of_another_form_are_not_renumbered() {
    let shifted = |text: &str, format, rows| {
        renumber::shifted(text.as_bytes(), format, Errors::SCHEMA, 1, rows, 1)
            .map(|text| String::from_utf8(text).unwrap())
    };
    let csv = |text, rows| shifted(text, TextFormat::Csv, rows);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(csv("0,9,a\n1,-1,\"\n\"\"\"\n", 2), some("0,10,a\n1,0,\"\n\"\"\"\n"));
    assert_eq!(csv("", 0), some(""));
    for (text, rows) in [
        ("0,9,a\n", 2),
        ("0,9,a\n", 0),
        ("0,9,a", 1),
        ("0,9,a\n1", 1),
        ("0,x,a\n", 1),
        ("0,,a\n", 1),
        ("09\n", 1),
        ("0,9,\"a\n", 1),
        ("0,9223372036854775807,\n", 1),
    ] {
        assert_eq!(csv(text, rows), None, "{text}");
    }
    let json = |text, rows| shifted(text, TextFormat::Json, rows);
    assert_eq!(
        json("{\"error\":0,\"exchange\":9,\"file\":\"\"}\n", 1),
        some("{\"error\":0,\"exchange\":10,\"file\":\"\"}\n")
    );
    assert_eq!(json("{\"error\":0,\"file\":9,\"exchange\":9}\n", 1), None);
    // A text may have commas.
    let place = Errors::SCHEMA.position("record").unwrap();
    assert_eq!(renumber::shifted(b"", TextFormat::Csv, Errors::SCHEMA, place, 0, 1), None);
}
