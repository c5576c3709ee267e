//! The report of the dump against what is known about it, line by line of `dump.truth.jsonl`.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::kit::{Report, Table, root};

struct Case {
    truth: Value,
    /// Its row in `exchanges`.
    row: usize,
}

/// The truth, in the order of writing, each exchange with its row.
fn cases(exchanges: &Table) -> Vec<Case> {
    let mut rows: HashMap<(String, u64), usize> = (0..exchanges.rows())
        .map(|row| {
            let file = exchanges.text(row, "file").unwrap().to_owned();
            ((file, exchanges.count(row, "record")), row)
        })
        .collect();
    let text = std::fs::read_to_string(root().join("testdata/dump.truth.jsonl")).unwrap();
    let cases: Vec<_> = text
        .lines()
        .map(|line| {
            let truth: Value = serde_json::from_str(line).unwrap();
            let place =
                (truth["file"].as_str().unwrap().to_owned(), truth["record"].as_u64().unwrap());
            let row = rows.remove(&place).unwrap_or_else(|| panic!("{place:?} is not found"));
            Case { truth, row }
        })
        .collect();
    assert!(rows.is_empty(), "invented: {rows:?}");
    cases
}

#[test]
fn every_exchange_is_found_none_is_invented_and_all_say_what_happened() {
    let exchanges = Report::of_dump().table("exchanges");
    let cases = cases(&exchanges);
    assert!(cases.len() > 400);
    for Case { truth, row } in &cases {
        let row = *row;
        let place = format!("{} record {} ({})", truth["file"], truth["record"], truth["shape"]);
        let known = |name: &str| truth[name].as_str();
        // What the dump does not say is null in the truth, and may be found by other ways.
        let check = |name: &str, column: &str| {
            if let Some(expected) = known(name) {
                assert_eq!(exchanges.text(row, column), Some(expected), "{column} of {place}");
            }
        };
        check("method", "method");
        check("url", "url");
        check("key", "key");
        check("run", "run_id");
        if let Some(status) = truth["status"].as_i64() {
            assert_eq!(exchanges.number(row, "status"), Some(status), "status of {place}");
        }
        let log_id = truth["log_id"].as_i64().map(|id| id.to_string());
        assert_eq!(exchanges.text(row, "log_id"), log_id.as_deref(), "log of {place}");
        assert_eq!(exchanges.millis(row, "started_at"), truth["started_ms"].as_i64(), "{place}");
        let failed = exchanges.text(row, "outcome") == Some("failed");
        assert_eq!(Some(failed), truth["failed"].as_bool(), "outcome of {place}");
        for side in ["request", "response"] {
            let found = exchanges.text(row, &format!("{side}_body")).is_some();
            assert_eq!(found, truth[side].is_string(), "{side} of {place}");
        }
        let truncated = exchanges.flag(row, "response_truncated") == Some(true);
        assert!(truncated || truth["truncated"] == false, "{place} was cut by the platform");
    }
    let truncated = cases.iter().filter(|case| case.truth["truncated"] == true).count();
    assert!(truncated > 0, "the dump has answers that were cut");
}

/// A key is open when its newest attempt failed. Recorded exchanges have keys of their own, which
/// the truth does not know: only flows of made-up rows are compared.
#[test]
fn the_open_keys_are_those_whose_newest_attempt_failed() {
    let report = Report::of_dump();
    let mut newest: HashMap<(String, String), (i64, bool)> = HashMap::new();
    for Case { truth, .. } in cases(&report.table("exchanges")) {
        let flow = truth["flow"].as_str().unwrap();
        let started = truth["started_ms"].as_i64().unwrap();
        let mut attempt = |key: &str, failed: bool| {
            let last = newest.entry((flow.to_owned(), key.to_owned())).or_insert((started, failed));
            if started >= last.0 {
                *last = (started, failed);
            }
        };
        match (truth["rows"].as_array(), truth["key"].as_str()) {
            (Some(rows), _) => {
                for row in rows {
                    attempt(row[0].as_str().unwrap(), row[1].as_bool().unwrap());
                }
            }
            (None, Some(key)) => attempt(key, truth["failed"].as_bool().unwrap()),
            (None, None) => {}
        }
    }
    let flows: BTreeSet<_> = newest.keys().map(|(flow, _)| flow.clone()).collect();
    let expected: BTreeSet<_> =
        newest.into_iter().filter(|(_, (_, failed))| *failed).map(|(place, _)| place).collect();
    let keys = report.table("keys");
    let found: BTreeSet<_> = (0..keys.rows())
        .filter(|row| keys.flag(*row, "open") == Some(true))
        .map(|row| {
            let flow = keys.text(row, "flow").unwrap_or("").to_lowercase();
            (flow, keys.text(row, "key").unwrap().to_owned())
        })
        .filter(|(flow, _)| flows.contains(flow))
        .collect();
    assert!(expected.len() > 50);
    assert_eq!(found, expected);
}

/// The answer to a bulk request is a list beside it, with the errors of a row at the row's place.
#[test]
fn the_errors_of_a_bulk_request_speak_of_its_refused_rows() {
    let report = Report::of_dump();
    let (exchanges, errors) = (report.table("exchanges"), report.table("errors"));
    let mut bulk = 0;
    for Case { truth, row } in cases(&exchanges) {
        let Some(rows) = truth["rows"].as_array() else { continue };
        bulk += 1;
        let refused = rows.iter().filter(|row| row[1] == true);
        let refused: BTreeSet<_> = refused.map(|row| row[0].as_str().unwrap()).collect();
        let exchange = exchanges.count(row, "exchange");
        let of_this = |error: &usize| errors.count(*error, "exchange") == exchange;
        let reported: BTreeSet<_> = (0..errors.rows())
            .filter(of_this)
            .filter_map(|error| errors.text(error, "key"))
            .collect();
        assert_eq!(reported, refused, "{} record {}", truth["file"], truth["record"]);
    }
    assert!(bulk > 10);
}

/// Errors with one cause are not in a group with errors of another.
#[test]
fn a_group_has_errors_of_one_cause() {
    let report = Report::of_dump();
    let (exchanges, errors) = (report.table("exchanges"), report.table("errors"));
    let mut groups_of: HashMap<u64, BTreeSet<&str>> = HashMap::new();
    for row in 0..errors.rows() {
        let groups = groups_of.entry(errors.count(row, "exchange")).or_default();
        groups.insert(errors.text(row, "fingerprint").unwrap());
    }
    let mut cause_of: HashMap<BTreeSet<&str>, String> = HashMap::new();
    for Case { truth, row } in cases(&exchanges) {
        let Some(cause) = truth["cause"].as_str() else { continue };
        let groups = groups_of.get(&exchanges.count(row, "exchange"));
        let groups = groups.unwrap_or_else(|| panic!("{cause} of {} is no error", truth["file"]));
        let first = cause_of.entry(groups.clone()).or_insert_with(|| cause.to_owned());
        assert_eq!(first, cause, "in one group: {groups:?}");
    }
    assert!(cause_of.len() > 10);
}
