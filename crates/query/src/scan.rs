//! The rows of `exchanges` that match a query, found by all cores.
//!
//! Each row group is read as far as the answer needs it: its statistics, then the columns that decide most queries,
//! then, where the query needs them, keys and errors, other columns and the bodies. After each of these, the group is
//! left when what was read shows that no row can match; else the rows that it decides are not looked at again.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use tables::cell::{
    BodyText, ClassWord, EndpointName, ErrorCode, FieldPath, FileName, Fingerprint, FlowName,
    HttpMethod, KeyKindWord, KeyValue, LoggedUrl, MessageText, Micros, OutcomeWord, RunId,
    SideWord, StepName,
};
use tables::rows::{Errors, Exchanges};
use tables::{ReadError, Stored, StoredRows, StoredTable};

use crate::grammar::{
    Condition, Expression, NumberField, NumberRange, Query, RequestState, SearchedRow, TextField,
    TextPattern,
};
use crate::keys::KeyState;
use crate::requests::{KeyStates, joint_state, key_name, key_states};

tables::select! {
    /// The columns that decide most queries.
    pub(crate) struct FirstColumns<'b> from Exchanges {
        exchange: i64,
        flow: Option<FlowName<'b>>,
        started_at: Option<Micros>,
        status: Option<i32>,
        outcome: OutcomeWord<'b>,
    }
}

tables::select! {
    /// The key.
    pub(crate) struct KeyColumns<'b> from Exchanges {
        key_kind: Option<KeyKindWord<'b>>,
        key: Option<KeyValue<'b>>,
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
    /// The body of the request.
    struct RequestColumn<'b> from Exchanges {
        request_body: Option<BodyText<'b>>,
    }
}

tables::select! {
    /// The body of the response.
    struct ResponseColumn<'b> from Exchanges {
        response_body: Option<BodyText<'b>>,
    }
}

tables::select! {
    /// What can be searched of an error.
    pub(crate) struct SearchedError<'b> from Errors {
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

/// What a search needs of the rows beside what its query does.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WantedColumns {
    /// Their keys.
    pub(crate) keys: bool,
    /// Their errors.
    pub(crate) errors: bool,
}

/// The start of a request; requests without a time are older than all.
pub(crate) fn time_of(at: Option<Micros>) -> i64 {
    at.map_or(i64::MIN, |at| at.0)
}

/// Calls `each` with every row that matches, one at a time and in no order that can be relied on; row groups with the
/// newest requests are begun first. `each` returns the oldest start that is still wanted.
///
/// # Errors
/// When a table cannot be read.
pub(crate) fn scan(
    report: &Stored,
    query: &Query,
    wanted: WantedColumns,
    each: impl FnMut(&StagedRow<'_>) -> i64 + Send,
) -> Result<(), ReadError> {
    let table = report.table::<Exchanges>()?;
    let mut groups: Vec<usize> = (0..table.groups()).collect();
    groups.sort_by_key(|&group| Reverse(newest(&table, group)));
    let states = mentions(query, is_about_states)
        .then(|| key_states(report, |key| key.failures > 0))
        .transpose()?;
    let job = ScanJob {
        query,
        groups,
        states,
        wanted,
        needs_keys: wanted.keys || mentions(query, is_about_keys),
        needs_errors: wanted.errors || mentions(query, is_about_errors),
        needs_second: mentions(query, is_about_second_columns),
        needs_request: mentions(query, |condition| is_about(condition, TextField::Request)),
        needs_response: mentions(query, |condition| is_about(condition, TextField::Response)),
        next: AtomicUsize::new(0),
        oldest_wanted: AtomicI64::new(i64::MIN),
        each: Mutex::new(each),
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(job.groups.len());
    thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(|| job.work(report))).collect();
        let own = job.work(report);
        let others = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        others.fold(own, Result::and)
    })
}

fn newest(table: &StoredTable<Exchanges>, group: usize) -> i64 {
    table.range(group, "started_at").map_or(i64::MIN, |(_, newest)| newest)
}

/// What the threads of a scan share.
#[expect(clippy::struct_excessive_bools, reason = "one for each stage")]
struct ScanJob<'q, F> {
    query: &'q Query,
    /// Row groups, those with the newest requests first.
    groups: Vec<usize>,
    states: Option<KeyStates>,
    wanted: WantedColumns,
    needs_keys: bool,
    needs_errors: bool,
    needs_second: bool,
    needs_request: bool,
    needs_response: bool,
    /// The place in `groups` that is next.
    next: AtomicUsize,
    oldest_wanted: AtomicI64,
    each: Mutex<F>,
}

impl<F: FnMut(&StagedRow<'_>) -> i64 + Send> ScanJob<'_, F> {
    /// Takes row groups until there is none, or none that can have a wanted row.
    fn work(&self, report: &Stored) -> Result<(), ReadError> {
        let mut table = report.table::<Exchanges>()?;
        let mut errors = ErrorReader { table: report.table::<Errors>()?, read: VecDeque::new() };
        while let Some(&group) = self.groups.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if newest(&table, group) < self.oldest_wanted.load(Ordering::Relaxed) {
                break;
            }
            let worked = self.group(&mut table, &mut errors, group);
            if worked.is_err() {
                // The others need not go on.
                self.next.store(self.groups.len(), Ordering::Relaxed);
                return worked;
            }
        }
        Ok(())
    }

    fn group(
        &self,
        table: &mut StoredTable<Exchanges>,
        errors: &mut ErrorReader,
        group: usize,
    ) -> Result<(), ReadError> {
        let query = self.query;
        let is_wanted = |at| time_of(at) >= self.oldest_wanted.load(Ordering::Relaxed);
        let mut facts = GroupFacts {
            time: table.range(group, "started_at"),
            status: table.range(group, "status"),
            keys: None,
            errors: None,
            second: None,
            request: None,
            response: None,
        };
        if query.matches(&facts) == Some(false) {
            return Ok(());
        }
        let first = table.read::<FirstColumns<'_>>(group)?;
        let body_matches = BodyMatches::default();
        let mut read = ReadColumns {
            first: &first,
            keys: None,
            errors: None,
            second: None,
            request: None,
            response: None,
            states: self.states.as_ref(),
            body_matches: &body_matches,
        };
        let mut candidates: Vec<Candidate> = (0..first.len())
            .filter(|&row| is_wanted(first.get(row).started_at))
            .map(|row| Candidate { row, answer: None })
            .collect();
        read.decide(query, &mut candidates);
        let undecided = |candidates: &[Candidate]| candidates.iter().any(|c| c.answer.is_none());

        let (keys, errors_of_group, second, request, response);
        let open = undecided(&candidates);
        if let (true, Some(&Candidate { row: last, .. })) = (
            self.wanted.errors
                || self.wanted.keys
                || open && (self.needs_keys || self.needs_errors),
            candidates.last(),
        ) {
            if self.needs_keys {
                keys = table.read::<KeyColumns<'_>>(group)?;
                (read.keys, facts.keys) = (Some(&keys), Some(&keys));
            }
            if self.needs_errors {
                let ids = (first.get(candidates[0].row).exchange, first.get(last).exchange);
                errors_of_group = errors.read(ids)?;
                (read.errors, facts.errors) = (Some(&errors_of_group), Some(&errors_of_group));
            }
            if query.matches(&facts) == Some(false) {
                return Ok(());
            }
            read.decide(query, &mut candidates);
        }
        if self.needs_second && undecided(&candidates) {
            second = table.read::<SecondColumns<'_>>(group)?;
            (read.second, facts.second) = (Some(&second), Some(&second));
            if query.matches(&facts) == Some(false) {
                return Ok(());
            }
            read.decide(query, &mut candidates);
        }
        if self.needs_request && undecided(&candidates) {
            request = table.read::<RequestColumn<'_>>(group)?;
            (read.request, facts.request) = (Some(&request), Some(&request));
            if query.matches(&facts) == Some(false) {
                return Ok(());
            }
            if self.needs_response {
                read.decide(query, &mut candidates);
            }
        }
        if self.needs_response && undecided(&candidates) {
            response = table.read::<ResponseColumn<'_>>(group)?;
            (read.response, facts.response) = (Some(&response), Some(&response));
            if query.matches(&facts) == Some(false) {
                return Ok(());
            }
        }
        // The bodies are searched from the newest on, so that those are left out that are no longer wanted.
        candidates.sort_by_key(|candidate| Reverse(time_of(first.get(candidate.row).started_at)));
        for Candidate { row, answer } in candidates {
            let row = read.row(row);
            if is_wanted(row.first.started_at)
                && answer.or_else(|| query.matches(&row)) == Some(true)
            {
                let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
                self.oldest_wanted.store(each(&row), Ordering::Relaxed);
            }
        }
        Ok(())
    }
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
    keys: Option<&'r StoredRows<KeyColumns<'static>>>,
    errors: Option<&'r ErrorsOfGroup>,
    second: Option<&'r StoredRows<SecondColumns<'static>>>,
    request: Option<&'r StoredRows<RequestColumn<'static>>>,
    response: Option<&'r StoredRows<ResponseColumn<'static>>>,
    states: Option<&'r KeyStates>,
    body_matches: &'r BodyMatches,
}

impl<'r> ReadColumns<'r> {
    fn row(&self, row: usize) -> StagedRow<'r> {
        StagedRow {
            first: self.first.get(row),
            keys: self.keys.map(|keys| keys.get(row)),
            errors: self.errors,
            second: self.second.map(|second| second.get(row)),
            request: self.request.map(|request| request.get(row)),
            response: self.response.map(|response| response.get(row)),
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

/// Whether the condition can depend on this field.
fn is_about(condition: &Condition, field: TextField) -> bool {
    match condition {
        Condition::Anywhere(_) => true,
        Condition::Text(other, _) => *other == field,
        _ => false,
    }
}

/// Whether the condition can depend on the key of the request.
fn is_about_keys(condition: &Condition) -> bool {
    use TextField::{Key, Order, Sku};
    match condition {
        Condition::Anywhere(_) => true,
        Condition::Text(field, _) => matches!(field, Key | Sku | Order),
        _ => is_about_states(condition),
    }
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

/// What is known of all rows of a row group: the statistics of its columns, and the texts of those that were read.
/// Answers only that no row can match.
struct GroupFacts<'r> {
    time: Option<(i64, i64)>,
    status: Option<(i64, i64)>,
    keys: Option<&'r StoredRows<KeyColumns<'static>>>,
    errors: Option<&'r ErrorsOfGroup>,
    second: Option<&'r StoredRows<SecondColumns<'static>>>,
    request: Option<&'r StoredRows<RequestColumn<'static>>>,
    response: Option<&'r StoredRows<ResponseColumn<'static>>>,
}

impl GroupFacts<'_> {
    /// All texts in which a field of the rows is looked for, several behind one another; `None` when not all of them have
    /// been read.
    fn texts(&self, field: TextField) -> Option<Vec<&[u8]>> {
        let errors = |column| Some(self.errors?.texts(column).collect());
        let second = |column| Some(vec![self.second?.joined(column)]);
        match field {
            TextField::Key | TextField::Sku | TextField::Order => {
                let own = self.keys?.joined("key");
                Some(self.errors?.texts("key").chain([own]).collect())
            }
            TextField::Message => errors("message"),
            TextField::Code => errors("code"),
            TextField::Field => errors("field"),
            TextField::Group => errors("fingerprint"),
            TextField::Class => errors("class"),
            TextField::Side => errors("side"),
            TextField::Url => second("url"),
            TextField::File => second("file"),
            TextField::Run => second("run_id"),
            TextField::Endpoint => second("endpoint"),
            TextField::Step => second("step"),
            TextField::Method => second("method"),
            TextField::Request => Some(vec![self.request?.joined("request_body")]),
            TextField::Response => Some(vec![self.response?.joined("response_body")]),
            TextField::Flow | TextField::Outcome => None,
        }
    }
}

impl SearchedRow for GroupFacts<'_> {
    fn text(&self, field: TextField, patterns: &[TextPattern]) -> Option<bool> {
        let texts = self.texts(field)?;
        let may = |pattern: &TextPattern| texts.iter().any(|text| pattern.may_be_in(text));
        (!patterns.iter().any(may)).then_some(false)
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
pub(crate) struct StagedRow<'r> {
    pub(crate) first: FirstColumns<'r>,
    pub(crate) keys: Option<KeyColumns<'r>>,
    errors: Option<&'r ErrorsOfGroup>,
    second: Option<SecondColumns<'r>>,
    request: Option<RequestColumn<'r>>,
    response: Option<ResponseColumn<'r>>,
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
    /// Its errors, when they have been read.
    pub(crate) fn errors(&self) -> Option<impl Iterator<Item = SearchedError<'r>> + use<'r>> {
        Some(self.errors?.of(self.first.exchange))
    }

    /// Whether one of the keys of this kind, own or of an error, is accepted.
    fn key(&self, kind: Option<&str>, accepts: &dyn Fn(&str) -> bool) -> Option<bool> {
        let accepts = |key: Option<(KeyKindWord<'_>, KeyValue<'_>)>| {
            key.is_some_and(|(of, key)| kind.is_none_or(|kind| of.0 == kind) && accepts(key.0))
        };
        let own = self.keys.as_ref()?;
        if accepts(own.key_kind.zip(own.key)) {
            return Some(true);
        }
        Some(self.errors()?.any(|error| accepts(error.key_kind.zip(error.key))))
    }

    /// Whether the state of its keys together is this one.
    fn is_in_state(&self, wanted: KeyState) -> Option<bool> {
        let (states, errors, keys) = (self.states?, self.errors()?, self.keys.as_ref()?);
        let state = |flow, key: Option<(KeyKindWord<'_>, KeyValue<'_>)>| {
            let (kind, key) = key?;
            states.get(&key_name(flow, kind, key)).copied()
        };
        let own = state(self.first.flow, keys.key_kind.zip(keys.key));
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
            let text = if field == TextField::Request {
                self.request.as_ref()?.request_body
            } else {
                self.response.as_ref()?.response_body
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
    /// The texts of a column in all row groups of these errors, those of each behind one another.
    fn texts(&self, column: &'static str) -> impl Iterator<Item = &[u8]> {
        self.groups.iter().map(move |rows| rows.joined(column))
    }

    fn of(&self, exchange: i64) -> impl Iterator<Item = SearchedError<'_>> {
        let places = self.places.get(&exchange).into_iter().flatten();
        places.map(|&(group, row)| self.groups[group].get(row))
    }
}
