//! A merge of reports is the report of one run, whatever the division of the files and the order of the reports.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use pipeline::merge::{MergeError, MergeOptions, merge, merge_listings, relink};
use pipeline::{input, run};
use proptest::prelude::*;
use tables::state::GroupAliases;
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
    report_in_jobs(folder, out, run::Options::default().job_bytes);
}

fn report_in_jobs(folder: &Path, out: &Path, job_bytes: u64) {
    let found = input::find(&[folder.display().to_string()]).unwrap();
    let folder = Folder::create(out, false, Formats::default(), &METADATA).unwrap();
    let options = run::Options { state: true, threads: 1, job_bytes, ..run::Options::default() };
    let (progress, never) = (run::Progress::default(), AtomicBool::new(false));
    run::report(&found.inputs, &found.unread, folder, &options, &progress, &never).unwrap();
}

fn merged(reports: &[PathBuf], out: &Path) -> Result<(), MergeError> {
    merged_in_jobs(reports, out, MergeOptions::default().job_bytes).map(drop)
}

/// Returns how many jobs were taken over.
fn merged_in_jobs(reports: &[PathBuf], out: &Path, job_bytes: u64) -> Result<usize, MergeError> {
    let folder = Folder::create(out, false, Formats::default(), &METADATA).unwrap();
    let options = MergeOptions { threads: 1, job_bytes, ..MergeOptions::default() };
    merge(reports, folder, &options, &AtomicBool::new(false)).map(|done| done.jobs_taken_over)
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

#[test]
fn row_groups_of_files_that_nothing_changes_are_taken_over() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let dump = dump();
    let (first, second) = dump.split_at(7);
    let taken_over = |name: &str, listed: bool, job_bytes: u64| {
        let at = |part: &str| at(&format!("{name}/{part}"));
        for (part, files) in [("all", &dump[..]), ("a", first), ("b", second)] {
            for (file, text) in
                files.iter().filter(|(file, _)| listed || !file.starts_with("pages"))
            {
                write(&at(part), file, text);
            }
            report_in_jobs(&at(part), &at(&format!("{part}.report")), job_bytes);
        }
        let reports = [at("a.report"), at("b.report")];
        let taken_over = merged_in_jobs(&reports, &at("merged"), job_bytes).unwrap();
        let (one, mut merged) = (bytes(&at("all.report")), bytes(&at("merged")));
        let aliases = merged.insert("state/group_aliases.parquet".to_owned(), Vec::new());
        assert!(aliases.is_some());
        for (name, bytes) in one.iter().filter(|(name, _)| !name.contains("aliases")) {
            assert!(merged.get(name) == Some(bytes), "{name} differs");
        }
        taken_over
    };
    // Each file is a job of its own.
    assert_eq!(taken_over("alone", false, 1), 12);
    // All files are one job.
    assert_eq!(taken_over("together", false, 1 << 20), 0);
    // The page changes the links of the second part.
    assert_eq!(taken_over("listed", true, 1), 7);
}

/// A flow list with a flow of this name.
fn flow_list(name: &str) -> String {
    format!(
        r#"{{"count":1,"limit":25,"page":1,"previous":"","next":"","results":[{{"id":"f-1","component":{{"id":"f-1","name":"{name}","parentGroupId":"p-1","comments":"","variables":{{"!flowId":"f-1","!flowSlug":"{name}"}}}},"flow_state":"RUNNING","inbound":false}}]}}"#
    )
}

/// Makes the reports again by the listing pages of all of them. Returns the reports to merge, and how many were made again.
fn relinked(reports: &[PathBuf], out: &Path, job_bytes: u64) -> (Vec<PathBuf>, usize) {
    let options = MergeOptions { threads: 1, job_bytes, ..MergeOptions::default() };
    let never = AtomicBool::new(false);
    let create = |out: &Path| Folder::create(out, false, Formats::default(), &METADATA).unwrap();
    let listing = out.join("listing");
    if merge_listings(reports, create(&listing), &options, &never).unwrap().is_none() {
        assert!(!listing.exists());
        return (reports.to_vec(), 0);
    }
    let mut count = 0;
    let all = reports.iter().enumerate().map(|(n, report)| {
        let out = out.join(n.to_string());
        let others = std::slice::from_ref(&listing);
        let done = relink(report, others, create(&out), &options, &never).unwrap();
        assert_eq!(done.is_some(), out.exists());
        count += usize::from(done.is_some());
        if done.is_some() { out } else { report.clone() }
    });
    (all.collect(), count)
}

/// Asserts that a merged report is that of one run, but for what it tells of the past.
#[track_caller]
fn assert_is_of_one_run(merged: &Path, one: &Path) {
    let (mut one, merged) = (bytes(one), bytes(merged));
    assert!(one.len() > 20);
    one.remove("state/group_aliases.parquet");
    for (name, bytes) in &one {
        assert!(merged.get(name) == Some(bytes), "{name} differs");
    }
}

#[test]
fn a_merge_takes_over_reports_that_know_the_listing_of_all() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    // The later list counts, though its report is not the last.
    let lists = [("a/flows.json", "second"), ("pages/flows.json", "first")];
    let mut dump = dump();
    // A copy in another report is found by the merge alone.
    dump.retain(|(file, _)| !file.contains("copy"));
    dump.extend(lists.map(|(file, name)| (file.to_owned(), flow_list(name))));
    let part = |file: &str| match file {
        "pages/1.json" => "c",
        "pages/flows.json" => "b",
        "a/flows.json" => "a",
        file if file < "logs/90104" => "a",
        _ => "b",
    };
    for (file, text) in &dump {
        write(&at("all"), file, text);
        write(&at(part(file)), file, text);
    }
    let reports = ["a", "b", "c"].map(|part| {
        let report = at(&format!("{part}.report"));
        report_in_jobs(&at(part), &report, 1);
        report
    });
    report_in_jobs(&at("all"), &at("one"), 1);
    assert_eq!(merged_in_jobs(&reports, &at("merged"), 1).unwrap(), 1, "the page alone");
    assert_is_of_one_run(&at("merged"), &at("one"));

    let (linked, count) = relinked(&reports, &at("relinked"), 1);
    assert_eq!(count, 2, "the page itself has no links");
    assert_eq!(merged_in_jobs(&linked, &at("taken_over"), 1).unwrap(), dump.len());
    assert_is_of_one_run(&at("taken_over"), &at("one"));
    let csv = fs::read_to_string(at("one").join("flows.csv")).unwrap();
    assert!(csv.contains("first") && !csv.contains("second"), "{csv}");

    // A report that is linked already stays as it is.
    fs::remove_dir_all(at("relinked/listing")).unwrap();
    assert_eq!(relinked(&linked, &at("again"), 1).1, 0);
}

#[test]
fn reports_without_a_listing_have_nothing_to_link() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let (file, text) = &dump()[1];
    write(&at("a"), file, text);
    report(&at("a"), &at("one"));
    assert_eq!(relinked(&[at("one")], &at("out"), 1), (vec![at("one")], 0));
}

#[test]
fn earlier_fingerprints_of_groups_are_told() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let log = |store: &str| {
        format!(
            r#"[{{"request":{{"method":"POST","url":"https://erp.example.com/api/orders/1"}},"response":{{"status":400,"body":{{"message":"the store {store} is closed for today"}}}}}}]"#
        )
    };
    let fingerprints = |report: &str| -> Vec<String> {
        let csv = fs::read_to_string(at(report).join("error_groups.csv")).unwrap();
        csv.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
    };
    for (part, stores) in
        [("a", &["north"][..]), ("b", &["south", "west"]), ("c", &["east", "mid"])]
    {
        for store in stores {
            write(&at(part), &format!("{store}.txt"), log(store));
            write(&at("all"), &format!("{store}.txt"), log(store));
        }
        report_in_jobs(&at(part), &at(&format!("{part}.report")), 1);
    }
    report_in_jobs(&at("all"), &at("one"), 1);
    merged_in_jobs(&[at("a.report"), at("b.report")], &at("ab"), 1).unwrap();
    let taken_over = merged_in_jobs(&[at("ab"), at("c.report")], &at("abc"), 1).unwrap();
    assert_eq!(taken_over, 5);
    let (mut one, merged) = (bytes(&at("one")), bytes(&at("abc")));
    one.remove("state/group_aliases.parquet");
    for (name, bytes) in &one {
        assert!(merged.get(name) == Some(bytes), "{name} differs");
    }
    let (before, after) = (fingerprints("a.report"), fingerprints("abc"));
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after, "the store has become a variable");
    let mut aliases = tables::Stored::open(&at("abc")).unwrap().table::<GroupAliases>().unwrap();
    let rows = aliases.read::<GroupAliases>(0).unwrap();
    let rows: Vec<_> =
        rows.iter().map(|row| (row.old.0.to_owned(), row.new.0.to_owned())).collect();
    assert_eq!(rows, [(before[0].clone(), after[0].clone())]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_division_any_order_and_any_tree_give_the_report_of_one_run(
        parts in prop::collection::vec(0..3usize, 13),
        turned in any::<bool>(),
        listed in any::<bool>(),
        job_bytes in prop::sample::select(vec![1, 2000, 1 << 20]),
    ) {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for name in ["all", "part0", "part1", "part2"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        let dump = dump();
        prop_assert_eq!(dump.len(), parts.len());
        for ((file, text), part) in dump.iter().zip(&parts).skip(usize::from(!listed)) {
            write(&at("all"), file, text);
            write(&at(&format!("part{part}")), file, text);
        }
        report_in_jobs(&at("all"), &at("one"), job_bytes);
        for n in 0..3 {
            report_in_jobs(&at(&format!("part{n}")), &at(&format!("report{n}")), job_bytes);
        }
        let mut reports: Vec<_> = (0..3).map(|n| at(&format!("report{n}"))).collect();
        if turned {
            reports.reverse();
        }
        merged_in_jobs(&reports, &at("flat"), job_bytes).unwrap();
        let (linked, _) = relinked(&reports, &at("linked"), job_bytes);
        merged_in_jobs(&linked, &at("relinked"), job_bytes).unwrap();
        merged_in_jobs(&reports[1..], &at("branch"), job_bytes).unwrap();
        merged_in_jobs(&[at("branch"), reports[0].clone()], &at("tree"), job_bytes).unwrap();
        let mut one = bytes(&at("one"));
        prop_assert!(one.len() > 20);
        // One run has no past.
        one.remove("state/group_aliases.parquet");
        for other in ["flat", "relinked", "tree"] {
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
            let merged_bytes = bytes(&at.join("merged"));
            for (name, bytes) in &one {
                assert!(merged_bytes.get(name) == Some(bytes), "{parts} {by_name}: {name} differs");
            }
            let job_bytes = MergeOptions::default().job_bytes;
            let (linked, count) = relinked(&reports, &at.join("linked"), job_bytes);
            assert!(count > 0);
            merged(&linked, &at.join("relinked")).unwrap();
            assert_is_of_one_run(&at.join("relinked"), &place.path().join("one"));
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
