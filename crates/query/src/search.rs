//! The requests of a report that match a query, newest first.
//!
//! Each row group of `exchanges` is read as far as the answer needs it: its statistics, then the columns that decide
//! most queries, then, where the query needs them, the errors, other columns and the bodies. A row that is decided is
//! not looked at again.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use tables::cell::{
    ClassWord, EndpointName, ErrorCode, FieldPath, FileName, Fingerprint, FlowName, HttpMethod,
    KeyKindWord, KeyValue, LoggedUrl, MessageText, Micros, OutcomeWord, RunId, SideWord, StepName,
};
use tables::rows::{Errors, Exchanges};
use tables::{ReadError, Stored, StoredRows, StoredTable};

use crate::grammar::{
    Condition, Expression, NumberField, NumberRange, Query, RequestState, SearchedRow, TextField,
    TextPattern,
};
use crate::keys::KeyState;
use crate::requests::{KeyStates, RequestBodies, joint_state, key_name, key_states};
use crate::zone::Zone;

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
    /// The columns that some queries need.
    struct SecondColumns<'b> from Exchanges {
        file: FileName<'b>,
        run_id: Option<RunId<'b>>,
        step: Option<StepName<'b>>,
        duration_ms: Option<f64>,
        method: Option<HttpMethod<'b>>,
        url: Option<LoggedUrl<'b>>,
        endpoint: Option<EndpointName<'b>>,
        response_truncated: bool,
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
    /// The hour in which they began, in the zone: `2026-10-24 02:00`.
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
    zone: &Zone,
) -> Result<Vec<(Option<String>, u64)>, ReadError> {
    let mut counts: BTreeMap<Option<String>, u64> = BTreeMap::new();
    let with_errors = matches!(by, CountBy::Group | CountBy::Key);
    scan(report, query, with_errors, |row| {
        let mut values: HashSet<Option<String>> = HashSet::new();
        let first = &row.first;
        let errors = row.errors().into_iter().flatten();
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
                let wall = zone.wall(at);
                Some(format!("{}:00", wall.split(':').next().unwrap_or_default()))
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
    let states = if mentions(query, is_about_states) {
        Some(key_states(report, |key| key.failures > 0)?)
    } else {
        None
    };
    let needs_errors = mentions(query, is_about_errors);
    let needs_second = mentions(query, is_about_second_columns);
    let mut table = report.table::<Exchanges>()?;
    let mut errors = ErrorReader { table: report.table::<Errors>()?, read: VecDeque::new() };
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
        let mut read = ReadColumns {
            first: &first,
            errors: None,
            second: None,
            bodies: None,
            states: states.as_ref(),
            body_matches: &body_matches,
        };
        let mut candidates: Vec<Candidate> = (0..first.len())
            .filter(|&row| time_of(read.row(row).first.started_at) >= oldest_wanted)
            .map(|row| Candidate { row, answer: None })
            .collect();
        read.decide(query, &mut candidates);
        let (errors_of_group, second, bodies);
        let undecided = |candidates: &[Candidate]| candidates.iter().any(|c| c.answer.is_none());
        if let (true, Some(&Candidate { row: last, .. })) =
            (with_errors || needs_errors && undecided(&candidates), candidates.last())
        {
            let ids = (first.get(candidates[0].row).exchange, first.get(last).exchange);
            errors_of_group = errors.read(ids)?;
            read.errors = Some(&errors_of_group);
            read.decide(query, &mut candidates);
        }
        if needs_second && undecided(&candidates) {
            second = table.read::<SecondColumns<'_>>(group)?;
            read.second = Some(&second);
            read.decide(query, &mut candidates);
        }
        if undecided(&candidates) {
            bodies = table.read::<RequestBodies<'_>>(group)?;
            read.bodies = Some(&bodies);
        }
        // The bodies are searched from the newest on, so that those are left out that are no longer wanted.
        candidates.sort_by_key(|candidate| Reverse(time_of(first.get(candidate.row).started_at)));
        for Candidate { row, answer } in candidates {
            let row = read.row(row);
            let wanted = time_of(row.first.started_at) >= oldest_wanted;
            if wanted && answer.or_else(|| query.matches(&row)) == Some(true) {
                oldest_wanted = each(&row);
            }
        }
    }
    Ok(())
}

/// A row that may match.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    row: usize,
    /// Whether it matches, once that is known.
    answer: Option<bool>,
}

/// What has been read of a row group.
struct ReadColumns<'r> {
    first: &'r StoredRows<FirstColumns<'static>>,
    errors: Option<&'r ErrorsOfGroup>,
    second: Option<&'r StoredRows<SecondColumns<'static>>>,
    bodies: Option<&'r StoredRows<RequestBodies<'static>>>,
    states: Option<&'r KeyStates>,
    body_matches: &'r BodyMatches,
}

impl<'r> ReadColumns<'r> {
    fn row(&self, row: usize) -> StagedRow<'r> {
        StagedRow {
            first: self.first.get(row),
            errors: self.errors,
            second: self.second.map(|second| second.get(row)),
            bodies: self.bodies.map(|bodies| bodies.get(row)),
            states: self.states,
            body_matches: self.body_matches,
        }
    }

    /// Decides as many candidates as can be with what has been read, and keeps those that may match.
    fn decide(&self, query: &Query, candidates: &mut Vec<Candidate>) {
        candidates.retain_mut(|candidate| {
            candidate.answer = candidate.answer.or_else(|| query.matches(&self.row(candidate.row)));
            candidate.answer != Some(false)
        });
    }
}

/// Whether some condition is such a one.
fn mentions(query: &Query, is_such: fn(&Condition) -> bool) -> bool {
    fn part(expression: &Expression, is_such: fn(&Condition) -> bool) -> bool {
        match expression {
            Expression::All(parts) | Expression::Any(parts) => {
                parts.iter().any(|one| part(one, is_such))
            }
            Expression::Not(one) => part(one, is_such),
            Expression::Term(term) => is_such(&term.condition),
        }
    }
    query.root.as_ref().is_some_and(|root| part(root, is_such))
}

/// Whether the condition is about the state of keys.
fn is_about_states(condition: &Condition) -> bool {
    let of_keys =
        |state: &RequestState| matches!(state, RequestState::Open | RequestState::Resolved);
    matches!(condition, Condition::State(states) if states.iter().any(of_keys))
}

/// Whether the condition can depend on errors.
fn is_about_errors(condition: &Condition) -> bool {
    use TextField::{Class, Code, Field, Group, Key, Message, Order, Side, Sku};
    match condition {
        Condition::Anywhere(_) => true,
        Condition::Text(field, _) => {
            matches!(field, Key | Sku | Order | Class | Side | Group | Code | Field | Message)
        }
        _ => is_about_states(condition),
    }
}

/// Whether the condition can depend on [`SecondColumns`].
fn is_about_second_columns(condition: &Condition) -> bool {
    use TextField::{Endpoint, File, Method, Run, Step, Url};
    match condition {
        Condition::Anywhere(_) => true,
        Condition::Text(field, _) => matches!(field, Step | Run | Endpoint | Method | Url | File),
        Condition::Number(field, _) => *field == NumberField::Duration,
        Condition::State(states) => states.contains(&RequestState::Truncated),
        Condition::Since(_) | Condition::Until(_) => false,
    }
}

/// What the statistics of a row group say of all its rows.
struct GroupRanges {
    time: Option<(i64, i64)>,
    status: Option<(i64, i64)>,
}

impl SearchedRow for GroupRanges {
    fn text(&self, _field: TextField, _patterns: &[TextPattern]) -> Option<bool> {
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
    errors: Option<&'r ErrorsOfGroup>,
    second: Option<SecondColumns<'r>>,
    bodies: Option<RequestBodies<'r>>,
    states: Option<&'r KeyStates>,
    body_matches: &'r BodyMatches,
}

/// Whether bodies match patterns, by the place of the body and of the pattern in memory: the rows of a group share
/// equal bodies, and each is searched once.
#[derive(Default)]
struct BodyMatches(RefCell<HashMap<(usize, usize), bool>>);

impl BodyMatches {
    fn is_match(&self, body: &str, pattern: &TextPattern) -> bool {
        let place = (body.as_ptr() as usize, std::ptr::from_ref(pattern) as usize);
        if let Some(&known) = self.0.borrow().get(&place) {
            return known;
        }
        let matches = pattern.is_match(body);
        self.0.borrow_mut().insert(place, matches);
        matches
    }
}

impl<'r> StagedRow<'r> {
    fn errors(&self) -> Option<impl Iterator<Item = SearchedError<'r>> + use<'r>> {
        Some(self.errors?.of(self.first.exchange))
    }

    /// Whether one of the keys of this kind, own or of an error, is accepted.
    fn key(&self, kind: Option<&str>, accepts: &dyn Fn(&str) -> bool) -> Option<bool> {
        let accepts = |key: Option<(KeyKindWord<'_>, KeyValue<'_>)>| {
            key.is_some_and(|(of, key)| kind.is_none_or(|kind| of.0 == kind) && accepts(key.0))
        };
        if accepts(self.first.key_kind.zip(self.first.key)) {
            return Some(true);
        }
        Some(self.errors()?.any(|error| accepts(error.key_kind.zip(error.key))))
    }

    /// Whether the state of its keys together is this one.
    fn is_in_state(&self, wanted: KeyState) -> Option<bool> {
        let (states, errors) = (self.states?, self.errors()?);
        let first = &self.first;
        let state = |flow, key: Option<(KeyKindWord<'_>, KeyValue<'_>)>| {
            let (kind, key) = key?;
            states.get(&key_name(flow, kind, key)).copied()
        };
        let own = state(first.flow, first.key_kind.zip(first.key));
        let errors = errors.map(|error| state(error.flow, error.key_kind.zip(error.key)));
        Some(joint_state([own].into_iter().chain(errors)) == Some(wanted))
    }
}

impl SearchedRow for StagedRow<'_> {
    fn text(&self, field: TextField, patterns: &[TextPattern]) -> Option<bool> {
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
        let error = |accepts: &dyn Fn(SearchedError<'_>) -> bool| Some(self.errors()?.any(accepts));
        match field {
            TextField::Class => return error(&|error| accepts(error.class.0)),
            TextField::Side => return error(&|error| one(error.side.map(|side| side.0))),
            TextField::Group => return error(&|error| accepts(error.fingerprint.0)),
            TextField::Code => return error(&|error| one(error.code.map(|code| code.0))),
            TextField::Field => return error(&|error| one(error.field.map(|field| field.0))),
            TextField::Message => return error(&|error| accepts(error.message.0)),
            _ => {}
        }
        let second = self.second.as_ref()?;
        Some(match field {
            TextField::Step => one(second.step.map(|step| step.0)),
            TextField::Run => one(second.run_id.map(|run| run.0)),
            TextField::Endpoint => one(second.endpoint.map(|endpoint| endpoint.0)),
            TextField::Method => one(second.method.map(|method| method.0)),
            TextField::Url => one(second.url.map(|url| url.0)),
            TextField::File => accepts(second.file.0),
            _ => return None,
        })
    }

    fn number(&self, field: NumberField, ranges: &[NumberRange]) -> Option<bool> {
        let number = match field {
            NumberField::Status => self.first.status.map(f64::from),
            NumberField::Duration => self.second.as_ref()?.duration_ms,
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
            RequestState::Truncated => Some(self.second.as_ref()?.response_truncated),
            RequestState::Open => self.is_in_state(KeyState::Open),
            RequestState::Resolved => self.is_in_state(KeyState::Resolved),
        }
    }
}

/// Errors by ranges of exchanges. Keeps the row groups that were read last: neighbours share them.
struct ErrorReader {
    table: StoredTable<Errors>,
    read: VecDeque<(usize, Rc<StoredRows<SearchedError<'static>>>)>,
}

/// Row groups of errors that are kept.
const ERROR_GROUPS: usize = 16;

/// Errors of a range of exchanges.
struct ErrorsOfGroup {
    groups: Vec<Rc<StoredRows<SearchedError<'static>>>>,
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
            let rows = self.group(group)?;
            // In the order of exchanges.
            let from = partition_point(rows.len(), |row| rows.get(row).exchange < first);
            for row in from..rows.len() {
                let exchange = rows.get(row).exchange;
                if exchange > last {
                    break;
                }
                errors.places.entry(exchange).or_default().push((errors.groups.len(), row));
            }
            errors.groups.push(rows);
        }
        Ok(errors)
    }

    fn group(&mut self, group: usize) -> Result<Rc<StoredRows<SearchedError<'static>>>, ReadError> {
        if let Some((_, rows)) = self.read.iter().find(|(number, _)| *number == group) {
            return Ok(Rc::clone(rows));
        }
        let rows = Rc::new(self.table.read::<SearchedError<'_>>(group)?);
        if self.read.len() == ERROR_GROUPS {
            self.read.pop_front();
        }
        self.read.push_back((group, Rc::clone(&rows)));
        Ok(rows)
    }
}

/// The first of so many numbers that is not `before`; those that are come first.
fn partition_point(numbers: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut from, mut to) = (0, numbers);
    while from < to {
        let middle = usize::midpoint(from, to);
        if before(middle) { from = middle + 1 } else { to = middle }
    }
    from
}

impl ErrorsOfGroup {
    fn of(&self, exchange: i64) -> impl Iterator<Item = SearchedError<'_>> {
        let places = self.places.get(&exchange).into_iter().flatten();
        places.map(|&(group, row)| self.groups[group].get(row))
    }
}
