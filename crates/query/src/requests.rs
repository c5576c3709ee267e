//! Requests of a report with all that belongs to them: columns, bodies, errors, and the state of their keys.

use std::collections::{HashMap, HashSet};

use tables::cell::{
    BodyDigest, BodyText, EndpointName, EvidenceWord, ExtraFields, FileName, FlowName, HttpMethod,
    KeyKindWord, KeyValue, LogId, LoggedUrl, MemberName, Micros, OutcomeWord, RecordPointer, RunId,
    StepName,
};
use tables::rows::{ErrorRow, Errors, ExchangeRow, Exchanges, Keys};
use tables::{Batch, CsvOptions, ReadError, Stored, TextFormat};

use crate::keys::KeyState;

tables::select! {
    /// All columns but the bodies.
    pub(crate) struct RequestColumns<'b> from Exchanges {
        exchange: i64,
        file: FileName<'b>,
        member: Option<MemberName<'b>>,
        pointer: RecordPointer<'b>,
        record: i32,
        log_id: Option<LogId<'b>>,
        run_id: Option<RunId<'b>>,
        flow: Option<FlowName<'b>>,
        step: Option<StepName<'b>>,
        row_num: Option<i64>,
        key_kind: Option<KeyKindWord<'b>>,
        key: Option<KeyValue<'b>>,
        started_at: Option<Micros>,
        duration_ms: Option<f64>,
        method: Option<HttpMethod<'b>>,
        url: Option<LoggedUrl<'b>>,
        endpoint: Option<EndpointName<'b>>,
        status: Option<i32>,
        outcome: OutcomeWord<'b>,
        evidence: Option<EvidenceWord<'b>>,
        request_digest: Option<BodyDigest>,
        response_digest: Option<BodyDigest>,
        response_truncated: bool,
        extra: Option<ExtraFields<'b>>,
    }
}

tables::select! {
    /// The id of an exchange.
    pub(crate) struct ExchangeId<'b> from Exchanges {
        exchange: i64,
        /// Every selection has a text.
        file: FileName<'b>,
    }
}

tables::select! {
    /// The bodies.
    pub(crate) struct RequestBodies<'b> from Exchanges {
        request_body: Option<BodyText<'b>>,
        response_body: Option<BodyText<'b>>,
    }
}

tables::select! {
    /// A key and how its attempts ended.
    pub(crate) struct KeyAttempts<'b> from Keys {
        flow: Option<FlowName<'b>>,
        key_kind: KeyKindWord<'b>,
        key: KeyValue<'b>,
        failures: i64,
        open: bool,
    }
}

impl<'b> RequestColumns<'b> {
    pub(crate) fn with_bodies(self, bodies: Option<RequestBodies<'b>>) -> ExchangeRow<'b> {
        let (request_body, response_body) =
            bodies.map_or((None, None), |bodies| (bodies.request_body, bodies.response_body));
        ExchangeRow {
            exchange: self.exchange,
            file: self.file,
            member: self.member,
            pointer: self.pointer,
            record: self.record,
            log_id: self.log_id,
            run_id: self.run_id,
            flow: self.flow,
            step: self.step,
            row_num: self.row_num,
            key_kind: self.key_kind,
            key: self.key,
            started_at: self.started_at,
            duration_ms: self.duration_ms,
            method: self.method,
            url: self.url,
            endpoint: self.endpoint,
            status: self.status,
            outcome: self.outcome,
            evidence: self.evidence,
            request_body,
            response_body,
            request_digest: self.request_digest,
            response_digest: self.response_digest,
            response_truncated: self.response_truncated,
            extra: self.extra,
        }
    }
}

/// The states of keys by [`key_name`].
pub(crate) type KeyStates = HashMap<String, KeyState>;

/// A key of a flow as one text.
pub(crate) fn key_name(
    flow: Option<FlowName<'_>>,
    KeyKindWord(kind): KeyKindWord<'_>,
    KeyValue(key): KeyValue<'_>,
) -> String {
    // A unit separator, which no name has, keeps the three apart.
    format!("{}\u{1f}{kind}\u{1f}{key}", flow.map_or("", |flow| flow.0))
}

/// The states of all keys that are wanted.
pub(crate) fn key_states(
    report: &Stored,
    wanted: impl Fn(&KeyAttempts<'_>) -> bool,
) -> Result<KeyStates, ReadError> {
    let mut states = KeyStates::new();
    let mut table = report.table::<Keys>()?;
    for group in 0..table.groups() {
        let keys = table.read::<KeyAttempts<'_>>(group)?;
        for key in keys.iter().filter(|key| wanted(key)) {
            let state = KeyState::of_counts(key.open, key.failures);
            states.insert(key_name(key.flow, key.key_kind, key.key), state);
        }
    }
    Ok(states)
}

/// The state of several keys together: open when one is, else resolved when one is. `None` when no state is known.
pub(crate) fn joint_state(states: impl Iterator<Item = Option<KeyState>>) -> Option<KeyState> {
    let rank = |state: &KeyState| match state {
        KeyState::Open => 2,
        KeyState::Resolved => 1,
        KeyState::Good => 0,
    };
    states.flatten().max_by_key(rank)
}

/// A request with its answer and its errors.
#[derive(Debug, Clone)]
pub struct LoggedRequest<'b> {
    /// Its row of `exchanges`; without bodies when they were not read.
    pub exchange: ExchangeRow<'b>,
    /// Its errors, in their order.
    pub errors: Vec<ErrorRow<'b>>,
    /// The state of its keys together: its own, and those of its errors. `None` when it has none.
    pub state: Option<KeyState>,
}

/// Requests of a report.
#[derive(Debug, Default)]
pub struct LoggedRequests {
    exchanges: Batch<Exchanges>,
    errors: Batch<Errors>,
    states: KeyStates,
}

impl LoggedRequests {
    /// Reads the requests with these ids (`exchanges.exchange`), in this order; an id that the report does not have
    /// is left out. Reads the row groups that have one of them, and of these the bodies only when `bodies` is set.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub fn read(report: &Stored, ids: &[i64], bodies: bool) -> Result<Self, ReadError> {
        let wanted: HashSet<i64> = ids.iter().copied().collect();
        let mut found = Batch::<Exchanges>::new();
        let mut table = report.table::<Exchanges>()?;
        for group in 0..table.groups() {
            if !any_within(&wanted, table.range(group, "exchange")) {
                continue;
            }
            let ids = table.read::<ExchangeId<'_>>(group)?;
            let rows = (0..ids.len()).filter(|row| wanted.contains(&ids.get(*row).exchange));
            let rows: Vec<usize> = rows.collect();
            if rows.is_empty() {
                continue;
            }
            let columns = table.read_rows::<RequestColumns<'_>>(group, &rows)?;
            let bodies =
                bodies.then(|| table.read_rows::<RequestBodies<'_>>(group, &rows)).transpose()?;
            for row in 0..rows.len() {
                let bodies = bodies.as_ref().map(|bodies| bodies.get(row));
                found.push(&columns.get(row).with_bodies(bodies));
            }
        }
        let mut requests = Self::default();
        let rows: HashMap<i64, ExchangeRow<'_>> =
            found.rows().map(|row| (row.exchange, row)).collect();
        for row in ids.iter().filter_map(|id| rows.get(id)) {
            requests.exchanges.push(row);
        }
        let mut table = report.table::<Errors>()?;
        for group in 0..table.groups() {
            if any_within(&wanted, table.range(group, "exchange")) {
                let errors = table.read::<Errors>(group)?;
                errors
                    .iter()
                    .filter(|error| wanted.contains(&error.exchange))
                    .for_each(|error| requests.errors.push(&error));
            }
        }
        let keys: HashSet<String> = requests
            .iter()
            .flat_map(|request| {
                request.keys().map(|(_, _, key)| key.0.to_owned()).collect::<Vec<_>>()
            })
            .collect();
        if !keys.is_empty() {
            let states = key_states(report, |row| keys.contains(row.key.0))?;
            requests.states = states;
        }
        Ok(requests)
    }

    /// The same requests with other texts in their rows.
    pub(crate) fn with_rows(&self, exchanges: Batch<Exchanges>, errors: Batch<Errors>) -> Self {
        Self { exchanges, errors, states: self.states.clone() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    /// The requests, in their order.
    pub fn iter(&self) -> impl Iterator<Item = LoggedRequest<'_>> {
        let mut errors: HashMap<i64, Vec<ErrorRow<'_>>> = HashMap::new();
        for error in self.errors.rows() {
            errors.entry(error.exchange).or_default().push(error);
        }
        self.exchanges.rows().map(move |exchange| {
            let errors = errors.get(&exchange.exchange).cloned().unwrap_or_default();
            let mut request = LoggedRequest { exchange, errors, state: None };
            let names = request.keys().map(|(flow, kind, key)| key_name(flow, kind, key));
            request.state = joint_state(names.map(|name| self.states.get(&name).copied()));
            request
        })
    }

    /// Their rows as CSV, with the columns of `exchanges`.
    pub fn csv(&self, options: CsvOptions) -> Vec<u8> {
        tables::text(&self.exchanges, TextFormat::Csv, options)
    }
}

impl<'b> LoggedRequest<'b> {
    /// Its own key and those of its errors, in their flow.
    fn keys(&self) -> impl Iterator<Item = (Option<FlowName<'b>>, KeyKindWord<'b>, KeyValue<'b>)> {
        let own = (self.exchange.flow, self.exchange.key_kind, self.exchange.key);
        let errors = self.errors.iter().map(|error| (error.flow, error.key_kind, error.key));
        let keys = [own].into_iter().chain(errors);
        keys.filter_map(|(flow, kind, key)| Some((flow, kind?, key?)))
    }

    /// As a JSON object: the columns of `exchanges`, `errors` (a list of objects with the columns of that table), and
    /// `state` (`open`, `resolved`, `good`, or null).
    pub fn json(&self) -> serde_json::Value {
        let mut exchange = Batch::<Exchanges>::new();
        exchange.push(&self.exchange);
        let mut errors = Batch::<Errors>::new();
        self.errors.iter().for_each(|error| errors.push(error));
        let mut object = objects(&tables::text(&exchange, TextFormat::Json, CsvOptions::default()))
            .pop()
            .unwrap_or_default();
        let errors = objects(&tables::text(&errors, TextFormat::Json, CsvOptions::default()));
        object["errors"] = errors.into();
        object["state"] = self.state.map(KeyState::word).into();
        object
    }
}

/// JSON lines that this program wrote.
fn objects(lines: &[u8]) -> Vec<serde_json::Value> {
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// Whether one of the ids can be in the range; an unknown range can have any.
pub(crate) fn any_within(ids: &HashSet<i64>, range: Option<(i64, i64)>) -> bool {
    range.is_none_or(|(first, last)| ids.iter().any(|id| (first..=last).contains(id)))
}
