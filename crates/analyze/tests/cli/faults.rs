//! Faults outside the data: the system refuses, files change during the run, something is in the way of the report.
//!
//! After each of them the exit code is right, the report is whole or not there, and nothing else is left behind.
#![cfg(unix)]

pub(crate) mod disk;
mod inputs;
mod output;
mod streams;

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use super::kit::{RunOutput, TestFolder, exchange};

/// Far longer than the program needs to react.
const PATIENCE: Duration = Duration::from_mins(2);

/// Waits until `done`; panics with `what` when that takes too long.
pub(crate) fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "waited for: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Sends a signal, written as for `kill`. The program may have ended already.
pub(crate) fn signal(child: &Child, signal: &str) {
    let mut kill = std::process::Command::new("kill");
    kill.args([signal, &child.id().to_string()]).stderr(std::process::Stdio::null());
    kill.status().unwrap();
}

/// Prints that a test was skipped, and why.
#[expect(
    clippy::print_stdout,
    reason = "a test that is skipped in silence looks like one that passed"
)]
pub(crate) fn skipped(why: &str) {
    println!("skipped: {why}");
}

/// A list of failed exchanges, as one document.
pub(crate) fn document(name: &str, rows: usize) -> String {
    let rows: Vec<String> = (0..rows).map(|row| exchange(&format!("{name}-{row}"), 400)).collect();
    format!("[{}]", rows.join(","))
}

/// Asserts that a folder is a report with all its tables.
pub(crate) fn assert_whole(report: &Path) {
    let read = |name: &str| std::fs::read(report.join(name)).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&read("summary.json")).unwrap();
    let tables = [
        "bodies",
        "endpoints",
        "error_groups",
        "errors",
        "exchanges",
        "files",
        "flows",
        "keys",
        "logs",
        "problems",
        "redactions",
        "runs",
    ];
    for table in tables {
        let parquet = read(&format!("{table}.parquet"));
        assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"), "{table}");
        assert!(read(&format!("{table}.csv")).ends_with(b"\n"), "{table}");
    }
    let rows = |table: &str| {
        let text = String::from_utf8(read(&format!("{table}.csv"))).unwrap();
        text.lines().count() as u64 - 1
    };
    assert_eq!(Some(rows("files")), summary["files"]["total"].as_u64());
    // The summary and the folder of the state.
    assert_eq!(std::fs::read_dir(report).unwrap().count(), 2 * tables.len() + 2);
    assert_eq!(std::fs::read_dir(report.join("state")).unwrap().count(), 22);
}

/// Asserts that a run was refused before or while it wrote: code 2, one error, nothing new.
fn assert_not_done(place: &TestFolder, run: &RunOutput, names: &[&str], said: &str) {
    assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.err);
    assert!(run.err.starts_with("error: ") && run.err.contains(said), "{}", run.err);
    assert_eq!(place.names(), names, "{}", run.err);
}
