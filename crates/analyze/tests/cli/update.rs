//! `analyze report --update`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::kit::{PAGE, RunOutput, TestFolder, exchange};

const UPDATE: [&str; 5] = ["report", "dump", "--out", "report", "--update"];

/// The bytes and the time of change of each file below a folder.
fn with_times(place: &TestFolder, folder: &str) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let root = place.path().join(folder);
    let files = place.bytes_below(folder).into_iter();
    files.map(|(name, bytes)| (name.clone(), (bytes, modified(&root.join(name))))).collect()
}

fn update(place: &TestFolder, more: &[&str]) -> RunOutput {
    place.run(&[&UPDATE, more].concat())
}

/// The first line of what an update says.
fn said(run: &RunOutput) -> &str {
    assert_eq!(run.code, 0, "{}", run.err);
    run.err.lines().next().unwrap_or_default()
}

/// `report` is, byte for byte, what one run over `dump` makes.
fn assert_as_one_run(place: &TestFolder, more: &[&str]) {
    let run = place.run(&[&["report", "dump", "--out", "one", "-q"], more].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let (report, one) = (place.bytes_below("report"), place.bytes_below("one"));
    assert!(report.keys().eq(one.keys()), "{:?}\n{:?}", report.keys(), one.keys());
    for (name, bytes) in &one {
        assert!(report[name] == *bytes, "{} differs", name.display());
    }
    fs::remove_dir_all(place.path().join("one")).unwrap();
}

fn modified(path: &Path) -> SystemTime {
    path.metadata().unwrap().modified().unwrap()
}

fn set_modified(path: &Path, at: SystemTime) {
    File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

#[test]
fn an_update_reads_only_what_is_new() {
    let place = TestFolder::with_dump();
    assert_eq!(said(&update(&place, &[])), "report: there is no report yet; all files are read");
    // Whoever reads the old files now reads something else.
    let old: Vec<_> = ["90123.txt", "90124.json", "page.json"]
        .map(|name| place.path().join("dump").join(name))
        .map(|path| (fs::read(&path).unwrap(), modified(&path), path))
        .into();
    for (bytes, at, path) in &old {
        fs::write(path, vec![b'?'; bytes.len()]).unwrap();
        set_modified(path, *at);
    }
    // One sorts before all others, one between them.
    place.file("dump/00001.json", exchange("A-3", 400));
    place.file("dump/90123a.json", exchange("A-4", 400));
    assert_eq!(said(&update(&place, &[])), "report: 2 new, 0 changed, 3 as before");
    for (bytes, at, path) in &old {
        fs::write(path, bytes).unwrap();
        set_modified(path, *at);
    }
    assert_as_one_run(&place, &[]);
    assert_eq!(place.names(), ["dump", "report"]);
}

#[test]
fn where_nothing_is_new_no_byte_changes() {
    let place = TestFolder::with_dump();
    update(&place, &["--html"]);
    let before = with_times(&place, "");
    let run = update(&place, &["--html"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""));
    assert_eq!(run.err, "report: 0 new, 0 changed, 3 as before\n");
    assert_eq!(update(&place, &["--quiet"]).err, "");
    assert!(before == with_times(&place, ""));
}

#[test]
fn a_file_with_another_time_and_the_same_content_is_as_before() {
    let place = TestFolder::with_dump();
    update(&place, &[]);
    let path = place.path().join("dump/90124.json");
    set_modified(&path, modified(&path) + Duration::from_mins(1));
    let before = with_times(&place, "report");
    assert_eq!(said(&update(&place, &[])), "report: 0 new, 0 changed, 3 as before");
    assert!(before == with_times(&place, "report"));
    // Its time is kept with the next change.
    place.file("dump/90125.json", exchange("A-3", 400));
    assert_eq!(said(&update(&place, &[])), "report: 1 new, 0 changed, 3 as before");
    assert_as_one_run(&place, &[]);
}

#[test]
fn pages_that_come_late_name_the_logs_that_were_there() {
    let place = TestFolder::with_dump();
    fs::remove_file(place.path().join("dump/page.json")).unwrap();
    update(&place, &[]);
    assert_eq!(place.summary("/runs"), 0);
    place.file("dump/page.json", PAGE);
    assert_eq!(said(&update(&place, &[])), "report: 1 new, 0 changed, 2 as before");
    assert_eq!(place.summary("/runs"), 1);
    assert_as_one_run(&place, &[]);
}

#[test]
fn what_changed_or_is_gone_is_the_reason_to_read_all_files() {
    let place = TestFolder::with_dump();
    let all = |reason: &str| format!("report: {reason}; all files are read");
    update(&place, &[]);
    place.file("dump/90124.json", exchange("A-3", 200));
    let long = place.path().join("dump/90124.json");
    set_modified(&long, modified(&long) + Duration::from_mins(1));
    assert_eq!(said(&update(&place, &[])), all("90124.json has changed"));
    assert_as_one_run(&place, &[]);
    place.file("dump/90124.json", exchange("A-12", 200));
    fs::remove_file(place.path().join("dump/90123.txt")).unwrap();
    fs::remove_file(place.path().join("dump/page.json")).unwrap();
    let reason = "90124.json has changed, 2 files are gone, as 90123.txt";
    assert_eq!(said(&update(&place, &[])), all(reason));
    assert_as_one_run(&place, &[]);
}

#[test]
fn other_options_are_the_reason_to_read_all_files() {
    let place = TestFolder::with_dump();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.toml");
    let rules = rules.to_str().unwrap();
    update(&place, &[]);
    let mut options: Vec<&str> = Vec::new();
    for (more, what) in [
        (&["--bodies", "failed"][..], "--bodies"),
        (&["--format", "parquet"], "formats"),
        (&["--max-depth", "7"], "limits"),
        (&["--rules", rules], "--rules"),
        (&["--redact", "none"], "--redact"),
    ] {
        options.extend(more);
        let reason = format!("report: the report was made with other {what}; all files are read");
        assert_eq!(said(&update(&place, &options)), reason);
        assert_as_one_run(&place, &options);
        assert_eq!(said(&update(&place, &options)), "report: 0 new, 0 changed, 3 as before");
    }
    let several = "report: the report was made with other --rules, limits, --bodies, --redact, formats; all files are read";
    assert_eq!(said(&update(&place, &[])), several);
}

#[test]
fn a_report_that_cannot_be_updated_is_made_again() {
    let place = TestFolder::with_dump();
    let all = |reason: &str| format!("report: {reason}; all files are read");
    update(&place, &[]);
    fs::remove_dir_all(place.path().join("report/state")).unwrap();
    assert_eq!(said(&update(&place, &[])), all("the report has no state"));
    fs::remove_file(place.path().join("report/keys.csv")).unwrap();
    assert_eq!(said(&update(&place, &[])), all("keys.csv is missing in the report"));
    let changed = place.read("report/summary.json").replace("\"total\": 3", "\"total\": 4");
    place.file("report/summary.json", changed);
    assert!(said(&update(&place, &[])).ends_with("; all files are read"));
    assert_as_one_run(&place, &[]);
    // Pseudonyms have a new key in each report.
    let personal = ["--redact", "personal"];
    update(&place, &personal);
    let key = "the report was made with other keys of pseudonyms (--redact-key)";
    assert_eq!(said(&update(&place, &personal)), all(key));
    let kept = ["--redact", "personal", "--redact-key", "key"];
    update(&place, &kept);
    assert_eq!(said(&update(&place, &kept)), "report: 0 new, 0 changed, 3 as before");
}

#[test]
fn what_only_a_new_reading_can_tell_is_read_again() {
    let place = TestFolder::new();
    let log = |blank: &str| {
        format!("[{}]", exchange("A-1", 400)).replace("\",\"", &format!("\",{blank}\""))
    };
    place.file("dump/90123.json", log(""));
    update(&place, &[]);
    place.file("dump/90123-again.json", log(" "));
    let run = update(&place, &[]);
    let lines: Vec<&str> = run.err.lines().take(2).collect();
    assert_eq!(lines[0], "report: 1 new, 0 changed, 1 as before");
    assert!(lines[1].ends_with("may differ in blanks only; all files are read"), "{}", run.err);
    assert_as_one_run(&place, &[]);
    assert_eq!(said(&update(&place, &[])), "report: 0 new, 0 changed, 2 as before");
}

#[test]
fn an_update_needs_parquet_and_replaces_only_reports() {
    let place = TestFolder::with_dump();
    let run = update(&place, &["--format", "csv"]);
    assert_eq!(run.code, 2);
    assert!(run.err.starts_with("error: --update: a report is updated from its Parquet files\n"));
    place.file("report/notes.txt", "mine");
    let run = update(&place, &[]);
    assert_eq!((run.code, place.read("report/notes.txt").as_str()), (2, "mine"), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn an_interrupted_update_leaves_the_report_as_it_was() {
    use super::faults::{document, signal, wait_until};
    use super::kit::ended;

    let place = TestFolder::with_dump();
    update(&place, &[]);
    let before = with_times(&place, "report");
    for n in 0..1_000 {
        place.file(&format!("dump/{n}.json"), document(&n.to_string(), 40));
    }
    let child = place.command(&UPDATE).spawn().unwrap();
    wait_until("a sign of work", || place.names() != ["dump", "report"]);
    signal(&child, "-INT");
    let run = ended(child);
    assert_eq!(run.code, 130, "{}", run.err);
    assert!(run.err.ends_with("interrupted; nothing was written\n"), "{}", run.err);
    assert_eq!(place.names(), ["dump", "report"]);
    assert!(before == with_times(&place, "report"));
}
