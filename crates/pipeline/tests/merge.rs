//! A merge of reports is the report of one run, whatever the division of the files and the order of the reports.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use pipeline::merge::{MergeError, MergeOptions, merge};
use pipeline::{input, run};
use proptest::prelude::*;
use tables::{Folder, Formats, Metadata};

const METADATA: Metadata = Metadata { rules_version: grouping::RULES_VERSION, redaction: "none" };

/// Files of a dump: a page, logs that it names, a copy, an empty log, and what is no log.
fn dump() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let run = "0d5b8c1e-0000-4000-8000-000000000001";
    let entries: Vec<String> = (0..9)
        .map(|n| {
            let status = 2 + n % 2;
            format!(
                r#"{{"id":{},"log_type":3,"process_group_id":"price","parent_process_group_id":"f-1","original_filename_uuid":"{run}","filename_uuid":"x{n}","state":3,"status":{status},"created":"1687519997186","finished":null}}"#,
                90100 + n
            )
        })
        .collect();
    let entries = entries.join(",");
    let page = r#"{"count":9,"limit":25,"page":1,"previous":"","next":"","results":["#;
    files.push(("pages/1.json".to_owned(), format!("{page}{entries}]}}")));
    for n in 0..9 {
        let store = ["north", "south"][n % 2];
        let (status, answer) = match n % 3 {
            0 => (400, format!("product SKU-{n}0017 of store {store} is not found")),
            1 => (200, "ok".to_owned()),
            _ => (500, "the server had a time-out".to_owned()),
        };
        let log = format!(
            r#"[{{"request":{{"method":"POST","url":"https://erp.example.com/api/orders/{n}","body":{{"sku":"SKU-{}","price":{n}}}}},"response":{{"status":{status},"body":{{"message":"{answer}"}}}}}}]"#,
            n % 4
        );
        if n == 4 {
            files.push(("logs/copy.txt".to_owned(), log.clone()));
        }
        files.push((format!("logs/9010{n}.txt"), log));
    }
    files.push(("logs/empty.txt".to_owned(), "[]".to_owned()));
    files.push(("logs/note.txt".to_owned(), "no log at all".to_owned()));
    files
}

fn report(folder: &Path, out: &Path) {
    let found = input::find(&[folder.display().to_string()]).unwrap();
    let folder = Folder::create(out, false, Formats::default(), &METADATA).unwrap();
    let options = run::Options { state: true, threads: 1, ..run::Options::default() };
    let (progress, never) = (run::Progress::default(), AtomicBool::new(false));
    run::report(&found.inputs, &found.unread, folder, &options, &progress, &never).unwrap();
}

fn merged(reports: &[PathBuf], out: &Path) -> Result<(), MergeError> {
    let folder = Folder::create(out, false, Formats::default(), &METADATA).unwrap();
    let options = MergeOptions { threads: 1, ..MergeOptions::default() };
    merge(reports, folder, &options, &AtomicBool::new(false)).map(drop)
}

/// The bytes of all files of a report.
fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for place in [folder.to_owned(), folder.join("state")] {
        for entry in fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                all.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    all
}

fn write(root: &Path, file: &str, text: impl AsRef<[u8]>) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    fs::File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn any_division_any_order_and_any_tree_give_the_report_of_one_run(
        parts in prop::collection::vec(0..3usize, 13),
        turned in any::<bool>(),
    ) {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for name in ["all", "part0", "part1", "part2"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        let dump = dump();
        prop_assert_eq!(dump.len(), parts.len());
        for ((file, text), part) in dump.iter().zip(&parts) {
            write(&at("all"), file, text);
            write(&at(&format!("part{part}")), file, text);
        }
        report(&at("all"), &at("one"));
        for n in 0..3 {
            report(&at(&format!("part{n}")), &at(&format!("report{n}")));
        }
        let mut reports: Vec<_> = (0..3).map(|n| at(&format!("report{n}"))).collect();
        if turned {
            reports.reverse();
        }
        merged(&reports, &at("flat")).unwrap();
        merged(&reports[1..], &at("branch")).unwrap();
        merged(&[at("branch"), reports[0].clone()], &at("tree")).unwrap();
        let one = bytes(&at("one"));
        prop_assert!(one.len() > 20);
        for other in ["flat", "tree"] {
            let other = bytes(&at(other));
            for (name, bytes) in &one {
                prop_assert!(other.get(name) == Some(bytes), "{} differs", name);
            }
        }
    }
}

/// Files below a folder, by their names.
fn files_below(folder: &Path, name: &str, all: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{name}/{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            files_below(&path, &name, all);
        } else {
            all.push((name, fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn the_test_dump_in_parts_by_name_and_by_hash_gives_the_report_of_one_run() {
    let place = tempfile::tempdir().unwrap();
    let dump = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/dump");
    let mut files = Vec::new();
    files_below(&dump, ".", &mut files);
    files.sort();
    let all = place.path().join("all");
    for (name, bytes) in &files {
        write(&all, name, bytes);
    }
    report(&all, &place.path().join("one"));
    let one = bytes(&place.path().join("one"));
    for parts in [2, 4, 7] {
        for by_name in [true, false] {
            let at = place.path().join(format!("{parts}-{by_name}"));
            for (n, (name, bytes)) in files.iter().enumerate() {
                let hash = name.bytes().fold(7_u32, |h, byte| h.wrapping_mul(31) ^ u32::from(byte));
                let part = if by_name { n * parts / files.len() } else { hash as usize % parts };
                write(&at.join(part.to_string()), name, bytes);
            }
            let reports: Vec<PathBuf> = (0..parts)
                .map(|part| {
                    let out = at.join(format!("{part}.report"));
                    report(&at.join(part.to_string()), &out);
                    out
                })
                .collect();
            merged(&reports, &at.join("merged")).unwrap();
            let merged = bytes(&at.join("merged"));
            for (name, bytes) in &one {
                assert!(merged.get(name) == Some(bytes), "{parts} {by_name}: {name} differs");
            }
        }
    }
}

#[test]
fn nothing_is_no_report() {
    let place = tempfile::tempdir().unwrap();
    assert!(matches!(merged(&[], &place.path().join("out")), Err(MergeError::NoReports)));
}

#[test]
fn a_file_in_two_reports_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (file, text) = &dump()[1];
    write(&place.path().join("a"), file, text);
    let one = place.path().join("one");
    report(&place.path().join("a"), &one);
    let twice = merged(&[one.clone(), one], &place.path().join("out"));
    assert!(matches!(twice, Err(MergeError::Twice { file: twice }) if twice == *file));
    assert!(!place.path().join("out").exists());
}
