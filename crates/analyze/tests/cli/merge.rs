//! `analyze merge`.

use std::path::Path;

use super::kit::{TestFolder, base64, exchange, zip};

/// Reports `a` and `b` of a file each.
fn two_reports(options_of_b: &[&str]) -> TestFolder {
    let place = TestFolder::new();
    place.file("dump/90123.json", exchange("A-1", 400));
    place.file("dump/90124.json", exchange("A-2", 200));
    for (file, out, options) in
        [("dump/90123.json", "a", &[][..]), ("dump/90124.json", "b", options_of_b)]
    {
        let run = place.run(&[&["report", file, "--out", out, "-q"], options].concat());
        assert_eq!(run.code, 0, "{}", run.err);
    }
    place
}

const MERGE: [&str; 5] = ["merge", "a", "b", "--out", "report"];

#[test]
fn two_reports_become_one() {
    let place = two_reports(&[]);
    let run = place.run(&MERGE);
    assert_eq!((run.code, run.out.as_str()), (0, ""));
    assert_eq!(run.err, "report: 2 exchanges of 2 files in 2 reports\n");
    let one = place.run(&["report", "dump/90123.json", "dump/90124.json", "--out", "one", "-q"]);
    assert_eq!(one.code, 0);
    assert_eq!(place.read("report/summary.json"), place.read("one/summary.json"));
    assert_eq!(place.read("report/exchanges.csv"), place.read("one/exchanges.csv"));
    let again = place.run(&MERGE);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("--force"), "{}", again.err);
    let forced = place.run(&[&MERGE[..], &["--force", "--quiet"]].concat());
    assert_eq!((forced.code, forced.err.as_str()), (0, ""));
}

#[test]
fn the_formats_of_the_result_are_those_asked_for() {
    let place = two_reports(&["--format", "parquet"]);
    let run = place.run(&[&MERGE[..], &["--format", "parquet,json"]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let has = |file: &str| place.path().join("report").join(file).exists();
    assert!(has("keys.jsonl") && has("keys.parquet") && !has("keys.csv"));
}

#[test]
fn reports_that_do_not_fit_together_are_refused_with_every_difference() {
    let place = two_reports(&["--bodies", "none", "--redact", "none"]);
    let run = place.run(&MERGE);
    assert_eq!(run.code, 2);
    let said =
        "error: a and b: made with different --bodies, --redact\nmake both in the same way\n";
    assert_eq!(run.err, said);
    assert_eq!(place.names(), ["a", "b", "dump"]);
}

#[test]
fn what_is_no_report_or_has_no_state_or_is_given_twice_is_refused() {
    let place = two_reports(&[]);
    for (args, said) in [
        (&["merge", "a", "dump"][..], "error: dump: no report: summary.json is not in it\n"),
        (&["merge", "a", "a"], "error: dump/90123.json: in two of the reports\n"),
        (&["merge", "a", "c"], "error: c: no report: there is no such folder\n"),
    ] {
        let run = place.run(&[args, &["--out", "report"]].concat());
        assert_eq!(run.code, 2);
        assert!(run.err.starts_with(said), "{}", run.err);
        assert_eq!(place.names(), ["a", "b", "dump"]);
    }
    std::fs::remove_dir_all(place.path().join("b/state")).unwrap();
    let run = place.run(&MERGE);
    assert_eq!(run.code, 2);
    assert!(run.err.starts_with("error: b: it has no state\n"), "{}", run.err);
}

#[test]
fn the_rules_of_the_reports_are_wanted() {
    let place = TestFolder::new();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.toml");
    let rules = rules.to_str().unwrap();
    place.file("dump/90123.json", exchange("A-1", 400));
    let run = place.run(&["report", "dump", "--out", "a", "-q"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let run = place.run(&["merge", "a", "--out", "report", "--rules", rules]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.starts_with("error: the reports were made with other --rules\n"),
        "{}",
        run.err
    );
    place.run(&["report", "dump", "--out", "b", "-q", "--rules", rules]);
    let run = place.run(&["merge", "b", "--out", "report", "--rules", rules]);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn what_is_masked_in_a_copy_counts_once() {
    let place = TestFolder::new();
    let log = exchange("A-1", 400).replace("\"ok\":1", "\"password\":\"Kara-Kutu-9\"");
    place.file("dump/90123.json", &log);
    place.file("more/again.txt", base64(log.as_bytes()));
    place.run(&["report", "dump/90123.json", "--out", "a", "-q"]);
    place.run(&["report", "more/again.txt", "--out", "b", "-q"]);
    let run = place.run(&MERGE);
    assert_eq!(run.code, 0, "{}", run.err);
    let one = ["report", "dump/90123.json", "more/again.txt", "--out", "one", "-q"];
    assert_eq!(place.run(&one).code, 0);
    assert!(place.bytes_below("report") == place.bytes_below("one"));
    assert!(place.read("report/redactions.csv").contains("exchanges.response_body"));
    // A file with another log too: what was masked in which is not known.
    let both =
        [("90123.json", log.as_bytes()), ("90124.json", &log.replace("A-1", "A-2").into_bytes())];
    place.file("more/both.zip", zip(&both));
    place.run(&["report", "more/both.zip", "--out", "b", "-q", "--force"]);
    let run = place.run(&[&MERGE[..], &["--force"]].concat());
    assert_eq!(run.code, 2);
    assert!(run.err.contains("what was masked in them is not counted apart"), "{}", run.err);
}

#[test]
fn a_group_is_found_by_the_fingerprint_that_it_had_in_a_part() {
    let place = TestFolder::new();
    for (file, store) in [("90123", "north"), ("90124", "south"), ("90125", "west")] {
        let text = format!("the store {store} is closed for today");
        let log = exchange("A-1", 400).replace("price of A-1 is missing", &text);
        place.file(&format!("dump/{file}.json"), log);
    }
    let report = |files: &[&str], out: &str| {
        let run = place.run(&[&["report"], files, &["--out", out, "-q"]].concat());
        assert_eq!(run.code, 0, "{}", run.err);
    };
    report(&["dump/90123.json"], "a");
    report(&["dump/90124.json", "dump/90125.json"], "b");
    let groups = |report: &str| place.read(&format!("{report}/error_groups.csv"));
    let fingerprint = |report: &str| groups(report).lines().nth(1).unwrap()[..16].to_owned();
    assert_eq!(place.run(&MERGE).code, 0);
    let (old, new) = (fingerprint("a"), fingerprint("report"));
    assert_ne!(old, new, "{}", groups("report"));
    let explained = place.run(&["explain", "report", &old]);
    assert_eq!(explained.code, 0, "{}", explained.err);
    assert!(explained.out.contains(&new), "{}", explained.out);
}
