//! Inputs that cannot be read, must not be waited for, or change while they are read.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use super::super::kit::{TestFolder, ended, exchange};
use super::{document, signal, skipped, wait_until};

/// The rows of a table of `report`, each as JSON.
fn rows(place: &TestFolder, table: &str) -> Vec<serde_json::Value> {
    let text = place.read(&format!("report/{table}.jsonl"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The values of one column.
fn column(rows: &[serde_json::Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}

const REPORT: [&str; 8] =
    ["report", "dump", "--out", "report", "--format", "json", "--max-rejects", "100%"];

#[test]
fn links_to_nothing_or_in_circles_are_reported_and_the_rest_is_read() {
    let place = TestFolder::with_dump();
    let dump = place.path().join("dump");
    symlink("nowhere", dump.join("dangling.json")).unwrap();
    symlink(".", dump.join("loop")).unwrap();
    symlink("self", dump.join("self")).unwrap();
    let run = place.run(&REPORT);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(place.summary("/files/total"), 3);
    let problems = rows(&place, "problems");
    assert_eq!(column(&problems, "file"), ["dangling.json", "loop", "self"]);
    assert_eq!(column(&problems, "kind"), ["io"; 3]);
}

#[test]
fn folders_that_link_to_each_other_are_walked_in_no_more_than_their_number() {
    let place = TestFolder::new();
    for n in 0..24 {
        let folder = place.path().join(format!("dump/{n}"));
        fs::create_dir_all(&folder).unwrap();
        for link in ["a", "b"] {
            symlink(format!("../{}", n + 1), folder.join(link)).unwrap();
        }
    }
    place.file("dump/24/log.json", exchange("A", 400));
    let run = place.run(&REPORT);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(place.summary("/exchanges/total"), 1);
    assert!(place.summary("/files/total") <= 3);
}

#[test]
fn pipes_sockets_and_devices_are_not_waited_for() {
    let place = TestFolder::with_dump();
    let dump = place.path().join("dump");
    assert!(Command::new("mkfifo").arg(dump.join("pipe")).status().unwrap().success());
    let _socket = UnixListener::bind(dump.join("socket")).unwrap();
    symlink("/dev/zero", dump.join("device")).unwrap();
    let run = place.run(&REPORT);
    assert_eq!((run.code, place.summary("/files/total")), (0, 3), "{}", run.err);
    let problems = rows(&place, "problems");
    assert_eq!(column(&problems, "file"), ["device", "pipe", "socket"]);
    assert_eq!(column(&problems, "kind"), ["io"; 3]);
    for named in ["dump/pipe", "dump/socket", "dump/device"] {
        for command in [&["ls"][..], &["cat"], &["report", "--out", "other"]] {
            let run = place.run(&[command, &[named]].concat());
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{command:?} {named}");
            assert!(run.err.contains("not a regular file"), "{}", run.err);
        }
    }
    assert_eq!(place.names(), ["dump", "report"]);
}

#[test]
fn a_file_that_the_system_does_not_give_is_a_rejected_file() {
    let file = std::path::Path::new("/proc/self/mem");
    if !file.exists() {
        return skipped("there is no /proc/self/mem");
    }
    let place = TestFolder::with_dump();
    symlink(file, place.path().join("dump/a.json")).unwrap();
    let run = place.run(&REPORT);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(column(&rows(&place, "files"), "outcome")[2], "rejected");
    let problem = &rows(&place, "problems")[0];
    assert_eq!((&problem["file"], &problem["kind"]), (&"a.json".into(), &"io".into()));
    assert_eq!(place.summary("/exchanges/total"), 2);
}

/// Runs the program as a user for whom permissions count; `None`, with a message, where that cannot be done.
fn run_bound(place: &TestFolder, args: &[&str]) -> Option<(Option<i32>, String)> {
    let program = env!("CARGO_BIN_EXE_analyze");
    let root = fs::read(place.path().join("dump/secret.json")).is_ok();
    let mut command = if root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]);
        command
    } else {
        Command::new(program)
    };
    let open = fs::Permissions::from_mode(0o777);
    fs::set_permissions(place.path(), open).unwrap();
    let version = command.arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        skipped("permissions do not bind this user, and none other can be had");
        return None;
    }
    let mut bound = Command::new(command.get_program());
    bound.args(command.get_args().filter(|arg| *arg != "--version")).args(args);
    let output = bound.current_dir(place.path()).output().unwrap();
    Some((output.status.code(), String::from_utf8(output.stderr).unwrap()))
}

#[test]
fn what_may_not_be_read_is_reported_and_costs_nothing_else() {
    let place = TestFolder::with_dump();
    let locked = fs::Permissions::from_mode(0o000);
    fs::set_permissions(place.file("dump/secret.json", exchange("A", 400)), locked.clone())
        .unwrap();
    place.file("dump/vault/a.json", exchange("B", 400));
    fs::set_permissions(place.path().join("dump/vault"), locked).unwrap();
    let ended = run_bound(&place, &REPORT);
    fs::set_permissions(place.path().join("dump/vault"), fs::Permissions::from_mode(0o755))
        .unwrap();
    let Some((code, said)) = ended else { return };
    assert_eq!(code, Some(0), "{said}");
    let problems = rows(&place, "problems");
    assert_eq!(column(&problems, "file"), ["vault", "secret.json"]);
    for message in column(&problems, "message") {
        assert!(message.contains("permission denied"), "{message}");
    }
    let files = rows(&place, "files");
    assert_eq!(column(&files, "outcome").last().unwrap(), "rejected");
    assert_eq!(place.summary("/exchanges/total"), 2);
}

#[test]
fn a_folder_that_vanishes_after_it_was_listed_is_reported_file_by_file() {
    let place = TestFolder::with_dump();
    place.file("dump/gone/1.json", exchange("B", 400));
    place.file("dump/gone/2.json", exchange("C", 400));
    let mut args = vec!["report", "-"];
    args.extend(&REPORT[1..]);
    let mut child = place.command(&args).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than a pipe holds: when all is written, the program has listed the folders and reads.
    stdin.write_all(document("stdin", 2_000).as_bytes()).unwrap();
    fs::remove_dir_all(place.path().join("dump/gone")).unwrap();
    drop(stdin);
    let run = ended(child);
    assert_eq!(run.code, 0, "{}", run.err);
    let files = rows(&place, "files");
    let gone: Vec<_> = files.iter().filter(|row| row["outcome"] == "rejected").collect();
    assert_eq!((gone.len(), &gone[0]["file"]), (2, &"gone/1.json".into()));
    assert_eq!((&gone[0]["digest"], &gone[0]["problem"]), (&serde_json::Value::Null, &"io".into()));
    assert_eq!(place.summary("/exchanges/total"), 2_002);
}

/// A document with so many blanks after it that the survey does not keep it, so that it is read twice. Small files are
/// read once.
fn read_twice(document: String) -> String {
    document + &" ".repeat(8 << 10)
}

/// Makes a report of a dump that changes after the survey, before its last files are read. `None`, with a message,
/// when it was read faster than it could be changed.
fn changed_meanwhile(place: &TestFolder, change: impl FnOnce()) -> Option<()> {
    // The main pass needs seconds for it, the survey does not.
    place.file("dump/0.json", document("first", 15_000));
    let mut args = REPORT.to_vec();
    args.extend(["--threads", "1"]);
    let child = place.command(&args).spawn().unwrap();
    let partial = place.path().join(".report.partial");
    // The scratch file of the main pass.
    wait_until("the survey to be over", || partial.join(".errors.scratch").exists());
    signal(&child, "-STOP");
    let in_time = fs::metadata(partial.join("exchanges.jsonl")).is_ok_and(|meta| meta.len() == 0);
    change();
    signal(&child, "-CONT");
    let run = ended(child);
    assert_eq!(run.code, 0, "{}", run.err);
    if !in_time {
        skipped("the dump was read before it could be changed");
    }
    in_time.then_some(())
}

#[test]
fn a_file_that_changes_between_the_two_passes_is_reported_and_what_was_read_is_consistent() {
    let place = TestFolder::new();
    let grown = format!("[{}]", exchange("A", 400));
    let grown = place.file("dump/1-grows.json", read_twice(grown));
    let shrunk = place.file("dump/2-shrinks.json", read_twice(document("B", 5)));
    let same = place.file("dump/3-same-size.json", read_twice(exchange("C", 400)));
    let gone = place.file("dump/4-goes.json", read_twice(exchange("D", 400)));
    place.file("dump/5-stays.json", exchange("E", 400));
    let after = document("A", 3);
    let changed = changed_meanwhile(&place, || {
        fs::write(&grown, &after).unwrap();
        fs::write(&shrunk, "").unwrap();
        fs::write(&same, read_twice(exchange("c", 400))).unwrap();
        fs::remove_file(&gone).unwrap();
    });
    if changed.is_none() {
        return;
    }
    let files = rows(&place, "files");
    let column = |name| column(&files, name).split_off(1);
    assert_eq!(column("outcome"), ["partial", "rejected", "partial", "rejected", "decoded"]);
    assert_eq!(column("problem"), ["changed", "changed", "changed", "io", ""]);
    assert_eq!(files[1]["bytes"], after.len() as u64);
    assert_eq!(files[1]["exchanges"], 3);
    let problem = &rows(&place, "problems")[0]["message"];
    let sizes = format!("{} when it was read", after.len());
    assert!(problem.as_str().unwrap().ends_with(&sizes), "{problem}");
    assert_eq!(place.summary("/exchanges/total"), 15_000 + 3 + 1 + 1);
}

#[test]
fn a_copy_is_read_when_its_original_goes_away_first() {
    let place = TestFolder::new();
    let original = place.file("dump/1.json", read_twice(exchange("A", 400)));
    place.file("dump/2.json", read_twice(exchange("A", 400)));
    place.file("dump/3.json", read_twice(exchange("A", 400)));
    if changed_meanwhile(&place, || fs::remove_file(&original).unwrap()).is_none() {
        return;
    }
    let outcomes = column(&rows(&place, "files"), "outcome").split_off(1);
    assert_eq!(outcomes, ["rejected", "decoded", "duplicate"]);
    assert_eq!(place.summary("/exchanges/total"), 15_001);
}

#[test]
fn a_small_file_that_changes_after_the_survey_is_reported_as_it_was() {
    let place = TestFolder::new();
    let small = place.file("dump/1.json", exchange("A", 400));
    if changed_meanwhile(&place, || fs::remove_file(&small).unwrap()).is_none() {
        return;
    }
    let files = rows(&place, "files");
    assert_eq!(column(&files, "outcome").split_off(1), ["decoded"]);
    assert_eq!(files[1]["digest"], archive::Digest::of(exchange("A", 400).as_bytes()).to_string());
    assert_eq!(place.summary("/exchanges/total"), 15_001);
}

#[test]
fn inputs_that_overlap_are_read_once() {
    let place = TestFolder::with_dump();
    let twice =
        ["report", "dump", "dump/../dump", "dump/page.json", "dump/*.json", "--out", "report"];
    let run = place.run(&twice);
    assert_eq!((run.code, place.summary("/files/total")), (0, 3), "{}", run.err);
}

#[test]
fn earlier_reports_in_the_input_are_left_out_and_reported() {
    let place = TestFolder::with_dump();
    assert_eq!(place.run(&[&REPORT[..], &["--force"]].concat()).code, 0);
    let first = place.read("report/exchanges.jsonl");
    fs::rename(place.path().join("report"), place.path().join("dump/monday")).unwrap();
    // Left by a killed run; and a file of the user among the tables of a report.
    place.file("dump/.tuesday.partial/exchanges.jsonl", &first);
    place.file("dump/monday/90125.json", exchange("A-3", 400));
    symlink("monday/errors.jsonl", place.path().join("dump/link")).unwrap();
    for n in 0..2 {
        let run = place.run(&[&REPORT[..], &["--force"]].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.err.contains("monday: 13 files of an earlier report, not read"), "{}", run.err);
        assert_eq!((place.summary("/files/total"), place.summary("/exchanges/total")), (4, 3));
        let problems = rows(&place, "problems");
        assert_eq!(column(&problems, "file"), [".tuesday.partial", "link", "monday"], "{n}");
        assert_eq!(column(&problems, "kind"), ["earlier_report"; 3]);
    }
    for named in ["dump/monday/exchanges.jsonl", "dump/.tuesday.partial"] {
        let run = place.run(&["report", named, "--out", "other"]);
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains(": a report, not logs\n"), "{}", run.err);
    }
}

#[test]
fn a_table_of_a_report_is_no_log_under_any_name() {
    let place = TestFolder::with_dump();
    assert_eq!(place.run(&REPORT).code, 0);
    for table in ["exchanges", "errors", "keys", "logs"] {
        place.file(&format!("dump/{table}.txt"), place.read(&format!("report/{table}.jsonl")));
    }
    // A log that has a column of ours is one.
    let like = exchange("A-4", 400).replacen('{', r#"{"exchange":1,"#, 1);
    place.file("dump/like.json", like);
    assert_eq!(place.run(&[&REPORT[..], &["--force"]].concat()).code, 0);
    assert_eq!(place.summary("/exchanges/total"), 3);
    assert_eq!(column(&rows(&place, "problems"), "kind"), ["earlier_report"; 4]);
}

#[test]
fn a_limit_on_the_address_space_is_one_sentence_that_names_the_file() {
    let place = TestFolder::new();
    let long = exchange(&"A".repeat(100 << 20), 400);
    place.file("dump/large.json", long);
    // In KiB: more addresses than the program takes without a file, and fewer than with it.
    let script = format!(
        "ulimit -v 240000 && exec {} report dump --out report --threads 1 --quiet",
        env!("CARGO_BIN_EXE_analyze")
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(place.path());
    let run = ended(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    if !run.err.contains("error: ") {
        return skipped("the shell knows no `ulimit -v`");
    }
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.starts_with("error: out of memory at large.json: the system refused "));
    assert!(run.err.contains("\nlower --memory"), "{}", run.err);
    assert_eq!(run.err.lines().count(), 2, "{}", run.err);
}
