//! `analyze diff`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::kit::{TestFolder, attempt};

/// What a download of a day holds: messages and how often each made a request fail, among `good` requests that
/// succeeded, all spread evenly over the hours of the day. Each request has a key of its own.
fn day(day: u32, flow: &str, good: u32, failures: &[(&str, u32)]) -> String {
    let ok = (200, "{}".to_owned());
    let failed = failures
        .iter()
        .map(|(message, times)| ((400, format!(r#"{{"detail":"{message}"}}"#)), *times));
    let mut answers = Vec::new();
    for (answer, times) in [(ok, good)].into_iter().chain(failed) {
        // The seconds of the day at which it was given.
        answers.extend((0..times).map(|n| ((2 * n + 1) * 43_200 / times, answer.clone())));
    }
    answers.sort();
    let log = answers.iter().enumerate().map(|(n, (second, (status, response)))| {
        let (hour, minute) = (second / 3600, second / 60 % 60);
        let created = format!("2026-10-{day:02}T{hour:02}:{minute:02}:00Z");
        let request = format!(r#"{{"sku":"S-{day}-{n}"}}"#);
        attempt(flow, &created, &request, *status, response)
    });
    format!("[{}]", log.collect::<Vec<_>>().join(","))
}

/// Makes a report of these downloads.
fn report(place: &TestFolder, name: &str, downloads: &[String]) {
    for (n, download) in downloads.iter().enumerate() {
        place.file(&format!("{name}-dump/{n}.json"), download);
    }
    let dump = format!("{name}-dump");
    std::fs::create_dir_all(place.path().join(&dump)).unwrap();
    let run = place.run(&["report", &dump, "--out", name, "-q"]);
    assert_eq!(run.code, i32::from(downloads.is_empty()), "{}", run.err);
}

const BUSY: &str = "The server is busy.";
const CLOSED: &str = "Connection closed early";
const PRICE: &str = "A price is required.";
const STOCK: &str = "No stock for this store";

/// Two days: BUSY is as before, CLOSED gone, PRICE three times as frequent, STOCK new.
fn two_days() -> TestFolder {
    let place = TestFolder::new();
    report(&place, "old", &[day(1, "price", 250, &[(BUSY, 20), (CLOSED, 5), (PRICE, 30)])]);
    report(&place, "new", &[day(2, "price", 180, &[(BUSY, 22), (STOCK, 4), (PRICE, 90)])]);
    place
}

fn json(place: &TestFolder, args: &[&str]) -> Value {
    let run = place.run(&[&["diff", "--format", "json"], args].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    serde_json::from_str(&run.out).unwrap()
}

/// The messages of the groups that changed so.
fn changed<'d>(diff: &'d Value, change: &str) -> BTreeSet<&'d str> {
    let groups = diff["groups"].as_array().unwrap().iter();
    groups
        .filter(|group| group["change"] == change)
        .map(|group| group["sample_message"].as_str().unwrap())
        .collect()
}

fn keys(diff: &Value, list: &str) -> BTreeSet<String> {
    let keys = diff["keys"][list].as_array().unwrap().iter();
    keys.map(|key| key["key"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_report_has_not_changed_against_itself() {
    let place = two_days();
    let diff = json(&place, &["old", "old", "--min-count", "1"]);
    assert_eq!(diff["groups"], Value::Array(Vec::new()));
    assert_eq!(
        (diff["unchanged_groups"].as_u64(), diff["few_groups"].as_u64()),
        (Some(3), Some(0))
    );
    for list in ["opened", "resolved", "untried"] {
        assert_eq!(diff["keys"][list], Value::Array(Vec::new()));
    }
    assert_eq!(diff["keys"]["still_open"], diff["old"]["open_keys"]);
    assert_eq!(diff["warnings"][0]["kind"], "overlap");
    let run = place.run(&["diff", "old", "old", "--fail-on", "new,worse,open"]);
    assert_eq!(run.code, 0);
    assert!(run.out.contains("\nNothing has changed.\n"), "{}", run.out);
}

#[test]
fn groups_are_new_gone_and_grew_by_rate() {
    let place = two_days();
    let diff = json(&place, &["old", "new"]);
    assert_eq!(changed(&diff, "new"), [STOCK].into());
    assert_eq!(changed(&diff, "gone"), [CLOSED].into());
    assert_eq!(changed(&diff, "grew"), [PRICE].into());
    assert_eq!(diff["unchanged_groups"], 1);
    assert_eq!(diff["warnings"], Value::Array(Vec::new()));
}

#[test]
fn backwards_new_is_gone_and_what_grew_shrank() {
    let place = two_days();
    let (there, back) = (json(&place, &["old", "new"]), json(&place, &["new", "old"]));
    for (one, other) in [("new", "gone"), ("gone", "new"), ("grew", "shrank"), ("shrank", "grew")] {
        assert_eq!(changed(&there, one), changed(&back, other));
    }
    // What is newly open in one direction is resolved or not tried in the other.
    let other_way: BTreeSet<_> =
        keys(&back, "resolved").union(&keys(&back, "untried")).cloned().collect();
    assert_eq!(keys(&there, "opened"), other_way);
    assert_eq!(there["keys"]["still_open"], back["keys"]["still_open"]);
    assert_eq!(back["warnings"][0]["kind"], "reversed");
}

#[test]
fn twice_the_traffic_with_twice_the_errors_is_no_change() {
    let place = TestFolder::new();
    report(&place, "old", &[day(1, "price", 270, &[(BUSY, 30)])]);
    report(&place, "new", &[day(2, "price", 1080, &[(BUSY, 120)])]);
    assert_eq!(json(&place, &["old", "new"])["groups"], Value::Array(Vec::new()));
    // The same number of errors in a fifth of the traffic of its flow is one, whatever else runs.
    report(&place, "less", &[day(3, "price", 30, &[(BUSY, 30)]), day(3, "stock", 900, &[])]);
    assert_eq!(changed(&json(&place, &["old", "less"]), "grew"), [BUSY].into());
}

#[test]
fn more_errors_of_a_flow_that_runs_more_often_are_shown_with_that() {
    let place = TestFolder::new();
    let stock = |on| day(on, "stock", 900, &[]);
    report(&place, "old", &[day(1, "price", 270, &[(BUSY, 30)]), stock(1)]);
    report(&place, "new", &[day(2, "price", 1080, &[(BUSY, 120)]), stock(2)]);
    let run = place.run(&["diff", "old", "new", "--fail-on", "worse"]);
    assert_eq!(run.code, 0);
    assert!(run.out.contains("\nGREW: 1 group\n"), "{}", run.out);
    assert!(run.out.contains("its flows had 4.0 times the requests"), "{}", run.out);
    let grown = &json(&place, &["old", "new"])["groups"][0];
    assert_eq!(grown["with_traffic"], true);
}

#[test]
fn all_groups_are_shown_with_their_chance_when_that_is_wanted() {
    let place = two_days();
    let shown = place.run(&["diff", "old", "new", "--all"]).out;
    assert!(shown.contains("\nUNCHANGED: 1 group\n"), "{shown}");
    assert!(shown.contains("  CHANCE  "), "{shown}");
    let all = json(&place, &["old", "new", "--all"]);
    assert_eq!(all["blocks"], "hour");
    assert_eq!(changed(&all, "unchanged"), [BUSY].into());
    let chances = all["groups"].as_array().unwrap().iter();
    let grown: Vec<_> = chances.filter(|group| group["change"] == "grew").collect();
    assert!(grown[0]["chance"].as_f64().unwrap() < 0.005, "{grown:?}");
}

#[test]
fn new_groups_that_differ_in_a_word_are_one_line() {
    let place = TestFolder::new();
    report(&place, "old", &[day(1, "price", 90, &[])]);
    let failures = [("No stock in Ankara", 5), ("No stock in Izmir", 4), ("No reply", 3)];
    report(&place, "new", &[day(2, "price", 90, &failures)]);
    let shown = place.run(&["diff", "old", "new"]).out;
    assert!(shown.contains("\nNEW: 3 groups in 2 lines\n"), "{shown}");
    let (groups, _) = shown.split_once("Newly open").unwrap();
    assert!(groups.contains("1 like it") && !groups.contains("Izmir"), "{shown}");
    assert!(groups.contains("\n      9  "), "{shown}");
}

#[test]
fn few_errors_and_chance_are_no_change() {
    let place = TestFolder::new();
    report(&place, "old", &[day(1, "price", 97, &[(BUSY, 2), (CLOSED, 1)])]);
    report(&place, "new", &[day(2, "price", 93, &[(BUSY, 5), (STOCK, 2)])]);
    let diff = json(&place, &["old", "new"]);
    assert_eq!(diff["groups"], Value::Array(Vec::new()));
    assert_eq!(
        (diff["unchanged_groups"].as_u64(), diff["few_groups"].as_u64()),
        (Some(1), Some(2))
    );
    let all = json(&place, &["old", "new", "--min-count", "1"]);
    assert_eq!((changed(&all, "new"), changed(&all, "gone")), ([STOCK].into(), [CLOSED].into()));
}

#[test]
fn a_resolved_group_that_is_open_again_is_back() {
    let place = TestFolder::new();
    let price = |status, day: u32, minute: u32| {
        let created = format!("2026-10-{day:02}T06:{minute:02}:00Z");
        let answer = format!(r#"{{"detail":"{PRICE}"}}"#);
        let answer = if status == 200 { "{}" } else { &answer };
        attempt("price", &created, r#"{"sku":"A"}"#, status, answer)
    };
    let log = |attempts: &[String]| format!("[{}]", attempts.join(","));
    report(&place, "old", &[log(&[price(400, 1, 0), price(200, 1, 1)])]);
    report(&place, "new", &[log(&[price(400, 2, 0)])]);
    let diff = json(&place, &["old", "new", "--min-count", "1"]);
    assert_eq!(changed(&diff, "back"), [PRICE].into());
    assert_eq!(keys(&diff, "opened"), ["A".to_owned()].into());
    let backward = json(&place, &["new", "old", "--min-count", "1"]);
    assert_eq!(keys(&backward, "resolved"), ["A".to_owned()].into());
    let code = |what| {
        let args = ["diff", "old", "new", "--min-count", "1", "--fail-on", what];
        place.run(&args).code
    };
    assert_eq!((code("new"), code("worse"), code("open")), (0, 1, 1));
}

#[test]
fn new_groups_fail_with_fail_on_and_are_shown_as_well() {
    let place = two_days();
    let run = place.run(&["diff", "old", "new", "--fail-on", "new"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    insta::assert_snapshot!(run.out);
    assert_eq!(place.run(&["diff", "old", "new", "--fail-on", "new", "--min-count", "5"]).code, 0);
    assert_eq!(place.run(&["diff", "old", "new"]).code, 0);
    insta::assert_snapshot!(place.run(&["diff", "old", "new", "--format", "markdown"]).out);
}

#[test]
fn what_may_mislead_is_a_warning() {
    let place = two_days();
    report(&place, "none", &[]);
    let check = |args: [&str; 2], message: &str| {
        let run = place.run(&[&["diff"][..], &args].concat());
        assert_eq!(run.code, 0);
        assert!(run.err.contains(message), "{}", run.err);
    };
    check(["none", "new"], "warning: the old report holds no request");
    check(["old", "none"], "warning: the new report holds no request");
    check(["new", "old"], "are the two in the wrong order?");
    let summary = place.read("old/summary.json");
    let mut summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    summary["rules_version"] = 0.into();
    summary.as_object_mut().unwrap().remove("xxh3");
    place.file("old/summary.json", summary.to_string());
    check(["old", "new"], "the groups were made by rules of version 0 and ");
    let run = place.run(&["diff", "old", "nowhere"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
}

#[test]
fn a_flow_that_did_not_run_is_noted() {
    let place = TestFolder::new();
    report(&place, "old", &[day(1, "price", 5, &[])]);
    report(&place, "new", &[day(2, "stock", 5, &[(STOCK, 5)])]);
    let run = place.run(&["diff", "old", "new"]);
    assert!(run.out.contains("its flow did not run"), "{}", run.out);
}
