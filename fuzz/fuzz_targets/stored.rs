//! A report with changed bytes: it is refused, or reads as it was written; nothing panics.
//!
//! The input: changes of two bytes for the place and one for the value, after a first byte that says which file is
//! changed, and a second that cuts it.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tables::cell::{BodyKindWord, BodySideWord, EndpointName, FileName, ShapeHash, ShapePath};
use tables::rows::{Bodies, BodyRow};
use tables::{Batch, Encoder as _, Folder, Format, Formats, Metadata, ReadError, Sink as _, Stored};

const FILES: [&str; 2] = ["bodies.parquet", "summary.json"];
const SUMMARY: &str = r#"{"schema_version":2,"keys":{"open":7}}"#;

/// Rows as text, and the number of the summary.
type Answers = (Vec<String>, Option<u64>);

static REPORT: LazyLock<(tempfile::TempDir, [Vec<u8>; 2], Answers)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("report");
    let metadata = Metadata { rules_version: 3, redaction: "none" };
    let mut sink = Folder::create(&dir, false, Formats::new([Format::Parquet]), &metadata)
        .expect("an empty folder");
    let mut batch = Batch::<Bodies>::new();
    for n in 0..40 {
        batch.push(&BodyRow {
            endpoint: (n % 3 > 0).then_some(EndpointName("POST erp.example.com/stock/")),
            side: BodySideWord("request"),
            shape: ShapeHash(n),
            kind: BodyKindWord("json"),
            count: n as i64,
            failed: 1,
            distinct: 2,
            bytes_sum: 30,
            bytes_max: i64::MAX,
            paths: (0..n % 4).map(|_| ShapePath("/sku string")).collect(),
            sample_file: FileName("a.json"),
            sample_record: 0,
        });
    }
    let part = sink.encoder().encode(&mut batch).expect("rows");
    sink.append(part).expect("room");
    sink.finish(SUMMARY).expect("room");
    let whole = FILES.map(|name| std::fs::read(dir.join(name)).expect("it was written"));
    let answers = read(&dir).expect("it is sound");
    (folder, whole, answers)
});

fn read(dir: &Path) -> Result<Answers, ReadError> {
    let report = Stored::open(dir)?;
    let mut table = report.table::<Bodies>()?;
    let mut rows = Vec::new();
    for group in 0..table.groups() {
        rows.extend(table.read::<Bodies>(group)?.iter().map(|row| format!("{row:?}")));
    }
    Ok((rows, report.number("/keys/open")))
}

fuzz_target!(|input: &[u8]| {
    let [which, cut, changes @ ..] = input else { return };
    let (folder, whole, answers) = &*REPORT;
    let which = usize::from(*which) % FILES.len();
    let mut bytes = whole[which].clone();
    bytes.truncate(bytes.len() - usize::from(*cut).min(bytes.len()));
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= change[2];
        }
    }
    let dir = folder.path().join("report");
    for (name, whole) in FILES.iter().zip(whole) {
        std::fs::write(dir.join(name), whole).expect("room");
    }
    std::fs::write(dir.join(FILES[which]), &bytes).expect("room");
    if let Ok(read) = read(&dir) {
        // A summary that was made anew by the changes, with its checksum left out, is as good as one by hand.
        assert!(read == *answers || which == 1, "{input:?}");
    }
});
