//! The small tables of exchanges made by hand.

use super::*;
use crate::state::RedactionCounts;
use grouping::{ErrorRef, MaskedMessages, Side};
use model::exchange::{KeyKind, Row};
use model::listing;
use redact::Redactor;
use std::collections::BTreeSet;
use tables::cell::{
    FileName, FlowName, LogStatusWord, MessageText, Micros, ShapePath, StatusText, StepName,
};
use tables::rows::{ErrorGroupRow, KeyRow};

mod laws;
mod stored;

/// The fields of an exchange that the tests set; the others are absent.
#[derive(Debug, Clone)]
struct Case {
    place: (u32, u32),
    /// Seconds.
    at: Option<i64>,
    duration_ms: Option<f64>,
    flow: Option<&'static str>,
    step: Option<&'static str>,
    run: Option<&'static str>,
    log: Option<&'static str>,
    endpoint: &'static str,
    status: Option<u16>,
    outcome: Outcome,
    sku: Option<&'static str>,
    /// Key and whether the answer refuses it.
    rows: Vec<(&'static str, bool)>,
    /// Key of its row, and text.
    errors: Vec<(Option<&'static str>, &'static str)>,
    request: Option<CountedBody>,
    response: Option<CountedBody>,
}

/// A successful write of `sku` at `place`.
fn success(place: (u32, u32), at: impl Into<Option<i64>>, sku: &'static str) -> Case {
    Case {
        place,
        at: at.into(),
        duration_ms: None,
        flow: Some("price"),
        step: Some("write"),
        run: None,
        log: None,
        endpoint: "POST shop.example.com/prices/",
        status: Some(200),
        outcome: Outcome::Success,
        sku: Some(sku),
        rows: Vec::new(),
        errors: Vec::new(),
        request: None,
        response: None,
    }
}

/// The same, refused with `message`.
fn failure(
    place: (u32, u32),
    at: impl Into<Option<i64>>,
    sku: &'static str,
    message: &'static str,
) -> Case {
    Case {
        status: Some(400),
        outcome: Outcome::Failed,
        errors: vec![(None, message)],
        ..success(place, at, sku)
    }
}

fn bulk(place: (u32, u32), outcome: Outcome, rows: &[(&'static str, bool)]) -> Case {
    Case { outcome, sku: None, rows: rows.to_vec(), ..success(place, 1, "") }
}

#[expect(clippy::unnecessary_wraps, reason = "as an exchange has it")]
fn body(digest: u128, bytes: u64, shape: u64) -> Option<CountedBody> {
    Some(CountedBody { digest, bytes, shape, kind: BodyKind::Json })
}

fn sku(value: &str) -> Key<'_> {
    Key { kind: KeyKind::Sku, value }
}

/// Class and retry by the text: no test of this module is about classes.
fn class_of(message: &str) -> (Class, bool) {
    if message.contains("timed out") { (Class::Connection, true) } else { (Class::Value, false) }
}

fn add(accumulator: &mut Accumulator, messages: &mut MaskedMessages, case: &Case) {
    let key = case.sku.map(sku);
    let rows: Vec<_> =
        case.rows.iter().map(|&(value, failed)| Row { key: sku(value), failed }).collect();
    let exchange = Exchange {
        key,
        rows: &rows,
        started_at: case.at.map(|at| Timestamp(at * 1_000_000)),
        duration_ms: case.duration_ms,
        status: case.status,
        ..Exchange::default()
    };
    let errors: Vec<_> = case
        .errors
        .iter()
        .map(|&(row, message)| {
            let (class, retryable) = class_of(message);
            let text = ErrorRef { code: None, field: None, message, status: None, cut: false };
            let key = row.map(sku).or(key);
            let side = row.map(|sku| if sku == "A" { Side::Mapping } else { Side::Erp });
            CountedError {
                masked: messages.add(text),
                class,
                side,
                retryable,
                key,
                message: Redacted::fixed(message),
                values: MaskedValues::default(),
            }
        })
        .collect();
    let endpoint = Redacted::fixed(case.endpoint);
    let seen = CountedExchange {
        place: RecordPlace { file: case.place.0, record: case.place.1 },
        exchange: &exchange,
        run_id: case.run,
        flow: case.flow,
        step: case.step,
        log_id: case.log,
        endpoint: Some(&endpoint).filter(|endpoint| !endpoint.as_str().is_empty()),
        outcome: case.outcome,
        request: case.request,
        response: case.response,
        errors: &errors,
    };
    let shape = |side| if side == BodySide::Request { case.request } else { case.response };
    accumulator.add(&seen, &mut |side| {
        [format!("/{:x}", shape(side).expect("the exchange has this body").shape)].into()
    });
}

/// Everything that tables are made of.
struct AllCounts {
    accumulator: Accumulator,
    groups: Groups,
    listing: Listing,
}

impl AllCounts {
    fn of(cases: &[Case]) -> Self {
        let mut accumulator = Accumulator::default();
        let mut messages = MaskedMessages::default();
        for case in cases {
            add(&mut accumulator, &mut messages, case);
        }
        Self { accumulator, groups: messages.finish(), listing: Listing::default() }
    }

    fn tables(&self) -> SmallTables<'_> {
        let scope = &mut Redactor::none().scope();
        let redaction = &mut TextRedaction::new(scope, RedactionCounts::new());
        let texts = self.accumulator.texts(redaction, &self.groups, &self.listing);
        // The tables borrow it.
        let texts = Box::leak(Box::new(texts));
        self.accumulator.finish(&self.groups, &self.listing, &FILES, texts)
    }
}

/// Names of files.
const FILES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

fn message<'a>(row: &KeyRow<'a>) -> Option<&'a str> {
    row.last_message.map(|message| message.0)
}

fn check_key(cases: &[Case], check: impl FnOnce(&KeyRow<'_>, &[ErrorGroupRow<'_>])) {
    let whole = AllCounts::of(cases);
    let tables = whole.tables();
    assert_eq!(tables.keys.len(), 1, "{:?}", tables.keys);
    check(&tables.keys[0], &tables.error_groups);
}

fn open_keys(cases: &[Case]) -> Vec<String> {
    let whole = AllCounts::of(cases);
    let open = whole.tables().keys.into_iter().filter(|row| row.open);
    open.map(|row| row.key.0.to_owned()).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "as a row has it")]
fn seconds(at: i64) -> Option<Micros> {
    Some(Micros(at * 1_000_000))
}

const REFUSED: &str = "A valid price is required.";
const TIMEOUT: &str = "The connection timed out.";

#[test]
fn a_key_is_open_when_its_newest_attempt_failed() {
    let resolved = [failure((0, 0), 10, "A", REFUSED), success((0, 1), 20, "A")];
    check_key(&resolved, |key, groups| {
        assert_eq!((key.attempts, key.failures, key.open), (2, 1, false));
        assert_eq!((key.first_seen, key.last_seen), (seconds(10), seconds(20)));
        assert_eq!(key.last_outcome.0, "success");
        assert_eq!(key.last_message, Some(MessageText(REFUSED)));
        assert_eq!(key.last_fingerprint, Some(groups[0].fingerprint));
        assert_eq!((groups[0].keys, groups[0].open_keys, groups[0].resolved_keys), (1, 0, 1));
        assert_eq!((key.last_file, key.last_record), (Some(FileName("0")), Some(0)));
    });
    let broken = [failure((0, 0), 30, "A", REFUSED), success((0, 1), 20, "A")];
    check_key(&broken, |key, groups| {
        assert_eq!((key.open, groups[0].open_keys, groups[0].resolved_keys), (true, 1, 0));
    });
    check_key(&[success((0, 1), 20, "A")], |key, _| {
        assert_eq!((key.open, key.last_file, key.last_record), (false, None, None));
    });
}

#[test]
fn a_key_that_failed_otherwise_since_is_neither_open_nor_resolved_for_the_first_group() {
    let cases = [failure((0, 0), 10, "A", REFUSED), failure((0, 1), 20, "A", TIMEOUT)];
    check_key(&cases, |key, groups| {
        assert_eq!((key.last_file, key.last_record), (Some(FileName("0")), Some(1)));
        for group in groups {
            let open = i64::from(group.sample_message.0 == TIMEOUT);
            assert_eq!((group.keys, group.open_keys, group.resolved_keys), (1, open, 0));
        }
    });
}

#[test]
fn an_attempt_without_a_time_is_older_than_one_with() {
    let cases = [success((0, 0), 10, "A"), failure((9, 9), None, "A", REFUSED)];
    check_key(&cases, |key, _| assert!(!key.open));
}

#[test]
fn of_attempts_at_one_time_the_later_place_is_newer() {
    let cases = [failure((1, 0), 10, "A", REFUSED), success((0, 7), 10, "A")];
    check_key(&cases, |key, _| assert!(key.open));
}

#[test]
fn an_unknown_outcome_neither_opens_nor_closes_a_key() {
    let unknown = |at| Case { outcome: Outcome::Unknown, ..success((9, 0), at, "A") };
    check_key(&[failure((0, 0), 10, "A", REFUSED), unknown(20)], |key, _| {
        assert_eq!((key.attempts, key.open), (2, true));
        assert_eq!(key.last_outcome.0, "unknown");
    });
    check_key(&[success((0, 0), 10, "A"), unknown(20)], |key, _| assert!(!key.open));
    check_key(&[unknown(20)], |key, _| assert!(!key.open));
}

#[test]
fn keys_are_kept_apart_by_flow() {
    let other = Case { flow: Some("stock"), ..success((0, 1), 20, "A") };
    let whole = AllCounts::of(&[failure((0, 0), 10, "A", REFUSED), other]);
    let keys = whole.tables().keys;
    let open: Vec<_> = keys.iter().map(|row| (row.flow.map(|flow| flow.0), row.open)).collect();
    assert_eq!(open, [(Some("price"), true), (Some("stock"), false)]);
}

#[test]
fn a_key_is_open_for_every_group_of_the_attempt_that_left_it_open() {
    let both = Case {
        errors: vec![(None, REFUSED), (None, TIMEOUT)],
        ..failure((0, 1), 20, "A", REFUSED)
    };
    let cases = [failure((0, 0), 10, "A", "Unknown product."), both];
    let whole = AllCounts::of(&cases);
    let open: Vec<_> = whole
        .tables()
        .error_groups
        .iter()
        .map(|row| (row.sample_message.0.to_owned(), row.keys, row.open_keys))
        .collect();
    assert_eq!(open.len(), 3);
    for (message, keys, open) in open {
        assert_eq!((keys, open), (1, i64::from(!message.starts_with("Unknown"))), "{message}");
    }
}

#[test]
fn a_bulk_request_is_one_attempt_for_each_row() {
    let mut case = bulk((0, 0), Outcome::Failed, &[("A", false), ("B", true), ("C", false)]);
    case.errors = vec![(Some("B"), REFUSED)];
    let whole = AllCounts::of(std::slice::from_ref(&case));
    let tables = whole.tables();
    let keys: Vec<_> =
        tables.keys.iter().map(|row| (row.key.0, row.attempts, row.open, message(row))).collect();
    assert_eq!(keys, [("A", 1, false, None), ("B", 1, true, Some(REFUSED)), ("C", 1, false, None)]);
    assert_eq!((tables.error_groups[0].keys, tables.error_groups[0].open_keys), (1, 1));
}

#[test]
fn when_a_bulk_request_failed_and_no_row_is_named_all_rows_failed_for_its_errors() {
    let rows = [("A", false), ("B", false)];
    let case = Case {
        sku: Some("batch 7"),
        errors: vec![(None, TIMEOUT)],
        ..bulk((0, 0), Outcome::Failed, &rows)
    };
    let whole = AllCounts::of(&[case]);
    let tables = whole.tables();
    let keys: Vec<_> = tables.keys.iter().map(|row| (row.key.0, row.open, message(row))).collect();
    assert_eq!(keys, [("A", true, Some(TIMEOUT)), ("B", true, Some(TIMEOUT))]);
    assert_eq!((tables.error_groups[0].keys, tables.error_groups[0].open_keys), (2, 2));
}

#[test]
fn an_error_of_the_whole_answer_is_not_put_down_to_rows_with_their_own() {
    let mut case = bulk((0, 0), Outcome::Failed, &[("A", true), ("B", true)]);
    case.errors = vec![(Some("A"), REFUSED), (None, TIMEOUT)];
    let whole = AllCounts::of(&[case]);
    let tables = whole.tables();
    let keys: Vec<_> = tables.keys.iter().map(|row| (row.key.0, message(row))).collect();
    assert_eq!(keys, [("A", Some(REFUSED)), ("B", Some(TIMEOUT))]);
}

#[test]
fn rows_of_a_bulk_request_of_unknown_outcome_leave_keys_as_they_were() {
    let cases = [failure((0, 0), 0, "A", REFUSED), bulk((0, 1), Outcome::Unknown, &[("A", false)])];
    assert_eq!(open_keys(&cases), ["A"]);
}

#[test]
fn a_key_twice_in_one_bulk_request_ends_as_its_last_row() {
    assert_eq!(
        open_keys(&[bulk((0, 0), Outcome::Failed, &[("A", true), ("A", false)])]),
        Vec::<String>::new()
    );
    assert_eq!(open_keys(&[bulk((0, 0), Outcome::Failed, &[("A", false), ("A", true)])]), ["A"]);
}

#[test]
fn a_group_counts_errors_exchanges_files_runs_and_keys() {
    let twice = Case {
        errors: vec![(None, REFUSED), (None, REFUSED)],
        run: Some("r1"),
        ..failure((0, 0), 30, "A", REFUSED)
    };
    let cases = [
        twice,
        Case { run: Some("r1"), ..failure((0, 1), 10, "B", REFUSED) },
        Case { run: Some("r2"), ..failure((4, 0), 20, "B", REFUSED) },
        Case { run: None, ..failure((4, 1), None, "B", REFUSED) },
    ];
    let whole = AllCounts::of(&cases);
    let tables = whole.tables();
    let [group] = tables.error_groups.as_slice() else { panic!("{:?}", tables.error_groups) };
    assert_eq!((group.count, group.exchanges, group.files), (5, 4, 2));
    assert_eq!((group.runs, group.keys, group.open_keys), (2, 2, 2));
    assert_eq!((group.first_seen, group.last_seen), (seconds(10), seconds(30)));
    assert_eq!((group.class.0, group.retryable), ("value", false));
}

#[test]
fn a_sample_is_the_error_at_the_smallest_place() {
    let cases = [
        failure((2, 0), 1, "A", "Price 17 is too low."),
        failure((1, 5), 9, "A", "Price 23 is too low."),
        failure((1, 6), 0, "A", "Price 42 is too low."),
    ];
    let whole = AllCounts::of(&cases);
    let tables = whole.tables();
    let group = &tables.error_groups[0];
    assert_eq!((group.sample_file.0, group.sample_record), ("1", 5));
    assert_eq!(group.sample_message.0, "Price 23 is too low.");
}

#[test]
fn lists_of_a_group_are_most_frequent_first_ties_by_name() {
    let at = |record, flow, status| Case {
        flow: Some(flow),
        status,
        ..failure((0, record), 1, "A", REFUSED)
    };
    let cases = [
        at(0, "stock", Some(500)),
        at(1, "price", Some(400)),
        at(2, "image", Some(400)),
        at(3, "price", None),
    ];
    let whole = AllCounts::of(&cases);
    let tables = whole.tables();
    let group = &tables.error_groups[0];
    assert_eq!(group.flows, ["price", "image", "stock"].map(FlowName));
    assert_eq!(group.statuses, ["400", "500"].map(StatusText));
    assert_eq!(group.steps, [StepName("write")]);
}

#[test]
fn groups_come_most_frequent_first() {
    let cases = [
        failure((0, 0), 1, "A", TIMEOUT),
        failure((0, 1), 1, "A", REFUSED),
        failure((0, 2), 1, "A", REFUSED),
    ];
    let whole = AllCounts::of(&cases);
    let messages: Vec<_> =
        whole.tables().error_groups.iter().map(|row| row.sample_message.0.to_owned()).collect();
    assert_eq!(messages, [REFUSED, TIMEOUT]);
}

/// An exchange with no fields.
fn nowhere<'r>(exchange: &'r Exchange<'r>) -> CountedExchange<'r> {
    CountedExchange {
        place: RecordPlace { file: 0, record: 0 },
        exchange,
        run_id: None,
        flow: None,
        step: None,
        log_id: None,
        endpoint: None,
        outcome: Outcome::Unknown,
        request: None,
        response: None,
        errors: &[],
    }
}

#[test]
fn endpoints_sum_sizes_and_durations_and_count_distinct_bodies() {
    let with = |record, digest, bytes, duration_ms, status| Case {
        request: body(digest, bytes, 1),
        duration_ms: Some(duration_ms),
        status: Some(status),
        outcome: if status < 400 { Outcome::Success } else { Outcome::Failed },
        ..success((0, record), 1, "A")
    };
    let cases = [
        with(0, 1, 100, 1.5, 500),
        with(1, 1, 100, 2.5, 200),
        with(2, 2, 300, 1000.25, 200),
        with(3, 2, 300, f64::NAN, 200),
    ];
    let whole = AllCounts::of(&cases);
    let tables = whole.tables();
    let [row] = tables.endpoints.as_slice() else { panic!("{:?}", tables.endpoints) };
    assert_eq!((row.exchanges, row.failed), (4, 1));
    assert_eq!((row.rows, row.rows_failed), (4, 1));
    assert_eq!(row.statuses, ["200", "500"].map(StatusText));
    assert_eq!((row.request_bytes_sum, row.request_bytes_p50), (Some(800), Some(100)));
    assert_eq!((row.request_bytes_p95, row.request_bytes_max), (Some(300), Some(300)));
    assert_eq!((row.response_bytes_sum, row.response_bytes_max), (None, None));
    assert_eq!((row.distinct_requests, row.distinct_responses), (2, 0));
    assert_eq!((row.duration_p50_ms, row.duration_max_ms), (Some(2.5), Some(1000.25)));
}

#[test]
fn endpoints_are_one_row_per_flow_and_step_and_an_empty_endpoint_is_absent() {
    let cases = [
        success((0, 0), 1, "A"),
        Case { step: None, ..success((0, 1), 1, "A") },
        Case { endpoint: "", ..success((0, 2), 1, "A") },
    ];
    let whole = AllCounts::of(&cases);
    let rows: Vec<_> = whole
        .tables()
        .endpoints
        .iter()
        .map(|row| (row.endpoint.is_some(), row.step.map(|step| step.0)))
        .collect();
    assert_eq!(rows, [(false, Some("write")), (true, None), (true, Some("write"))]);
}

#[test]
fn bodies_are_counted_by_shape_over_all_flows() {
    let stock = Case { flow: Some("stock"), ..success((0, 2), 1, "A") };
    let cases = [
        Case {
            request: body(1, 10, 7),
            response: body(9, 1, 8),
            ..failure((1, 0), 1, "A", REFUSED)
        },
        Case { request: body(2, 20, 7), ..success((0, 1), 1, "A") },
        Case { request: body(2, 20, 7), ..stock },
        Case { request: body(3, 5, 6), ..success((0, 3), 1, "A") },
    ];
    let whole = AllCounts::of(&cases);
    let rows = whole.tables().bodies;
    let counts: Vec<_> = rows
        .iter()
        .map(|row| (row.side.0, row.shape.0, row.count, row.failed, row.distinct))
        .collect();
    assert_eq!(
        counts,
        [("request", 7, 3, 1, 2), ("request", 6, 1, 0, 1), ("response", 8, 1, 1, 1)]
    );
    assert_eq!((rows[0].bytes_sum, rows[0].bytes_max), (50, 20));
    assert_eq!((rows[0].sample_file.0, rows[0].sample_record), ("0", 1));
    assert_eq!(rows[0].paths, [ShapePath("/7")]);
}

#[test]
fn paths_are_asked_for_once_a_shape() {
    let mut accumulator = Accumulator::default();
    let exchange = Exchange::default();
    let mut listed = Vec::new();
    for record in 0..3 {
        let mut seen = nowhere(&exchange);
        seen.place.record = record;
        seen.request = body(u128::from(record), 1, 7);
        seen.response = body(5, 1, 8);
        accumulator.add(&seen, &mut |side| {
            listed.push(side);
            Vec::new()
        });
    }
    assert_eq!(listed, [BodySide::Request, BodySide::Response]);
}

#[test]
fn a_run_seen_only_in_exchanges_has_their_times_and_outcome() {
    let run = |case: Case| Case { run: Some("r1"), log: Some("77"), ..case };
    let cases = [
        run(Case { duration_ms: Some(2000.0), ..success((0, 1), 20, "A") }),
        run(Case { flow: Some("stock"), ..failure((0, 0), 10, "A", REFUSED) }),
        run(failure((0, 2), None, "A", TIMEOUT)),
        success((0, 3), 1, "A"),
    ];
    let whole = AllCounts::of(&cases);
    let runs = whole.tables().runs;
    let [row] = runs.as_slice() else { panic!("{runs:?}") };
    assert_eq!((row.run_id.0, row.flow), ("r1", Some(FlowName("stock"))));
    assert_eq!((row.started_at, row.finished_at), (seconds(10), seconds(22)));
    assert_eq!(row.duration_ms, Some(12_000.0));
    assert_eq!((row.status, row.logs, row.downloaded), (Some(LogStatusWord("failed")), 0, 1));
    assert_eq!((row.exchanges, row.failed, row.groups), (3, 2, 2));
    assert_eq!(row.error_rate, Some(2.0 / 3.0));
}

#[test]
fn downloads_without_exchanges_are_counted_by_log_and_without_one_by_call() {
    let mut whole = AllCounts::of(&[]);
    for log in [Some("1"), Some("2"), Some("1"), None, None] {
        whole.accumulator.file_linked(log, Some("r1"), Some("price"));
    }
    whole.accumulator.file_linked(Some("3"), None, None);
    let tables = whole.tables();
    let [row] = tables.runs.as_slice() else { panic!("{:?}", tables.runs) };
    assert_eq!((row.run_id.0, row.flow, row.downloaded), ("r1", Some(FlowName("price")), 4));
    assert_eq!((row.exchanges, row.error_rate, row.status), (0, None, None));
}

#[test]
fn exchanges_that_name_no_log_are_one_download_a_file() {
    let at = |file, record, log| Case { run: Some("r1"), log, ..success((file, record), 1, "A") };
    let cases = [at(0, 0, None), at(0, 1, None), at(1, 0, None), at(2, 0, Some("7"))];
    let whole = AllCounts::of(&cases);
    assert_eq!(whole.tables().runs[0].downloaded, 3);
}

#[test]
fn runs_and_logs_of_the_listing_are_there_without_a_download() {
    let page = r#"{"count": 2, "limit": 25, "page": 1, "previous": "", "next": "", "results": [
        {"id": 7, "log_type": 1, "process_group_id": "f-1", "process_group_name": "price",
         "original_filename_uuid": "r1", "filename_uuid": "r1", "state": 3, "status": 4,
         "created": "1687519997186", "finished": "1687519998186"},
        {"id": 9, "log_type": 1, "process_group_id": "f-1", "process_group_name": "price",
         "original_filename_uuid": "r3", "filename_uuid": "r3", "state": 3, "status": 3,
         "created": "1687519997186", "finished": null}]}"#;
    let cases = [
        Case { run: Some("r2"), log: Some("8"), ..success((0, 0), 1, "A") },
        Case { run: Some("r3"), log: Some("9"), ..success((0, 1), 1, "A") },
    ];
    let mut whole = AllCounts::of(&cases);
    whole.listing.add(listing::parse(page).expect("a page of the listing"), 0);
    whole.listing.finish();
    let tables = whole.tables();
    let runs: Vec<_> = tables
        .runs
        .iter()
        .map(|row| (row.run_id.0, row.status.map(|s| s.0), row.logs, row.downloaded, row.exchanges))
        .collect();
    let expected = [
        ("r1", Some("empty"), 1, 0, 0),
        ("r2", Some("success"), 0, 1, 1),
        ("r3", Some("failed"), 1, 1, 1),
    ];
    assert_eq!(runs, expected);
    assert_eq!((tables.runs[0].duration_ms, tables.runs[0].error_rate), (Some(1000.0), None));
    assert_eq!(
        (tables.runs[2].flow, tables.runs[2].error_rate),
        (Some(FlowName("price")), Some(0.0))
    );
    let logs: Vec<_> = tables.logs.iter().map(|row| (row.id.0, row.downloaded)).collect();
    assert_eq!(logs, [("7", false), ("9", true)]);
}

#[test]
fn the_summary_shows_the_worst_first() {
    let stock = |case: Case| Case { flow: Some("stock"), endpoint: "GET erp/", ..case };
    let cases = [
        failure((0, 0), 10, "A", REFUSED),
        failure((0, 1), 30, "B", REFUSED),
        success((0, 2), 40, "C"),
        stock(failure((0, 3), 20, "A", TIMEOUT)),
    ];
    let whole = AllCounts::of(&cases);
    let finished = whole.tables();
    assert_eq!(finished.keys.iter().filter(|key| key.open).count(), 3);
    assert_eq!((finished.keys.len(), finished.error_groups.len()), (4, 2));
    let top = finished.top();
    assert_eq!(top.groups[0].sample, ("0".to_owned(), 0));
    assert_eq!(top.groups[0].count, 2);
    let flows: Vec<_> =
        top.flows.iter().map(|row| (row.name.as_deref(), row.failed, row.exchanges)).collect();
    assert_eq!(flows, [(Some("price"), 2, 3), (Some("stock"), 1, 1)]);
    assert_eq!(top.endpoints[1].name.as_deref(), Some("GET erp/"));
    let open: Vec<_> = top.open_keys.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(open, ["B", "A", "A"]);
}
