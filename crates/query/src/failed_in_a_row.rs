//! How many of the newest attempts of a key failed without a success between.
//!
//! An attempt with an unknown outcome neither counts nor ends the row. Most keys are answered by their counts alone. For
//! the others the attempts are read from `exchanges` and `errors`, and from the bodies of bulk requests when the report
//! has counted attempts that no column names: rows that went well.

use std::collections::{HashMap, HashSet};

use tables::cell::{BodyText, FlowName, KeyKindWord, KeyValue, Micros, OutcomeWord};
use tables::rows::{Errors, Exchanges, KeyRow};
use tables::{ReadError, Stored};

use crate::bulk_row::values_of_rows;

tables::select! {
    /// The key that an error names.
    struct RefusedKey<'b> from Errors {
        exchange: i64,
        flow: Option<FlowName<'b>>,
        key_kind: Option<KeyKindWord<'b>>,
        key: Option<KeyValue<'b>>,
    }
}

tables::select! {
    /// An attempt at the key of an exchange.
    struct AttemptedKey<'b> from Exchanges {
        exchange: i64,
        flow: Option<FlowName<'b>>,
        key_kind: Option<KeyKindWord<'b>>,
        key: Option<KeyValue<'b>>,
        started_at: Option<Micros>,
        outcome: OutcomeWord<'b>,
    }
}

tables::select! {
    /// What was sent.
    struct SentRows<'b> from Exchanges {
        request_body: Option<BodyText<'b>>,
    }
}

/// For each key how many of its newest attempts failed without a success between; `None` when the report does not have
/// all its attempts, as for rows of bulk requests whose bodies `--bodies` left out.
///
/// Memory is that of the attempts of keys that were tried with more than one outcome.
pub(crate) fn failed_in_a_row(
    report: &Stored,
    keys: &[KeyRow<'_>],
) -> Result<Vec<Option<i64>>, ReadError> {
    let mut in_a_row: Vec<Option<i64>> = keys.iter().map(by_counts).collect();
    let unsure = (0..keys.len()).filter(|&n| in_a_row[n].is_none());
    let unsure: Vec<usize> = unsure.collect();
    if unsure.is_empty() {
        return Ok(in_a_row);
    }
    let mut histories = Histories::of(unsure.iter().map(|&n| &keys[n]));
    histories.read_columns(report)?;
    if !histories.are_complete() {
        histories.read_bodies(report)?;
    }
    for (history, n) in histories.all.into_iter().zip(unsure) {
        in_a_row[n] = history.failed_in_a_row();
    }
    Ok(in_a_row)
}

/// What the counts of a key alone say.
fn by_counts(key: &KeyRow<'_>) -> Option<i64> {
    match (key.open, key.failures) {
        (false, _) => Some(0),
        (true, failures) if failures == 1 || failures == key.attempts => Some(failures),
        _ => None,
    }
}

type KeyName<'k> = (Option<FlowName<'k>>, KeyKindWord<'k>, KeyValue<'k>);

/// Attempts at a key.
#[derive(Debug)]
struct History {
    /// How many there are, and how many of them failed, as the report has counted.
    counted: (usize, usize),
    /// Those that were found: when it began (those without a time are the oldest), the exchange, the row in its
    /// body, and whether it failed, when that is known.
    found: Vec<(Option<Micros>, i64, u32, Option<bool>)>,
}

impl History {
    fn is_complete(&self) -> bool {
        let failed = self.found.iter().filter(|attempt| attempt.3 == Some(true)).count();
        (self.found.len(), failed) == self.counted
    }

    fn failed_in_a_row(mut self) -> Option<i64> {
        if !self.is_complete() {
            return None;
        }
        self.found.sort_unstable();
        let known = self.found.iter().rev().filter_map(|attempt| attempt.3);
        i64::try_from(known.take_while(|failed| *failed).count()).ok()
    }
}

/// The attempts at some keys.
struct Histories<'k> {
    all: Vec<History>,
    places: HashMap<KeyName<'k>, usize>,
    /// The places of the keys of a flow by their value.
    in_flows: HashMap<Option<&'k str>, HashMap<&'k str, Vec<usize>>>,
    /// The keys whose rows an answer refused, by exchange and place.
    refused: HashSet<(i64, usize)>,
    /// Exchanges with an error that names a key.
    naming: HashSet<i64>,
}

fn failed(outcome: OutcomeWord<'_>) -> Option<bool> {
    match outcome.0 {
        "failed" => Some(true),
        "success" => Some(false),
        _ => None,
    }
}

impl<'k> Histories<'k> {
    fn of(keys: impl Iterator<Item = &'k KeyRow<'k>>) -> Self {
        let mut histories = Self {
            all: Vec::new(),
            places: HashMap::new(),
            in_flows: HashMap::new(),
            refused: HashSet::new(),
            naming: HashSet::new(),
        };
        for (place, key) in keys.enumerate() {
            let count = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
            let counted = (count(key.attempts), count(key.failures));
            histories.all.push(History { counted, found: Vec::new() });
            histories.places.insert((key.flow, key.key_kind, key.key), place);
            let in_flow = histories.in_flows.entry(key.flow.map(|flow| flow.0)).or_default();
            in_flow.entry(key.key.0).or_default().push(place);
        }
        histories
    }

    fn place(
        &self,
        flow: Option<FlowName<'_>>,
        kind: Option<KeyKindWord<'_>>,
        key: Option<KeyValue<'_>>,
    ) -> Option<usize> {
        self.places.get(&(flow, kind?, key?)).copied()
    }

    fn are_complete(&self) -> bool {
        self.all.iter().all(History::is_complete)
    }

    /// The attempts that columns name: requests of a key, and refused rows of bulk requests.
    fn read_columns(&mut self, report: &Stored) -> Result<(), ReadError> {
        let mut table = report.table::<Errors>()?;
        for group in 0..table.groups() {
            for error in table.read::<RefusedKey<'_>>(group)?.iter() {
                if error.key.is_some() {
                    self.naming.insert(error.exchange);
                }
                if let Some(place) = self.place(error.flow, error.key_kind, error.key) {
                    self.refused.insert((error.exchange, place));
                }
            }
        }
        let mut refused: HashMap<i64, Vec<usize>> = HashMap::new();
        for &(exchange, place) in &self.refused {
            refused.entry(exchange).or_default().push(place);
        }
        let mut table = report.table::<Exchanges>()?;
        for group in 0..table.groups() {
            for row in table.read::<AttemptedKey<'_>>(group)?.iter() {
                if let Some(place) = self.place(row.flow, row.key_kind, row.key) {
                    let attempt = (row.started_at, row.exchange, 0, failed(row.outcome));
                    self.all[place].found.push(attempt);
                } else {
                    for &place in refused.get(&row.exchange).into_iter().flatten() {
                        self.all[place].found.push((row.started_at, row.exchange, 0, Some(true)));
                    }
                }
            }
        }
        Ok(())
    }

    /// The attempts that only the bodies of bulk requests name. They failed when the whole request did, and no error
    /// names a row of it.
    fn read_bodies(&mut self, report: &Stored) -> Result<(), ReadError> {
        let missing = |place: &usize| !self.all[*place].is_complete();
        for keys in self.in_flows.values_mut() {
            keys.retain(|_, places| places.iter().any(missing));
        }
        self.in_flows.retain(|_, keys| !keys.is_empty());
        let mut table = report.table::<Exchanges>()?;
        for group in 0..table.groups() {
            let rows = table.read::<AttemptedKey<'_>>(group)?;
            let may_be_bulk = |row: &AttemptedKey<'_>| {
                row.key.is_none() && self.in_flows.contains_key(&row.flow.map(|flow| flow.0))
            };
            if !rows.iter().any(|row| may_be_bulk(&row)) {
                continue;
            }
            let bodies = table.read::<SentRows<'_>>(group)?;
            for (n, row) in rows.iter().enumerate().filter(|(_, row)| row.key.is_none()) {
                let keys = self.in_flows.get(&row.flow.map(|flow| flow.0));
                let Some(keys) = keys else { continue };
                let Some(body) = bodies.get(n).request_body else { continue };
                let mut there = HashSet::new();
                values_of_rows(body.text, |turn, value| {
                    let places = keys.get(&*value).into_iter().flatten();
                    there.extend(places.map(|place| (turn, *place)));
                });
                let failed = match failed(row.outcome) {
                    Some(true) => Some(!self.naming.contains(&row.exchange)),
                    known => known,
                };
                for (turn, place) in there {
                    if !self.refused.contains(&(row.exchange, place)) {
                        let attempt = (row.started_at, row.exchange, turn, failed);
                        self.all[place].found.push(attempt);
                    }
                }
            }
        }
        Ok(())
    }
}
