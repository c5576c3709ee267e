//! What has changed from one report to another.
//!
//! Reports cover windows of unequal length and flows of unequal traffic, so groups are compared by
//! rate: errors for each exchange of the flows in which the group occurs in either report. A change
//! counts when it is large enough three times over: in errors (the floor), in its ratio, and against
//! chance.
//!
//! Laws, held by tests: a report has not changed against itself; what is new from A to B is gone from
//! B to A, what is more frequent one way is less frequent the other.

use std::collections::{BTreeMap, BTreeSet};

use model::time::Timestamp;
use serde::Serialize;

use super::groups::{GroupRow, groups};
use super::key_cursor::{KeyCursor, KeyName};
use super::times;
use tables::{ENDPOINTS, EXCHANGES, ReadError, Stored};

/// Standard deviations that a change must be away from what chance gives.
const DEVIATIONS: f64 = 2.0;

/// What counts as a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guards {
    /// Errors that a group must have in one of the reports; groups with fewer are only counted.
    pub min_count: u64,
    /// How many times as frequent a group must be; above 1.
    pub ratio: f64,
}

impl Default for Guards {
    /// Three errors, twice as frequent.
    fn default() -> Self {
        Self { min_count: 3, ratio: 2.0 }
    }
}

/// What a report covers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Window {
    /// Start of its first exchange; `None` when no exchange has a time.
    #[serde(serialize_with = "times::optional")]
    pub from: Option<Timestamp>,
    /// Start of its last exchange.
    #[serde(serialize_with = "times::optional")]
    pub to: Option<Timestamp>,
    /// All exchanges.
    pub exchanges: u64,
    /// All errors.
    pub errors: u64,
    /// Groups of them.
    pub groups: u64,
    /// Keys whose newest attempt failed.
    pub open_keys: u64,
    /// Version of the rules that made the fingerprints; `None` for reports that do not state it.
    pub rules_version: Option<u64>,
    /// Digest of the user's own rules; `None` when there were none.
    pub user_rules: Option<String>,
    /// Version of the tables.
    pub schema_version: u64,
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
        #[serde(serialize_with = "times::always")]
        from: Timestamp,
        /// Where the earlier of the two ends.
        #[serde(serialize_with = "times::always")]
        to: Timestamp,
    },
    /// The new report ends before the old one begins: perhaps the two are the wrong way round.
    Reversed,
    /// A report has no times, so whether the two overlap is not known.
    NoTimes,
    /// Other rules made other fingerprints: the same trouble may be both new and gone.
    Rules {
        /// Of the old report.
        old: Option<u64>,
        /// Of the new one.
        new: Option<u64>,
    },
    /// The user's own rules are not the same: groups that they touch may be both new and gone.
    UserRules {
        /// Digest of those of the old report; `None` when it had none.
        old: Option<String>,
        /// Of the new one.
        new: Option<String>,
    },
    /// The tables are of different versions.
    Schema {
        /// Of the old report.
        old: u64,
        /// Of the new one.
        new: u64,
    },
}

/// How a group has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Not in the old report.
    New,
    /// It was there before, quiet in the old report, and is there again: either the old report has it
    /// without an open key and the new one with some, or the old one does not have it, and the new one
    /// has seen it both before the old one begins and since.
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
    pub change: Change,
    /// Fingerprint.
    pub group: String,
    /// Its text, `<*>` where it varies.
    pub template: String,
    /// The code that all its errors carry.
    pub code: Option<String>,
    /// The field that all of them speak of.
    pub field: Option<String>,
    /// What a rule of the user calls it.
    pub name: Option<String>,
    /// What kind of error it is.
    pub class: String,
    /// Errors in the old report.
    pub old_count: u64,
    /// Errors in the new report.
    pub new_count: u64,
    /// Errors for each exchange of its flows in the old report; `None` when there was no such exchange.
    pub old_rate: Option<f64>,
    /// The same in the new report.
    pub new_rate: Option<f64>,
    /// `new_rate / old_rate`; `None` when one of them is 0 or absent.
    pub ratio: Option<f64>,
    /// Open keys in the old report.
    pub old_open_keys: u64,
    /// Open keys in the new report.
    pub new_open_keys: u64,
    /// Where it occurs, by the newer report that has it.
    pub flows: Vec<String>,
    /// Its first error in the report that has it first.
    #[serde(serialize_with = "times::optional")]
    pub first_seen: Option<Timestamp>,
    /// Its last error in the report that has it last.
    #[serde(serialize_with = "times::optional")]
    pub last_seen: Option<Timestamp>,
    /// One of its messages, from the newer report that has it.
    pub sample_message: String,
}

impl GroupChange {
    /// Its flows had no exchange in the report without it: that it is not there says nothing.
    pub fn flow_did_not_run(&self) -> bool {
        match self.change {
            Change::New => self.old_rate.is_none(),
            Change::Gone => self.new_rate.is_none(),
            _ => false,
        }
    }
}

/// A key that stands otherwise in the new report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyChange {
    /// The flow; `None` when unknown.
    pub flow: Option<String>,
    /// `sku`, `order` and so on.
    pub key_kind: String,
    /// Its value, as written.
    pub key: String,
    /// Group of its newest error, by the report in which it is open.
    pub last_group: Option<String>,
    /// Its newest error, by the same report.
    pub last_message: Option<String>,
    /// Its newest attempt, by the newest report that has it.
    #[serde(serialize_with = "times::optional")]
    pub last_seen: Option<Timestamp>,
}

/// Keys that are open in one of the reports. The lists are newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KeyChanges {
    /// Open in the new report and not in the old one, where they were well or not met.
    pub opened: Vec<KeyChange>,
    /// Open in the old report, and well in the new one.
    pub healed: Vec<KeyChange>,
    /// Open in the old report and not tried in the new one: as far as is known still open.
    pub untried: Vec<KeyChange>,
    /// How many are open in both.
    pub still_open: u64,
}

/// What has changed from the old report to the new one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// What the old report covers.
    pub old: Window,
    /// What the new report covers.
    pub new: Window,
    /// Why this may mislead; empty when nothing speaks against it.
    pub warnings: Vec<Warning>,
    /// The groups that have changed: by change in the order of the enum, then most errors first.
    pub groups: Vec<GroupChange>,
    /// Groups in both that have not changed enough.
    pub steady_groups: u64,
    /// Groups of one report alone that have too few errors to be told.
    pub few_groups: u64,
    /// The keys.
    pub keys: KeyChanges,
}

impl Diff {
    /// The groups with this change.
    pub fn of(&self, change: Change) -> impl Iterator<Item = &GroupChange> {
        self.groups.iter().filter(move |group| group.change == change)
    }

    /// Whether neither a group nor a key has changed.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.keys.opened.is_empty() && self.keys.healed.is_empty()
    }
}

/// Compares two reports. Reads of `exchanges` the times only; memory is that of the groups, of the
/// columns of `keys` one row group at a time, and of the keys that have changed.
///
/// # Errors
/// When a table of one of the two cannot be read.
pub fn diff(old: &Stored, new: &Stored, guards: &Guards) -> Result<Diff, ReadError> {
    let (old_groups, new_groups) = (groups(old)?, groups(new)?);
    let (old_traffic, new_traffic) = (Traffic::of(old)?, Traffic::of(new)?);
    let (old_window, new_window) =
        (window(old, &old_groups, &old_traffic)?, window(new, &new_groups, &new_traffic)?);
    let mut by_name: BTreeMap<&str, (Option<&GroupRow>, Option<&GroupRow>)> = BTreeMap::new();
    for row in &old_groups {
        by_name.entry(&row.group).or_default().0 = Some(row);
    }
    for row in &new_groups {
        by_name.entry(&row.group).or_default().1 = Some(row);
    }
    let (mut changed, mut steady, mut few) = (Vec::new(), 0, 0);
    for pair in by_name.into_values() {
        let compared = Compared::new(pair, &old_traffic, &new_traffic);
        if compared.old_count.max(compared.new_count) < guards.min_count {
            match pair {
                (Some(_), Some(_)) => steady += 1,
                _ => few += 1,
            }
        } else if let Some(change) = compared.change(pair, &old_window, guards) {
            changed.extend(compared.told(change, pair));
        } else {
            steady += 1;
        }
    }
    changed.sort_by(|left: &GroupChange, right| {
        let count = |group: &GroupChange| group.old_count.max(group.new_count);
        (left.change, count(right), &left.group).cmp(&(right.change, count(left), &right.group))
    });
    let warnings = warnings(&old_window, &new_window);
    let keys = changed_keys(old, new)?;
    Ok(Diff {
        old: old_window,
        new: new_window,
        warnings,
        groups: changed,
        steady_groups: steady,
        few_groups: few,
        keys,
    })
}

/// Exchanges by flow.
struct Traffic {
    flows: BTreeMap<String, u64>,
    all: u64,
}

impl Traffic {
    fn of(report: &Stored) -> Result<Self, ReadError> {
        let mut table = report.table(&ENDPOINTS)?;
        let mut traffic = Self { flows: BTreeMap::new(), all: 0 };
        for group in 0..table.groups() {
            let rows = table.rows(group, &["flow", "exchanges"])?;
            for row in 0..rows.len() {
                let exchanges = rows.column("exchanges").number(row).unwrap_or_default();
                traffic.all += exchanges;
                if let Some(flow) = rows.column("flow").text(row) {
                    *traffic.flows.entry(flow.to_owned()).or_default() += exchanges;
                }
            }
        }
        Ok(traffic)
    }

    /// Exchanges of these flows; all when none is known.
    fn exchanges(&self, flows: &BTreeSet<&str>) -> u64 {
        if flows.is_empty() {
            return self.all;
        }
        flows.iter().filter_map(|flow| self.flows.get(*flow)).sum()
    }
}

/// A group in both reports, by numbers.
struct Compared {
    old_count: u64,
    new_count: u64,
    /// Exchanges of its flows.
    old_exchanges: u64,
    new_exchanges: u64,
}

impl Compared {
    fn new(
        (old, new): (Option<&GroupRow>, Option<&GroupRow>),
        old_traffic: &Traffic,
        new_traffic: &Traffic,
    ) -> Self {
        // The same flows on both sides: a group that spreads to another flow is more frequent.
        let flows: BTreeSet<&str> = [old, new]
            .into_iter()
            .flatten()
            .flat_map(|row| &row.flows)
            .map(String::as_str)
            .collect();
        Self {
            old_count: old.map_or(0, |row| row.count),
            new_count: new.map_or(0, |row| row.count),
            old_exchanges: old_traffic.exchanges(&flows),
            new_exchanges: new_traffic.exchanges(&flows),
        }
    }

    fn change(
        &self,
        (old, new): (Option<&GroupRow>, Option<&GroupRow>),
        old_window: &Window,
        guards: &Guards,
    ) -> Option<Change> {
        match (old, new) {
            (None, Some(new)) => {
                // Before the old report begins, and since.
                let back = old_window
                    .from
                    .is_some_and(|from| new.first_seen < Some(from) && new.last_seen >= Some(from));
                let timed = new.first_seen.is_some();
                Some(if back && timed { Change::Back } else { Change::New })
            }
            (Some(_), None) => Some(Change::Gone),
            (Some(old), Some(new)) if old.open_keys == 0 && new.open_keys > 0 => Some(Change::Back),
            (Some(_), Some(_)) => {
                let (old, new) = (self.old_rate()?, self.new_rate()?);
                // Products rather than quotients, so that both directions round alike.
                match self.beyond_chance() {
                    true if new >= old * guards.ratio => Some(Change::More),
                    true if old >= new * guards.ratio => Some(Change::Less),
                    _ => None,
                }
            }
            (None, None) => None,
        }
    }

    /// Were the rates equal, each error would fall to one of the reports by the share of exchanges,
    /// and the number that falls to the new one would be binomial.
    fn beyond_chance(&self) -> bool {
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

    fn told(
        &self,
        change: Change,
        (old, new): (Option<&GroupRow>, Option<&GroupRow>),
    ) -> Option<GroupChange> {
        let shown = new.or(old)?;
        let times = |of: fn(&GroupRow) -> Option<Timestamp>| {
            [old, new].into_iter().flatten().filter_map(of).collect::<Vec<_>>()
        };
        Some(GroupChange {
            change,
            group: shown.group.clone(),
            template: shown.template.clone(),
            code: shown.code.clone(),
            field: shown.field.clone(),
            name: shown.name.clone(),
            class: shown.class.clone(),
            old_count: self.old_count,
            new_count: self.new_count,
            old_rate: self.old_rate(),
            new_rate: self.new_rate(),
            ratio: self.ratio(),
            old_open_keys: old.map_or(0, |row| row.open_keys),
            new_open_keys: new.map_or(0, |row| row.open_keys),
            flows: shown.flows.clone(),
            first_seen: times(|row| row.first_seen).into_iter().min(),
            last_seen: times(|row| row.last_seen).into_iter().max(),
            sample_message: shown.sample_message.clone(),
        })
    }
}

fn window(report: &Stored, groups: &[GroupRow], traffic: &Traffic) -> Result<Window, ReadError> {
    let mut table = report.table(&EXCHANGES)?;
    let (mut from, mut to) = (None, None);
    for group in 0..table.groups() {
        let rows = table.rows(group, &["started_at"])?;
        let column = rows.column("started_at");
        for at in (0..rows.len()).filter_map(|row| column.time(row)).map(Timestamp) {
            from = Some(from.map_or(at, |from: Timestamp| from.min(at)));
            to = to.max(Some(at));
        }
    }
    Ok(Window {
        from,
        to,
        exchanges: traffic.all,
        errors: groups.iter().map(|group| group.count).sum(),
        groups: groups.len() as u64,
        open_keys: report.number("/keys/open").unwrap_or_default(),
        rules_version: report.number("/rules_version"),
        user_rules: report.text("/user_rules"),
        schema_version: report.number("/schema_version").unwrap_or_default(),
    })
}

fn warnings(old: &Window, new: &Window) -> Vec<Warning> {
    let mut found = Vec::new();
    if old.exchanges == 0 {
        found.push(Warning::EmptyBaseline);
    }
    if new.exchanges == 0 {
        found.push(Warning::EmptyNew);
    }
    match (old.from.zip(old.to), new.from.zip(new.to)) {
        (Some(_), Some((_, end))) if old.from > Some(end) => found.push(Warning::Reversed),
        (Some((old_from, old_to)), Some((new_from, new_to))) => {
            let (from, to) = (old_from.max(new_from), old_to.min(new_to));
            if from <= to {
                found.push(Warning::Overlap { from, to });
            }
        }
        _ if old.exchanges > 0 && new.exchanges > 0 => found.push(Warning::NoTimes),
        _ => {}
    }
    if old.rules_version != new.rules_version {
        found.push(Warning::Rules { old: old.rules_version, new: new.rules_version });
    }
    if old.user_rules != new.user_rules {
        let (old, new) = (old.user_rules.clone(), new.user_rules.clone());
        found.push(Warning::UserRules { old, new });
    }
    if old.schema_version != new.schema_version {
        found.push(Warning::Schema { old: old.schema_version, new: new.schema_version });
    }
    found
}

/// Walks both tables side by side; they are sorted by the name of the key.
fn changed_keys(old: &Stored, new: &Stored) -> Result<KeyChanges, ReadError> {
    let (mut old, mut new) = (KeyCursor::new(old)?, KeyCursor::new(new)?);
    let mut changes = KeyChanges::default();
    loop {
        let order = match (old.name(), new.name()) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(left), Some(right)) => left.cmp(&right),
        };
        match order {
            std::cmp::Ordering::Less => {
                if old.open() {
                    changes.untried.push(change(&old, &old));
                }
                old.next()?;
            }
            std::cmp::Ordering::Greater => {
                if new.open() {
                    changes.opened.push(change(&new, &new));
                }
                new.next()?;
            }
            std::cmp::Ordering::Equal => {
                match (old.open(), new.open()) {
                    (true, true) => changes.still_open += 1,
                    (true, false) => changes.healed.push(change(&old, &new)),
                    (false, true) => changes.opened.push(change(&new, &new)),
                    (false, false) => {}
                }
                old.next()?;
                new.next()?;
            }
        }
    }
    for list in [&mut changes.opened, &mut changes.healed, &mut changes.untried] {
        list.sort_by_key(|key| std::cmp::Reverse(key.last_seen));
    }
    Ok(changes)
}

fn change(error: &KeyCursor, newest: &KeyCursor) -> KeyChange {
    let KeyName { flow, kind, key } = newest.name().unwrap_or_default();
    KeyChange {
        flow: flow.map(str::to_owned),
        key_kind: kind.to_owned(),
        key: key.to_owned(),
        last_group: error.text("last_group").map(str::to_owned),
        last_message: error.text("last_message").map(str::to_owned),
        last_seen: newest.last_seen(),
    }
}
