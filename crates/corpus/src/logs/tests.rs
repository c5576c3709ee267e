use std::collections::HashSet;

use model::exchange::Outcome;
use model::extract::Extractor;

use super::document::NIFI_CUT;
use super::*;

#[test]
fn equal_seeds_give_equal_logs() {
    for shape in LogShape::ALL {
        assert_eq!(document(shape, &exchanges(40, 9)), document(shape, &exchanges(40, 9)));
        assert_ne!(document(shape, &exchanges(40, 9)), document(shape, &exchanges(40, 10)));
    }
}

#[test]
fn the_sizes_are_those_of_the_description() {
    let rows = exchanges(5_000, 1);
    let bytes =
        |row: &LoggedExchange| row.request.len() + row.response.as_ref().map_or(0, String::len);
    let all: usize = rows.iter().map(bytes).sum();
    let pages: usize = rows.iter().filter(|row| row.method == "GET").map(bytes).sum();
    let failed = rows.iter().filter(|row| row.failed()).count();
    assert!((800..3_000).contains(&(all / rows.len())), "{}", all / rows.len());
    assert!((all / 8..all / 3).contains(&pages), "{pages} of {all}");
    assert!((600..800).contains(&failed), "{failed}");
}

/// The same rows in their first run and in a later one, of each variety.
fn runs(count: usize, seed: u64) -> [Vec<LoggedExchange>; 3] {
    [(0, Variety::Unique), (5, Variety::Unique), (5, Variety::Repeating)]
        .map(|(run, variety)| exchanges_of_run(count, seed, run, variety))
}

fn bodies(rows: &[LoggedExchange]) -> impl Iterator<Item = &str> {
    rows.iter()
        .flat_map(|row| [Some(row.request.as_str()), row.response.as_deref()])
        .flatten()
        .filter(|body| !body.is_empty())
}

#[test]
fn no_two_bodies_of_unique_runs_are_equal() {
    let [first, later, _] = runs(20_000, 1);
    let all: HashSet<&str> = bodies(&first).chain(bodies(&later)).collect();
    assert_eq!(all.len(), bodies(&first).count() + bodies(&later).count());
    // A flow file keeps only the beginning of a failed answer: that differs too.
    let cut: Vec<&str> = first
        .iter()
        .chain(&later)
        .filter(|row| row.failed())
        .filter_map(|row| row.response.as_deref())
        .map(|body| &body[..body.floor_char_boundary(NIFI_CUT)])
        .collect();
    assert_eq!(cut.iter().collect::<HashSet<_>>().len(), cut.len());
}

#[test]
fn runs_differ_in_digits_and_times_alone() {
    let [first, later, repeating] = runs(2_000, 1);
    for ((first, later), repeating) in first.iter().zip(&later).zip(&repeating) {
        assert_ne!(first.started_ms, repeating.started_ms);
        assert_eq!(first, &LoggedExchange { started_ms: first.started_ms, ..repeating.clone() });
        assert_eq!(without_digits(first), without_digits(later));
    }
}

/// A row whose texts have a `0` for each hexadecimal digit, at no time.
fn without_digits(row: &LoggedExchange) -> LoggedExchange {
    let mask = |text: &String| text.replace(|c: char| c.is_ascii_hexdigit(), "0");
    LoggedExchange {
        key: mask(&row.key),
        url: mask(&row.url),
        request: mask(&row.request),
        response: row.response.as_ref().map(mask),
        error: row.error.as_ref().map(mask),
        started_ms: 0,
        duration_ms: 0,
        ..row.clone()
    }
}

#[test]
fn documents_of_all_runs_have_the_same_length() {
    for shape in LogShape::ALL {
        let [first, later, repeating] = runs(500, 3).map(|rows| document(shape, &rows));
        assert_eq!(first.len(), later.len(), "{shape:?}");
        assert_eq!(first.len(), repeating.len(), "{shape:?}");
    }
}

#[test]
fn the_extractor_finds_every_row_and_both_bodies_in_every_shape() {
    for rows in runs(300, 2) {
        for shape in LogShape::ALL {
            extracted(shape, &rows);
        }
    }
}

fn extracted(shape: LogShape, rows: &[LoggedExchange]) {
    let text = document(shape, rows);
    let mut count = 0;
    let extracted = Extractor::default().extract(&text, true, &mut |x| {
        let row = &rows[count];
        assert_eq!(
            x.request.map(|body| body.text),
            Some(row.request.as_str()).filter(|b| !b.is_empty())
        );
        let failed = x.outcome == Outcome::Failed;
        assert_eq!(failed, row.failed(), "{shape:?} {}: {row:?}", x.pointer);
        assert_eq!(x.response.is_some(), row.response.is_some());
        assert_eq!(x.status, row.status);
        assert_eq!(x.started_at.map(|at| at.0), Some(row.started_ms.cast_signed() * 1_000));
        // What an answer says beside its error is no error.
        assert!(x.errors.len() <= 2, "{shape:?} {}: {:?}", x.pointer, x.errors);
        for error in x.errors {
            assert_ne!(error.field, Some("request_id"), "{row:?}");
        }
        count += 1;
    });
    assert!(extracted.faults.is_empty(), "{shape:?}: {:?}", extracted.faults);
    assert_eq!(count, rows.len(), "{shape:?}");
}

#[test]
fn no_rows_are_an_empty_list() {
    assert_eq!(document(LogShape::Flat, &[]), "[]");
}
