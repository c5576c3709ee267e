//! `analyze bench`. Times differ from run to run and are only checked for being there.

use std::fs;

use serde_json::{Value, json};

use super::kit::{TestFolder, exchange};

/// Every stage, and where its input is.
const STAGES: [(&str, &str); 14] = [
    ("read", "disk"),
    ("digest", "memory"),
    ("base64", "memory"),
    ("inflate", "memory"),
    ("limit", "memory"),
    ("decode", "memory"),
    ("decode", "disk"),
    ("json", "memory"),
    ("extract", "memory"),
    ("group", "memory"),
    ("rows", "memory"),
    ("write", "memory"),
    ("report", "memory"),
    ("report", "disk"),
];

fn measured(place: &TestFolder, args: &[&str]) -> Value {
    let usual = ["bench", "--dir", ".", "--format", "json", "-q"];
    let run = place.run(&[&usual, args].concat());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    serde_json::from_str(&run.out).unwrap()
}

#[test]
fn every_stage_is_measured_with_every_number_of_threads() {
    let place = TestFolder::new();
    let found = measured(&place, &["--generate", "20kB", "--threads", "3,1", "--runs", "2"]);
    let mut expected = Vec::new();
    for (stage, from) in STAGES {
        let threads: &[u64] = if stage == "limit" { &[1] } else { &[1, 3] };
        expected.extend(threads.iter().map(|&threads| (stage, from, threads)));
    }
    let measurements = found["measurements"].as_array().unwrap();
    let seen: Vec<_> = measurements
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap();
            (text("stage"), text("from"), one["threads"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(seen, expected);
    for one in measurements {
        assert_eq!(one["seconds"].as_array().unwrap().len(), 2, "{one}");
        let second = |name: &str| one[name].as_f64().unwrap();
        assert!(second("min_seconds") <= second("median_seconds"), "{one}");
        assert!(second("median_seconds") <= second("max_seconds"), "{one}");
        for rate in ["text_mb", "file_mb", "files", "exchanges"] {
            assert!(second(&format!("{rate}_per_second")) > 0.0, "{rate}: {one}");
        }
        let whole = (&one["stage"], &one["from"]) == (&"report".into(), &"disk".into());
        assert!(whole || one["peak_memory_bytes"].is_null(), "{one}");
    }
    assert!(found["limit"]["decode_share"].as_f64().unwrap() > 0.0);
    assert_eq!((&found["limit"]["covered"], &found["runs"]), (&1.0.into(), &2.into()));
    assert!(found["machine"]["cores"].as_u64().unwrap() >= 1);
    assert_eq!(found["build"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(found["build"]["rustc"].as_str().unwrap().starts_with("rustc "));
    assert_eq!(place.names(), [""; 0], "nothing is left behind");
}

#[test]
fn equal_seeds_are_measured_on_equal_logs() {
    let place = TestFolder::new();
    let sample = |args: &[&str]| {
        let usual = ["--generate", "20kB", "--stages", "read", "--runs", "1"];
        measured(&place, &[&usual, args].concat())["sample"].clone()
    };
    let usual = sample(&["--threads", "1"]);
    assert_eq!(usual, sample(&["--threads", "2", "--seed", "1"]));
    assert_eq!(usual["generated"], json!({"seed": 1, "repeats": false}));
    assert!(usual["decoded_bytes"].as_u64().unwrap() >= 20_000);
    assert_ne!(usual["digest"], sample(&["--seed", "2"])["digest"]);
}

#[test]
fn repeating_logs_are_named_as_such() {
    let place = TestFolder::new();
    let args =
        ["bench", "--dir", ".", "-q", "--stages", "read", "--runs", "1", "--generate", "9kB"];
    let out = |more: &[&str]| place.run(&[&args, more].concat()).out;
    for format in ["table", "markdown"] {
        let usual = out(&["--format", format]);
        assert!(usual.contains("made with seed 1, no body repeats"), "{usual}");
        let repeating = out(&["--format", format, "--repeats", "--seed", "2"]);
        let expected = "made with seed 2, every run repeats the bodies of the first";
        assert!(repeating.contains(expected), "{repeating}");
    }
    let found = measured(&place, &["--generate", "9kB", "--repeats", "--stages", "read"]);
    assert_eq!(found["sample"]["generated"], json!({"seed": 1, "repeats": true}));
    assert_eq!(found["schema_version"], 2);
}

#[test]
fn only_chosen_stages_with_an_input_are_measured() {
    let place = TestFolder::new();
    place.file("dump/a.json", exchange("A-1", 200));
    place.file("dump/b.json", exchange("A-2", 200));
    place.file("dump/b-again.json", exchange("A-2", 200));
    let found =
        measured(&place, &["dump", "--runs", "1", "--stages", "base64,limit,group,extract"]);
    let stages: Vec<_> = found["measurements"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["threads"] == 1)
        .map(|one| one["stage"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["extract"], "no base64, nothing packed, no error");
    assert!(found["limit"].is_null());
    assert!(found["sample"]["generated"].is_null());
    let sample = &found["sample"];
    assert_eq!(
        (&sample["files"], &sample["copies"], &sample["of_files"]),
        (&2.into(), &1.into(), &3.into())
    );
    assert_eq!(sample["exchanges"], 2);
}

#[test]
fn a_note_says_that_files_were_sampled() {
    let place = TestFolder::new();
    for n in 0..40 {
        place.file(&format!("dump/{n}.json"), exchange(&format!("A-{n}"), 200));
    }
    let args =
        ["bench", "dump", "--sample", "3k", "--runs", "1", "--stages", "decode", "--threads", "1"];
    let run = place.run(&args);
    assert_eq!(run.code, 0, "{}", run.err);
    let note = run.err.lines().find(|line| line.contains("--sample")).unwrap();
    assert!(note.starts_with("note: a sample of ") && note.contains(" of 40, "), "{note}");
    assert!(run.out.contains("\nSample  "), "{}", run.out);
}

#[test]
fn the_table_is_followed_by_a_line_about_the_limit() {
    let place = TestFolder::new();
    let args = ["bench", "--generate", "20kB", "--runs", "1", "--threads", "1", "-q"];
    let run = place.run(&args);
    let mut lines = run.out.lines();
    for name in ["Machine ", "Build   ", "Sample  ", "Runs    "] {
        assert!(lines.next().unwrap().starts_with(name), "{}", run.out);
    }
    assert_eq!(lines.next(), Some(""));
    let rows: Vec<Vec<&str>> = lines
        .by_ref()
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0][..3], ["STAGE", "FROM", "THREADS"]);
    let stages: Vec<_> = rows[1..].iter().map(|row| (row[0], row[1])).collect();
    assert_eq!(stages, STAGES);
    assert!(lines.next().unwrap().starts_with("Limit   base64 and DEFLATE alone: "), "{}", run.out);

    let run = place.run(&[&args[..], &["--format", "markdown"]].concat());
    assert!(run.out.starts_with("- Machine: "), "{}", run.out);
    assert_eq!(run.out.lines().filter(|line| line.starts_with("| ")).count(), 2 + STAGES.len());
}

#[test]
fn the_help_names_every_stage() {
    let help = TestFolder::new().run(&["bench", "--help"]).out;
    for (stage, _) in STAGES {
        assert!(help.contains(&format!("\n  {stage} ")), "{stage}");
    }
}

#[test]
fn the_plot_is_well_formed_and_has_a_chart_for_each_stage() {
    let place = TestFolder::new();
    place.file("threads.svg", "an older and longer file ".repeat(5_000));
    measured(
        &place,
        &[
            "--generate",
            "20kB",
            "--threads",
            "1,2,16",
            "--stages",
            "decode,limit,json",
            "--runs",
            "1",
            "--plot",
            "threads.svg",
        ],
    );
    let svg = place.read("threads.svg");
    let mut texts = Vec::new();
    well_formed(&svg, &mut texts);
    for title in ["decode", "decode, from disk", "json", "threads"] {
        assert!(texts.iter().any(|text| text == title), "{title}: {texts:?}");
    }
    assert!(texts.iter().any(|text| text.starts_with("ideal")), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("no body repeats")), "{texts:?}");
    assert_eq!(svg.matches("<polyline").count(), 3);
    assert_eq!(svg.matches("<circle").count(), 9);
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

/// Fails unless every tag is closed, every attribute quoted and every text escaped; appends the texts to `texts`.
fn well_formed(xml: &str, texts: &mut Vec<String>) {
    let mut open = Vec::new();
    let mut rest = xml;
    while let Some((text, behind)) = rest.split_once('<') {
        assert!(!text.contains('>'), "{text}");
        for entity in text.split('&').skip(1) {
            assert!(
                entity.starts_with("lt;")
                    || entity.starts_with("gt;")
                    || entity.starts_with("amp;")
            );
        }
        if !text.trim().is_empty() {
            texts.push(text.to_owned());
        }
        let (tag, behind) = behind.split_once('>').unwrap();
        rest = behind;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap();
        // Values are between quotes, with a name and `=` before each.
        let parts: Vec<&str> = tag[name.len()..].trim_end_matches('/').split('"').collect();
        assert_eq!(parts.len() % 2, 1, "{tag}");
        assert!(
            parts.iter().step_by(2).all(|part| part.trim().is_empty() || part.ends_with('=')),
            "{tag}"
        );
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert_eq!((open.len(), rest.trim()), (0, ""));
}

#[test]
fn without_a_log_the_exit_code_is_1() {
    let place = TestFolder::new();
    place.file("dump/notes.txt", "just words");
    for args in [&["bench", "dump"][..], &["bench", "dump", "--stages", "json"]] {
        let run = place.run(args);
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{args:?}");
        assert!(run.err.starts_with("error: no log was found in the 1 file"), "{}", run.err);
        assert!(run.err.contains("analyze ls"), "{}", run.err);
    }
}

#[test]
fn errors_say_what_to_do() {
    let place = TestFolder::with_dump();
    fs::create_dir(place.path().join("folder")).unwrap();
    for (args, expected) in [
        (&["bench"][..], "required"),
        (&["bench", "dump", "--generate", "1MB"], "cannot be used with"),
        (&["bench", "--generate", "1MB", "--sample", "1MB"], "cannot be used with"),
        (&["bench", "--generate", "lots"], "write it like 4096, 64k, 256MiB or 1GiB"),
        (&["bench", "dump", "--seed", "2"], "cannot be used with"),
        (&["bench", "--seed", "2"], "--generate"),
        (&["bench", "dump", "--repeats"], "cannot be used with"),
        (&["bench", "--repeats"], "--generate"),
        (&["bench", "dump", "--threads", "0"], "0 is not in 1..=1024"),
        (&["bench", "dump", "--threads", "1,two"], "invalid digit"),
        (&["bench", "dump", "--runs", "0"], "0 is not in 1..=1000"),
        (&["bench", "dump", "--sample", "0"], "not a size"),
        (&["bench", "dump", "--stages", "decode,fly"], "[possible values: read, digest, base64"),
        (&["bench", "dump", "--plot", "folder"], "folder: a folder\nname the file for --plot"),
        (&["bench", "dump", "--plot", "absent/x.svg"], "absent/x.svg: the plot cannot be written"),
        (&["bench", "dump", "--dir", "absent"], "name another with --dir"),
        (&["bench", "-"], "write it to a file first"),
        (&["bench", "absent"], "absent: no such file or folder"),
    ] {
        let run = place.run(args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
        assert!(run.err.contains(expected), "{args:?}: {}", run.err);
    }
}
