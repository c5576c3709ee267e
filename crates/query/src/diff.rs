//! What has changed from one report to another.
//!
//! Reports cover periods of unequal length and flows of unequal traffic, so groups are compared by rate: errors for
//! each request of the flows in which the group occurs in either report. A group that both reports have grew or shrank
//! when its rate changed by the wanted ratio and chance does not explain it (`chance`), or when the same is so of its
//! share of all requests, because its flows had more or fewer of them.
//!
//! Laws, held by tests: a report has not changed against itself; what is new from A to B is gone from B to A, what grew
//! in one direction shrank in the other; no text is both new and gone.

mod blocks;
mod chance;
mod same_text;

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

use model::time::Timestamp;
use serde::Serialize;
use tables::cell::{FlowName, Micros};
use tables::rows::{Endpoints, ErrorGroupRow};
use tables::{ReadError, Stored};

pub use blocks::BlockKind;
use blocks::{Blocks, KnownNames};
use chance::Block;

use crate::groups::{GroupAlias, group_aliases, groups};
use crate::json;
use crate::key_cursor::{ComparedKey, KeyCursor};

/// Below this probability a change is not taken for chance. There are two questions, about the requests of flows and
/// about all requests, so that in one of a hundred comparisons at most chance shows any change.
const LEVEL: f64 = 0.005;

/// Standard deviations by which a rate has to differ to be shown as perhaps changed, were each error independent.
const DEVIATIONS: f64 = 4.0;

/// What counts as a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Errors that a group must have in one of the reports; groups with fewer are only counted.
    pub min_count: i64,
    /// How many times as frequent a group must be; 1 or above.
    pub ratio: f64,
    /// Whether groups that have not changed are listed.
    pub unchanged: bool,
}

impl Default for Thresholds {
    /// Three errors, a quarter more frequent, only changes.
    fn default() -> Self {
        Self { min_count: 3, ratio: 1.25, unchanged: false }
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
    /// In both, and more frequent than chance explains.
    Grew,
    /// In both, and less frequent than chance explains.
    Shrank,
    /// In both, and its rates differ so that chance would not explain it if each error came by itself. As they come, a
    /// few hours or runs with many of them may make the difference.
    Unclear,
    /// Not in the new report.
    Gone,
    /// In both, at about the same rate. Listed only when it is wanted.
    Unchanged,
}

/// A group that has changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupChange {
    /// How.
    pub change: ChangeKind,
    /// Name of the group, in the newer report that has it.
    pub fingerprint: String,
    /// Other names of it: of groups with the same text, in which other parts of it are variables.
    pub other_fingerprints: Vec<String>,
    /// Of new groups, and of groups that are gone, the name of the most frequent one whose text is the same but for one
    /// word; its own name when there is none.
    pub like: String,
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
    /// Errors for each request of its flows in the old report; `None` when there was no such request.
    pub old_rate: Option<f64>,
    /// The same in the new report.
    pub new_rate: Option<f64>,
    /// `new_rate / old_rate`; `None` when one of them is 0 or absent.
    pub ratio: Option<f64>,
    /// How probable it is that chance alone makes the rate of any group differ as much; `None` when its errors are in
    /// too few hours, or runs, to tell.
    pub chance: Option<f64>,
    /// It grew or shrank among all requests, because its flows had more or fewer of them; its rate is about the same.
    pub with_traffic: bool,
    /// Requests of its flows in the old report.
    pub old_requests: i64,
    /// The same in the new report.
    pub new_requests: i64,
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
    /// Groups in both that have not changed.
    pub unchanged_groups: u64,
    /// Groups of one report alone that have too few errors to be reported.
    pub few_groups: u64,
    /// What was shuffled to tell changes from chance.
    pub blocks: BlockKind,
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
        let changed = |group: &GroupChange| group.change != ChangeKind::Unchanged;
        !self.groups.iter().any(changed)
            && self.keys.opened.is_empty()
            && self.keys.resolved.is_empty()
    }
}

/// Compares two reports. Reads `summary.json`, `error_groups`, `endpoints` and `keys`, and of `errors` and `exchanges`
/// what counts errors and requests by hour; memory is that of the groups, of 16 bytes for each error of one report, of
/// one row group, and of the keys that have changed.
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
    let mut aliases = group_aliases(old)?;
    aliases.extend(group_aliases(new)?);
    let pairs = pairs(&old_groups, &new_groups, &aliases);
    let flows: BTreeSet<Option<&str>> =
        old_traffic.flows.keys().chain(new_traffic.flows.keys()).map(Option::as_deref).collect();
    let rows = (0..).zip(&pairs).flat_map(|(n, pair)| pair.rows().map(move |row| (n, row)));
    let numbers = KnownNames {
        groups: rows.map(|(number, row)| (row.fingerprint.0, number)).collect(),
        flows: flows.iter().copied().zip(0..).collect(),
    };
    let requests = (old_traffic.all + new_traffic.all).unsigned_abs();
    let blocks = Blocks::read(old, new, &numbers, requests)?;
    let chances = chance::by_chance(&blocks.old, &blocks.new, pairs.len());
    let of_all = |blocks: &[Block]| blocks.iter().map(Block::in_one_flow).collect::<Vec<_>>();
    let chances_of_all = chance::by_chance(&of_all(&blocks.old), &of_all(&blocks.new), pairs.len());
    let mut flows_of: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); pairs.len()];
    for ((group, flow), _) in blocks.old.iter().chain(&blocks.new).flat_map(|block| &block.errors) {
        flows_of[*group as usize].insert(*flow);
    }
    let flows: Vec<_> = flows.into_iter().collect();
    let (mut changed, mut unchanged, mut few) = (Vec::new(), 0, 0);
    for (number, (pair, flows_of)) in pairs.iter().zip(flows_of).enumerate() {
        let flows: Vec<_> = flows_of.into_iter().map(|flow| flows[flow as usize]).collect();
        let comparison = Comparison {
            pair,
            old_count: pair.old.iter().map(|row| row.count).sum(),
            new_count: pair.new.iter().map(|row| row.count).sum(),
            old_requests: old_traffic.requests(&flows),
            new_requests: new_traffic.requests(&flows),
            old_all: old_traffic.all,
            new_all: new_traffic.all,
            chance: chances[number],
            chance_of_all: chances_of_all[number],
        };
        let in_both = !pair.old.is_empty() && !pair.new.is_empty();
        let enough = comparison.old_count.max(comparison.new_count) >= thresholds.min_count;
        let change = match comparison.change(&old_coverage, thresholds) {
            _ if !enough && !in_both => {
                few += 1;
                continue;
            }
            change if enough => change,
            _ => ChangeKind::Unchanged,
        };
        unchanged += u64::from(change == ChangeKind::Unchanged);
        if change != ChangeKind::Unchanged || thresholds.unchanged {
            changed.extend(comparison.group_change(change));
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
    for change in [ChangeKind::New, ChangeKind::Gone] {
        name_alike(changed.iter_mut().filter(|group| group.change == change).collect());
    }
    Ok(ReportDiff {
        warnings: warnings(&old_coverage, &new_coverage),
        old: old_coverage,
        new: new_coverage,
        groups: changed,
        unchanged_groups: unchanged,
        few_groups: few,
        blocks: blocks.kind,
        keys: changed_keys(old, new)?,
    })
}

/// Says of each of these groups which one is like it.
fn name_alike(mut groups: Vec<&mut GroupChange>) {
    let templates: Vec<&str> = groups.iter().map(|group| group.template.as_str()).collect();
    let alike = same_text::alike(&templates).into_iter();
    let names: Vec<String> = alike.map(|first| groups[first].fingerprint.clone()).collect();
    for (group, like) in groups.iter_mut().zip(names) {
        group.like = like;
    }
}

/// A group in the old and in the new report. Usually one row of each, or of one of them; several when their texts are
/// the same but for what is a variable.
#[derive(Debug, Default)]
struct GroupPair<'g> {
    old: Vec<&'g ErrorGroupRow<'g>>,
    new: Vec<&'g ErrorGroupRow<'g>>,
}

impl<'g> GroupPair<'g> {
    fn rows(&self) -> impl Iterator<Item = &'g ErrorGroupRow<'g>> + use<'_, 'g> {
        self.new.iter().chain(&self.old).copied()
    }

    fn open_keys(rows: &[&ErrorGroupRow<'_>]) -> i64 {
        rows.iter().map(|row| row.open_keys).sum()
    }
}

/// The groups of both reports, in the order of their fingerprints. A group that has another fingerprint in the other
/// report is found by what the reports know of earlier ones, and by its text.
fn pairs<'g>(
    old: &'g [ErrorGroupRow<'g>],
    new: &'g [ErrorGroupRow<'g>],
    aliases: &'g [GroupAlias],
) -> Vec<GroupPair<'g>> {
    let names = |rows: &'g [ErrorGroupRow<'g>]| -> BTreeSet<&'g str> {
        rows.iter().map(|row| row.fingerprint.0).collect()
    };
    let (in_old, in_new) = (names(old), names(new));
    let alone =
        |rows: &'g [ErrorGroupRow<'g>], others: &BTreeSet<&str>| -> Vec<&'g ErrorGroupRow<'g>> {
            rows.iter().filter(|row| !others.contains(row.fingerprint.0)).collect()
        };
    let all =
        |rows: &'g [ErrorGroupRow<'g>]| -> Vec<&'g ErrorGroupRow<'g>> { rows.iter().collect() };
    let mut same = same_text::same_texts(&alone(old, &in_new), &all(new));
    same.extend(same_text::same_texts(&alone(new, &in_old), &all(old)));
    let known = |name: &str| in_old.contains(name) || in_new.contains(name);
    let renamed = aliases.iter().map(|alias| (alias.old.as_str(), alias.new.as_str()));
    same.extend(renamed.filter(|(old, new)| known(old) && known(new)));
    let first = same_text::joined(&same);
    let name = |row: &ErrorGroupRow<'g>| {
        first.get(row.fingerprint.0).copied().unwrap_or(row.fingerprint.0)
    };
    let mut pairs: BTreeMap<&str, GroupPair<'g>> = BTreeMap::new();
    for row in old {
        pairs.entry(name(row)).or_default().old.push(row);
    }
    for row in new {
        pairs.entry(name(row)).or_default().new.push(row);
    }
    pairs.into_values().collect()
}

tables::select! {
    /// Exchanges of an endpoint in a flow.
    struct EndpointTraffic<'b> from Endpoints {
        flow: Option<FlowName<'b>>,
        exchanges: i64,
    }
}

/// Requests by flow.
struct Traffic {
    flows: BTreeMap<Option<String>, i64>,
    all: i64,
}

impl Traffic {
    fn of(report: &Stored) -> Result<Self, ReadError> {
        let mut table = report.table::<Endpoints>()?;
        let mut traffic = Self { flows: BTreeMap::new(), all: 0 };
        for group in 0..table.groups() {
            for row in table.read::<EndpointTraffic<'_>>(group)?.iter() {
                traffic.all += row.exchanges;
                let flow = row.flow.map(|flow| flow.0.to_owned());
                *traffic.flows.entry(flow).or_default() += row.exchanges;
            }
        }
        Ok(traffic)
    }

    fn requests(&self, flows: &[Option<&str>]) -> i64 {
        let counts = flows.iter().filter_map(|flow| self.flows.get(&flow.map(str::to_owned)));
        counts.sum()
    }
}

/// A group in both reports, by numbers.
struct Comparison<'p, 'g> {
    pair: &'p GroupPair<'g>,
    old_count: i64,
    new_count: i64,
    /// Requests of the flows in which it occurs in either report: a group that spreads to another flow is more frequent.
    old_requests: i64,
    new_requests: i64,
    /// All requests.
    old_all: i64,
    new_all: i64,
    chance: Option<f64>,
    chance_of_all: Option<f64>,
}

impl Comparison<'_, '_> {
    fn change(&self, old_coverage: &Coverage, thresholds: &Thresholds) -> ChangeKind {
        let GroupPair { old, new } = self.pair;
        if old.is_empty() {
            let first = new.iter().filter_map(|row| row.first_seen).min();
            let last = new.iter().filter_map(|row| row.last_seen).max();
            // Before the old report begins, and since.
            let back = old_coverage
                .from
                .is_some_and(|from| first.is_some_and(|first| first < from) && last >= Some(from));
            return if back { ChangeKind::Back } else { ChangeKind::New };
        }
        if new.is_empty() {
            return ChangeKind::Gone;
        }
        if GroupPair::open_keys(old) == 0 && GroupPair::open_keys(new) > 0 {
            return ChangeKind::Back;
        }
        if self.old_requests == 0 || self.new_requests == 0 {
            return ChangeKind::Unchanged;
        }
        let by_flow = self.rates_change(self.old_requests, self.new_requests, thresholds.ratio);
        let of_all = self.rates_change(self.old_all, self.new_all, thresholds.ratio);
        let certain = |chance: Option<f64>| chance.is_some_and(|chance| chance < LEVEL);
        let found = by_flow
            .filter(|_| certain(self.chance))
            .or(of_all.filter(|_| certain(self.chance_of_all)));
        let perhaps = (by_flow.is_some()
            && self.would_exceed_chance(self.old_requests, self.new_requests))
            || (of_all.is_some() && self.would_exceed_chance(self.old_all, self.new_all));
        found.unwrap_or(if perhaps { ChangeKind::Unclear } else { ChangeKind::Unchanged })
    }

    /// Whether the errors for each of these requests are more or fewer by the ratio.
    fn rates_change(&self, old_requests: i64, new_requests: i64, ratio: f64) -> Option<ChangeKind> {
        // Products rather than quotients, so that both directions round alike.
        let old = self.old_count as f64 * new_requests as f64;
        let new = self.new_count as f64 * old_requests as f64;
        let grew = (new >= old * ratio && new > old).then_some(ChangeKind::Grew);
        let shrank = (old >= new * ratio && old > new).then_some(ChangeKind::Shrank);
        grew.or(shrank)
    }

    /// Were the rates equal and the errors independent, each would belong to one of the reports by the share of
    /// requests, and the number of those in the new one would be binomial.
    fn would_exceed_chance(&self, old_requests: i64, new_requests: i64) -> bool {
        let errors = (self.old_count + self.new_count) as f64;
        let share = new_requests as f64 / (old_requests + new_requests) as f64;
        let deviation = (errors * share * (1.0 - share)).sqrt();
        (self.new_count as f64 - errors * share).abs() >= DEVIATIONS * deviation
    }

    fn ratio(&self) -> Option<f64> {
        let (old, new) = (self.old_rate()?, self.new_rate()?);
        (old > 0.0 && new > 0.0).then(|| new / old)
    }

    fn old_rate(&self) -> Option<f64> {
        (self.old_requests > 0).then(|| self.old_count as f64 / self.old_requests as f64)
    }

    fn new_rate(&self) -> Option<f64> {
        (self.new_requests > 0).then(|| self.new_count as f64 / self.new_requests as f64)
    }

    fn group_change(&self, change: ChangeKind) -> Option<GroupChange> {
        let GroupPair { old, new } = self.pair;
        let rows = if new.is_empty() { old } else { new };
        let shown = rows.iter().max_by_key(|row| (row.count, Reverse(row.fingerprint)))?;
        let names: BTreeSet<&str> = self.pair.rows().map(|row| row.fingerprint.0).collect();
        let others = names.into_iter().filter(|name| *name != shown.fingerprint.0);
        Some(GroupChange {
            change,
            fingerprint: shown.fingerprint.0.to_owned(),
            other_fingerprints: others.map(str::to_owned).collect(),
            like: shown.fingerprint.0.to_owned(),
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
            chance: self.chance,
            with_traffic: matches!(change, ChangeKind::Grew | ChangeKind::Shrank)
                && self.chance.is_none_or(|chance| chance >= LEVEL),
            old_requests: self.old_requests,
            new_requests: self.new_requests,
            old_open_keys: GroupPair::open_keys(old),
            new_open_keys: GroupPair::open_keys(new),
            flows: rows
                .iter()
                .flat_map(|row| &row.flows)
                .map(|flow| flow.0.to_owned())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            first_seen: self.pair.rows().filter_map(|row| row.first_seen).min(),
            last_seen: self.pair.rows().filter_map(|row| row.last_seen).max(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::group;

    #[test]
    fn a_group_with_another_fingerprint_is_the_same_where_a_report_says_so() {
        let old = [group("a", "no such product"), group("c", "no price")];
        let new = [group("b", "<*> <*> <*>"), group("c", "no price")];
        let alias = |old: &str, new: &str| GroupAlias { old: old.to_owned(), new: new.to_owned() };
        let count = |aliases: &[GroupAlias]| pairs(&old, &new, aliases).len();
        assert_eq!(count(&[]), 3);
        assert_eq!(count(&[alias("a", "b")]), 2);
        assert_eq!(count(&[alias("a", "gone"), alias("x", "b")]), 3);
    }
}
