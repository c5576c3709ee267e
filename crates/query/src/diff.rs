//! What has changed from one report to another.
//!
//! Reports cover periods of unequal length and flows of unequal traffic, so groups are compared by rate: errors for
//! each exchange of the flows in which the group occurs in either report. A change counts when it is large enough in
//! three ways: in the number of errors, in its ratio, and against chance.
//!
//! Laws, held by tests: a report has not changed against itself; what is new from A to B is gone from B to A, what is
//! more frequent in one direction is less frequent in the other.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

use model::time::Timestamp;
use serde::Serialize;
use tables::cell::{Fingerprint, FlowName, Micros};
use tables::rows::{Endpoints, ErrorGroupRow};
use tables::{ReadError, Stored};

use crate::groups::groups;
use crate::json;
use crate::key_cursor::{ComparedKey, KeyCursor};

/// Standard deviations by which a change must exceed what chance gives.
const DEVIATIONS: f64 = 2.0;

/// What counts as a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Errors that a group must have in one of the reports; groups with fewer are only counted.
    pub min_count: i64,
    /// How many times as frequent a group must be; above 1.
    pub ratio: f64,
}

impl Default for Thresholds {
    /// Three errors, twice as frequent.
    fn default() -> Self {
        Self { min_count: 3, ratio: 2.0 }
    }
}

/// What a report covers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// Start of its first exchange; `None` when no exchange has a time.
    #[serde(serialize_with = "json::optional_time")]
    pub from: Option<Micros>,
    /// Start of its last exchange.
    #[serde(serialize_with = "json::optional_time")]
    pub to: Option<Micros>,
    /// All exchanges.
    pub exchanges: i64,
    /// All errors.
    pub errors: i64,
    /// Groups of them.
    pub groups: u64,
    /// Keys whose newest attempt failed.
    pub open_keys: u64,
    /// Version of the rules that made the fingerprints; `None` for reports that do not state it.
    pub rules_version: Option<u64>,
    /// Digest of the user's own rules; `None` when there were none.
    pub user_rules: Option<String>,
}

/// Why a comparison may mislead.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// The old report holds no exchange: everything is new against it.
    EmptyBaseline,
    /// The new report holds no exchange: everything seems gone.
    EmptyNew,
    /// Both reports cover this time: what happened then counts in both.
    Overlap {
        /// Where the later of the two begins.
        #[serde(serialize_with = "json::time")]
        from: Micros,
        /// Where the earlier of the two ends.
        #[serde(serialize_with = "json::time")]
        to: Micros,
    },
    /// The new report ends before the old one begins: perhaps the two are the wrong way round.
    Reversed,
    /// A report has no times, so whether the two overlap is not known.
    NoTimes,
    /// Other rules made other fingerprints: the same cause may be both new and gone.
    Rules {
        /// Of the old report.
        old: Option<u64>,
        /// Of the new one.
        new: Option<u64>,
    },
    /// The user's own rules differ: groups that they affect may be both new and gone.
    UserRules {
        /// Digest of those of the old report; `None` when it had none.
        old: Option<String>,
        /// Of the new one.
        new: Option<String>,
    },
}

/// How a group has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Not in the old report.
    New,
    /// It was resolved in the old report, or absent from it, and occurs again: either the old report has it without
    /// an open key and the new one with some, or the old one does not have it, and the new one has errors of it both
    /// before the old one begins and since.
    Back,
    /// In both, and more frequent.
    More,
    /// In both, and less frequent.
    Less,
    /// Not in the new report.
    Gone,
}

/// A group that has changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupChange {
    /// How.
    pub change: ChangeKind,
    /// Name of the group.
    pub fingerprint: String,
    /// Its text, `<*>` where it varies.
    pub template: String,
    /// The code that all its errors share.
    pub code: Option<String>,
    /// The field that all its errors share.
    pub field: Option<String>,
    /// The name that a rule of the user gives it.
    pub name: Option<String>,
    /// Kind of cause.
    pub class: String,
    /// Errors in the old report.
    pub old_count: i64,
    /// Errors in the new report.
    pub new_count: i64,
    /// Errors for each exchange of its flows in the old report; `None` when there was no such exchange.
    pub old_rate: Option<f64>,
    /// The same in the new report.
    pub new_rate: Option<f64>,
    /// `new_rate / old_rate`; `None` when one of them is 0 or absent.
    pub ratio: Option<f64>,
    /// Open keys in the old report.
    pub old_open_keys: i64,
    /// Open keys in the new report.
    pub new_open_keys: i64,
    /// Flows in which it occurs, by the newer report that has it.
    pub flows: Vec<String>,
    /// Its first error in the report that has it first.
    #[serde(serialize_with = "json::optional_time")]
    pub first_seen: Option<Micros>,
    /// Its last error in the report that has it last.
    #[serde(serialize_with = "json::optional_time")]
    pub last_seen: Option<Micros>,
    /// One of its messages, from the newer report that has it.
    pub sample_message: String,
}

impl GroupChange {
    /// Whether its flows had no exchange in the report that does not have it: then its absence says nothing.
    pub fn flow_did_not_run(&self) -> bool {
        match self.change {
            ChangeKind::New => self.old_rate.is_none(),
            ChangeKind::Gone => self.new_rate.is_none(),
            _ => false,
        }
    }
}

/// A key whose state has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyChange {
    /// The flow; `None` when unknown.
    pub flow: Option<String>,
    /// `sku`, `order` and so on.
    pub key_kind: String,
    /// Its value, as written.
    pub key: String,
    /// Group of its newest error, by the report in which it is open.
    pub last_fingerprint: Option<String>,
    /// Its newest error, by the same report.
    pub last_message: Option<String>,
    /// Its newest attempt, by the newest report that has it.
    #[serde(serialize_with = "json::optional_time")]
    pub last_seen: Option<Micros>,
}

/// Keys that are open in one of the reports. The lists are newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KeyChanges {
    /// Open in the new report; not open, or absent, in the old one.
    pub opened: Vec<KeyChange>,
    /// Open in the old report, and no longer in the new one.
    pub resolved: Vec<KeyChange>,
    /// Open in the old report and absent from the new one: as far as is known still open.
    pub untried: Vec<KeyChange>,
    /// How many are open in both.
    pub still_open: u64,
}

/// What has changed from the old report to the new one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportDiff {
    /// What the old report covers.
    pub old: Coverage,
    /// What the new report covers.
    pub new: Coverage,
    /// Why this may mislead; usually empty.
    pub warnings: Vec<Warning>,
    /// The groups that have changed: by change in the order of the enum, then most errors first.
    pub groups: Vec<GroupChange>,
    /// Groups in both that have not changed enough.
    pub steady_groups: u64,
    /// Groups of one report alone that have too few errors to be reported.
    pub few_groups: u64,
    /// The keys.
    pub keys: KeyChanges,
}

impl ReportDiff {
    /// The groups with this change.
    pub fn of(&self, change: ChangeKind) -> impl Iterator<Item = &GroupChange> {
        self.groups.iter().filter(move |group| group.change == change)
    }

    /// Whether neither a group nor a key has changed.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.keys.opened.is_empty() && self.keys.resolved.is_empty()
    }
}

/// Compares two reports. Reads `summary.json`, `error_groups`, `endpoints` and `keys`; memory is that of the groups, of
/// one row group of `keys`, and of the keys that have changed.
///
/// # Errors
/// When a table of one of the two cannot be read.
pub fn diff(old: &Stored, new: &Stored, thresholds: &Thresholds) -> Result<ReportDiff, ReadError> {
    let (old_groups, new_groups) = (groups(old)?, groups(new)?);
    let old_groups: Vec<_> = old_groups.rows().collect();
    let new_groups: Vec<_> = new_groups.rows().collect();
    let (old_traffic, new_traffic) = (Traffic::of(old)?, Traffic::of(new)?);
    let old_coverage = coverage(old, &old_groups, &old_traffic);
    let new_coverage = coverage(new, &new_groups, &new_traffic);
    let mut by_name: BTreeMap<Fingerprint<'_>, Pair<'_>> = BTreeMap::new();
    for row in &old_groups {
        by_name.entry(row.fingerprint).or_default().0 = Some(row);
    }
    for row in &new_groups {
        by_name.entry(row.fingerprint).or_default().1 = Some(row);
    }
    let (mut changed, mut steady, mut few) = (Vec::new(), 0, 0);
    for pair in by_name.into_values() {
        let comparison = Comparison::new(pair, &old_traffic, &new_traffic);
        if comparison.old_count.max(comparison.new_count) < thresholds.min_count {
            match pair {
                (Some(_), Some(_)) => steady += 1,
                _ => few += 1,
            }
        } else if let Some(change) = comparison.change(&old_coverage, thresholds) {
            changed.extend(comparison.group_change(change));
        } else {
            steady += 1;
        }
    }
    changed.sort_by(|left: &GroupChange, right| {
        let count = |group: &GroupChange| group.old_count.max(group.new_count);
        (left.change, count(right), &left.fingerprint).cmp(&(
            right.change,
            count(left),
            &right.fingerprint,
        ))
    });
    Ok(ReportDiff {
        warnings: warnings(&old_coverage, &new_coverage),
        old: old_coverage,
        new: new_coverage,
        groups: changed,
        steady_groups: steady,
        few_groups: few,
        keys: changed_keys(old, new)?,
    })
}

/// A group in the old and in the new report.
type Pair<'g> = (Option<&'g ErrorGroupRow<'g>>, Option<&'g ErrorGroupRow<'g>>);

tables::select! {
    /// Exchanges of an endpoint in a flow.
    struct EndpointTraffic<'b> from Endpoints {
        flow: Option<FlowName<'b>>,
        exchanges: i64,
    }
}

/// Exchanges by flow.
struct Traffic {
    flows: BTreeMap<String, i64>,
    all: i64,
}

impl Traffic {
    fn of(report: &Stored) -> Result<Self, ReadError> {
        let mut table = report.table::<Endpoints>()?;
        let mut traffic = Self { flows: BTreeMap::new(), all: 0 };
        for group in 0..table.groups() {
            for row in table.read::<EndpointTraffic<'_>>(group)?.iter() {
                traffic.all += row.exchanges;
                if let Some(flow) = row.flow {
                    *traffic.flows.entry(flow.0.to_owned()).or_default() += row.exchanges;
                }
            }
        }
        Ok(traffic)
    }

    /// Exchanges of these flows; all when none is known.
    fn exchanges(&self, flows: &BTreeSet<FlowName<'_>>) -> i64 {
        if flows.is_empty() {
            return self.all;
        }
        flows.iter().filter_map(|flow| self.flows.get(flow.0)).sum()
    }
}

/// A group in both reports, by numbers.
struct Comparison<'g> {
    old: Option<&'g ErrorGroupRow<'g>>,
    new: Option<&'g ErrorGroupRow<'g>>,
    old_count: i64,
    new_count: i64,
    /// Exchanges of its flows.
    old_exchanges: i64,
    new_exchanges: i64,
}

impl<'g> Comparison<'g> {
    fn new((old, new): Pair<'g>, old_traffic: &Traffic, new_traffic: &Traffic) -> Self {
        // The same flows on both sides: a group that spreads to another flow is more frequent.
        let flows: BTreeSet<FlowName<'_>> =
            [old, new].into_iter().flatten().flat_map(|row| &row.flows).copied().collect();
        Self {
            old,
            new,
            old_count: old.map_or(0, |row| row.count),
            new_count: new.map_or(0, |row| row.count),
            old_exchanges: old_traffic.exchanges(&flows),
            new_exchanges: new_traffic.exchanges(&flows),
        }
    }

    fn change(&self, old_coverage: &Coverage, thresholds: &Thresholds) -> Option<ChangeKind> {
        match (self.old, self.new) {
            (None, Some(new)) => {
                // Before the old report begins, and since.
                let back = old_coverage
                    .from
                    .is_some_and(|from| new.first_seen < Some(from) && new.last_seen >= Some(from));
                let has_time = new.first_seen.is_some();
                Some(if back && has_time { ChangeKind::Back } else { ChangeKind::New })
            }
            (Some(_), None) => Some(ChangeKind::Gone),
            (Some(old), Some(new)) if old.open_keys == 0 && new.open_keys > 0 => {
                Some(ChangeKind::Back)
            }
            (Some(_), Some(_)) => {
                let (old, new) = (self.old_rate()?, self.new_rate()?);
                // Products rather than quotients, so that both directions round alike.
                match self.exceeds_chance() {
                    true if new >= old * thresholds.ratio => Some(ChangeKind::More),
                    true if old >= new * thresholds.ratio => Some(ChangeKind::Less),
                    _ => None,
                }
            }
            (None, None) => None,
        }
    }

    /// Were the rates equal, each error would belong to one of the reports by the share of exchanges, and the number
    /// of those in the new one would be binomial.
    fn exceeds_chance(&self) -> bool {
        let errors = (self.old_count + self.new_count) as f64;
        let exchanges = (self.old_exchanges + self.new_exchanges) as f64;
        let share = self.new_exchanges as f64 / exchanges.max(1.0);
        let deviation = (errors * share * (1.0 - share)).sqrt();
        (self.new_count as f64 - errors * share).abs() >= DEVIATIONS * deviation
    }

    fn ratio(&self) -> Option<f64> {
        let (old, new) = (self.old_rate()?, self.new_rate()?);
        (old > 0.0 && new > 0.0).then(|| new / old)
    }

    fn old_rate(&self) -> Option<f64> {
        (self.old_exchanges > 0).then(|| self.old_count as f64 / self.old_exchanges as f64)
    }

    fn new_rate(&self) -> Option<f64> {
        (self.new_exchanges > 0).then(|| self.new_count as f64 / self.new_exchanges as f64)
    }

    fn group_change(&self, change: ChangeKind) -> Option<GroupChange> {
        let shown = self.new.or(self.old)?;
        let both = || [self.old, self.new].into_iter().flatten();
        Some(GroupChange {
            change,
            fingerprint: shown.fingerprint.0.to_owned(),
            template: shown.template.0.to_owned(),
            code: shown.code.map(|code| code.0.to_owned()),
            field: shown.field.map(|field| field.0.to_owned()),
            name: shown.name.map(|name| name.0.to_owned()),
            class: shown.class.0.to_owned(),
            old_count: self.old_count,
            new_count: self.new_count,
            old_rate: self.old_rate(),
            new_rate: self.new_rate(),
            ratio: self.ratio(),
            old_open_keys: self.old.map_or(0, |row| row.open_keys),
            new_open_keys: self.new.map_or(0, |row| row.open_keys),
            flows: shown.flows.iter().map(|flow| flow.0.to_owned()).collect(),
            first_seen: both().filter_map(|row| row.first_seen).min(),
            last_seen: both().filter_map(|row| row.last_seen).max(),
            sample_message: shown.sample_message.0.to_owned(),
        })
    }
}

/// What a report covers, from its summary and its groups.
fn coverage(report: &Stored, groups: &[ErrorGroupRow<'_>], traffic: &Traffic) -> Coverage {
    let time = |pointer| {
        let at = Timestamp::parse_text(&report.text(pointer)?)?;
        Some(Micros(at.0))
    };
    Coverage {
        from: time("/period/from"),
        to: time("/period/to"),
        exchanges: traffic.all,
        errors: groups.iter().map(|group| group.count).sum(),
        groups: groups.len() as u64,
        open_keys: report.number("/keys/open").unwrap_or_default(),
        rules_version: report.number("/rules_version"),
        user_rules: report.text("/user_rules"),
    }
}

fn warnings(old: &Coverage, new: &Coverage) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if old.exchanges == 0 {
        warnings.push(Warning::EmptyBaseline);
    }
    if new.exchanges == 0 {
        warnings.push(Warning::EmptyNew);
    }
    match (old.from.zip(old.to), new.from.zip(new.to)) {
        (Some(_), Some((_, end))) if old.from > Some(end) => warnings.push(Warning::Reversed),
        (Some((old_from, old_to)), Some((new_from, new_to))) => {
            let (from, to) = (old_from.max(new_from), old_to.min(new_to));
            if from <= to {
                warnings.push(Warning::Overlap { from, to });
            }
        }
        _ if old.exchanges > 0 && new.exchanges > 0 => warnings.push(Warning::NoTimes),
        _ => {}
    }
    if old.rules_version != new.rules_version {
        warnings.push(Warning::Rules { old: old.rules_version, new: new.rules_version });
    }
    if old.user_rules != new.user_rules {
        let (old, new) = (old.user_rules.clone(), new.user_rules.clone());
        warnings.push(Warning::UserRules { old, new });
    }
    warnings
}

/// Reads both tables side by side; they are sorted by the name of the key.
fn changed_keys(old: &Stored, new: &Stored) -> Result<KeyChanges, ReadError> {
    let (mut old, mut new) = (KeyCursor::new(old)?, KeyCursor::new(new)?);
    let mut changes = KeyChanges::default();
    loop {
        let (before, after) = (old.row(), new.row());
        let order = match (&before, &after) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(before), Some(after)) => before.name().cmp(&after.name()),
        };
        match (before.filter(|_| order.is_le()), after.filter(|_| order.is_ge())) {
            (Some(before), Some(after)) => match (before.open, after.open) {
                (true, true) => changes.still_open += 1,
                (true, false) => changes.resolved.push(key_change(&before, &after)),
                (false, true) => changes.opened.push(key_change(&after, &after)),
                (false, false) => {}
            },
            (Some(before), None) if before.open => {
                changes.untried.push(key_change(&before, &before));
            }
            (None, Some(after)) if after.open => changes.opened.push(key_change(&after, &after)),
            _ => {}
        }
        if order.is_le() {
            old.advance()?;
        }
        if order.is_ge() {
            new.advance()?;
        }
    }
    for list in [&mut changes.opened, &mut changes.resolved, &mut changes.untried] {
        list.sort_by_key(|key| Reverse(key.last_seen));
    }
    Ok(changes)
}

/// A key with the error of the report in which it is open and the time of the newest report that has it.
fn key_change(open: &ComparedKey<'_>, newest: &ComparedKey<'_>) -> KeyChange {
    KeyChange {
        flow: newest.flow.map(|flow| flow.0.to_owned()),
        key_kind: newest.key_kind.0.to_owned(),
        key: newest.key.0.to_owned(),
        last_fingerprint: open.last_fingerprint.map(|fingerprint| fingerprint.0.to_owned()),
        last_message: open.last_message.map(|message| message.0.to_owned()),
        last_seen: newest.last_seen,
    }
}
