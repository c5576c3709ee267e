//! Interrupts.
#![cfg(unix)]

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use super::kit::{Place, ended, exchange};

/// Far longer than the program needs to notice.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until something stands beside the dump.
fn wait_for_work(place: &Place) {
    let began = Instant::now();
    while place.names() == ["dump"] {
        assert!(began.elapsed() < PATIENCE, "no sign of work");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn kill(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
}

/// Starts a report that takes seconds, signals as soon as it is writing, gives what is left behind.
fn interrupted(signal: &str, out: &str) -> (i32, String, Vec<String>) {
    let place = Place::new();
    for n in 0..1_500 {
        let rows: Vec<String> = (0..40).map(|row| exchange(&format!("{n}-{row}"), 400)).collect();
        place.file(&format!("dump/{n}.json"), format!("[{}]", rows.join(",")));
    }
    let args = ["report", "dump", "--out", out, "--threads", "1"];
    let child = place.command(&args).spawn().unwrap();
    wait_for_work(&place);
    kill(&child, signal);
    let run = ended(child);
    assert_eq!(run.out, "");
    (run.code, run.err, place.names())
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let (code, err, names) = interrupted("-INT", "report");
    let said = "interrupted; nothing was written\n";
    assert_eq!((code, err.as_str(), names), (130, said, vec!["dump".to_owned()]));
}

#[test]
fn a_polite_kill_is_an_interrupt_and_folders_made_for_the_report_go_too() {
    let (code, _, names) = interrupted("-TERM", "new/deep/report");
    assert_eq!((code, names), (130, vec!["dump".to_owned()]));
}

#[test]
fn a_second_interrupt_does_not_wait_for_the_file_at_hand() {
    let place = Place::new();
    let rows: Vec<String> = (0..100_000).map(|row| exchange(&row.to_string(), 400)).collect();
    place.file("dump/large.json", format!("[{}]", rows.join(",")));
    let child = place.command(&["report", "dump", "--out", "report"]).spawn().unwrap();
    wait_for_work(&place);
    for _ in 0..2 {
        kill(&child, "-INT");
        std::thread::sleep(Duration::from_millis(50));
    }
    let began = Instant::now();
    let run = ended(child);
    assert_eq!((run.code, place.names()), (130, vec!["dump".to_owned()]), "{}", run.err);
    assert!(began.elapsed() < Duration::from_secs(5));
}
