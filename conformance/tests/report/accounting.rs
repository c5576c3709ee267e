//! The totals reconcile: with each other, and with the rows of the tables.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use analyze::run::Options;
use analyze::stages::FileOutcome;

use crate::kit::{Report, Table, every_format, root};

/// File and record of each exchange, by its number.
fn places(exchanges: &Table) -> Vec<(String, u64)> {
    (0..exchanges.rows())
        .map(|row| {
            let file = exchanges.text(row, "file").unwrap().to_owned();
            (file, exchanges.count(row, "record"))
        })
        .collect()
}

fn assert_reconciles(report: &Report) {
    let summary: serde_json::Value = serde_json::from_str(&report.text("summary.json")).unwrap();
    let total = |path: &str| summary.pointer(path).unwrap().as_u64().unwrap();
    let parts = |part: &str| -> BTreeMap<String, u64> {
        let counts = summary[part].as_object().unwrap().iter();
        let counts = counts.filter(|(name, count)| *name != "total" && count.as_u64() != Some(0));
        counts.map(|(name, count)| (name.clone(), count.as_u64().unwrap())).collect()
    };

    let files = report.table("files");
    assert_eq!(total("/files/total"), files.rows() as u64);
    assert_eq!(parts("files"), files.counts("outcome"));
    let known: BTreeSet<_> = FileOutcome::ALL.iter().map(|outcome| outcome.name()).collect();
    assert!(files.counts("outcome").keys().all(|outcome| known.contains(outcome.as_str())));
    let names: BTreeSet<_> =
        (0..files.rows()).map(|row| files.text(row, "file").unwrap()).collect();
    assert_eq!(names.len(), files.rows(), "a file has one row");
    assert_eq!(total("/bytes/read"), files.sum("bytes"));
    assert_eq!(total("/bytes/decoded"), files.sum("decoded_bytes"));

    let problems = report.table("problems");
    assert_eq!(total("/problems/total"), problems.rows() as u64);
    assert_eq!(parts("problems"), problems.counts("kind"));
    let by_file = problems.counts("file");
    for row in 0..files.rows() {
        let name = files.text(row, "file").unwrap();
        let count = files.count(row, "problems");
        assert_eq!(count, by_file.get(name).copied().unwrap_or(0), "problems of {name}");
        let outcome = files.text(row, "outcome").unwrap();
        assert_eq!(files.text(row, "problem").is_some(), count > 0, "{name}");
        if ["partial", "rejected", "error_page"].contains(&outcome) {
            assert!(count > 0, "{name} is {outcome}, and nothing says why");
        }
        if outcome == "decoded" {
            assert_ne!(files.number(row, "exchanges"), Some(0), "{name}");
        } else if outcome != "partial" {
            assert_eq!(files.number(row, "exchanges"), Some(0), "{name} is {outcome}");
        }
    }

    let exchanges = report.table("exchanges");
    assert_eq!(total("/exchanges/total"), exchanges.rows() as u64);
    assert_eq!(total("/exchanges/total"), files.sum("exchanges"));
    assert_eq!(parts("exchanges"), exchanges.counts("outcome"));
    let places = places(&exchanges);
    assert!(places.is_sorted() && places.windows(2).all(|two| two[0] != two[1]));
    for (row, place) in places.iter().enumerate() {
        assert_eq!(exchanges.count(row, "exchange"), row as u64);
        let failed = exchanges.text(row, "outcome") == Some("failed");
        assert_eq!(exchanges.text(row, "evidence").is_some(), failed, "{place:?}");
    }

    let (errors, groups) = (report.table("errors"), report.table("error_groups"));
    assert_eq!(total("/errors/total"), errors.rows() as u64);
    assert_eq!(total("/errors/total"), groups.sum("count"));
    assert_eq!(total("/errors/groups"), groups.rows() as u64);
    let mut of_group = errors.counts("group");
    for row in 0..groups.rows() {
        let group = groups.text(row, "group").unwrap();
        assert_eq!(of_group.remove(group), Some(groups.count(row, "count")));
    }
    assert!(of_group.is_empty(), "errors of no group: {of_group:?}");
    for row in 0..errors.rows() {
        assert_eq!(errors.count(row, "error"), row as u64);
        let exchange = errors.count(row, "exchange");
        let (file, record) = &places[exchange as usize];
        assert_eq!(errors.text(row, "file"), Some(file.as_str()));
        assert_eq!(errors.count(row, "record"), *record);
    }

    let keys = report.table("keys");
    assert_eq!(total("/keys/total"), keys.rows() as u64);
    let open = (0..keys.rows()).filter(|row| keys.flag(*row, "open") == Some(true)).count();
    assert_eq!(total("/keys/open"), open as u64);
    for row in 0..keys.rows() {
        let count = |column| keys.count(row, column);
        assert!(count("failures") <= count("attempts"));
        // An attempt of which nothing tells how it went leaves a key as it was.
        let last = keys.text(row, "last_outcome").filter(|last| *last != "unknown");
        if let Some(last) = last {
            assert_eq!(
                keys.flag(row, "open"),
                Some(last == "failed"),
                "{:?}",
                keys.text(row, "key")
            );
        }
    }

    let runs = report.table("runs");
    assert_eq!(total("/runs"), runs.rows() as u64);
    let in_run =
        (0..exchanges.rows()).filter(|row| exchanges.text(*row, "run_id").is_some()).count();
    assert_eq!(runs.sum("exchanges"), in_run as u64);
}

#[test]
fn the_totals_of_the_dump_reconcile() {
    assert_reconciles(&Report::of_dump());
}

#[test]
fn the_totals_of_hostile_files_reconcile() {
    let folder = root().join("../shared/data/hostile");
    if !folder.is_dir() {
        // Written past the capture of the test harness: that something was left out must be seen.
        writeln!(std::io::stderr(), "skipped: no corpus of hostile files beside the checkout")
            .unwrap();
        return;
    }
    let report = Report::of(&folder, &Options::default());
    assert!(report.summary.files["total"] > 900);
    assert_reconciles(&report);
}

#[test]
fn the_totals_of_nothing_reconcile() {
    let folder = tempfile::tempdir().unwrap();
    let report = Report::of(folder.path(), &every_format());
    assert_reconciles(&report);
    assert_eq!(report.bytes().len(), 31, "ten tables in three formats, and the summary");
}

#[cfg(unix)]
#[test]
fn a_place_that_cannot_be_looked_into_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log.json"), br#"[{"status_code":500,"sku":"A1"}]"#).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("dangling")).unwrap();
    let report = Report::of(folder.path(), &Options::default());
    let problems = report.table("problems");
    assert_eq!(problems.rows(), 1);
    assert_eq!(problems.text(0, "file"), Some("dangling"));
    assert_eq!(problems.text(0, "kind"), Some("io"));
    assert_eq!(report.summary.problems["total"], 1);
    assert_eq!(report.summary.exchanges.total, 1);
}
