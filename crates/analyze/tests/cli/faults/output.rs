//! What is in the way of the report, before or while it is made.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::super::kit::{TestFolder, ended};
use super::{assert_not_done, assert_whole, document, wait_until};

#[test]
fn what_is_in_the_way_is_reported_before_work_starts_and_kept() {
    let place = TestFolder::with_dump();
    place.file("file", "mine");
    place.file("folder/notes.txt", "mine");
    symlink("nowhere", place.path().join("link")).unwrap();
    symlink("file", place.path().join("to-file")).unwrap();
    let names = ["dump", "file", "folder", "link", "to-file"];
    for (out, said) in [
        ("file", "file: a file is in the way"),
        ("file/report", "file/report: cannot look at: Not a directory"),
        ("folder", "folder: notes.txt is in the way"),
        ("link", "link: cannot follow the link: No such file"),
        ("to-file", "to-file: a file is in the way"),
        ("dump", "dump: 90123.txt is in the way"),
        (".", ".: not a name for a folder"),
        ("/proc/report", "/proc/"),
    ] {
        for force in [&[][..], &["--force"]] {
            let run = place.run(&[&["report", "dump", "--out", out], force].concat());
            assert_not_done(&place, &run, &names, said);
        }
    }
    assert_eq!(place.read("folder/notes.txt"), "mine");
}

#[test]
fn a_report_inside_the_dump_is_not_read_as_a_part_of_it() {
    let place = TestFolder::with_dump();
    for (n, force) in [(1, &[][..]), (2, &["--force"])] {
        // What a killed run left does not count either.
        place.file("dump/.report.partial/files.csv", "half");
        place.file("dump/.report.partial/.report.scratch/state/files.parquet", "half");
        let run = place.run(&[&["report", "dump", "--out", "dump/report"], force].concat());
        assert_eq!(run.code, 0, "{n}: {}", run.err);
        assert!(run.err.contains("not read"), "{}", run.err);
        let summary = place.read("dump/report/summary.json");
        let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
        assert_eq!(summary["files"]["total"], 3, "{n}");
        assert_eq!(summary["problems"]["total"], 0, "{n}");
    }
    let update = place.run(&["report", "dump", "--out", "dump/report", "--update"]);
    assert_eq!(update.code, 0, "{}", update.err);
    assert!(update.err.ends_with(": 0 new, 0 changed, 3 as before\n"), "{}", update.err);
    let run = place.run(&["report", "dump/report", "--out", "dump/report", "--force"]);
    assert_not_done(&place, &run, &["dump"], "a report, not logs");
    assert_whole(&place.path().join("dump/report"));
}

#[test]
fn a_pipe_or_file_in_the_place_of_the_partial_folder_is_reported() {
    let place = TestFolder::with_dump();
    let partial = place.path().join(".report.partial");
    let mkfifo = || assert!(Command::new("mkfifo").arg(&partial).status().unwrap().success());
    for make in [&mkfifo as &dyn Fn(), &|| fs::write(&partial, "mine").unwrap()] {
        make();
        let run = place.run(&["report", "dump", "--out", "report"]);
        let names = [".report.partial", "dump"];
        assert_not_done(&place, &run, &names, ".report.partial: a file is in the way");
        fs::remove_file(&partial).unwrap();
    }
}

#[test]
fn a_link_to_a_report_stays_and_the_report_behind_it_is_replaced() {
    let place = TestFolder::with_dump();
    assert_eq!(place.run(&["report", "dump", "--out", "disk"]).code, 0);
    symlink("disk", place.path().join("report")).unwrap();
    place.file("dump/new.json", document("A", 2));
    assert_eq!(place.run(&["report", "dump", "--out", "report"]).code, 2);
    assert_eq!(place.run(&["report", "dump", "--out", "report", "--force"]).code, 0);
    assert!(fs::symlink_metadata(place.path().join("report")).unwrap().is_symlink());
    assert_eq!(place.summary("/files/total"), 4);
    assert_whole(&place.path().join("disk"));
    assert_eq!(place.names(), ["disk", "dump", "report"]);
}

#[test]
fn of_two_runs_into_one_folder_one_is_refused_and_the_other_not_disturbed() {
    let place = TestFolder::with_dump();
    place.file("dump/large.json", document("A", 6_000));
    for force in [&[][..], &["--force"]] {
        let args = [&["report", "dump", "--out", "report", "--quiet"], force].concat();
        let first = place.command(&args).spawn().unwrap();
        let stage = place.path().join(".report.partial");
        wait_until("the first run to begin", || stage.exists());
        let second = place.run(&args);
        assert_eq!(second.code, 2, "{}", second.err);
        assert!(second.err.contains("another run is writing this report\n"), "{}", second.err);
        let first = ended(first);
        assert_eq!((first.code, first.err.as_str()), (0, ""));
        assert_eq!(place.names(), ["dump", "report"]);
        assert_whole(&place.path().join("report"));
    }
}

#[test]
fn of_runs_that_start_together_one_wins() {
    let place = TestFolder::with_dump();
    for _ in 0..3 {
        let args = ["report", "dump", "--out", "report", "--quiet"];
        let runs: Vec<_> = (0..4).map(|_| place.command(&args).spawn().unwrap()).collect();
        let mut codes: Vec<_> = runs.into_iter().map(|run| ended(run).code).collect();
        codes.sort_unstable();
        assert_eq!(codes, [0, 2, 2, 2]);
        assert_eq!(place.names(), ["dump", "report"]);
        assert_whole(&place.path().join("report"));
        fs::remove_dir_all(place.path().join("report")).unwrap();
    }
}
