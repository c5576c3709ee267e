//! Why the errors of a group belong together, what varies in them, where they occur, and a few of
//! them that differ.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use model::time::Timestamp;
use serde::Serialize;

use super::align::variables;
use super::groups::GroupRow;
use super::times;
use tables::{ERRORS, EXCHANGES, ReadError, Stored};

/// Distinct values that are counted one by one; the others are only known to be more.
const DISTINCT: usize = 200_000;

/// Errors among which samples are chosen: half of them for each place where the group occurs, half
/// for each set of values.
const CANDIDATES: usize = 512;

/// A span of this many hours or less is counted by hour, a longer one by day.
const HOURLY: i64 = 48;

const MICROS_AN_HOUR: i64 = 3_600_000_000;

/// What is known of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Its row of `error_groups`.
    pub group: GroupRow,
    /// Error codes, the most frequent first; errors without one are not counted.
    pub codes: Values,
    /// Fields that the errors speak of.
    pub fields: Values,
    /// Where the texts came from.
    pub sources: Values,
    /// The variables of the template, in their order.
    pub variables: Vec<Values>,
    /// Errors whose message does not have the constants of the template, so that their variables
    /// are not counted: texts longer than grouping reads, or cut.
    pub unaligned: u64,
    /// Keys that the errors speak of, as `sku A-1`.
    pub keys: Values,
    /// Flows.
    pub flows: Values,
    /// Steps.
    pub steps: Values,
    /// Endpoints.
    pub endpoints: Values,
    /// HTTP statuses.
    pub statuses: Values,
    /// Runs.
    pub runs: Values,
    /// Files.
    pub files: Values,
    /// Errors by the hour, or by the day, in which their exchange began; periods without are left
    /// out, and so are errors without a time.
    pub periods: Vec<Period>,
    /// Errors that differ from each other, the first of the report first.
    pub samples: Vec<Sample>,
}

/// How often which values occur.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Values {
    /// How many different ones there are.
    pub distinct: u64,
    /// There may be more: only so many were told apart.
    pub at_least: bool,
    /// The most frequent ones with their counts, ties in their own order.
    pub top: Vec<ValueCount>,
}

/// A value and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueCount {
    /// The value.
    pub value: String,
    /// Errors with it.
    pub count: u64,
}

/// Errors of an hour or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Period {
    /// Where it begins.
    #[serde(serialize_with = "times::always")]
    pub from: Timestamp,
    /// Whether it is a day.
    pub day: bool,
    /// Errors in it.
    pub count: u64,
}

/// One error, with its exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns are described in docs/tables.md")]
pub struct Sample {
    pub file: String,
    pub member: Option<String>,
    /// JSON Pointer of the record in the document.
    pub pointer: Option<String>,
    pub record: u64,
    #[serde(serialize_with = "times::optional")]
    pub started_at: Option<Timestamp>,
    pub flow: Option<String>,
    pub step: Option<String>,
    pub endpoint: Option<String>,
    pub status: Option<u64>,
    pub key_kind: Option<String>,
    pub key: Option<String>,
    pub code: Option<String>,
    pub field: Option<String>,
    pub message: String,
    /// What it says at the variables of the template; empty when it does not align.
    pub variables: Vec<String>,
}

/// Explains a group: `top` most frequent values of everything, and at most `samples` samples.
///
/// Reads `errors` twice and, of `exchanges`, the row groups with such an error, all of them by
/// column. Memory is that of a row group, 12 bytes an error, and the distinct values, of which
/// 200,000 of a kind are counted.
///
/// # Errors
/// When a table cannot be read.
pub fn explain(
    report: &Stored,
    group: &GroupRow,
    top: usize,
    samples: usize,
) -> Result<Explained, ReadError> {
    let places = Places::of(report, &group.group)?;
    let mut counted = Counted::default();
    let mut table = report.table(&ERRORS)?;
    let columns = [
        "group", "exchange", "file", "record", "code", "field", "message", "source", "key_kind",
        "key",
    ];
    for n in 0..table.groups() {
        let groups = table.rows(n, &["group"])?;
        let is_one = |row: &usize| groups.column("group").text(*row) == Some(&group.group);
        let found: Vec<usize> = (0..groups.len()).filter(is_one).collect();
        if found.is_empty() {
            continue;
        }
        let rows = table.rows(n, &columns)?;
        for row in found {
            let text = |name| rows.column(name).text(row);
            let message = text("message").unwrap_or_default();
            let exchange = rows.column("exchange").number(row).unwrap_or_default();
            // Of a text that was cut, the last word may be half of one and is left out.
            let values = variables(&group.template, message)
                .or_else(|| variables(&group.template, without_last_word(message)));
            let place = places.of_exchange(exchange);
            counted.codes.add(text("code"));
            counted.fields.add(text("field"));
            counted.sources.add(text("source"));
            counted.files.add(text("file"));
            let key = text("key").map(|key| match text("key_kind") {
                Some(kind) => format!("{kind} {key}"),
                None => key.to_owned(),
            });
            counted.keys.add(key.as_deref());
            match &values {
                Some(values) => counted.add_variables(values),
                None => counted.unaligned += 1,
            }
            if counted.is_candidate(place, values.as_deref().unwrap_or_default()) {
                let some = |name| text(name).map(str::to_owned);
                let sample = Sample {
                    file: some("file").unwrap_or_default(),
                    record: rows.column("record").number(row).unwrap_or_default(),
                    key_kind: some("key_kind"),
                    key: some("key"),
                    code: some("code"),
                    field: some("field"),
                    message: message.to_owned(),
                    variables: values.iter().flatten().map(|&value| value.to_owned()).collect(),
                    ..places.sample(place)
                };
                counted.candidates.push((exchange, sample));
            }
        }
    }
    let variables = group.template.matches("<*>").count();
    counted.variables.resize_with(variables, Tally::default);
    let mut chosen = differing(counted.candidates, samples);
    fill(report, &mut chosen)?;
    let finish = |tally: Tally| tally.finish(top);
    Ok(Explained {
        group: group.clone(),
        codes: finish(counted.codes),
        fields: finish(counted.fields),
        sources: finish(counted.sources),
        variables: counted.variables.into_iter().map(finish).collect(),
        unaligned: counted.unaligned,
        keys: finish(counted.keys),
        flows: finish(places.flows),
        steps: finish(places.steps),
        endpoints: finish(places.endpoints),
        statuses: finish(places.statuses),
        runs: finish(places.runs),
        files: finish(counted.files),
        periods: periods(places.hours),
        samples: chosen.into_iter().map(|(_, sample)| sample).collect(),
    })
}

fn without_last_word(message: &str) -> &str {
    let message = message.trim_end();
    message.rfind(char::is_whitespace).map_or("", |at| &message[..at])
}

/// Counts of values.
#[derive(Debug, Default)]
struct Tally {
    counts: HashMap<String, u64>,
    more: bool,
}

impl Tally {
    fn add(&mut self, value: Option<&str>) {
        let Some(value) = value else { return };
        if let Some(count) = self.counts.get_mut(value) {
            *count += 1;
        } else if self.counts.len() < DISTINCT {
            self.counts.insert(value.to_owned(), 1);
        } else {
            self.more = true;
        }
    }

    fn finish(self, top: usize) -> Values {
        let distinct = self.counts.len() as u64;
        let mut sorted: Vec<_> = self.counts.into_iter().collect();
        sorted.sort_unstable_by(|(a, m), (b, n)| (n, a).cmp(&(m, b)));
        sorted.truncate(top);
        let top = sorted.into_iter().map(|(value, count)| ValueCount { value, count }).collect();
        Values { distinct, at_least: self.more, top }
    }
}

/// What the errors themselves say.
#[derive(Debug, Default)]
struct Counted {
    codes: Tally,
    fields: Tally,
    sources: Tally,
    variables: Vec<Tally>,
    unaligned: u64,
    keys: Tally,
    files: Tally,
    seen_places: HashSet<u32>,
    seen_values: HashSet<u64>,
    /// With the number of their exchange.
    candidates: Vec<(u64, Sample)>,
}

impl Counted {
    fn add_variables(&mut self, values: &[&str]) {
        if self.variables.len() < values.len() {
            self.variables.resize_with(values.len(), Tally::default);
        }
        for (tally, value) in self.variables.iter_mut().zip(values) {
            tally.add(Some(value));
        }
    }

    /// Whether an error is the first of its place or of its values.
    fn is_candidate(&mut self, place: u32, values: &[&str]) -> bool {
        if self.seen_places.len() < CANDIDATES / 2 && self.seen_places.insert(place) {
            return true;
        }
        let mut hash = DefaultHasher::new();
        values.hash(&mut hash);
        self.seen_values.len() < CANDIDATES / 2 && self.seen_values.insert(hash.finish())
    }
}

/// Where the exchanges with an error of the group were made.
#[derive(Debug, Default)]
struct Places {
    /// Numbers of exchanges, one an error, ascending; and the place of each in `distinct`.
    exchanges: Vec<(u64, u32)>,
    distinct: Vec<Place>,
    flows: Tally,
    steps: Tally,
    endpoints: Tally,
    statuses: Tally,
    runs: Tally,
    /// Errors by hour since 1970.
    hours: BTreeMap<i64, u64>,
}

/// A flow, step, endpoint and status.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
struct Place {
    flow: Option<String>,
    step: Option<String>,
    endpoint: Option<String>,
    status: Option<u64>,
}

impl Places {
    fn of(report: &Stored, group: &str) -> Result<Self, ReadError> {
        let mut places = Self::default();
        let mut table = report.table(&ERRORS)?;
        for n in 0..table.groups() {
            let rows = table.rows(n, &["group", "exchange"])?;
            let (groups, exchanges) = (rows.column("group"), rows.column("exchange"));
            let found = (0..rows.len()).filter(|&row| groups.text(row) == Some(group));
            let numbers = found.filter_map(|row| exchanges.number(row));
            places.exchanges.extend(numbers.map(|number| (number, 0)));
        }
        // They stand in this order already, unless somebody has sorted the table anew.
        places.exchanges.sort_unstable();
        places.read(report)?;
        Ok(places)
    }

    fn read(&mut self, report: &Stored) -> Result<(), ReadError> {
        let mut table = report.table(&EXCHANGES)?;
        let mut numbers: HashMap<Place, u32> = HashMap::new();
        for n in 0..table.groups() {
            let rows = table.rows(n, &["exchange"])?;
            let column = rows.column("exchange");
            let (Some(first), Some(last)) =
                (column.number(0), column.number(rows.len().saturating_sub(1)))
            else {
                continue;
            };
            let from = self.exchanges.partition_point(|(number, _)| *number < first);
            let to = self.exchanges.partition_point(|(number, _)| *number <= last);
            if from == to {
                continue;
            }
            let columns = ["flow", "step", "endpoint", "status", "run_id", "started_at"];
            let rows = table.rows(n, &columns)?;
            for at in from..to {
                let row = (self.exchanges[at].0 - first) as usize;
                if row >= rows.len() {
                    continue;
                }
                let text = |name| rows.column(name).text(row);
                let status = rows.column("status").number(row);
                self.flows.add(text("flow"));
                self.steps.add(text("step"));
                self.endpoints.add(text("endpoint"));
                self.statuses.add(status.map(|status| status.to_string()).as_deref());
                self.runs.add(text("run_id"));
                if let Some(at) = rows.column("started_at").time(row) {
                    *self.hours.entry(at.div_euclid(MICROS_AN_HOUR)).or_default() += 1;
                }
                let some = |name| text(name).map(str::to_owned);
                let place = Place {
                    flow: some("flow"),
                    step: some("step"),
                    endpoint: some("endpoint"),
                    status,
                };
                let next = self.distinct.len() as u32;
                self.exchanges[at].1 = *numbers.entry(place).or_insert_with_key(|place| {
                    self.distinct.push(place.clone());
                    next
                });
            }
        }
        Ok(())
    }

    fn of_exchange(&self, exchange: u64) -> u32 {
        let found = self.exchanges.binary_search_by_key(&exchange, |(number, _)| *number);
        found.map_or(0, |at| self.exchanges[at].1)
    }

    fn sample(&self, place: u32) -> Sample {
        let place = self.distinct.get(place as usize).cloned().unwrap_or_default();
        let Place { flow, step, endpoint, status } = place;
        Sample { flow, step, endpoint, status, ..Sample::default() }
    }
}

/// The first candidate, then again and again the one that differs most from those chosen; of equal
/// ones the first. At last in the order of the report.
fn differing(candidates: Vec<(u64, Sample)>, most: usize) -> Vec<(u64, Sample)> {
    let mut left = candidates;
    let mut chosen: Vec<(u64, Sample)> = Vec::new();
    while chosen.len() < most && !left.is_empty() {
        let differs = |sample: &Sample| {
            chosen.iter().map(|(_, other)| differences(sample, other)).min().unwrap_or_default()
        };
        let best = (0..left.len()).min_by_key(|&n| (Reverse(differs(&left[n].1)), n));
        let next = left.remove(best.unwrap_or_default());
        // Another that says the same at the same place shows nothing new.
        if chosen.iter().any(|(_, other)| differences(&next.1, other) == 0) {
            break;
        }
        chosen.push(next);
    }
    chosen.sort_by_key(|(exchange, _)| *exchange);
    chosen
}

/// In how many respects two errors differ. Where they were made weighs more than what varies in
/// their text, since the variables of a group nearly always differ.
fn differences(one: &Sample, other: &Sample) -> u32 {
    let place = [
        one.endpoint != other.endpoint,
        one.status != other.status,
        one.flow != other.flow,
        one.field != other.field,
        one.code != other.code,
    ];
    let values = one.variables.iter().zip(&other.variables).filter(|(one, other)| one != other);
    4 * place.into_iter().map(u32::from).sum::<u32>()
        + 2 * u32::from(one.file != other.file)
        + (values.count() as u32).min(3)
        + u32::from(one.key != other.key)
}

/// Adds what of their exchanges is only needed for the samples.
fn fill(report: &Stored, samples: &mut [(u64, Sample)]) -> Result<(), ReadError> {
    let mut table = report.table(&EXCHANGES)?;
    for n in 0..table.groups() {
        let rows = table.rows(n, &["exchange"])?;
        let Some(first) = rows.column("exchange").number(0) else { continue };
        let here = first..first + rows.len() as u64;
        if !samples.iter().any(|(exchange, _)| here.contains(exchange)) {
            continue;
        }
        let rows = table.rows(n, &["member", "pointer", "started_at"])?;
        for (exchange, sample) in samples.iter_mut().filter(|(number, _)| here.contains(number)) {
            let row = (*exchange - first) as usize;
            sample.member = rows.column("member").text(row).map(str::to_owned);
            sample.pointer = rows.column("pointer").text(row).map(str::to_owned);
            sample.started_at = rows.column("started_at").time(row).map(Timestamp);
        }
    }
    Ok(())
}

fn periods(hours: BTreeMap<i64, u64>) -> Vec<Period> {
    let first = hours.first_key_value().map_or(0, |(hour, _)| *hour);
    let last = hours.last_key_value().map_or(0, |(hour, _)| *hour);
    let day = last - first >= HOURLY;
    let length = if day { 24 } else { 1 };
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    for (hour, count) in hours {
        *counts.entry(hour.div_euclid(length)).or_default() += count;
    }
    let period = |(number, count): (i64, u64)| Period {
        from: Timestamp(number * length * MICROS_AN_HOUR),
        day,
        count,
    };
    counts.into_iter().map(period).collect()
}
