//! `analyze explain`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::kit::{TestFolder, attempt};

/// A report in which two products are unknown to two flows, one of them thrice.
fn place() -> TestFolder {
    let place = TestFolder::new();
    let missing = |flow: &str, minute: u32, sku: &str, status: u16| {
        let answer = format!(r#"{{"detail":"Object with sku={sku} does not exist."}}"#);
        let created = format!("2026-10-24T06:{minute:02}:00Z");
        attempt(flow, &created, &format!(r#"{{"sku":"{sku}"}}"#), status, &answer)
    };
    let log = [
        missing("price", 0, "TR0011111M", 404),
        missing("price", 1, "TR0011111M", 404),
        missing("price", 2, "TR0011111M", 404),
        missing("stock", 3, "TR0022222M", 400),
        attempt("price", "2026-10-24T06:04:00Z", r#"{"sku":"TR0022222M"}"#, 200, "{}"),
        attempt("price", "2026-10-24T06:05:00Z", "{}", 500, r#"{"detail":"\u001b[31mred\u202e"}"#),
    ];
    place.file("dump/log.json", format!("[{}]", log.join(",")));
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
    place
}

fn json(place: &TestFolder, group: &str, args: &[&str]) -> Value {
    let run = place.run(&[&["explain", "report", group, "--format", "json"], args].concat());
    assert_eq!((run.code, run.said().as_str()), (0, ""));
    serde_json::from_str(&run.out).unwrap()
}

#[test]
fn a_group_is_explained() {
    let run = place().run(&["explain", "report", "1"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    insta::assert_snapshot!(run.out);
}

#[test]
fn values_are_counted_and_samples_differ() {
    let place = place();
    let explained = json(&place, "1", &["--samples", "2"]);
    assert_eq!(explained["variables"][0]["distinct"], 2);
    assert_eq!(explained["variables"][0]["top"][0]["value"], "TR0011111M");
    assert_eq!(explained["variables"][0]["top"][0]["count"], 3);
    assert_eq!(explained["unaligned"], 0);
    let flows: Vec<_> = (0..2).map(|n| explained["samples"][n]["flow"].as_str().unwrap()).collect();
    assert_eq!(flows, ["price", "stock"]);
    // Two of the four say the same at the same place, but for their key in the group.
    assert!(json(&place, "1", &["--samples", "99"])["samples"].as_array().unwrap().len() <= 4);
    let few = json(&place, "1", &["--top", "1", "--samples", "0"]);
    assert_eq!(few["keys"]["top"].as_array().unwrap().len(), 1);
    assert_eq!(few["samples"].as_array().unwrap().len(), 0);
}

#[test]
fn the_fields_of_a_missing_value_are_counted_among_what_varies() {
    let place = TestFolder::new();
    let refused = |minute: u32, answer: &str| {
        let created = format!("2026-10-24T06:{minute:02}:00Z");
        attempt("product", &created, r#"{"sku":"A-0001"}"#, 400, answer)
    };
    let log = [
        refused(0, r#"{"name":["This field is required."]}"#),
        refused(
            1,
            r#"{"name":["This field is required."],"base_code":["This field is required."]}"#,
        ),
        refused(2, r#"{"price":["A valid number is required."]}"#),
    ];
    place.file("dump/log.json", format!("[{}]", log.join(",")));
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
    let text = place.run(&["explain", "report", "1"]).out;
    assert!(text.contains("In common  masked message\n"), "{text}");
    assert!(text.contains("  field          2       2  name\n"), "{text}");
    assert!(text.contains("                         1  base_code\n"), "{text}");
    let text = place.run(&["explain", "report", "2"]).out;
    assert!(text.contains("In common  masked message, field price\n"), "{text}");
}

#[test]
fn a_group_goes_by_rank_fingerprint_beginning_or_words() {
    let place = place();
    let first = json(&place, "1", &[]);
    let fingerprint = first["group"]["fingerprint"].as_str().unwrap();
    assert_eq!(json(&place, fingerprint, &[]), first);
    assert_eq!(json(&place, &fingerprint[..15], &[]), first);
    assert_eq!(json(&place, "DOES NOT exist", &[]), first);
    let run = place.run(&["explain", "report", "nothing"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.starts_with("error: nothing: no such group; there are 2\n"), "{}", run.err);
    assert_eq!(place.run(&["explain", "dump", "1"]).code, 2);
}

#[test]
fn what_acts_on_a_terminal_is_escaped() {
    let run = place().run(&["explain", "report", "2"]);
    assert!(run.out.contains(r"\u001b[31mred\u202e"), "{}", run.out);
    assert!(!run.out.contains(['\u{1b}', '\u{202e}']), "{}", run.out);
}

#[test]
fn of_every_group_of_the_dump_all_errors_are_counted_and_all_messages_align() {
    let place = TestFolder::new();
    let dump = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/dump");
    assert_eq!(place.run(&["report", dump.to_str().unwrap(), "--out", "report", "-q"]).code, 0);
    let groups = place.summary("/errors/groups");
    assert!(groups > 20);
    let mut errors = 0;
    for rank in 1..=groups {
        let explained = json(&place, &rank.to_string(), &["--top", "1000"]);
        let all = explained["group"]["count"].as_u64().unwrap();
        let sum = |values: &Value| -> u64 {
            let top = values["top"].as_array().unwrap().iter();
            top.map(|value| value["count"].as_u64().unwrap()).sum()
        };
        assert_eq!((sum(&explained["sources"]), sum(&explained["files"])), (all, all));
        assert_eq!(explained["unaligned"], 0, "{}", explained["group"]["template"]);
        for values in explained["variables"].as_array().unwrap() {
            assert_eq!(sum(values), all);
        }
        assert_eq!(explained["files"]["distinct"], explained["group"]["files"]);
        assert_eq!(explained["runs"]["distinct"], explained["group"]["runs"]);
        let listed = |values: &Value| -> BTreeSet<String> {
            let names = values.as_array().unwrap().iter();
            names.map(|name| name.as_str().unwrap().to_owned()).collect()
        };
        let counted: BTreeSet<String> = explained["flows"]["top"]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value["value"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(listed(&explained["group"]["flows"]), counted);
        errors += all;
    }
    assert_eq!(errors, place.summary("/errors/total"));
}

#[test]
fn what_the_failed_requests_have_and_the_others_have_not_is_shown() {
    let place = TestFolder::new();
    let log: Vec<String> = (0..40)
        .map(|n| {
            let failed = n % 4 == 0;
            let (vat, status) = if failed { (18, 400) } else { (8, 200) };
            let answer = if failed { r#"{"vat":["This rate is not allowed."]}"# } else { "{}" };
            let created = format!("2026-10-24T06:{n:02}:00Z");
            let sent = format!(r#"{{"sku":"S{n}","vat":{vat},"shop":{}}}"#, n % 3);
            attempt("price", &created, &sent, status, answer)
        })
        .collect();
    place.file("dump/log.json", format!("[{}]", log.join(",")));
    assert_eq!(place.run(&["report", "dump", "--out", "report", "-q"]).code, 0);
    let shown = place.run(&["explain", "report", "1"]).out;
    let part = shown.split("What differs").nth(1).unwrap().split("\n\n").next().unwrap();
    insta::assert_snapshot!(part.trim());
    let differs = &json(&place, "1", &[])["differs"];
    assert_eq!((&differs["failed_requests"], &differs["good_requests"]), (&10.into(), &30.into()));
    assert_eq!(differs["found"][0]["what"], serde_json::json!({ "value": "18" }));
}

/// Runs the commands that `explain` prints for the groups with these ranks, from the folder where they were printed.
/// Returns how many there are.
#[cfg(unix)]
fn run_commands(place: &TestFolder, groups: std::ops::RangeInclusive<u64>, more: &[&str]) -> usize {
    let mut commands = 0;
    for rank in groups {
        let rank = rank.to_string();
        let explained = place.run(&[&["explain", "report", &rank], more].concat()).out;
        let samples = json(place, &rank, &[])["samples"].clone();
        let samples = samples.as_array().unwrap();
        for (sample, text) in samples.iter().zip(explained.split("\nSample ").skip(1)) {
            for line in text.lines().filter_map(|line| line.strip_prefix("  analyze ")) {
                commands += 1;
                let program = env!("CARGO_BIN_EXE_analyze");
                let run = std::process::Command::new("sh")
                    .args(["-c", &format!("'{program}' {line}")])
                    .current_dir(place.path())
                    .output()
                    .unwrap();
                let said = String::from_utf8_lossy(&run.stderr);
                assert!(run.status.success(), "{line}: {run:?}");
                assert!(said.lines().all(|line| line.contains("masked")), "{line}: {run:?}");
                let printed = String::from_utf8(run.stdout).unwrap();
                let key = sample["key"].as_str().or(sample["request"]["url"].as_str());
                assert!(printed.contains(key.unwrap()), "{line} prints no {key:?}: {printed}");
            }
        }
    }
    commands
}

#[test]
#[cfg(unix)]
fn the_printed_commands_work_from_the_folder_where_they_are_printed() {
    let place = TestFolder::new();
    let dump = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/dump");
    std::os::unix::fs::symlink(dump, place.path().join("the dump's")).unwrap();
    assert_eq!(place.run(&["report", "the dump's", "--out", "report", "-q"]).code, 0);
    assert!(run_commands(&place, 1..=6, &["--dump", "the dump's"]) >= 24);
    let without = place.run(&["explain", "report", "1"]).out;
    assert!(!without.contains("analyze cat"), "{without}");
    assert!(without.contains("\n--dump FOLDER adds the command that prints each record;\n"));
    let wrong = place.run(&["explain", "report", "1", "--dump", "report"]).out;
    assert!(wrong.contains("\nreport: not the folder that the report was made of:\n"), "{wrong}");
}

#[test]
#[cfg(unix)]
fn files_that_were_named_one_by_one_need_no_folder() {
    let place = place();
    let log = place.read("dump/log.json");
    place.file("-odd $name.json", log);
    let args = ["report", "--out", "report", "--force", "-q", "--", "-odd $name.json"];
    let run = place.run(&args);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run_commands(&place, 1..=2, &[]) >= 4);
}

#[test]
fn samples_come_with_their_requests() {
    let explained = json(&place(), "1", &[]);
    let request = &explained["samples"][0]["request"];
    assert_eq!(request["exchange"], explained["samples"][0]["exchange"]);
    assert_eq!(request["request_body"], r#"{"sku":"TR0011111M"}"#);
    assert_eq!(request["errors"][0]["message"], explained["samples"][0]["message"]);
}
