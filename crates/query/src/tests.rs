//! Questions to small reports whose rows are made here.

mod search;

use std::fs;

use tables::cell::{
    BodyDigest, BodyText, ClassWord, EndpointName, FileName, Fingerprint, FlowName, KeyKindWord,
    KeyValue, MessageText, Micros, OutcomeWord, RecordPointer, RunId, SideWord, SourceWord,
    TemplateText,
};
use tables::rows::{
    EndpointRow, Endpoints, ErrorGroupRow, ErrorGroups, ErrorRow, Errors, ExchangeRow, Exchanges,
    KeyRow, Keys,
};
use tables::{Batch, Encoder as _, Folder, Format, Formats, Metadata, Sink as _, Stored, Table};
use tempfile::TempDir;

use crate::zone::Zone;
use crate::{
    ChangeKind, KeyFilter, KeyState, PayloadCounts, PayloadError, ReportDiff, Thresholds, Warning,
    diff, explain, find_group, groups, keys, write_payloads,
};

const HOUR: i64 = 3_600_000_000;
const UNKNOWN: &str = "0a00000000000000";
const BUSY: &str = "0b00000000000000";

/// A group with one error in one exchange of the flow `price`.
pub(crate) fn group<'b>(fingerprint: &'b str, template: &'b str) -> ErrorGroupRow<'b> {
    ErrorGroupRow {
        fingerprint: Fingerprint(fingerprint),
        template: TemplateText(template),
        class: ClassWord("value"),
        retryable: false,
        count: 1,
        exchanges: 1,
        files: 1,
        runs: 1,
        keys: 1,
        open_keys: 1,
        flows: vec![FlowName("price")],
        steps: Vec::new(),
        endpoints: Vec::new(),
        statuses: Vec::new(),
        first_seen: Some(Micros(0)),
        last_seen: Some(Micros(0)),
        sample_file: FileName("a.json"),
        sample_record: 0,
        sample_message: MessageText("message"),
        resolved_keys: 0,
        side: None,
        code: None,
        field: None,
        name: None,
    }
}

/// A key that was tried once, at an hour, and failed in the record of that number.
fn key(name: &str, hour: i64) -> KeyRow<'_> {
    KeyRow {
        flow: Some(FlowName("price")),
        key_kind: KeyKindWord("sku"),
        key: KeyValue(name),
        attempts: 1,
        failures: 1,
        first_seen: Some(Micros(hour * HOUR)),
        last_seen: Some(Micros(hour * HOUR)),
        last_outcome: OutcomeWord("failed"),
        open: true,
        last_fingerprint: Some(Fingerprint(UNKNOWN)),
        last_message: Some(MessageText("message")),
        last_file: Some(FileName("a.json")),
        last_record: Some(hour as i32),
    }
}

/// An error of the group UNKNOWN about the key, in the only failed attempt of `key(name, hour)`.
fn error<'b>(name: &'b str, hour: i64, message: &'b str) -> ErrorRow<'b> {
    ErrorRow {
        error: 0,
        exchange: hour,
        file: FileName("a.json"),
        record: hour as i32,
        fingerprint: Fingerprint(UNKNOWN),
        class: ClassWord("missing"),
        code: None,
        field: None,
        message: MessageText(message),
        source: SourceWord("response"),
        key_kind: Some(KeyKindWord("sku")),
        key: Some(KeyValue(name)),
        side: None,
        started_at: Some(Micros(hour * HOUR)),
        flow: Some(FlowName("price")),
        step: None,
        endpoint: Some(EndpointName("PATCH example.com/prices/{id}/")),
        status: Some(404),
    }
}

/// The exchange of `error(_, hour, _)`.
fn exchange(hour: i64, pointer: &str) -> ExchangeRow<'_> {
    ExchangeRow {
        exchange: hour,
        file: FileName("a.json"),
        member: None,
        pointer: RecordPointer(pointer),
        record: hour as i32,
        log_id: None,
        run_id: Some(RunId("run")),
        flow: Some(FlowName("price")),
        step: None,
        row_num: None,
        key_kind: None,
        key: None,
        started_at: Some(Micros(hour * HOUR)),
        duration_ms: None,
        method: None,
        url: None,
        endpoint: None,
        status: Some(404),
        outcome: OutcomeWord("failed"),
        evidence: None,
        request_body: None,
        response_body: None,
        request_digest: None,
        response_digest: None,
        response_truncated: false,
        extra: None,
    }
}

/// Exchanges of a flow.
fn traffic(flow: &str, exchanges: i64) -> EndpointRow<'_> {
    EndpointRow {
        endpoint: None,
        flow: Some(FlowName(flow)),
        step: None,
        exchanges,
        failed: 0,
        rows: exchanges,
        rows_failed: 0,
        statuses: Vec::new(),
        request_bytes_sum: None,
        request_bytes_p50: None,
        request_bytes_p95: None,
        request_bytes_max: None,
        response_bytes_sum: None,
        response_bytes_p50: None,
        response_bytes_p95: None,
        response_bytes_max: None,
        distinct_requests: 0,
        distinct_responses: 0,
        duration_p50_ms: None,
        duration_p95_ms: None,
        duration_max_ms: None,
    }
}

/// The rows of a report; each row of `errors` and `exchanges` is a row group of its own, unless there are many.
#[derive(Default)]
struct Rows<'b> {
    /// First and last hour of its exchanges.
    hours: (i64, i64),
    groups: Vec<ErrorGroupRow<'b>>,
    keys: Vec<KeyRow<'b>>,
    errors: Vec<ErrorRow<'b>>,
    exchanges: Vec<ExchangeRow<'b>>,
    endpoints: Vec<EndpointRow<'b>>,
}

/// Writes a report and opens it.
fn report(rows: &Rows<'_>) -> (TempDir, Stored) {
    fn append<T: Table>(sink: &mut Folder, rows: &[T::Row<'_>], at_once: usize) {
        for chunk in rows.chunks(at_once) {
            let mut batch = Batch::<T>::new();
            for row in chunk {
                batch.push(row);
            }
            let part = sink.encoder().encode(&mut batch).unwrap();
            sink.append(part).unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("report");
    let metadata = Metadata { rules_version: 2, redaction: "none" };
    let mut sink = Folder::create(&dir, false, Formats::new([Format::Parquet]), &metadata).unwrap();
    append::<ErrorGroups>(&mut sink, &rows.groups, 9);
    append::<Keys>(&mut sink, &rows.keys, 2);
    let at_once = |rows: usize| if rows > 20 { 500 } else { 1 };
    append::<Errors>(&mut sink, &rows.errors, at_once(rows.errors.len()));
    append::<Exchanges>(&mut sink, &rows.exchanges, at_once(rows.exchanges.len()));
    append::<Endpoints>(&mut sink, &rows.endpoints, 9);
    let time = |hour: i64| tables::rfc3339(Micros(hour * HOUR));
    let summary = serde_json::json!({
        "schema_version": tables::SCHEMA_VERSION,
        "rules_version": 2,
        "keys": { "open": rows.keys.iter().filter(|key| key.open).count() },
        "period": { "from": time(rows.hours.0), "to": time(rows.hours.1) },
    });
    sink.finish(&summary.to_string()).unwrap();
    let stored = Stored::open(&dir).unwrap();
    (folder, stored)
}

fn selected(report: &Stored, filter: &KeyFilter) -> Vec<String> {
    let keys = keys(report, filter).unwrap();
    keys.rows().map(|key| key.key.0.to_owned()).collect()
}

#[test]
fn keys_are_selected_by_state_group_flow_and_kind_newest_first() {
    let resolved = |key: KeyRow<'static>| KeyRow { open: false, ..key };
    let (_folder, report) = report(&Rows {
        keys: vec![
            key("A", 1),
            resolved(key("B", 4)),
            KeyRow { last_seen: None, ..key("C", 2) },
            KeyRow { failures: 0, ..resolved(key("D", 3)) },
            KeyRow { last_fingerprint: Some(Fingerprint(BUSY)), ..key("E", 5) },
            KeyRow { last_fingerprint: Some(Fingerprint(BUSY)), ..key("F", 6) },
            KeyRow { flow: None, key_kind: KeyKindWord("order"), ..key("G", 7) },
        ],
        // The newest failure of F has an error of UNKNOWN too, and so has an older one of E.
        errors: vec![
            ErrorRow { fingerprint: Fingerprint(BUSY), ..error("F", 6, "busy") },
            error("F", 6, "no F"),
            error("E", 4, "no E"),
        ],
        ..Rows::default()
    });
    let check = |filter: KeyFilter, expected: &[&str]| {
        assert_eq!(selected(&report, &filter), expected, "{filter:?}");
    };
    let all = KeyFilter::default();
    let some = |text: &str| Some(text.to_owned());
    check(all.clone(), &["G", "F", "E", "B", "D", "A", "C"]);
    check(KeyFilter { states: vec![KeyState::Open], ..all.clone() }, &["G", "F", "E", "A", "C"]);
    check(KeyFilter { states: vec![KeyState::Resolved], ..all.clone() }, &["B"]);
    check(
        KeyFilter { states: vec![KeyState::Resolved, KeyState::Good], ..all.clone() },
        &["B", "D"],
    );
    check(KeyFilter { fingerprint: some(UNKNOWN), ..all.clone() }, &["G", "F", "B", "D", "A", "C"]);
    check(KeyFilter { fingerprint: some(BUSY), ..all.clone() }, &["F", "E"]);
    let unknown = KeyFilter { flow: some("Prise"), ..all.clone() };
    let refused = keys(&report, &unknown).map(|keys| keys.len()).unwrap_err().to_string();
    assert_eq!(refused, "Prise: no key of such a flow; did you mean price?");
    check(KeyFilter { flow: some("price"), kind: some("order"), ..all.clone() }, &[]);
    check(KeyFilter { kind: some("order"), ..all.clone() }, &["G"]);
    check(KeyFilter { since: Some(Micros(5 * HOUR)), ..all }, &["G", "F", "E"]);
}

#[test]
fn keys_are_selected_by_what_the_group_of_their_newest_error_is() {
    let (_folder, report) = report(&Rows {
        groups: vec![
            ErrorGroupRow { class: ClassWord("duplicate"), ..group(UNKNOWN, "exists") },
            ErrorGroupRow {
                class: ClassWord("connection"),
                retryable: true,
                side: Some(SideWord("erp")),
                ..group(BUSY, "busy")
            },
        ],
        keys: vec![
            key("A", 1),
            KeyRow { last_fingerprint: Some(Fingerprint(BUSY)), ..key("B", 2) },
            KeyRow { last_fingerprint: None, ..key("C", 3) },
        ],
        ..Rows::default()
    });
    let check = |filter: KeyFilter, expected: &[&str]| {
        assert_eq!(selected(&report, &filter), expected, "{filter:?}");
    };
    let all = KeyFilter::default();
    let classes = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    check(KeyFilter { classes: classes(&["duplicate"]), ..all.clone() }, &["A"]);
    check(KeyFilter { classes: classes(&["connection", "duplicate"]), ..all.clone() }, &["B", "A"]);
    check(KeyFilter { retryable: true, ..all.clone() }, &["B"]);
    check(KeyFilter { side: Some("erp".to_owned()), ..all.clone() }, &["B"]);
    check(KeyFilter { side: Some("mapping".to_owned()), ..all }, &[]);
    assert_eq!(crate::duplicates(&report).unwrap(), [UNKNOWN.to_owned()].into());
}

#[test]
fn errors_of_groups_are_counted_in_parts_of_a_period() {
    let (_folder, report) = report(&Rows {
        errors: vec![
            error("A", 0, "first"),
            error("A", 9, "in the last part"),
            error("A", 10, "at the end"),
            error("A", 11, "later"),
            ErrorRow { started_at: None, ..error("A", 1, "without a time") },
            ErrorRow { fingerprint: Fingerprint(BUSY), ..error("B", 5, "busy") },
        ],
        ..Rows::default()
    });
    let period = (Micros(0), Micros(10 * HOUR));
    let counts = crate::trends(&report, &[UNKNOWN, "none", BUSY], period, 2).unwrap();
    assert_eq!(counts, [[1, 2], [0, 0], [1, 0]]);
    let moment = (Micros(0), Micros(0));
    assert_eq!(crate::trends(&report, &[UNKNOWN], moment, 3).unwrap(), [[1, 0, 0]]);
}

#[test]
fn a_group_is_explained_by_its_own_errors() {
    let (_folder, report) = report(&Rows {
        groups: vec![group(UNKNOWN, "no product <*>"), group(BUSY, "busy")],
        errors: vec![
            ErrorRow { fingerprint: Fingerprint(BUSY), ..error("A", 0, "busy") },
            error("A", 1, "no product A"),
            error("A", 2, "no product A"),
            ErrorRow { error: 1, ..error("A", 2, "no product A") },
            ErrorRow {
                flow: Some(FlowName("stock")),
                status: Some(400),
                ..error("B", 50, "no product B")
            },
            error("C", 51, "worded otherwise"),
        ],
        exchanges: vec![
            exchange(0, "/0"),
            exchange(1, "/1"),
            exchange(2, "/2"),
            ExchangeRow { run_id: Some(RunId("other")), ..exchange(50, "/50") },
            exchange(51, "/51"),
        ],
        ..Rows::default()
    });
    let groups = groups(&report).unwrap();
    let (rank, group) = find_group(&groups, &[], UNKNOWN).unwrap();
    assert_eq!(rank, 1);
    let explained = explain(&report, group, 5, 2, &Zone::default()).unwrap();
    let check = |values: &crate::Values, expected: &[(&str, u64)]| {
        let top: Vec<_> = values.top.iter().map(|v| (v.value.as_str(), v.count)).collect();
        assert_eq!((top.as_slice(), values.distinct), (expected, expected.len() as u64));
    };
    check(&explained.variables[0], &[("A", 3), ("B", 1)]);
    check(&explained.keys, &[("sku A", 3), ("sku B", 1), ("sku C", 1)]);
    check(&explained.flows, &[("price", 4), ("stock", 1)]);
    check(&explained.steps, &[]);
    check(&explained.endpoints, &[("PATCH example.com/prices/{id}/", 5)]);
    check(&explained.statuses, &[("404", 4), ("400", 1)]);
    check(&explained.runs, &[("run", 4), ("other", 1)]);
    check(&explained.sources, &[("response", 5)]);
    assert_eq!(explained.unaligned, 1);
    let days: Vec<_> =
        explained.periods.iter().map(|p| (p.from.0 / HOUR, p.day, p.count)).collect();
    assert_eq!(days, [(0, true, 3), (48, true, 2)]);
    let samples: Vec<_> =
        explained.samples.iter().map(|s| (s.record, s.pointer.as_deref(), s.status)).collect();
    assert_eq!(samples, [(1, Some("/1"), Some(404)), (50, Some("/50"), Some(400))]);

    let json = serde_json::to_value(&explained).unwrap();
    assert_eq!(json["group"]["fingerprint"], UNKNOWN);
    assert_eq!(json["group"]["first_seen"], "1970-01-01T00:00:00.000000Z");
    assert_eq!(json["samples"][1]["started_at"], "1970-01-03T02:00:00.000000Z");
    assert_eq!(json["samples"][1]["variables"][0], "B");
}

#[test]
fn only_distinct_values_up_to_the_wanted_number_are_listed() {
    let (_folder, report) = report(&Rows {
        groups: vec![group(UNKNOWN, "no product <*>")],
        errors: vec![error("A", 1, "no product A"), error("B", 2, "no product B")],
        ..Rows::default()
    });
    let groups = groups(&report).unwrap();
    let explained =
        explain(&report, groups.rows().next().unwrap(), 1, 0, &Zone::default()).unwrap();
    assert_eq!((explained.keys.distinct, explained.keys.top.len()), (2, 1));
    assert_eq!((explained.runs.distinct, explained.samples.len()), (0, 0));
}

/// So many errors of each group in the hours from `from` on, one request for each and 50 more an hour.
fn day(from: i64, groups: &[(&'static str, i64)]) -> Rows<'static> {
    let mut rows = Rows { hours: (from, from + 23), ..Rows::default() };
    let price = |hour: i64, n: i64| ExchangeRow {
        exchange: hour * 1000 + n,
        run_id: None,
        started_at: Some(Micros(hour * HOUR)),
        ..exchange(0, "")
    };
    for hour in from..from + 24 {
        let with_errors = |count: i64| {
            // Spread over the day.
            (hour + 1 - from) * count / 24 - (hour - from) * count / 24
        };
        let mut requests = 0;
        for &(fingerprint, count) in groups {
            for _ in 0..with_errors(count) {
                let request = price(hour, requests);
                rows.errors.push(ErrorRow {
                    fingerprint: Fingerprint(fingerprint),
                    exchange: request.exchange,
                    ..error("A", hour, "text")
                });
                rows.exchanges.push(request);
                requests += 1;
            }
        }
        rows.exchanges.extend((requests..requests + 50).map(|n| price(hour, n)));
    }
    let group = |&(fingerprint, count)| ErrorGroupRow {
        count,
        sample_message: MessageText(fingerprint),
        ..group(fingerprint, fingerprint)
    };
    rows.groups = groups.iter().map(group).collect();
    rows.endpoints = vec![traffic("price", rows.exchanges.len().try_into().unwrap())];
    rows
}

/// Two days: UNKNOWN grew, BUSY is gone, `0c` new, `0d` as before.
fn two_days() -> [Rows<'static>; 2] {
    let mut first = day(0, &[(UNKNOWN, 40), (BUSY, 5), ("0d", 30)]);
    first.keys = vec![key("A", 1), key("B", 2), key("C", 3), KeyRow { open: false, ..key("D", 4) }];
    let mut second = day(24, &[(UNKNOWN, 120), ("0c", 5), ("0d", 32)]);
    second.keys =
        vec![key("A", 25), KeyRow { open: false, ..key("B", 26) }, key("D", 27), key("E", 28)];
    [first, second]
}

fn changes(diff: &ReportDiff) -> Vec<(ChangeKind, &str)> {
    diff.groups.iter().map(|group| (group.change, group.fingerprint.as_str())).collect()
}

#[test]
fn groups_change_by_rate_and_keys_by_state() {
    let [first, second] = two_days();
    let ((_old, old), (_new, new)) = (report(&first), report(&second));
    let forward = diff(&old, &new, &Thresholds::default()).unwrap();
    let expected = [(ChangeKind::New, "0c"), (ChangeKind::Grew, UNKNOWN), (ChangeKind::Gone, BUSY)];
    assert_eq!(changes(&forward), expected);
    assert_eq!((forward.unchanged_groups, forward.few_groups), (1, 0));
    assert_eq!(forward.warnings, []);
    assert_eq!((forward.old.exchanges, forward.old.errors, forward.old.open_keys), (1275, 75, 3));
    assert_eq!(forward.new.to, Some(Micros(47 * HOUR)));
    let names = |list: &[crate::KeyChange]| -> Vec<String> {
        list.iter().map(|key| key.key.clone()).collect()
    };
    assert_eq!(names(&forward.keys.opened), ["E", "D"]);
    assert_eq!(names(&forward.keys.resolved), ["B"]);
    assert_eq!(names(&forward.keys.untried), ["C"]);
    assert_eq!(forward.keys.still_open, 1);

    // In the other direction new is gone and what grew shrank.
    let backward = diff(&new, &old, &Thresholds::default()).unwrap();
    let expected =
        [(ChangeKind::New, BUSY), (ChangeKind::Shrank, UNKNOWN), (ChangeKind::Gone, "0c")];
    assert_eq!(changes(&backward), expected);
    assert_eq!(backward.warnings, [Warning::Reversed]);
    assert_eq!(names(&backward.keys.opened), ["C", "B"]);
    assert_eq!(names(&backward.keys.resolved), ["D"]);
    assert_eq!(names(&backward.keys.untried), ["E"]);

    let json = serde_json::to_value(&forward).unwrap();
    assert_eq!(json["groups"][0]["fingerprint"], "0c");
    assert_eq!(json["keys"]["resolved"][0]["last_fingerprint"], UNKNOWN);
    assert_eq!(json["new"]["from"], "1970-01-02T00:00:00.000000Z");
}

#[test]
fn a_report_has_not_changed_against_itself() {
    let [first, _] = two_days();
    let (_folder, report) = report(&first);
    let same =
        diff(&report, &report, &Thresholds { min_count: 0, ..Thresholds::default() }).unwrap();
    assert!(same.is_empty());
    assert_eq!((same.unchanged_groups, same.keys.still_open), (3, 3));
    let (from, to) = (Micros(0), Micros(23 * HOUR));
    assert_eq!(same.warnings, [Warning::Overlap { from, to }]);
}

#[test]
fn a_text_is_never_both_new_and_gone() {
    let text = |rows: &mut Rows<'static>, template, sample| {
        rows.groups[0].template = TemplateText(template);
        rows.groups[0].sample_message = MessageText(sample);
    };
    let mut first = day(0, &[("0a", 40), ("0b", 40)]);
    text(&mut first, "Store Ankara is closed", "Store Ankara is closed");
    let mut second = day(24, &[("0c", 40), ("0b", 40)]);
    text(&mut second, "Store <*> is closed", "Store Izmir is closed");
    let ((_old, old), (_new, new)) = (report(&first), report(&second));
    let all = Thresholds { unchanged: true, ..Thresholds::default() };
    for (one, other, name) in [(&old, &new, "0c"), (&new, &old, "0a")] {
        let found = diff(one, other, &all).unwrap();
        let group = found.groups.iter().find(|group| group.fingerprint == name).unwrap();
        assert_eq!((found.groups.len(), found.unchanged_groups), (2, 2));
        assert_eq!(group.change, ChangeKind::Unchanged);
        assert_eq!(group.other_fingerprints.len(), 1);
        assert_eq!((group.old_count, group.new_count), (40, 40));
        assert_eq!(group.chance, Some(1.0));
    }
}

#[test]
fn new_groups_that_differ_in_a_word_name_the_most_frequent_of_them() {
    let first = day(0, &[("0d", 30)]);
    let mut second = day(24, &[("0a", 4), ("0b", 9), ("0c", 5), ("0d", 30)]);
    let texts = ["No stock in Ankara", "No stock in Izmir", "busy"];
    for (group, text) in second.groups.iter_mut().zip(texts) {
        group.template = TemplateText(text);
    }
    let ((_old, old), (_new, new)) = (report(&first), report(&second));
    let diff = diff(&old, &new, &Thresholds::default()).unwrap();
    let like: Vec<_> =
        diff.groups.iter().map(|group| (&*group.fingerprint, &*group.like)).collect();
    assert_eq!(like, [("0b", "0b"), ("0c", "0c"), ("0a", "0b")]);
}

#[test]
fn a_change_in_a_few_hours_is_not_taken_for_one_and_not_hidden() {
    let (first, mut second) = (day(0, &[(BUSY, 24)]), day(24, &[(BUSY, 124)]));
    // As many errors as before but for one hour.
    for (n, error) in (0..).zip(&mut second.errors).skip(24) {
        error.exchange = 26_000 + n % 50;
    }
    second.errors.sort_by_key(|error| error.exchange);
    let ((_old, old), (_new, new)) = (report(&first), report(&second));
    let diff = diff(&old, &new, &Thresholds::default()).unwrap();
    assert_eq!(changes(&diff), [(ChangeKind::Unclear, BUSY)]);
}

#[test]
fn a_resolved_group_that_occurs_again_is_back() {
    let [mut first, mut second] = two_days();
    first.groups[0].open_keys = 0;
    // Not in the old report, though it occurred before that begins.
    second.groups[1].first_seen = Some(Micros(-HOUR));
    second.groups[1].last_seen = Some(Micros(30 * HOUR));
    let ((_old, old), (_new, new)) = (report(&first), report(&second));
    let diff = diff(&old, &new, &Thresholds::default()).unwrap();
    let back: Vec<_> = diff.of(ChangeKind::Back).map(|group| group.fingerprint.as_str()).collect();
    assert_eq!(back, [UNKNOWN, "0c"]);
}

#[test]
fn a_body_is_written_for_each_key_and_the_list_says_why_not() {
    let body = |text| Some(BodyText { text, hash: 0 });
    let digest = Some(BodyDigest(1));
    let (folder, report) = report(&Rows {
        keys: vec![
            key("A", 1),
            key("B", 2),
            key("C", 3),
            key("D", 4),
            KeyRow { last_file: None, last_record: None, ..key("E", 5) },
        ],
        exchanges: vec![
            ExchangeRow {
                key_kind: Some(KeyKindWord("sku")),
                key: Some(KeyValue("A")),
                request_body: body(r#"{"sku":"A"}"#),
                request_digest: digest,
                ..exchange(1, "/1")
            },
            ExchangeRow {
                request_body: body(r#"[{"sku":"B"},{"sku":"Z"}]"#),
                request_digest: digest,
                ..exchange(2, "/2")
            },
            ExchangeRow { request_digest: digest, ..exchange(3, "/3") },
            exchange(4, "/4"),
        ],
        ..Rows::default()
    });
    let keys = keys(&report, &KeyFilter::default()).unwrap();
    let dir = folder.path().join("resend");
    let counts = write_payloads(&report, &keys, &dir, false).unwrap();
    let expected = PayloadCounts {
        whole: 1,
        rows: 1,
        left_out: 1,
        no_body: 1,
        unknown_record: 1,
        endpoints: 1,
    };
    assert_eq!(counts, expected);
    let index = fs::read_to_string(dir.join("index.csv")).unwrap();
    let lines: Vec<_> = index.lines().collect();
    assert_eq!(
        lines[0],
        "payload,part,missing,flow,key_kind,key,method,url,status,file,record,fingerprint,message,state"
    );
    let line = |start: &str| format!("{start},0a00000000000000,message,open");
    assert_eq!(lines[1], line(",,unknown_record,price,sku,E,,,,,"));
    assert_eq!(lines[2], line(",,no_body,price,sku,D,,,404,a.json,4"));
    assert_eq!(lines[3], line(",,left_out,price,sku,C,,,404,a.json,3"));
    assert!(lines[4].ends_with(&line(",row,,price,sku,B,,,404,a.json,2")), "{}", lines[4]);
    let (name, _) = lines[4].split_once(',').unwrap();
    assert_eq!(fs::read_to_string(dir.join(name)).unwrap(), r#"{"sku":"B"}"#);
    let (name, _) = lines[5].split_once(',').unwrap();
    assert_eq!(fs::read_to_string(dir.join(name)).unwrap(), r#"{"sku":"A"}"#);

    let again = write_payloads(&report, &keys, &dir, false).unwrap_err();
    assert!(matches!(again, PayloadError::NotEmpty { .. }), "{again}");
}
