//! The requests of a report that match a query, newest first.
//!
//! Each row group of `exchanges` is read as far as the answer needs it: its statistics, then the columns that decide
//! most queries, then the other columns and the errors, then the bodies.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};

use tables::cell::{
    ClassWord, ErrorCode, FieldPath, Fingerprint, FlowName, KeyKindWord, KeyValue, MessageText,
    Micros, OutcomeWord, SideWord,
};
use tables::rows::{Errors, Exchanges};
use tables::{ReadError, Stored, StoredRows, StoredTable};

use crate::grammar::{
    Condition, Expression, NumberField, NumberRange, Pattern, Query, RequestState, SearchedRow,
    TextField,
};
use crate::keys::KeyState;
use crate::requests::{
    KeyStates, RequestBodies, RequestColumns, joint_state, key_name, key_states,
};

tables::select! {
    /// The columns that decide most queries.
    struct FirstColumns<'b> from Exchanges {
        exchange: i64,
        flow: Option<FlowName<'b>>,
        key_kind: Option<KeyKindWord<'b>>,
        key: Option<KeyValue<'b>>,
        started_at: Option<Micros>,
        status: Option<i32>,
        outcome: OutcomeWord<'b>,
    }
}

tables::select! {
    /// What can be searched of an error.
    struct SearchedError<'b> from Errors {
        exchange: i64,
        fingerprint: Fingerprint<'b>,
        class: ClassWord<'b>,
        code: Option<ErrorCode<'b>>,
        field: Option<FieldPath<'b>>,
        message: MessageText<'b>,
        key_kind: Option<KeyKindWord<'b>>,
        key: Option<KeyValue<'b>>,
        side: Option<SideWord<'b>>,
        flow: Option<FlowName<'b>>,
    }
}

/// By what matching requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountBy {
    /// Fingerprint of the groups of their errors; a request counts once in each.
    Group,
    /// Flow.
    Flow,
    /// HTTP status.
    Status,
    /// Key: their own, and those of their errors; a request counts once for each.
    Key,
    /// The hour in which they began, UTC: `2026-10-24 02:00`.
    Hour,
}

/// The ids of the newest requests that match, newest first, those without a time last; at most `limit` when it is set.
/// Reading stops when no older row group can have one of them.
///
/// # Errors
/// When a table cannot be read.
pub fn search(report: &Stored, query: &Query, limit: Option<usize>) -> Result<Vec<i64>, ReadError> {
    // The oldest of the newest is on top. Of requests that began at the same time the one that stands first counts as newer.
    let mut newest: BinaryHeap<Reverse<(i64, Reverse<i64>)>> = BinaryHeap::new();
    if limit == Some(0) {
        return Ok(Vec::new());
    }
    scan(report, query, false, |row| {
        newest.push(Reverse((time_of(row.first.started_at), Reverse(row.first.exchange))));
        if limit.is_some_and(|limit| newest.len() > limit) {
            newest.pop();
        }
        let full = limit.is_some_and(|limit| newest.len() == limit);
        newest.peek().filter(|_| full).map_or(i64::MIN, |Reverse((oldest, _))| *oldest)
    })?;
    // The order of the reversed pairs is from the newest to the oldest.
    Ok(newest.into_sorted_vec().into_iter().map(|Reverse((_, Reverse(id)))| id).collect())
}

/// How many requests match.
///
/// # Errors
/// When a table cannot be read.
pub fn count(report: &Stored, query: &Query) -> Result<u64, ReadError> {
    let mut count = 0;
    scan(report, query, false, |_| {
        count += 1;
        i64::MIN
    })?;
    Ok(count)
}

/// How many requests match, by a value: the most frequent first, hours in their order. Requests without such a value
/// are counted under `None`.
///
/// # Errors
/// When a table cannot be read.
pub fn count_by(
    report: &Stored,
    query: &Query,
    by: CountBy,
) -> Result<Vec<(Option<String>, u64)>, ReadError> {
    let mut counts: BTreeMap<Option<String>, u64> = BTreeMap::new();
    let with_errors = matches!(by, CountBy::Group | CountBy::Key);
    scan(report, query, with_errors, |row| {
        let mut values: HashSet<Option<String>> = HashSet::new();
        let first = &row.first;
        let errors = row.second.iter().flat_map(SecondColumns::errors);
        match by {
            CountBy::Group => {
                values.extend(errors.map(|error| Some(error.fingerprint.0.to_owned())));
            }
            CountBy::Key => {
                let own = first.key_kind.zip(first.key);
                let keys = own.into_iter().chain(errors.filter_map(|e| e.key_kind.zip(e.key)));
                values.extend(keys.map(|(kind, key)| Some(format!("{} {}", kind.0, key.0))));
            }
            CountBy::Flow => values.extend(first.flow.map(|flow| Some(flow.0.to_owned()))),
            CountBy::Status => values.extend(first.status.map(|status| Some(status.to_string()))),
            CountBy::Hour => values.extend(first.started_at.map(|at| {
                let text = tables::rfc3339(at).replace('T', " ");
                Some(format!("{}:00", text.split(':').next().unwrap_or_default()))
            })),
        }
        if values.is_empty() {
            values.insert(None);
        }
        for value in values {
            *counts.entry(value).or_default() += 1;
        }
        i64::MIN
    })?;
    let mut counts: Vec<_> = counts.into_iter().collect();
    if by != CountBy::Hour {
        counts.sort_by_key(|(_, count)| Reverse(*count));
    }
    Ok(counts)
}

fn time_of(at: Option<Micros>) -> i64 {
    at.map_or(i64::MIN, |at| at.0)
}

/// Calls `each` with every row that matches, row groups with the newest requests first. `each` returns the oldest
/// start that is still wanted. With `errors` set, the errors of the rows are there.
fn scan(
    report: &Stored,
    query: &Query,
    with_errors: bool,
    mut each: impl FnMut(&StagedRow<'_>) -> i64,
) -> Result<(), ReadError> {
    let states = if query.root.as_ref().is_some_and(asks_for_states) {
        Some(key_states(report, |_| true)?)
    } else {
        None
    };
    let mut table = report.table::<Exchanges>()?;
    let mut errors = ErrorReader { table: report.table::<Errors>()? };
    let newest = |table: &StoredTable<Exchanges>, group| {
        table.range(group, "started_at").map_or(i64::MIN, |(_, newest)| newest)
    };
    let mut groups: Vec<usize> = (0..table.groups()).collect();
    groups.sort_by_key(|&group| Reverse(newest(&table, group)));
    let mut oldest_wanted = i64::MIN;
    for group in groups {
        if newest(&table, group) < oldest_wanted {
            break;
        }
        let ranges = GroupRanges {
            time: table.range(group, "started_at"),
            status: table.range(group, "status"),
        };
        if query.matches(&ranges) == Some(false) {
            continue;
        }
        let first = table.read::<FirstColumns<'_>>(group)?;
        let body_matches = BodyMatches::default();
        let staged = |row: usize| StagedRow {
            first: first.get(row),
            second: None,
            bodies: None,
            states: states.as_ref(),
            body_matches: &body_matches,
        };
        let candidate = |row: &usize, oldest: i64| {
            let row = staged(*row);
            time_of(row.first.started_at) >= oldest && query.matches(&row) != Some(false)
        };
        let candidates: Vec<usize> =
            (0..first.len()).filter(|row| candidate(row, oldest_wanted)).collect();
        let Some(&last) = candidates.last() else { continue };
        let undecided = |row: &usize| query.matches(&staged(*row)).is_none();
        if !with_errors && !candidates.iter().any(undecided) {
            for row in candidates {
                oldest_wanted = each(&staged(row));
            }
            continue;
        }
        let columns = table.read::<RequestColumns<'_>>(group)?;
        let ids = (first.get(candidates[0]).exchange, first.get(last).exchange);
        let errors = errors.read(ids)?;
        let staged = |row: usize| StagedRow {
            second: Some(SecondColumns { columns: columns.get(row), errors: &errors }),
            ..staged(row)
        };
        let candidates: Vec<usize> = candidates
            .into_iter()
            .filter(|row| query.matches(&staged(*row)) != Some(false))
            .collect();
        let undecided = |row: &usize| query.matches(&staged(*row)).is_none();
        let bodies = if candidates.iter().any(undecided) {
            Some(table.read::<RequestBodies<'_>>(group)?)
        } else {
            None
        };
        for row in candidates {
            let staged =
                StagedRow { bodies: bodies.as_ref().map(|bodies| bodies.get(row)), ..staged(row) };
            let wanted = time_of(staged.first.started_at) >= oldest_wanted;
            if wanted && query.matches(&staged) == Some(true) {
                oldest_wanted = each(&staged);
            }
        }
    }
    Ok(())
}

/// Whether a condition is about the state of keys.
fn asks_for_states(expression: &Expression) -> bool {
    match expression {
        Expression::All(parts) | Expression::Any(parts) => parts.iter().any(asks_for_states),
        Expression::Not(part) => asks_for_states(part),
        Expression::Term(term) => match &term.condition {
            Condition::State(states) => {
                let of_keys = |state| matches!(state, RequestState::Open | RequestState::Resolved);
                states.iter().copied().any(of_keys)
            }
            _ => false,
        },
    }
}

/// What the statistics of a row group say of all its rows.
struct GroupRanges {
    time: Option<(i64, i64)>,
    status: Option<(i64, i64)>,
}

impl SearchedRow for GroupRanges {
    fn text(&self, _field: TextField, _patterns: &[Pattern]) -> Option<bool> {
        None
    }

    fn number(&self, field: NumberField, ranges: &[NumberRange]) -> Option<bool> {
        let (least, most) = match field {
            NumberField::Status => self.status?,
            NumberField::Duration => return None,
        };
        let overlaps = |range: &NumberRange| range.overlaps(least as f64, most as f64);
        (!ranges.iter().any(overlaps)).then_some(false)
    }

    fn time(&self, from: Option<Micros>, to: Option<Micros>) -> Option<bool> {
        let (first, last) = self.time?;
        let before = from.is_some_and(|from| last < from.0);
        let after = to.is_some_and(|to| first >= to.0);
        (before || after).then_some(false)
    }

    fn state(&self, _state: RequestState) -> Option<bool> {
        None
    }
}

/// A row of `exchanges`, as far as it has been read.
struct StagedRow<'r> {
    first: FirstColumns<'r>,
    second: Option<SecondColumns<'r>>,
    bodies: Option<RequestBodies<'r>>,
    states: Option<&'r KeyStates>,
    body_matches: &'r BodyMatches,
}

/// The other columns and the errors of a row.
struct SecondColumns<'r> {
    columns: RequestColumns<'r>,
    errors: &'r ErrorsOfGroup,
}

impl SecondColumns<'_> {
    fn errors(&self) -> impl Iterator<Item = SearchedError<'_>> {
        self.errors.of(self.columns.exchange)
    }
}

/// Whether bodies match patterns, by the place of the body and of the pattern in memory: the rows of a group share
/// equal bodies, and each is searched once.
#[derive(Default)]
struct BodyMatches(RefCell<HashMap<(usize, usize), bool>>);

impl BodyMatches {
    fn is_match(&self, body: &str, pattern: &Pattern) -> bool {
        let place = (body.as_ptr() as usize, std::ptr::from_ref(pattern) as usize);
        if let Some(&known) = self.0.borrow().get(&place) {
            return known;
        }
        let matches = pattern.is_match(body);
        self.0.borrow_mut().insert(place, matches);
        matches
    }
}

impl StagedRow<'_> {
    /// Whether one of the keys of this kind, own or of an error, is accepted.
    fn key(&self, kind: Option<&str>, accepts: &dyn Fn(&str) -> bool) -> Option<bool> {
        let accepts = |key: Option<(KeyKindWord<'_>, KeyValue<'_>)>| {
            key.is_some_and(|(of, key)| kind.is_none_or(|kind| of.0 == kind) && accepts(key.0))
        };
        if accepts(self.first.key_kind.zip(self.first.key)) {
            return Some(true);
        }
        let second = self.second.as_ref()?;
        Some(second.errors().any(|error| accepts(error.key_kind.zip(error.key))))
    }

    /// The state of its keys together.
    fn key_state(&self) -> Option<KeyState> {
        let states = self.states?;
        let first = &self.first;
        let state = |flow, key: Option<(KeyKindWord<'_>, KeyValue<'_>)>| {
            let (kind, key) = key?;
            states.get(&key_name(flow, kind, key)).copied()
        };
        let own = state(first.flow, first.key_kind.zip(first.key));
        let errors = self.second.iter().flat_map(SecondColumns::errors);
        let errors = errors.map(|error| state(error.flow, error.key_kind.zip(error.key)));
        joint_state([own].into_iter().chain(errors))
    }
}

impl SearchedRow for StagedRow<'_> {
    fn text(&self, field: TextField, patterns: &[Pattern]) -> Option<bool> {
        let accepts = |text: &str| patterns.iter().any(|pattern| pattern.is_match(text));
        let one = |text: Option<&str>| text.is_some_and(accepts);
        let body = |text: Option<&str>| {
            let matches =
                |pattern| text.is_some_and(|text| self.body_matches.is_match(text, pattern));
            patterns.iter().any(matches)
        };
        let first = &self.first;
        match field {
            TextField::Key => return self.key(None, &accepts),
            TextField::Sku | TextField::Order => return self.key(Some(field.word()), &accepts),
            TextField::Flow => return Some(one(first.flow.map(|flow| flow.0))),
            TextField::Outcome => return Some(accepts(first.outcome.0)),
            _ => {}
        }
        if let TextField::Request | TextField::Response = field {
            let bodies = self.bodies.as_ref()?;
            let text = if field == TextField::Request {
                bodies.request_body
            } else {
                bodies.response_body
            };
            return Some(body(text.map(|body| body.text)));
        }
        let second = self.second.as_ref()?;
        let columns = &second.columns;
        Some(match field {
            TextField::Step => one(columns.step.map(|step| step.0)),
            TextField::Run => one(columns.run_id.map(|run| run.0)),
            TextField::Endpoint => one(columns.endpoint.map(|endpoint| endpoint.0)),
            TextField::Method => one(columns.method.map(|method| method.0)),
            TextField::Url => one(columns.url.map(|url| url.0)),
            TextField::File => accepts(columns.file.0),
            TextField::Class => second.errors().any(|error| accepts(error.class.0)),
            TextField::Side => second.errors().any(|error| one(error.side.map(|side| side.0))),
            TextField::Group => second.errors().any(|error| accepts(error.fingerprint.0)),
            TextField::Code => second.errors().any(|error| one(error.code.map(|code| code.0))),
            TextField::Field => second.errors().any(|error| one(error.field.map(|field| field.0))),
            TextField::Message => second.errors().any(|error| accepts(error.message.0)),
            TextField::Key
            | TextField::Sku
            | TextField::Order
            | TextField::Flow
            | TextField::Outcome
            | TextField::Request
            | TextField::Response => return None,
        })
    }

    fn number(&self, field: NumberField, ranges: &[NumberRange]) -> Option<bool> {
        let number = match field {
            NumberField::Status => self.first.status.map(f64::from),
            NumberField::Duration => self.second.as_ref()?.columns.duration_ms,
        };
        Some(number.is_some_and(|number| ranges.iter().any(|range| range.contains(number))))
    }

    fn time(&self, from: Option<Micros>, to: Option<Micros>) -> Option<bool> {
        let within = |at: Micros| from.is_none_or(|from| from <= at) && to.is_none_or(|to| at < to);
        Some(self.first.started_at.is_some_and(within))
    }

    fn state(&self, state: RequestState) -> Option<bool> {
        match state {
            RequestState::Failed => Some(self.first.outcome.0 == "failed"),
            RequestState::Truncated => Some(self.second.as_ref()?.columns.response_truncated),
            RequestState::Open => {
                self.second.as_ref()?;
                Some(self.key_state() == Some(KeyState::Open))
            }
            RequestState::Resolved => {
                self.second.as_ref()?;
                Some(self.key_state() == Some(KeyState::Resolved))
            }
        }
    }
}

struct ErrorReader {
    table: StoredTable<Errors>,
}

/// Errors of a range of exchanges.
struct ErrorsOfGroup {
    groups: Vec<StoredRows<SearchedError<'static>>>,
    /// By exchange, the places in `groups`.
    places: HashMap<i64, Vec<(usize, usize)>>,
}

impl ErrorReader {
    /// The errors of the exchanges from the first id to the last.
    fn read(&mut self, (first, last): (i64, i64)) -> Result<ErrorsOfGroup, ReadError> {
        let mut errors = ErrorsOfGroup { groups: Vec::new(), places: HashMap::new() };
        for group in 0..self.table.groups() {
            let range = self.table.range(group, "exchange");
            if range.is_some_and(|(least, most)| most < first || least > last) {
                continue;
            }
            let rows = self.table.read::<SearchedError<'_>>(group)?;
            for (row, error) in rows.iter().enumerate() {
                if (first..=last).contains(&error.exchange) {
                    errors
                        .places
                        .entry(error.exchange)
                        .or_default()
                        .push((errors.groups.len(), row));
                }
            }
            errors.groups.push(rows);
        }
        Ok(errors)
    }
}

impl ErrorsOfGroup {
    fn of(&self, exchange: i64) -> impl Iterator<Item = SearchedError<'_>> {
        let places = self.places.get(&exchange).into_iter().flatten();
        places.map(|&(group, row)| self.groups[group].get(row))
    }
}
