//! No room to write: a full disk, a limit on the size of files, a disk that cannot be written.

use std::fs;
use std::process::{Command, Stdio};

use super::super::kit::{RunOutput, TestFolder};
use super::{assert_not_done, assert_whole, document, skipped};

/// Runs a shell script, in which `$0` is the program.
pub(crate) fn shell(place: &TestFolder, wrapper: &[&str], script: &str) -> RunOutput {
    let mut command = Command::new(wrapper[0]);
    command.args(&wrapper[1..]).args(["sh", "-c", script, env!("CARGO_BIN_EXE_analyze")]);
    command.current_dir(place.path()).stdin(Stdio::null());
    let output = command.output().unwrap();
    RunOutput {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Whether disks can be mounted here, where only the test sees them.
pub(crate) fn can_mount() -> bool {
    let script = "mkdir -p disk && mount -t tmpfs none disk";
    let place = TestFolder::new();
    let mut mount = Command::new("unshare");
    mount.args(["-rm", "sh", "-c", script]).current_dir(place.path());
    let can = mount.output().is_ok_and(|output| output.status.success());
    if !can {
        skipped("no disk can be mounted here");
    }
    can
}

/// Runs a command where it can mount disks that only it sees.
pub(crate) const PRIVATE: [&str; 2] = ["unshare", "-rm"];

#[test]
fn a_full_disk_leaves_nothing_whichever_file_meets_it_first() {
    if !can_mount() {
        return;
    }
    let place = TestFolder::with_dump();
    place.file("dump/large.json", document("A", 1_500));
    fs::create_dir(place.path().join("disk")).unwrap();
    let mut refused = Vec::new();
    let mut done = 0;
    // From a disk without room for a folder to one with room for everything.
    for kib in [4, 16, 64, 96, 128, 192, 256, 320, 384, 448, 512, 640, 768, 1_024, 4_096] {
        let script = format!(
            "mount -t tmpfs -o size={kib}k none disk; \"$0\" report dump --out disk/report --quiet; \
             code=$?; ls -A disk; ls -A disk/report 2>/dev/null | wc -l; exit $code"
        );
        let run = shell(&place, &PRIVATE, &script);
        match run.code {
            0 => {
                done += 1;
                assert_eq!(run.out.split_whitespace().collect::<Vec<_>>(), ["report", "26"]);
            }
            2 => {
                assert_eq!(run.out.trim(), "0", "at {kib} KiB something stays: {}", run.out);
                assert!(run.err.contains("No space left on device"), "{}", run.err);
                assert!(run.err.contains("\nnothing was kept; make room"), "{}", run.err);
                assert!(!run.err.contains("Parquet"), "{}", run.err);
                refused.push(run.err);
            }
            other => panic!("exit code {other} at {kib} KiB: {}", run.err),
        }
    }
    assert!(done > 0 && refused.len() > 5);
    refused.sort();
    refused.dedup();
    assert!(refused.len() > 2, "several writers were refused: {refused:?}");
}

#[test]
fn a_full_disk_keeps_the_report_that_was_to_be_replaced() {
    if !can_mount() {
        return;
    }
    let place = TestFolder::with_dump();
    fs::create_dir(place.path().join("disk")).unwrap();
    place.file("more/large.json", document("A", 4_000));
    let run = shell(
        &place,
        &PRIVATE,
        "mount -t tmpfs -o size=1m none disk; \"$0\" report dump --out disk/report --quiet || exit 9
         cat disk/report/* | cksum > before; \"$0\" report more --out disk/report --force --quiet
         code=$?; cat disk/report/* | cksum | cmp - before && ls -A disk; exit $code",
    );
    assert_eq!((run.code, run.out.trim()), (2, "report"), "{}", run.err);
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_not_the_end() {
    let place = TestFolder::with_dump();
    place.file("dump/large.json", document("A", 2_000));
    for blocks in ["1", "40", "160"] {
        let script = format!("ulimit -f {blocks}; exec \"$0\" report dump --out report --quiet");
        let run = shell(&place, &["env"], &script);
        assert_not_done(&place, &run, &["dump"], "File too large");
        assert!(run.err.contains("ulimit -f"), "{}", run.err);
    }
    assert_eq!(place.run(&["report", "dump", "--out", "report"]).code, 0);
    assert_whole(&place.path().join("report"));
}

#[test]
fn a_disk_of_its_own_is_written_into_but_not_replaced() {
    if !can_mount() {
        return;
    }
    let place = TestFolder::with_dump();
    fs::create_dir(place.path().join("disk")).unwrap();
    let run = shell(
        &place,
        &PRIVATE,
        "mount -t tmpfs none disk; \"$0\" report dump --out disk --quiet; code=$?; ls -A disk
         \"$0\" report dump --out disk/report --quiet || exit 9; ls -A disk; exit $code",
    );
    assert_eq!((run.code, run.out.trim()), (2, "report"), "{}", run.err);
    assert!(run.err.contains("name a folder in it: disk/report"), "{}", run.err);
}

#[test]
fn a_disk_that_cannot_be_written_is_reported_before_work_starts() {
    if !can_mount() {
        return;
    }
    let place = TestFolder::with_dump();
    fs::create_dir(place.path().join("disk")).unwrap();
    let script = "mount -t tmpfs -o ro none disk; exec \"$0\" report dump --out disk/new/report";
    let run = shell(&place, &PRIVATE, script);
    assert_not_done(
        &place,
        &run,
        &["disk", "dump"],
        "disk/new: cannot create: Read-only file system",
    );
}
