//! The same input gives the same bytes.

use std::path::{Path, PathBuf};

use pipeline::run::Options;
use tables::{Format, Formats};

use crate::kit::{Report, copy, dump, every_format};

/// Enough copies of the dump for several jobs. They differ by white space at their ends, so that
/// they are no duplicates of each other.
const COPIES: usize = 7;

fn large() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..COPIES {
        let tail = "\n".repeat(n);
        copy(&dump(), &folder.path().join(format!("week-{n}")), tail.as_bytes(), |_| ());
    }
    folder
}

fn assert_same(one: &Report, other: &Report, what: &str) {
    let (one, other) = (one.bytes(), other.bytes());
    let names = |files: &[(String, Vec<u8>)]| -> Vec<String> {
        files.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&one), names(&other), "{what}");
    for ((name, one), (_, other)) in one.iter().zip(&other) {
        assert!(one == other, "{name} differs: {what}");
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let folder = large();
    let of = |threads| {
        let options = Options { threads, ..Options::default() };
        Report::written(&[folder.path()], &options, every_format())
    };
    let one = of(1);
    assert!(one.summary.bytes.read > 4 << 20, "less than a few jobs' worth");
    assert_same(&one, &of(2), "1 and 2 threads");
    assert_same(&one, &of(7), "1 and 7 threads");
}

#[test]
fn what_is_remembered_of_repeated_bodies_changes_no_byte() {
    let folder = large();
    let of = |remember_bytes| {
        let options = Options { remember_bytes, ..Options::default() };
        Report::written(&[folder.path()], &options, every_format())
    };
    let none = of(0);
    assert_same(&none, &of(Options::default().remember_bytes), "nothing and as without flags");
    assert_same(&none, &of(1 << 12), "nothing and a few bodies");
}

#[test]
fn the_order_in_which_a_folder_came_to_be_changes_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let orders: [fn(&mut Vec<PathBuf>); 3] =
        [|_| (), |paths| paths.reverse(), |paths| paths.sort_by_key(|path| path.as_os_str().len())];
    let reports: Vec<_> = orders
        .iter()
        .enumerate()
        .map(|(n, order)| {
            let to = folder.path().join(n.to_string());
            copy(&dump(), &to, b"", *order);
            Report::written(&[&to], &Options::default(), every_format())
        })
        .collect();
    assert_same(&reports[0], &reports[1], "created backwards");
    assert_same(&reports[0], &reports[2], "created by length of name");
    let in_place = Report::written(&[&dump()], &Options::default(), every_format());
    assert_same(&reports[0], &in_place, "where it lies");
}

#[test]
fn the_order_of_the_inputs_changes_no_byte() {
    let (logs, downloads) = (dump().join("logs"), dump().join("downloads"));
    let one = downloads.join("90008.txt");
    let of = |places: &[&Path]| Report::written(places, &Options::default(), every_format());
    let first = of(&[&logs, &downloads, &one]);
    assert_same(
        &first,
        &of(&[&downloads, &logs]),
        "a file named twice, folders the other way round",
    );
    assert_eq!(first.summary.exchanges.total, 462);
}

#[test]
fn a_format_is_the_same_whatever_is_written_beside_it() {
    let written = |formats| Report::written(&[&dump()], &Options::default(), formats).bytes();
    let all = written(every_format());
    for format in [Format::Parquet, Format::Csv, Format::Json] {
        let alone = written(Formats::new([format]));
        assert_eq!(alone.len(), 13, "twelve tables and the summary");
        for file in &alone {
            assert!(all.contains(file), "{} differs when written alone", file.0);
        }
    }
}

/// Tries of a few keys, some of which fail.
fn tries() -> Vec<String> {
    (0..24)
        .map(|n| {
            let (sku, minute) = (n % 7, n);
            let (status, answer) = match n % 4 {
                0 => (400, r#"{"detail":"A price is required."}"#.to_owned()),
                1 => (500, format!(r#"{{"detail":"Order {n} timed out after {n}0 ms"}}"#)),
                _ => (200, "{}".to_owned()),
            };
            format!(
                r#"{{"flow":"price","created":"2026-10-24T06:{minute:02}:00Z","method":"POST","url":"https://h.example.com/prices/{n}/",
                "request_body":{{"sku":"S-{sku}"}},"status_code":{status},"response_body":{answer}}}"#
            )
        })
        .collect()
}

/// What a report counts, without the places where things stand.
fn counts(report: &Report) -> String {
    let mut counts = format!("{:?} {:?}\n", report.summary.exchanges, report.summary.errors);
    for (table, columns) in [
        (
            "error_groups",
            &["fingerprint", "template", "count", "exchanges", "keys", "open_keys"][..],
        ),
        (
            "keys",
            &[
                "key",
                "attempts",
                "failures",
                "last_outcome",
                "open",
                "last_fingerprint",
                "last_message",
            ],
        ),
        (
            "endpoints",
            &["endpoint", "exchanges", "failed", "rows", "rows_failed", "request_bytes_sum"],
        ),
        ("bodies", &["shape", "count", "failed", "distinct", "bytes_sum"]),
    ] {
        let table = report.table(table);
        for row in 0..table.rows() {
            let cells = columns.iter().map(|column| table.cell(row, column).to_string());
            counts += &(cells.collect::<Vec<_>>().join(" ") + "\n");
        }
    }
    counts
}

#[test]
fn how_a_log_is_split_over_files_and_archives_changes_no_count() {
    let tries = tries();
    let report = |parts: usize, zipped: bool| {
        let folder = tempfile::tempdir().unwrap();
        let parts: Vec<(String, String)> = tries
            .chunks(tries.len().div_ceil(parts))
            .enumerate()
            .map(|(n, part)| (format!("{n:02}.json"), format!("[{}]", part.join(","))))
            .collect();
        if zipped {
            let members: Vec<(&str, &[u8])> =
                parts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
            std::fs::write(folder.path().join("all.zip"), crate::odd::zip(&members, false))
                .unwrap();
        } else {
            for (name, text) in parts {
                std::fs::write(folder.path().join(name), text).unwrap();
            }
        }
        counts(&Report::of(folder.path(), &Options::default()))
    };
    let whole = report(1, false);
    assert!(whole.contains("timed out after"), "{whole}");
    for parts in [2, 3, 5, 8, 24] {
        for zipped in [false, true] {
            assert_eq!(report(parts, zipped), whole, "{parts} parts, zipped: {zipped}");
        }
    }
}
