//! `analyze search`.

use std::path::Path;

use serde_json::Value;

use super::kit::{RunOutput, TestFolder};
use super::show::with_report;

fn search(place: &TestFolder, args: &[&str]) -> RunOutput {
    place.run(&[&["search", "report"], args].concat())
}

#[test]
fn what_matches_is_shown_with_its_places() {
    let run = search(&with_report(), &["a-0001 is:failed"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
}

#[test]
fn the_exit_code_is_that_of_grep() {
    let place = with_report();
    let found = search(&place, &["status:500"]);
    assert_eq!((found.code, found.out.contains("500 failed")), (0, true));
    let nothing = search(&place, &["status:599"]);
    assert_eq!((nothing.code, nothing.out.as_str(), nothing.err.as_str()), (1, "", ""));
    let wrong = search(&place, &["a staus:500 b"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""));
    assert_eq!(
        wrong.err,
        "error: staus: no such field (did you mean status?); quote it to search for the text\n  a staus:500 b\n    ^^^^^\n"
    );
    assert_eq!(search(&place, &["--count", "status:599"]).out, "0\n");
    assert_eq!(search(&place, &["--count", "status:4xx"]).out, "2\n");
}

#[test]
fn only_the_newest_are_shown() {
    let place = with_report();
    let run = search(&place, &["--limit", "2", "--show", "none"]);
    assert_eq!(run.err, "more requests match than are shown: --limit, --count, --by\n");
    let times: Vec<&str> =
        run.out.lines().filter_map(|line| line.strip_prefix("2026-10-24 ")).collect();
    assert_eq!(times.len(), 2, "{}", run.out);
    assert!(times[0].starts_with("06:04") && times[1].starts_with("06:03"), "{}", run.out);
    assert_eq!(search(&place, &["--limit", "4"]).err, "");
}

#[test]
fn every_format_has_the_same_requests() {
    let place = with_report();
    let query = "key:A-0001 is:failed";
    let table = search(&place, &[query, "--format", "table"]).out;
    assert_eq!(table.lines().count(), 3, "{table}");
    let lines = search(&place, &[query, "--format", "jsonl"]).out;
    let ids: Vec<i64> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["exchange"].as_i64().unwrap())
        .collect();
    assert_eq!(ids, [1, 0]);
    let csv = search(&place, &[query, "--format", "csv"]).out;
    assert!(csv.starts_with("exchange,file,") && csv.lines().count() == 3, "{csv}");
    let har: Value =
        serde_json::from_str(&search(&place, &[query, "--format", "har"]).out).unwrap();
    assert_eq!(har["log"]["entries"].as_array().unwrap().len(), 2);
    let curl = search(&place, &[query, "--format", "curl"]).out;
    assert_eq!(curl.matches("--data-binary @-").count(), 2, "{curl}");
}

#[test]
fn matches_are_counted_by_a_value() {
    let place = with_report();
    let by = |what: &str, format: &str| search(&place, &["--by", what, "--format", format]).out;
    assert_eq!(by("status", "csv"), "status,requests\n\"400\",2\n\"200\",1\n\"500\",1\n");
    assert_eq!(by("hour", "csv"), "hour,requests\n\"2026-10-24 06:00\",4\n");
    assert!(
        by("key", "jsonl").contains("{\"key\":\"sku A-0001\",\"requests\":2}\n"),
        "{}",
        by("key", "jsonl")
    );
    assert!(
        by("group", "table").contains("A valid number is required."),
        "{}",
        by("group", "table")
    );
    assert_eq!(search(&place, &["--by", "flow", "--format", "har"]).code, 2);
    assert_eq!(search(&place, &["--by", "flow", "status:599"]).code, 1);
}

#[test]
fn what_acts_on_a_terminal_is_escaped_in_every_format() {
    let place = with_report();
    for format in ["cards", "table", "jsonl", "har", "curl"] {
        let run = search(&place, &["status:500", "--format", format]);
        assert_eq!(run.code, 0);
        assert!(!run.out.contains(['\u{1b}', '\u{202e}']), "{format}: {}", run.out);
    }
}

#[test]
fn a_search_for_all_finds_every_exchange_of_the_dump() {
    let place = TestFolder::new();
    let dump = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/dump");
    assert_eq!(place.run(&["report", dump.to_str().unwrap(), "--out", "report", "-q"]).code, 0);
    let counted =
        |query: &str| search(&place, &["--count", query]).out.trim().parse::<u64>().unwrap();
    assert_eq!(counted(""), place.summary("/exchanges/total"));
    assert_eq!(counted("outcome:failed"), place.summary("/exchanges/failed"));
    assert_eq!(counted("is:failed"), counted("NOT outcome:success,unknown"));
    let all = search(&place, &["--limit", "0", "--show", "full"]);
    assert_eq!((all.code, all.said().as_str()), (0, ""));
    assert_eq!(all.out.matches("\n  request ").count() as u64, counted(""));
}

#[test]
fn a_changed_bit_of_a_report_is_one_sentence_and_never_another_answer() {
    let place = with_report();
    for (command, file) in [
        (&["search", "report", "exist OR a-0001"][..], "exchanges.parquet"),
        (&["search", "report", "msg:valid", "--by", "group"], "errors.parquet"),
        (&["show", "report", "A-0001"], "exchanges.parquet"),
    ] {
        place.refuses_changed_bits(command, file, 8);
    }
}

#[test]
fn times_are_shown_and_read_in_the_zone_that_is_asked_for() {
    let place = with_report();
    let rows = |args: &[&str]| {
        let run = place.run(&[&["search", "report", "--format", "table"], args].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        run.out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let utc = rows(&["since:2026-10-24T06:03 until:2026-10-24T06:04"]);
    let there = rows(&["--tz", "europe/istanbul", "since:2026-10-24T09:03 until:2026-10-24T09:04"]);
    assert!(utc[0].starts_with("TIME (UTC) ") && utc[1].starts_with("2026-10-24 06:03 "));
    assert!(there[0].starts_with("TIME (Istanbul) ") && there[1].starts_with("2026-10-24 09:03 "));
    assert_eq!(utc.len(), there.len());
    // A time with an offset of its own is that time.
    assert_eq!(
        there,
        rows(&["--tz", "Europe/Istanbul", "since:2026-10-24T06:03Z until:2026-10-24T06:04Z"])
    );
    let run = place.run(&["search", "report", "--by", "hour", "--tz", "Asia/Kolkata"]);
    assert!(run.out.contains(" 2026-10-24 11:00"), "{}", run.out);
    let run = place.run(&["search", "report", "--tz", "istanbl"]);
    assert!(run.code == 2 && run.err.contains("nearest: Europe/Istanbul"), "{}", run.err);
}
