//! Any order and any split into accumulators gives equal tables; and the tables agree with plain
//! counting over a list.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SKUS: [&str; 4] = ["A", "B", "00017", "ş"];
const TEXTS: [&str; 5] = [
    REFUSED,
    TIMEOUT,
    "Price 17 is too low.",
    "Price 23 is too low.",
    "No product has the code A-1.",
];

fn maybe(of: &'static [&'static str]) -> impl Strategy<Value = Option<&'static str>> {
    prop::option::of(prop::sample::select(of))
}

fn any_body() -> impl Strategy<Value = Option<CountedBody>> {
    // Equal digests have equal shapes and sizes, as of real bodies.
    prop::option::of((0_u64..20).prop_map(|digest| CountedBody {
        digest: digest.into(),
        bytes: digest * 1000,
        shape: digest % 3,
        kind: BodyKind::Json,
    }))
}

fn any_case() -> impl Strategy<Value = Case> {
    let outcome = prop::sample::select(
        &[Outcome::Success, Outcome::Failed, Outcome::Failed, Outcome::Unknown][..],
    );
    let names = (
        maybe(&["price", "stock"]),
        maybe(&["login", "write"]),
        maybe(&["r1", "r2", "r3"]),
        maybe(&["1", "2", "3"]),
        prop::sample::select(&["", "GET a/", "POST b/{id}/"][..]),
    );
    let numbers = (
        prop::option::of(0_i64..6),
        prop::option::of((0_u32..100_000).prop_map(|thousandths| f64::from(thousandths) / 1000.0)),
        prop::option::of(prop::sample::select(&[200_u16, 400, 500][..])),
    );
    let row = (prop::sample::select(&SKUS[..]), any::<bool>());
    let error = (maybe(&SKUS), prop::sample::select(&TEXTS[..]));
    let contents = (
        maybe(&SKUS),
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(row, 0..4)],
        prop::collection::vec(error, 0..4),
        any_body(),
        any_body(),
    );
    (outcome, names, numbers, contents).prop_map(|(outcome, names, numbers, contents)| {
        let (flow, step, run, log, endpoint) = names;
        let (at, duration_ms, status) = numbers;
        let (sku, rows, errors, request, response) = contents;
        Case {
            place: (0, 0),
            at,
            duration_ms,
            flow,
            step,
            run,
            log,
            endpoint,
            status,
            outcome,
            sku,
            rows,
            errors,
            request,
            response,
        }
    })
}

/// Up to 40 exchanges in up to five files, each at a place of its own. Some are
/// repeated, from another step or another run.
pub(super) fn any_cases() -> impl Strategy<Value = Vec<Case>> {
    let repeated = prop::option::of(any::<prop::sample::Index>());
    prop::collection::vec((any_case(), 0_u32..5, repeated), 0..40).prop_map(|drawn| {
        let mut cases: Vec<Case> = Vec::new();
        for (record, (case, file, repeated)) in (0..).zip(drawn) {
            let case = Case { place: (file, record), ..case };
            let Some(before) = repeated.filter(|_| !cases.is_empty()) else {
                cases.push(case);
                continue;
            };
            let same = cases[before.index(cases.len())].clone();
            cases.push(Case {
                place: case.place,
                at: case.at,
                duration_ms: case.duration_ms,
                flow: case.flow,
                step: case.step,
                run: case.run,
                log: case.log,
                ..same
            });
        }
        cases
    })
}

/// A length as a table has it.
fn len(len: usize) -> i64 {
    small::count(len as u64)
}

fn same(left: &AllCounts, right: &AllCounts) {
    let (left, right) = (left.tables(), right.tables());
    assert_eq!(left.error_groups, right.error_groups);
    assert_eq!(left.keys, right.keys);
    assert_eq!(left.endpoints, right.endpoints);
    assert_eq!(left.runs, right.runs);
    assert_eq!(left.bodies, right.bodies);
}

/// Adds the cases to as many accumulators as `parts` names, and merges these left to right, or
/// right to left, or in pairs.
fn split(cases: &[(Case, usize)], order: usize) -> AllCounts {
    let mut parts: Vec<_> = (0..4).map(|_| Accumulator::default()).collect();
    let mut messages = MaskedMessages::default();
    for (case, part) in cases {
        add(&mut parts[*part], &mut messages, case);
        parts[*part].file_linked(case.log, case.run, case.flow);
    }
    let merge = |mut left: Accumulator, right: Accumulator| {
        left.merge(right);
        left
    };
    let accumulator = match order {
        0 => parts.into_iter().reduce(merge),
        1 => parts.into_iter().rev().reduce(merge),
        _ => {
            let right = parts.split_off(2).into_iter().rev().reduce(merge);
            parts.into_iter().reduce(merge).zip(right).map(|(left, right)| merge(right, left))
        }
    };
    let accumulator = accumulator.expect("four parts");
    AllCounts { accumulator, groups: messages.finish(), listing: Listing::default() }
}

/// A text whose first [`MESSAGE_BYTES`] bytes end in the middle of a letter is cut before that letter, and once.
#[test]
fn a_long_message_is_cut_once_however_often_counts_are_merged() {
    let long: &'static str = format!("x{}", "ş".repeat(MESSAGE_BYTES)).leak();
    let cases = [
        (success((0, 0), 1, "A"), 0),
        (success((0, 1), 1, "B"), 0),
        (failure((0, 2), 1, "C", long), 1),
    ];
    let (whole, merged) = (split(&cases.clone().map(|(case, _)| (case, 0)), 0), split(&cases, 0));
    let message = |counts: &AllCounts| counts.tables().error_groups[0].sample_message.0.to_owned();
    assert_eq!(message(&merged), message(&whole));
}

proptest! {
    #[test]
    fn neither_order_nor_split_changes_a_table(
        (cases, shuffled) in any_cases().prop_flat_map(|cases| {
            let parts = prop::collection::vec(0_usize..4, cases.len());
            let shuffled = (Just(cases.clone()).prop_shuffle(), parts);
            (Just(cases), shuffled)
        }),
        order in 0_usize..3,
    ) {
        let whole = split(&cases.into_iter().map(|case| (case, 0)).collect::<Vec<_>>(), 0);
        let (shuffled, parts) = shuffled;
        let merged = split(&shuffled.into_iter().zip(parts).collect::<Vec<_>>(), order);
        same(&whole, &merged);
    }

    #[test]
    fn keys_agree_with_sorting_all_attempts(cases in any_cases()) {
        let whole = AllCounts::of(&cases);
        let mut attempts: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for case in &cases {
            let whole_failed =
                case.outcome == Outcome::Failed && case.rows.iter().all(|(_, failed)| !failed);
            let mut rows = case.rows.clone();
            rows.extend(case.sku.filter(|_| rows.is_empty()).map(|sku| (sku, false)));
            for (turn, (sku, failed)) in rows.into_iter().enumerate() {
                let outcome = match (failed || whole_failed, case.outcome) {
                    (true, _) => Outcome::Failed,
                    (false, Outcome::Unknown) => Outcome::Unknown,
                    _ => Outcome::Success,
                };
                attempts.entry((case.flow, sku)).or_default().push((case.at, case.place, turn, outcome));
            }
        }
        let expected: Vec<_> = attempts
            .into_iter()
            .map(|((flow, sku), mut tried)| {
                tried.sort_unstable();
                let failed = |&&(.., outcome): &&(_, _, _, Outcome)| outcome == Outcome::Failed;
                let known = tried.iter().rev().find(|(.., outcome)| *outcome != Outcome::Unknown);
                let failures = tried.iter().filter(failed).count() as u64;
                (flow, sku, tried.len() as u64, failures, known.as_ref().is_some_and(failed))
            })
            .collect();
        let tables = whole.tables();
        let found: Vec<_> = tables
            .keys
            .iter()
            .map(|row| (
                row.flow.map(|flow| flow.0),
                row.key.0,
                row.attempts.unsigned_abs(),
                row.failures.unsigned_abs(),
                row.open,
            ))
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn groups_agree_with_counting_over_a_list(cases in any_cases()) {
        let whole = AllCounts::of(&cases);
        let tables = whole.tables();
        let mut messages = MaskedMessages::default();
        let mut counts: BTreeMap<&str, (i64, BTreeSet<_>, BTreeSet<_>, BTreeSet<_>)> = BTreeMap::new();
        for case in &cases {
            for &(_, message) in &case.errors {
                let text = ErrorRef { code: None, field: None, message, status: None, cut: false };
                let group = whole.groups.of(messages.add(text));
                let (count, exchanges, files, runs) = counts.entry(&group.fingerprint).or_default();
                *count += 1;
                exchanges.insert(case.place);
                files.insert(case.place.0);
                runs.extend(case.run);
            }
        }
        let found: BTreeMap<_, _> = tables
            .error_groups
            .iter()
            .map(|row| (row.fingerprint.0, [row.count, row.exchanges, row.files, row.runs]))
            .collect();
        let expected: BTreeMap<_, _> = counts
            .into_iter()
            .map(|(group, (count, exchanges, files, runs))| {
                (
                    group,
                    [count, len(exchanges.len()), len(files.len()), len(runs.len())],
                )
            })
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn sums_over_tables_reconcile(cases in any_cases()) {
        let whole = AllCounts::of(&cases);
        let tables = whole.tables();
        let exchanges: i64 = tables.endpoints.iter().map(|row| row.exchanges).sum();
        prop_assert_eq!(exchanges, len(cases.len()));
        let errors: i64 = tables.error_groups.iter().map(|row| row.count).sum();
        prop_assert_eq!(errors, cases.iter().map(|case| len(case.errors.len())).sum::<i64>());
        for group in &tables.error_groups {
            prop_assert!(group.open_keys <= group.keys && group.exchanges <= group.count);
        }
    }
}
