//! The totals reconcile: with each other, and with the rows of the tables.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use archive::{Decoder, Limits};
use pipeline::outcome::FileOutcome;
use pipeline::run::Options;

use crate::kit::{Report, Table, dump, every_format, micros, root};
use crate::odd::{LOG, zip};

/// File and record of each exchange, in the order of the table.
fn places(exchanges: &Table) -> Vec<(&str, u64)> {
    (0..exchanges.rows())
        .map(|row| (exchanges.text(row, "file").unwrap(), exchanges.count(row, "record")))
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

    assert_eq!(total("/members/total"), files.sum("members"));
    assert_eq!(total("/members/total"), parts("members").into_values().sum::<u64>());

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
    let of_file = exchanges.counts("file");
    for row in 0..files.rows() {
        let name = files.text(row, "file").unwrap();
        assert_eq!(files.count(row, "exchanges"), of_file.get(name).copied().unwrap_or(0));
    }
    assert_eq!(parts("exchanges"), exchanges.counts("outcome"));
    let places = places(&exchanges);
    assert!(places.is_sorted() && places.windows(2).all(|two| two[0] != two[1]));
    let place_of: HashMap<_, _> =
        (0..files.rows()).map(|row| (files.text(row, "file").unwrap(), row as u64)).collect();
    let mut row_of = HashMap::new();
    for (row, place @ (file, record)) in places.iter().enumerate() {
        let exchange = exchanges.count(row, "exchange");
        assert_eq!(exchange, (place_of[file] << 32) + record, "{place:?}");
        row_of.insert(exchange, row);
        let failed = exchanges.text(row, "outcome") == Some("failed");
        assert_eq!(exchanges.text(row, "evidence").is_some(), failed, "{place:?}");
    }

    let (errors, groups) = (report.table("errors"), report.table("error_groups"));
    assert_eq!(total("/errors/total"), errors.rows() as u64);
    assert_eq!(total("/errors/total"), groups.sum("count"));
    assert_eq!(total("/errors/groups"), groups.rows() as u64);
    let mut of_group = errors.counts("fingerprint");
    for row in 0..groups.rows() {
        let group = groups.text(row, "fingerprint").unwrap();
        assert_eq!(of_group.remove(group), Some(groups.count(row, "count")));
    }
    assert!(of_group.is_empty(), "errors of no group: {of_group:?}");
    let mut before = None;
    for row in 0..errors.rows() {
        let (exchange, error) = (errors.count(row, "exchange"), errors.count(row, "error"));
        let next = before.filter(|(same, _)| *same == exchange).map_or(0, |(_, error)| error + 1);
        assert_eq!(error, next, "the errors of an exchange are counted from 0");
        assert!(before.is_none_or(|(earlier, _)| earlier <= exchange), "row {row}");
        before = Some((exchange, error));
        for column in ["file", "record", "started_at", "flow", "step", "endpoint", "status"] {
            let expected = exchanges.cell(row_of[&exchange], column);
            assert_eq!(errors.cell(row, column), expected, "{column} of row {row}");
        }
    }

    let keys = report.table("keys");
    assert_eq!(total("/keys/total"), keys.rows() as u64);
    let is_open = |row: &usize| keys.flag(*row, "open") == Some(true);
    let (open, others): (Vec<_>, Vec<_>) = (0..keys.rows()).partition(is_open);
    assert_eq!(total("/keys/open"), open.len() as u64);
    let resolved = others.iter().filter(|row| keys.count(**row, "failures") > 0).count();
    assert_eq!(total("/keys/resolved"), resolved as u64);
    for row in 0..keys.rows() {
        let count = |column| keys.count(row, column);
        assert!(count("failures") <= count("attempts"));
        // An attempt with an unknown outcome leaves a key as it was.
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

    let endpoints = report.table("endpoints");
    assert_eq!(endpoints.sum("exchanges"), total("/exchanges/total"));
    assert_eq!(endpoints.sum("failed"), total("/exchanges/failed"));
    for row in 0..endpoints.rows() {
        let count = |column| endpoints.count(row, column);
        assert!(count("rows") >= count("exchanges") && count("failed") <= count("exchanges"));
        assert!(count("rows_failed") <= count("rows"), "row {row}");
    }

    let started =
        (0..exchanges.rows()).filter_map(|row| micros(&exchanges.cell(row, "started_at")));
    let period = |end: &str| summary.pointer(&format!("/period/{end}"))?.as_str();
    let text = |micros| tables::rfc3339(tables::cell::Micros(micros));
    assert_eq!(period("from"), started.clone().min().map(text).as_deref());
    assert_eq!(period("to"), started.max().map(text).as_deref());

    let runs = report.table("runs");
    assert_eq!(total("/runs"), runs.rows() as u64);
    let in_run =
        (0..exchanges.rows()).filter(|row| exchanges.text(*row, "run_id").is_some()).count();
    assert_eq!(runs.sum("exchanges"), in_run as u64);
}

/// Every member of every archive in `folder` is a leaf, an archive of its own, or reported as unread, and the
/// report counts each of them once.
fn assert_members_reconcile(folder: &Path, report: &Report) {
    let mut decoder = Decoder::new(Limits::default());
    let files = report.table("files");
    let mut all = 0;
    for row in 0..files.rows() {
        let name = files.text(row, "file").unwrap();
        if ["duplicate", "rejected"].contains(&files.text(row, "outcome").unwrap())
            && files.count(row, "members") == 0
        {
            continue;
        }
        let bytes = fs::read(folder.join(name)).unwrap();
        let (mut leaves, mut text) = (0, 0);
        let decoded = decoder.decode(&bytes, &mut |leaf| {
            leaves += u32::from(leaf.member.is_some());
            text += leaf.bytes;
        });
        assert_eq!(leaves + decoded.archives + decoded.unread, decoded.members, "{name}");
        assert!(decoded.unread == 0 || !decoded.problems.is_empty(), "{name}");
        assert_eq!(u64::from(decoded.members), files.count(row, "members"), "{name}");
        assert_eq!((text, text), (decoded.bytes, files.count(row, "decoded_bytes")), "{name}");
        all += u64::from(decoded.members);
    }
    assert_eq!(report.summary.members["total"], all);
    let parts = report.summary.members.iter().filter(|(name, _)| *name != "total");
    assert_eq!(parts.map(|(_, count)| count).sum::<u64>(), all);
}

/// What is said of a corpus that is not there, past the capture of the test harness: that something was
/// left out must be seen.
fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {what}");
}

/// Folders of inputs: the dump of the checkout, odd inputs made here, and, where the project's shared folder lies
/// beside the checkout, the hostile files and dumps that its generator makes.
fn corpora(scratch: &Path) -> Vec<PathBuf> {
    let odd = scratch.join("odd");
    fs::create_dir(&odd).unwrap();
    crate::odd::write(&odd);
    let mut corpora = vec![dump(), odd];
    let hostile = root().join("../shared/data/hostile");
    if hostile.is_dir() {
        corpora.push(hostile);
    } else {
        skipped("no corpus of hostile files beside the checkout");
    }
    let maker = root().join("../shared/tools/make_dump.py");
    for seed in ["4", "5"] {
        let made = scratch.join(seed);
        let python = Command::new("python3")
            .arg(&maker)
            .arg(&made)
            .args(["--seed", seed, "--runs", "30", "--rows", "8", "--exchanges", ""])
            .stdout(Stdio::null())
            .status();
        match python {
            Ok(status) if status.success() => corpora.push(made),
            _ => skipped("no dumps by make_dump.py: it is not beside the checkout, or no python3"),
        }
    }
    corpora
}

#[test]
fn every_file_and_every_member_of_every_corpus_ends_in_one_outcome_and_all_totals_reconcile() {
    let scratch = tempfile::tempdir().unwrap();
    for folder in corpora(scratch.path()) {
        let report = Report::of(&folder, &Options::default());
        let files = report.summary.files["total"];
        assert!(files > 50, "{}: {files} files", folder.display());
        assert_reconciles(&report);
        assert_members_reconcile(&folder, &report);
    }
}

/// Members, the outcome of the file, the kinds of its problems, the outcomes of its members.
type Case<'c> = (&'c [(&'c str, &'c [u8])], &'c str, &'c [&'c str], &'c [(&'c str, u64)]);

#[test]
fn members_that_are_no_logs_are_counted_and_reported_and_cost_the_logs_nothing() {
    let (log, words) = (LOG.as_bytes(), &b"no log at all"[..]);
    let cases: [Case<'_>; 7] = [
        (&[("log.json", log)], "decoded", &[], &[("decoded", 1)]),
        (
            &[("README.txt", words), ("log.json", log), ("logo.png", b"\x89PNG\r\n\x1a\n\0\0")],
            "decoded",
            &["bad_json", "not_an_archive"],
            &[("decoded", 1), ("rejected", 2)],
        ),
        (
            &[("log.json", log), ("other.json", br#"{"cities":["Ankara"]}"#), ("a.json", b"[]")],
            "decoded",
            &["unknown_shape"],
            &[("decoded", 1), ("empty", 1), ("rejected", 1)],
        ),
        // A page stands where a log should, so a log is missing.
        (
            &[("log.json", log), ("log-2.json", b"<html>502 Bad Gateway</html>")],
            "partial",
            &["http_error"],
            &[("decoded", 1), ("error_page", 1)],
        ),
        (
            &[("log.json", log), ("log-2.json", &log[..140])],
            "partial",
            &["truncated"],
            &[("decoded", 1), ("partial", 1)],
        ),
        (&[("README.txt", words)], "rejected", &["bad_json"], &[("rejected", 1)]),
        (&[("a.json", b"[]"), ("b.json", b"")], "empty", &[], &[("empty", 2)]),
    ];
    for (members, outcome, kinds, counts) in cases {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file.zip"), zip(members, false)).unwrap();
        let report = Report::of(folder.path(), &Options::default());
        let files = report.table("files");
        assert_eq!(files.text(0, "outcome"), Some(outcome), "{members:?}");
        assert_eq!(files.count(0, "members"), members.len() as u64);
        let found: Vec<_> = report.table("problems").counts("kind").into_keys().collect();
        assert_eq!(found, kinds, "{members:?}");
        let found: Vec<(&str, u64)> = report
            .summary
            .members
            .iter()
            .filter(|(name, count)| *name != "total" && **count > 0)
            .map(|(name, count)| (name.as_str(), *count))
            .collect();
        assert_eq!(found, counts, "{members:?}");
    }
}

#[test]
fn the_totals_of_nothing_reconcile() {
    let folder = tempfile::tempdir().unwrap();
    let report = Report::written(&[folder.path()], &Options::default(), every_format());
    assert_reconciles(&report);
    assert_eq!(report.bytes().len(), 37, "twelve tables in three formats, and the summary");
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_a_problem() {
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
