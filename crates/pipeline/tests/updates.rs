//! A report that is updated every hour ends as that of one run, and each file is read once.
//!
//! `UPDATES=8760 cargo test --release -p pipeline --test updates -- --nocapture` is a year, and prints the time of updates.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use pipeline::run::{Options, Progress};
use pipeline::update::{self, UpdatePlan};
use pipeline::{input, run};
use tables::{Folder, Formats, Metadata};

const METADATA: Metadata = Metadata { rules_version: grouping::RULES_VERSION, redaction: "none" };

/// Updates where the environment does not say how many.
const UPDATES: usize = 50;

/// Writes what an hour brings: the log of a run, sometimes a copy of an earlier one, and each evening the listing page of
/// the day. Returns the number of files.
fn hour(dump: &Path, n: usize) -> usize {
    let id = 90_000 + n;
    let store = ["north", "south", "east"][n % 3];
    let (status, answer) = match n % 4 {
        0 => (400, format!("product SKU-{n}0017 of store {store} is not found")),
        1 => (500, format!("the server had a time-out after {n} s")),
        _ => (200, "ok".to_owned()),
    };
    let text = format!(
        r#"[{{"request":{{"method":"POST","url":"https://erp.example.com/api/orders/{n}","body":{{"sku":"SKU-{}","price":{n}}}}},"response":{{"status":{status},"body":{{"message":"{answer}"}}}}}}]"#,
        n % 40
    );
    let mut files = vec![(format!("{store}/{id}.txt"), text.clone())];
    if n % 7 == 3 {
        files.push((format!("again/{id}.txt"), text));
    }
    if n % 24 == 23 {
        let entries: Vec<String> = (id - 23..=id)
            .map(|id| {
                let status = 2 + id % 2;
                format!(
                    r#"{{"id":{id},"log_type":3,"process_group_id":"price","parent_process_group_id":"f-1","original_filename_uuid":"0d5b8c1e-0000-4000-8000-{:012}","filename_uuid":"x{id}","state":3,"status":{status},"created":"1687519997186","finished":null}}"#,
                    n / 24
                )
            })
            .collect();
        let page = r#"{"count":24,"limit":25,"page":1,"previous":"","next":"","results":["#;
        files.push((format!("pages/{n}.json"), format!("{page}{}]}}", entries.join(","))));
    }
    for (file, text) in &files {
        let path = dump.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let at = UNIX_EPOCH + Duration::from_hours(n as u64);
        fs::File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
    }
    files.len()
}

/// The bytes of all files of a report.
fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for place in [folder.to_owned(), folder.join("state")] {
        for path in fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_file() {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                all.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    all
}

#[test]
fn hourly_updates_end_as_one_run_and_read_each_file_once() {
    let updates = std::env::var("UPDATES").map_or(UPDATES, |text| text.parse().unwrap());
    let place = tempfile::tempdir().unwrap();
    let (dump, out) = (place.path().join("dump"), place.path().join("report"));
    let never = AtomicBool::new(false);
    let options = Options { state: true, ..Options::default() };
    let folder = |out: &Path| Folder::create(out, true, Formats::default(), &METADATA).unwrap();
    let find = || input::find(&[dump.display().to_string()]).unwrap();
    let (mut files, mut read, mut took) = (0, 0, Duration::ZERO);
    for n in 0..updates {
        files += hour(&dump, n);
        let progress = Progress::default();
        let begin = Instant::now();
        let found = find();
        let input = (found.inputs.as_slice(), found.unread.as_slice());
        match update::plan(&out, input, &Formats::default(), &options, &never).unwrap() {
            UpdatePlan::Add(changes) => {
                let folder = folder(&out);
                update::add(&out, input, &changes, folder, &options, &progress, &never).unwrap();
            }
            UpdatePlan::ReadAll(reason) if n == 0 => {
                assert_eq!(reason, "there is no report yet");
                let folder = folder(&out);
                run::report(input.0, input.1, folder, &options, &progress, &never).unwrap();
            }
            plan => panic!("{n}: {plan:?}"),
        }
        took += begin.elapsed();
        read += progress.files.load(Ordering::Relaxed);
        if (n + 1) % (updates / 10).max(1) == 0 {
            let each = took / (updates / 10).max(1) as u32;
            println!("{} updates, {files} files: {} ms each", n + 1, each.as_millis());
            took = Duration::ZERO;
        }
    }
    assert_eq!(read, files as u64, "each file is read once");
    let found = find();
    let input = (found.inputs.as_slice(), found.unread.as_slice());
    let plan = update::plan(&out, input, &Formats::default(), &options, &never).unwrap();
    assert!(matches!(plan, UpdatePlan::Nothing(changes) if changes.unchanged == files));
    let one = place.path().join("one");
    run::report(input.0, input.1, folder(&one), &options, &Progress::default(), &never).unwrap();
    let (one, updated) = (bytes(&one), bytes(&out));
    assert!(one.keys().eq(updated.keys()) && one.len() > 30);
    // One run has no past.
    for (name, bytes) in one.iter().filter(|(name, _)| *name != "state/group_aliases.parquet") {
        assert!(updated[name] == *bytes, "{name} differs");
    }
}
