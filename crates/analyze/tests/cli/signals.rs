//! Interrupts.
#![cfg(unix)]

use std::process::Command;
use std::time::{Duration, Instant};

use super::kit::{Place, ended, exchange};

/// Far longer than the program needs to notice.
const PATIENCE: Duration = Duration::from_mins(1);

/// Starts a report that takes seconds, signals as soon as it is writing, gives what is left behind.
fn interrupted(signal: &str, out: &str) -> (i32, String, Vec<String>) {
    let place = Place::new();
    for n in 0..1_500 {
        let rows: Vec<String> = (0..40).map(|row| exchange(&format!("{n}-{row}"), 400)).collect();
        place.file(&format!("dump/{n}.json"), format!("[{}]", rows.join(",")));
    }
    let child = place.command(&["report", "dump", "--out", out, "--threads", "1"]).spawn().unwrap();
    let began = Instant::now();
    while place.names() == ["dump"] {
        assert!(began.elapsed() < PATIENCE, "no sign of work");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success()
    );
    let run = ended(child);
    assert_eq!(run.out, "");
    (run.code, run.err, place.names())
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let (code, err, names) = interrupted("-INT", "report");
    assert_eq!(
        (code, err.as_str(), names),
        (130, "interrupted; nothing was written\n", vec!["dump".to_owned()])
    );
}

#[test]
fn a_polite_kill_is_an_interrupt_and_folders_made_for_the_report_go_too() {
    let (code, _, names) = interrupted("-TERM", "new/deep/report");
    assert_eq!((code, names), (130, vec!["dump".to_owned()]));
}
