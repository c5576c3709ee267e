//! Signals at any moment: the report is whole or not there, and the exit code says which.
#![cfg(unix)]

use std::fs;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::faults::{assert_whole, document, signal, skipped, wait_until};
use super::kit::{TestFolder, ended, exchange};

const REPORT: [&str; 5] = ["report", "dump", "--out", "report", "--quiet"];

/// Starts a report that takes seconds, sends a signal when it is writing, and returns what is left behind.
fn interrupted(kind: &str, out: &str) -> (i32, String, Vec<String>) {
    let place = TestFolder::new();
    for n in 0..1_000 {
        place.file(&format!("dump/{n}.json"), document(&n.to_string(), 40));
    }
    let args = ["report", "dump", "--out", out, "--threads", "1"];
    let child = place.command(&args).spawn().unwrap();
    wait_until("a sign of work", || place.names() != ["dump"]);
    signal(&child, kind);
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
fn a_second_interrupt_ends_at_once_and_leaves_nothing_behind() {
    let place = TestFolder::new();
    place.file("dump/large.json", document("A", 30_000));
    for out in ["report", "new/report"] {
        let mut child = place.command(&["report", "dump", "--out", out]).spawn().unwrap();
        wait_until("a sign of work", || place.names() != ["dump"]);
        wait_until("the end", || {
            signal(&child, "-INT");
            child.try_wait().unwrap().is_some()
        });
        let run = ended(child);
        assert_eq!((run.code, place.names()), (130, vec!["dump".to_owned()]), "{}", run.err);
    }
}

#[test]
fn an_interrupted_bench_leaves_nothing_behind_after_one_signal_or_many() {
    for signals in [1, usize::MAX] {
        let place = TestFolder::new();
        let args =
            ["bench", "--generate", "300kB", "--dir", ".", "--runs", "1000", "--stages", "report"];
        let mut child = place.command(&args).spawn().unwrap();
        wait_until("a sign of work", || {
            let inside = place.names().first().map(|name| place.path().join(name));
            inside.is_some_and(|folder| fs::read_dir(folder).is_ok_and(|all| all.count() > 1))
        });
        let mut sent = 0;
        wait_until("the end", || {
            if sent < signals {
                signal(&child, "-INT");
                sent += 1;
            }
            child.try_wait().unwrap().is_some()
        });
        let run = ended(child);
        assert_eq!((run.code, run.out.as_str()), (130, ""), "{}", run.err);
        assert_eq!(place.names(), [""; 0]);
    }
}

/// Waits until a process has a handler for the signal of this number; false where the system does not say.
fn watches(child: &Child, number: u32) -> bool {
    let status = format!("/proc/{}/status", child.id());
    let caught = || {
        let status = fs::read_to_string(&status).ok()?;
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
        Some(u64::from_str_radix(mask.trim(), 16).unwrap() >> (number - 1) & 1 != 0)
    };
    if caught().is_none() {
        skipped("the system does not say which signals a process handles");
        return false;
    }
    wait_until("a handler", || caught().unwrap_or(true));
    true
}

#[test]
fn an_interrupt_while_standard_input_is_awaited_ends_at_once() {
    // What is ignored from the start stays ignored, as when the tests run under `nohup`.
    let hangups = !std::fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        ignored.is_some_and(|mask| mask.trim().ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']))
    });
    // Handlers are set one after the other.
    let kinds = [("-INT", 2), ("-TERM", 15), ("-HUP", 1)];
    for (kind, number) in kinds.into_iter().filter(|(kind, _)| hangups || *kind != "-HUP") {
        let place = TestFolder::new();
        let args = ["report", "-", "--out", "report"];
        let mut child = place.command(&args).stdin(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        if watches(&child, number) {
            signal(&child, kind);
            assert_eq!(ended(child).code, 130, "{kind}");
        } else {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        drop(stdin);
        assert_eq!(place.names(), [""; 0], "{kind}");
    }
}

#[test]
fn a_hangup_that_is_ignored_from_the_start_stays_ignored() {
    let place = TestFolder::with_dump();
    let script = "trap '' HUP; exec \"$0\" report - dump --out report --quiet";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_analyze")]).current_dir(place.path());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than a pipe holds: when all is written, the program has begun to read.
    stdin.write_all(document("A", 1_000).as_bytes()).unwrap();
    signal(&child, "-HUP");
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_whole(&place.path().join("report"));
}

#[test]
fn an_interrupt_after_the_report_is_there_ends_as_the_report_did() {
    let place = TestFolder::with_dump();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let args = ["report", "dump", "--out", "report"];
    let mut command = place.command(&args);
    command.stderr(writer.try_clone().unwrap());
    // A full pipe without a reader: the program blocks at the first word of its summary.
    let filler = std::thread::spawn(move || while writer.write_all(&[b' '; 4096]).is_ok() {});
    let mut child = command.spawn().unwrap();
    drop(command);
    let report = place.path().join("report");
    wait_until("the report", || report.exists());
    wait_until("the end", || {
        signal(&child, "-INT");
        child.try_wait().unwrap().is_some()
    });
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(reader);
    filler.join().unwrap();
    assert_whole(&report);
    assert_eq!(place.names(), ["dump", "report"]);
}

/// Xorshift: the same delays in every run.
struct Moments(u64);

impl Moments {
    fn below(&mut self, most: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        most.mul_f64((self.0 % 1_000) as f64 / 1_000.0)
    }
}

/// A dump of many files, and how long a report of it takes.
fn dump_and_time(files: usize) -> (TestFolder, Duration) {
    let place = TestFolder::new();
    for n in 0..files {
        place.file(&format!("dump/{n}.json"), document(&n.to_string(), 10));
    }
    let began = Instant::now();
    assert_eq!(place.run(&REPORT).code, 0);
    (place, began.elapsed())
}

#[test]
fn a_new_report_is_whole_or_absent_whenever_a_signal_comes() {
    let (place, time) = dump_and_time(60);
    let report = place.path().join("report");
    let mut moments = Moments(0x9e37_79b9_7f4a_7c15);
    for round in 0..24 {
        if report.exists() {
            fs::remove_dir_all(&report).unwrap();
        }
        let kind = ["-KILL", "-INT", "-TERM", "-KILL"][round % 4];
        let mut child = place.command(&REPORT).spawn().unwrap();
        std::thread::sleep(moments.below(time.mul_f64(1.2)));
        signal(&child, kind);
        let code = child.wait().unwrap().code();
        match code {
            Some(0) => assert_whole(&report),
            // Before it handles signals, a signal ends it at once.
            Some(130) => assert!(!report.exists(), "round {round}"),
            None if report.exists() => assert_whole(&report),
            None => {}
            Some(other) => panic!("round {round}: exit code {other}"),
        }
        let left = place.names();
        let hidden = left.iter().filter(|name| *name == ".report.partial").count();
        assert!(left.len() <= 2 + hidden, "{left:?}");
        assert!(hidden == 0 || (kind == "-KILL" && code.is_none()), "{kind} left {left:?}");
    }
    let force = [&REPORT[..], &["--force"]].concat();
    assert_eq!(place.run(&force).code, 0);
    assert_whole(&report);
    assert_eq!(place.names(), ["dump", "report"]);
}

#[test]
fn a_report_that_is_replaced_is_the_old_or_the_new_one_whenever_a_signal_comes() {
    let (place, time) = dump_and_time(60);
    let report = place.path().join("report");
    let force = [&REPORT[..], &["--force"]].concat();
    let mut moments = Moments(0x2545_f491_4f6c_dd1d);
    for round in 0..24 {
        place.file(&format!("dump/new-{round}.json"), exchange(&round.to_string(), 400));
        let before = place.summary("/files/total");
        let mut child = place.command(&force).spawn().unwrap();
        std::thread::sleep(moments.below(time.mul_f64(1.2)));
        signal(&child, ["-KILL", "-INT", "-KILL", "-TERM"][round % 4]);
        let code = child.wait().unwrap().code();
        assert_whole(&report);
        let (after, new) = (place.summary("/files/total"), 61 + round as u64);
        match code {
            Some(0) => assert_eq!(after, new),
            Some(130) => assert_eq!(after, before),
            None => assert!(after == before || after == new),
            Some(other) => panic!("round {round}: exit code {other}"),
        }
    }
    assert_eq!(place.run(&force).code, 0);
    assert_eq!(place.names(), ["dump", "report"]);
}
