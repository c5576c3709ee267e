//! Standard input, output and error that are closed, full, or have no process at the other end.

use std::fs::File;
use std::process::{Command, Stdio};

use super::super::kit::{TestFolder, exchange};
use super::{assert_whole, skipped};

/// Runs a shell script, in which `$0` is the program, and gives its exit code.
fn shell(place: &TestFolder, script: &str) -> Option<i32> {
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_analyze")]).current_dir(place.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().unwrap().code()
}

#[test]
fn closed_streams_change_nothing_but_what_can_be_said() {
    let place = TestFolder::with_dump();
    for (script, code) in [
        ("exec \"$0\" ls dump >&-", 0),
        ("exec \"$0\" cat dump/90123.txt >&-", 0),
        ("exec \"$0\" report dump --out report 2>&-", 0),
        ("exec \"$0\" report dump --out report --force >&- 2>&- <&-", 0),
        ("exec \"$0\" report dump --out report 2>&-", 2),
        ("exec \"$0\" report - --out empty <&-", 1),
        ("exec \"$0\" cat - <&-", 1),
    ] {
        assert_eq!(shell(&place, script), Some(code), "{script}");
    }
    assert_whole(&place.path().join("report"));
    assert_eq!(place.names(), ["dump", "empty", "report"]);
}

#[test]
fn an_output_that_takes_no_more_is_an_error_that_names_it() {
    let full = || File::options().write(true).open("/dev/full");
    if full().is_err() {
        return skipped("there is no /dev/full");
    }
    let place = TestFolder::with_dump();
    for args in [
        &["ls", "dump"][..],
        &["ls", "dump", "--json"],
        &["cat", "dump/90124.json"],
        &["cat", "dump/90124.json", "--pretty"],
    ] {
        let output = place.command(args).stdout(full().unwrap()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains("error: standard output: No space left on device"), "{said}");
    }
    let help = place.command(&["--help"]).stdout(full().unwrap()).status().unwrap();
    assert_eq!(help.code(), Some(2));
    let report = ["report", "dump", "--out", "report"];
    let ended = place.command(&report).stderr(full().unwrap()).status().unwrap();
    assert_eq!(ended.code(), Some(0), "the report is there, even when no message can be written");
    assert_whole(&place.path().join("report"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = TestFolder::new();
    place.file("large.json", format!("[{}]", vec![exchange("A", 200); 3_000].join(",")));
    let script =
        "for how in '' --pretty; do { \"$0\" cat large.json $how; echo $? > code; } | head -c 1
        [ \"$(cat code)\" = 0 ] || exit 9; done
        { \"$0\" --help; echo $? > code; } | true; exit $(cat code)";
    assert_eq!(shell(&place, script), Some(0));
    // stderr: a summary without a reader.
    let script =
        "{ \"$0\" report large.json --out report -v 2>&1 >/dev/null; echo $? > code; } | true
        exit $(cat code)";
    assert_eq!(shell(&place, script), Some(0));
    assert_whole(&place.path().join("report"));
}
