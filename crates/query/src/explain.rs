//! Why the errors of a group belong together, what varies in them, where they occur, and a few of them that differ.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use serde::Serialize;
use tables::cell::{
    EndpointName, ErrorCode, FieldPath, FileName, FlowName, KeyKindWord, KeyValue, MemberName,
    MessageText, Micros, RecordPointer, RunId, SourceWord, StepName,
};
use tables::rows::{ErrorGroupRow, Errors, Exchanges};
use tables::{ReadError, Stored};

use crate::align::variables;
use crate::differs::{Differences, differs};
use crate::groups::read_errors;
use crate::json;
use crate::periods::HourlyCounts;
use crate::zone::Zone;

/// Distinct values that are counted one by one; the others are only known to be more.
const DISTINCT: usize = 200_000;

/// Errors among which samples are chosen: half of them one for each origin (flow, step, endpoint, status), half of them
/// one for each set of values.
const CANDIDATES: usize = 512;

/// What is known of a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained<'g> {
    /// Its row of `error_groups`.
    #[serde(serialize_with = "json::group")]
    pub group: ErrorGroupRow<'g>,
    /// Error codes, the most frequent first; errors without one are not counted.
    pub codes: Values,
    /// Fields that the errors speak of.
    pub fields: Values,
    /// Where the texts came from.
    pub sources: Values,
    /// The variables of the template, in their order.
    pub variables: Vec<Values>,
    /// Errors whose message does not have the constants of the template, so that their variables are not counted: texts
    /// longer than grouping reads, or cut.
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
    /// Errors by the hour, or by the day, in which their exchange began, oldest first; periods without errors are left
    /// out, and so are errors without a time.
    pub periods: Vec<PeriodCount>,
    /// Errors that differ from each other, in the order of the report.
    pub samples: Vec<ExplainedError>,
    /// What differs between its requests and those that went well.
    pub differs: Differences,
}

/// How often which values occur.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Values {
    /// How many different ones there are.
    pub distinct: u64,
    /// Whether there may be more, since only so many are counted.
    pub at_least: bool,
    /// The most frequent ones with their counts, ties in their own order.
    pub top: Vec<ValueCount>,
}

/// A value and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueCount {
    /// The value.
    pub value: String,
    /// Errors, or requests, with it.
    pub count: u64,
}

/// Errors of an hour or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PeriodCount {
    /// Where it begins.
    #[serde(serialize_with = "json::time")]
    pub from: Micros,
    /// Whether it is a day.
    pub day: bool,
    /// Errors in it.
    pub count: u64,
}

/// One error, with its exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the columns are described in docs/tables.md")]
pub struct ExplainedError {
    pub exchange: i64,
    pub file: String,
    pub member: Option<String>,
    pub pointer: Option<String>,
    pub record: i32,
    #[serde(serialize_with = "json::optional_time")]
    pub started_at: Option<Micros>,
    pub flow: Option<String>,
    pub step: Option<String>,
    pub endpoint: Option<String>,
    pub status: Option<i32>,
    pub key_kind: Option<String>,
    pub key: Option<String>,
    pub code: Option<String>,
    pub field: Option<String>,
    pub message: String,
    /// What it says at the variables of the template; empty when it does not align.
    pub variables: Vec<String>,
}

tables::select! {
    /// What is counted and shown of an error.
    struct GroupError<'b> from Errors {
        exchange: i64,
        file: FileName<'b>,
        record: i32,
        code: Option<ErrorCode<'b>>,
        field: Option<FieldPath<'b>>,
        message: MessageText<'b>,
        source: SourceWord<'b>,
        key_kind: Option<KeyKindWord<'b>>,
        key: Option<KeyValue<'b>>,
        started_at: Option<Micros>,
        flow: Option<FlowName<'b>>,
        step: Option<StepName<'b>>,
        endpoint: Option<EndpointName<'b>>,
        status: Option<i32>,
    }
}

/// Explains a group: the `top` most frequent values of everything, and at most `samples` errors.
///
/// Reads the errors of the group, and the ids and runs of `exchanges`. Memory is that of a row group, 8 bytes for each
/// error, and the distinct values, of which 200,000 of a kind are counted.
///
/// # Errors
/// When a table cannot be read.
pub fn explain<'g>(
    report: &Stored,
    group: ErrorGroupRow<'g>,
    top: usize,
    samples: usize,
    zone: &Zone,
) -> Result<Explained<'g>, ReadError> {
    let template = group.template.0;
    let mut counts = GroupCounts { hours: HourlyCounts::new(zone), ..GroupCounts::default() };
    counts.variables.resize_with(template.matches("<*>").count(), Tally::default);
    read_errors::<GroupError<'_>>(report, group.fingerprint, |error| {
        counts.add(&error, template);
    })?;
    let mut samples = differing(counts.candidates, samples);
    let runs = read_exchanges(report, counts.exchanges, &mut samples)?;
    let differs = differs(report, group.fingerprint)?;
    let finish = |tally: Tally| tally.finish(top);
    Ok(Explained {
        group,
        codes: finish(counts.codes),
        fields: finish(counts.fields),
        sources: finish(counts.sources),
        variables: counts.variables.into_iter().map(finish).collect(),
        unaligned: counts.unaligned,
        keys: finish(counts.keys),
        flows: finish(counts.flows),
        steps: finish(counts.steps),
        endpoints: finish(counts.endpoints),
        statuses: finish(counts.statuses),
        runs: finish(runs),
        files: finish(counts.files),
        periods: counts
            .hours
            .periods(|sum, count| *sum += count)
            .into_iter()
            .map(|period| PeriodCount { from: period.from, day: period.day, count: period.counts })
            .collect(),
        samples,
        differs,
    })
}

fn without_last_word(message: &str) -> &str {
    let message = message.trim_end();
    message.rfind(char::is_whitespace).map_or("", |at| &message[..at])
}

/// Counts of values.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: HashMap<String, u64>,
    more: bool,
}

impl Tally {
    pub(crate) fn add(&mut self, value: Option<&str>) {
        let Some(value) = value else { return };
        if let Some(count) = self.counts.get_mut(value) {
            *count += 1;
        } else if self.counts.len() < DISTINCT {
            self.counts.insert(value.to_owned(), 1);
        } else {
            self.more = true;
        }
    }

    pub(crate) fn finish(self, top: usize) -> Values {
        let distinct = self.counts.len() as u64;
        let mut sorted: Vec<_> = self.counts.into_iter().collect();
        sorted.sort_unstable_by(|(a, m), (b, n)| (n, a).cmp(&(m, b)));
        sorted.truncate(top);
        let top = sorted.into_iter().map(|(value, count)| ValueCount { value, count }).collect();
        Values { distinct, at_least: self.more, top }
    }
}

/// What is counted of the errors.
#[derive(Debug, Default)]
struct GroupCounts {
    codes: Tally,
    fields: Tally,
    sources: Tally,
    variables: Vec<Tally>,
    unaligned: u64,
    keys: Tally,
    flows: Tally,
    steps: Tally,
    endpoints: Tally,
    statuses: Tally,
    files: Tally,
    hours: HourlyCounts<u64>,
    /// The exchange of each error.
    exchanges: Vec<i64>,
    /// Hashes of the origins and of the sets of values that have a candidate.
    origins: HashSet<u64>,
    values: HashSet<u64>,
    candidates: Vec<ExplainedError>,
}

impl GroupCounts {
    fn add(&mut self, error: &GroupError<'_>, template: &str) {
        let GroupError { file, flow, step, endpoint, status, .. } = *error;
        self.exchanges.push(error.exchange);
        self.codes.add(error.code.map(|code| code.0));
        self.fields.add(error.field.map(|field| field.0));
        self.sources.add(Some(error.source.0));
        self.files.add(Some(file.0));
        self.flows.add(flow.map(|flow| flow.0));
        self.steps.add(step.map(|step| step.0));
        self.endpoints.add(endpoint.map(|endpoint| endpoint.0));
        self.statuses.add(status.map(|status| status.to_string()).as_deref());
        let key = error.key.map(|key| match error.key_kind {
            Some(kind) => format!("{} {}", kind.0, key.0),
            None => key.0.to_owned(),
        });
        self.keys.add(key.as_deref());
        if let Some(at) = error.started_at {
            *self.hours.at(at) += 1;
        }
        let message = error.message.0;
        // Of a text that was cut, the last word may be half of one and is left out.
        let values = variables(template, message)
            .or_else(|| variables(template, without_last_word(message)));
        self.unaligned += u64::from(values.is_none());
        let values = values.unwrap_or_default();
        for (tally, value) in self.variables.iter_mut().zip(&values) {
            tally.add(Some(value));
        }
        if is_new(&mut self.origins, &(flow, step, endpoint, status))
            || is_new(&mut self.values, &values)
        {
            self.candidates.push(ExplainedError {
                exchange: error.exchange,
                file: file.0.to_owned(),
                member: None,
                pointer: None,
                record: error.record,
                started_at: error.started_at,
                flow: flow.map(|flow| flow.0.to_owned()),
                step: step.map(|step| step.0.to_owned()),
                endpoint: endpoint.map(|endpoint| endpoint.0.to_owned()),
                status,
                key_kind: error.key_kind.map(|kind| kind.0.to_owned()),
                key: error.key.map(|key| key.0.to_owned()),
                code: error.code.map(|code| code.0.to_owned()),
                field: error.field.map(|field| field.0.to_owned()),
                message: message.to_owned(),
                variables: values.into_iter().map(str::to_owned).collect(),
            });
        }
    }
}

/// Whether a value is the first of its kind and there is room for another candidate.
fn is_new(hashes: &mut HashSet<u64>, value: &impl Hash) -> bool {
    let mut hash = DefaultHasher::new();
    value.hash(&mut hash);
    hashes.len() < CANDIDATES / 2 && hashes.insert(hash.finish())
}

/// The first candidate, then repeatedly the one that differs most from those chosen; of equal ones the first. The
/// result is in the order of the report.
fn differing(candidates: Vec<ExplainedError>, most: usize) -> Vec<ExplainedError> {
    let mut left = candidates;
    let mut chosen: Vec<ExplainedError> = Vec::new();
    while chosen.len() < most && !left.is_empty() {
        let differs = |sample: &ExplainedError| {
            chosen.iter().map(|other| differences(sample, other)).min().unwrap_or_default()
        };
        let best = (0..left.len()).min_by_key(|&n| (Reverse(differs(&left[n])), n));
        let next = left.remove(best.unwrap_or_default());
        // An error with the same origin and text as another shows nothing new.
        if chosen.iter().any(|other| differences(&next, other) == 0) {
            break;
        }
        chosen.push(next);
    }
    chosen.sort_by_key(|sample| sample.exchange);
    chosen
}

/// In how many respects two errors differ. The origin weighs more than what varies in the text, since the variables of
/// a group nearly always differ.
fn differences(one: &ExplainedError, other: &ExplainedError) -> u32 {
    let origin = [
        one.endpoint != other.endpoint,
        one.status != other.status,
        one.flow != other.flow,
        one.field != other.field,
        one.code != other.code,
    ];
    let values = one.variables.iter().zip(&other.variables).filter(|(one, other)| one != other);
    4 * origin.into_iter().map(u32::from).sum::<u32>()
        + 2 * u32::from(one.file != other.file)
        + (values.count() as u32).min(3)
        + u32::from(one.key != other.key)
}

tables::select! {
    /// The run of an exchange.
    struct ExchangeRun<'b> from Exchanges {
        exchange: i64,
        run_id: Option<RunId<'b>>,
    }
}

tables::select! {
    /// Where the record of an exchange stands in its file.
    struct SamplePlace<'b> from Exchanges {
        member: Option<MemberName<'b>>,
        pointer: RecordPointer<'b>,
    }
}

/// Counts the runs of the errors by their exchanges, and completes the samples.
fn read_exchanges(
    report: &Stored,
    mut exchanges: Vec<i64>,
    samples: &mut [ExplainedError],
) -> Result<Tally, ReadError> {
    // `errors` has them in this order already, unless another program has sorted the table.
    exchanges.sort_unstable();
    let mut runs = Tally::default();
    let mut left = exchanges.as_slice();
    let mut table = report.table::<Exchanges>()?;
    for group in 0..table.groups() {
        if left.is_empty() {
            break;
        }
        let rows = table.read::<ExchangeRun<'_>>(group)?;
        let mut shown = Vec::new();
        for (row, ExchangeRun { exchange, run_id }) in rows.iter().enumerate() {
            let missing = left.iter().take_while(|id| **id < exchange).count();
            let errors = left[missing..].iter().take_while(|id| **id == exchange).count();
            left = &left[missing + errors..];
            (0..errors).for_each(|_| runs.add(run_id.map(|run| run.0)));
            if errors > 0 {
                let sampled = (0..samples.len()).filter(|&n| samples[n].exchange == exchange);
                shown.extend(sampled.map(|sample| (row, sample)));
            }
        }
        if !shown.is_empty() {
            let rows = table.read::<SamplePlace<'_>>(group)?;
            for (row, sample) in shown {
                let SamplePlace { member, pointer } = rows.get(row);
                samples[sample].member = member.map(|member| member.0.to_owned());
                samples[sample].pointer = Some(pointer.0.to_owned());
            }
        }
    }
    Ok(runs)
}
