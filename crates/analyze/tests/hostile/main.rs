//! The corpus of odd and hostile inputs, through the library and through the command. It is not part of
//! the repository: without it these tests check nothing, and say so.

#[path = "../../examples/hostile/judge.rs"]
mod judge;
#[path = "../../examples/hostile/kinds.rs"]
mod kinds;
#[path = "../../examples/hostile/vectors.rs"]
mod vectors;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use judge::{Verdict, judge, peak_memory, read_back};
use serde_json::Value;

/// Peak resident memory that a whole batch may take at the default limits, in bytes.
const MEMORY: u64 = 512 << 20;

/// The folder of the corpus; `None` when it is not on this machine.
fn corpus() -> Option<PathBuf> {
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/hostile");
    corpus.join("manifest.json").is_file().then_some(corpus)
}

#[test]
fn a_missing_corpus_is_said_openly() {
    if corpus().is_none() {
        // Not `eprintln!`, of which the harness shows nothing when a test passes.
        let _ = writeln!(
            std::io::stderr(),
            "NOT TESTED: no hostile corpus at ../shared/data/hostile, the tests of it check nothing"
        );
    }
}

#[test]
fn the_library_decodes_and_refuses_what_it_should() {
    let Some(corpus) = corpus() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let judged = judge(&corpus, scratch.path()).unwrap();
    assert!(judged.wrong.is_empty(), "{}", judged.wrong.join("\n"));
    let count = |verdict| {
        judged.counts.iter().filter(|((_, of), _)| *of == verdict).map(|(_, n)| n).sum::<u32>()
    };
    assert_eq!(count(Verdict::Wrong), 0);
    for verdict in &Verdict::ALL[..4] {
        assert!(count(*verdict) > 0, "no row is {}", verdict.name());
    }
    let rows: Vec<Value> =
        serde_json::from_slice(&fs::read(corpus.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(judged.counts.values().sum::<u32>() as usize, rows.len());
    assert!(judged.slowest.1 < judge::PATIENCE, "{:?}", judged.slowest);
    assert!(peak_memory().is_none_or(|peak| peak < MEMORY), "{:?} bytes", peak_memory());
}

#[test]
fn the_command_reads_the_whole_folder_in_one_batch_and_accounts_for_every_file() {
    let Some(corpus) = corpus() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let report = scratch.path().join("report");
    let mut child = Command::new(env!("CARGO_BIN_EXE_analyze"))
        .args(["report", "--format", "json", "--max-rejects", "100%", "-q", "--out"])
        .args([&report, &corpus])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The mark only rises, so the last look that succeeds is what counts.
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
        if let Ok(now) = fs::read_to_string(&status)
            && let Some(line) = now.lines().find_map(|line| line.strip_prefix("VmHWM:"))
        {
            peak = line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() << 10;
        }
    };
    assert_eq!(ended.code(), Some(0));
    assert!(peak < MEMORY, "{peak} bytes");

    let files = read_back(&report).unwrap();
    let rows: Vec<Value> =
        serde_json::from_slice(&fs::read(corpus.join("manifest.json")).unwrap()).unwrap();
    for row in rows.iter().filter(|row| row["expect"] == "refuse") {
        let file = row["file"].as_str().unwrap();
        files[file].refuses(row).unwrap_or_else(|fault| panic!("{file}: {fault}"));
    }

    // Every file has one outcome, and all totals agree.
    let summary: Value =
        serde_json::from_slice(&fs::read(report.join("summary.json")).unwrap()).unwrap();
    let total = |part: &str| summary[part]["total"].as_u64().unwrap();
    let sum = |part: &str| -> u64 {
        let counts = summary[part].as_object().unwrap();
        counts.iter().filter(|(name, _)| *name != "total").filter_map(|(_, n)| n.as_u64()).sum()
    };
    assert_eq!(total("files"), files.len() as u64);
    assert_eq!(total("files"), sum("files"));
    let problems =
        fs::read_to_string(report.join("problems.jsonl")).unwrap().lines().count() as u64;
    assert_eq!(total("problems"), problems);
    let lines = fs::read_to_string(report.join("files.jsonl")).unwrap();
    let of = |column: &str| -> u64 {
        let row = |line| serde_json::from_str::<Value>(line).unwrap()[column].as_u64();
        lines.lines().filter_map(row).sum()
    };
    assert_eq!(of("problems"), problems);
    assert_eq!(of("exchanges"), total("exchanges"));
    assert_eq!(
        fs::read_to_string(report.join("exchanges.jsonl")).unwrap().lines().count() as u64,
        total("exchanges")
    );
}
