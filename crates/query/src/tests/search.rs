//! Searches in reports on disk against the table of queries and against rows that are known at once.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tables::cell::{ErrorCode, FieldPath, HttpMethod, KeyKindWord, LoggedUrl, SideWord, StepName};

use super::*;
use crate::grammar::Query;
use crate::grammar::tests::{TableRow, matching_expression, micros, row, table};
use crate::zone::Zone;
use crate::{
    CountBy, LoggedRequests, NameError, NamedTarget, attempts, count, count_by, find_named,
    newest_of_group, search,
};

fn body(text: Option<&str>) -> Option<BodyText<'_>> {
    text.map(|text| BodyText { text, hash: xxhash_rust::xxh3::xxh3_64(text.as_bytes()) })
}

/// Writes rows of the table as a report, each exchange in a row group of its own.
fn report_of(rows: &[TableRow]) -> (TempDir, Stored) {
    let mut all = Rows::default();
    let mut states: BTreeMap<(&str, &str, &str), KeyRow<'_>> = BTreeMap::new();
    for row in rows {
        let at = row.started_at.as_deref().map(micros);
        let exchange = ExchangeRow {
            exchange: row.id.into(),
            file: FileName(&row.file),
            run_id: row.run.as_deref().map(RunId),
            flow: row.flow.as_deref().map(FlowName),
            step: row.step.as_deref().map(StepName),
            key_kind: row.key_kind.as_deref().map(KeyKindWord),
            key: row.key.as_deref().map(KeyValue),
            started_at: at,
            duration_ms: row.duration_ms,
            method: row.method.as_deref().map(HttpMethod),
            url: row.url.as_deref().map(LoggedUrl),
            endpoint: row.endpoint.as_deref().map(EndpointName),
            status: row.status,
            outcome: OutcomeWord(&row.outcome),
            request_body: body(row.req.as_deref()),
            response_body: body(row.res.as_deref()),
            response_truncated: row.truncated,
            ..exchange(0, "")
        };
        all.exchanges.push(exchange);
        for (n, of) in (0..).zip(&row.errors) {
            all.errors.push(ErrorRow {
                error: n,
                exchange: row.id.into(),
                fingerprint: Fingerprint(&of.group),
                class: ClassWord(&of.class),
                code: of.code.as_deref().map(ErrorCode),
                field: of.field.as_deref().map(FieldPath),
                message: MessageText(&of.msg),
                key_kind: of.key_kind.as_deref().map(KeyKindWord),
                key: of.key.as_deref().map(KeyValue),
                side: of.side.as_deref().map(SideWord),
                started_at: at,
                flow: row.flow.as_deref().map(FlowName),
                ..error("", 0, "")
            });
        }
        let keys = [(&row.key_kind, &row.key)].into_iter();
        let keys = keys.chain(row.errors.iter().map(|of| (&of.key_kind, &of.key)));
        for (kind, key) in keys.filter_map(|(kind, key)| kind.as_deref().zip(key.as_deref())) {
            let open = row.state.as_deref() == Some("open");
            let failures = i64::from(row.state.is_some());
            let flow = row.flow.as_deref();
            states.insert(
                (flow.unwrap_or_default(), kind, key),
                KeyRow {
                    flow: flow.map(FlowName),
                    key_kind: KeyKindWord(kind),
                    failures,
                    open,
                    ..super::key(key, 0)
                },
            );
        }
    }
    all.keys = states.into_values().collect();
    report(&all)
}

#[test]
fn the_table_of_queries_holds_for_a_report() {
    let (table, now) = table();
    let (_folder, stored) = report_of(&table.rows);
    for query in &table.matches {
        let parsed = Query::parse(&query.query, now, &Zone::default()).unwrap();
        let mut found = search(&stored, &parsed, None).unwrap();
        let newest_first = [3, 2, 1, 4];
        assert!(found.is_sorted_by_key(|id| newest_first.iter().position(|n| n == id)));
        found.sort_unstable();
        let expected: Vec<i64> = query.rows.iter().map(|id| i64::from(*id)).collect();
        assert_eq!(found, expected, "{}", query.query);
        assert_eq!(count(&stored, &parsed).unwrap(), expected.len() as u64, "{}", query.query);
    }
}

#[test]
fn a_search_finds_what_each_row_says_alone_newest_first() {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 4,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let queries = proptest::collection::vec(matching_expression(), 24);
    let rows = proptest::collection::vec(row(), 1..10);
    let searched = runner.run(&(rows, queries, 1_usize..5), |(mut rows, queries, limit)| {
        for (n, row) in (0..).zip(&mut rows) {
            row.id = n;
            // The state belongs to the key, of which each row has its own.
            row.flow = Some(format!("f{n}"));
            if row.key.is_none() && row.errors.iter().all(|error| error.key.is_none()) {
                row.state = None;
            }
        }
        let (_folder, stored) = report_of(&rows);
        for root in queries {
            let query = Query { root: Some(root) };
            let mut expected: Vec<&TableRow> =
                rows.iter().filter(|row| query.matches(*row) == Some(true)).collect();
            expected.sort_by_key(|row| (Reverse(row.started_at.as_deref().map(micros)), row.id));
            let expected: Vec<i64> = expected.into_iter().map(|row| row.id.into()).collect();
            prop_assert_eq!(&search(&stored, &query, None).unwrap(), &expected, "{}", &query);
            let few = search(&stored, &query, Some(limit)).unwrap();
            prop_assert_eq!(&few[..], &expected[..limit.min(expected.len())], "{}", &query);
            prop_assert_eq!(count(&stored, &query).unwrap(), expected.len() as u64);
        }
        Ok(())
    });
    searched.unwrap();
}

#[test]
fn matches_are_counted_by_each_value() {
    let (table, now) = table();
    let (_folder, stored) = report_of(&table.rows);
    let all = Query::parse("", now, &Zone::default()).unwrap();
    let counted = |by| -> Vec<(String, u64)> {
        let counts = count_by(&stored, &all, by, &Zone::default()).unwrap().into_iter();
        counts.map(|(value, count)| (value.unwrap_or("-".to_owned()), count)).collect()
    };
    let pairs = |pairs: &[(&str, u64)]| -> Vec<(String, u64)> {
        pairs.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect()
    };
    assert_eq!(
        counted(CountBy::Hour),
        pairs(&[
            ("-", 1),
            ("2026-10-24 01:00", 1),
            ("2026-10-24 02:00", 1),
            ("2026-10-25 09:00", 1)
        ])
    );
    assert_eq!(counted(CountBy::Status), pairs(&[("-", 1), ("200", 1), ("400", 1), ("404", 1)]));
    let keys = [("-", 1), ("order 0045", 1), ("sku A-1", 1), ("sku B-2", 1), ("sku TR0011", 1)];
    assert_eq!(counted(CountBy::Key), pairs(&keys));
    assert_eq!(counted(CountBy::Group).len(), 4);
    assert_eq!(counted(CountBy::Flow).len(), 4);
}

#[test]
fn requests_come_with_bodies_errors_and_state() {
    let (table, _) = table();
    let (_folder, stored) = report_of(&table.rows);
    let requests = LoggedRequests::read(&stored, &[3, 1, 99], true).unwrap();
    let read: Vec<_> = requests.iter().collect();
    assert_eq!((requests.len(), read[0].exchange.exchange, read[1].exchange.exchange), (2, 3, 1));
    assert_eq!(read[0].errors.len(), 2);
    assert_eq!(read[1].state, Some(KeyState::Open));
    assert!(read[1].exchange.request_body.unwrap().text.contains("TR0011"));
    let json = read[1].json();
    assert_eq!(
        (json["state"].as_str(), json["errors"][0]["class"].as_str()),
        (Some("open"), Some("missing"))
    );
    let without = LoggedRequests::read(&stored, &[1], false).unwrap();
    assert_eq!(without.iter().next().unwrap().exchange.request_body, None);
}

#[test]
fn a_key_is_tried_also_in_rows_of_bulk_requests_that_went_well() {
    let (mut table, _) = table();
    let bulk = TableRow {
        id: 5,
        started_at: Some("2026-10-23T00:00:00Z".to_owned()),
        req: Some(r#"[{"sku":"TR0011"},{"sku":"TR0011B"}]"#.to_owned()),
        flow: Some("Price TR".to_owned()),
        outcome: "success".to_owned(),
        ..TableRow::default()
    };
    table.rows.push(bulk);
    let (_folder, stored) = report_of(&table.rows);
    let found = attempts(&stored, "sku", "TR0011").unwrap();
    // The key was tried as often as its columns say, so that no body is read.
    assert_eq!((found.ids, found.attempts, found.failures), (vec![1], 1, 1));
    let of_error = attempts(&stored, "sku", "B-2").unwrap();
    assert_eq!((of_error.ids, of_error.state), (vec![3], Some(KeyState::Good)));

    let request = |hour, text| ExchangeRow { request_body: body(Some(text)), ..exchange(hour, "") };
    let keys = vec![KeyRow { attempts: 2, ..key("A", 1) }];
    let exchanges = vec![
        ExchangeRow {
            key_kind: Some(KeyKindWord("sku")),
            key: Some(KeyValue("A")),
            ..exchange(1, "")
        },
        request(2, r#"[{"sku":"A"},{"sku":"B"}]"#),
        request(3, r#"[{"sku":"AA"},{"sku":"B"}]"#),
    ];
    let (_folder, stored) = report(&Rows { keys, exchanges, ..Rows::default() });
    assert_eq!(attempts(&stored, "sku", "A").unwrap().ids, [1, 2]);
}

#[test]
fn a_name_is_a_key_a_request_or_a_group() {
    let groups = vec![group("12ab000000000000", "text")];
    let keys = vec![
        key("1", 1),
        key("TR0011", 1),
        KeyRow { key_kind: KeyKindWord("order"), ..key("TR0011", 1) },
    ];
    let exchanges = vec![exchange(1, ""), exchange(2, "")];
    let errors = vec![
        ErrorRow { fingerprint: Fingerprint("12ab000000000000"), ..error("A", 1, "x") },
        ErrorRow { fingerprint: Fingerprint("12ab000000000000"), ..error("A", 2, "x") },
    ];
    let (_folder, stored) = report(&Rows { groups, keys, errors, exchanges, ..Rows::default() });
    let sku = |key: &str| NamedTarget::Key { kind: "sku".to_owned(), key: key.to_owned() };
    for (name, expected) in [
        ("2", NamedTarget::Exchange(2)),
        ("exchange:1", NamedTarget::Exchange(1)),
        ("key:1", sku("1")),
        ("sku:TR0011", sku("TR0011")),
        ("12AB000000000000", NamedTarget::Group("12ab000000000000".to_owned())),
    ] {
        assert_eq!(find_named(&stored, name).unwrap(), expected, "{name}");
    }
    let refused = |name: &str| find_named(&stored, name).unwrap_err().to_string();
    assert!(refused("1").starts_with("1: several have this name: exchange:1, sku:1\n"));
    assert!(refused("TR0011").contains("order:TR0011, sku:TR0011"), "{}", refused("TR0011"));
    assert!(refused("TR011").contains("(did you mean TR0011?)"));
    for name in ["", "9", "exchange:9", "12ab", "group:12ab", "barcode:1"] {
        assert!(matches!(find_named(&stored, name), Err(NameError::Unknown { .. })), "{name}");
    }
    assert_eq!(newest_of_group(&stored, "12ab000000000000", 1).unwrap(), [2]);
    assert_eq!(newest_of_group(&stored, "12ab000000000000", 9).unwrap(), [2, 1]);
}
