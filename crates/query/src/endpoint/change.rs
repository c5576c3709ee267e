//! Paths that appeared or vanished while the requests went on.
//!
//! A path is said to have appeared when no body before had it and chance does not explain that. If the bodies of the
//! same flow and step came in random order, the beginning without the path would be as long with a probability of
//! `C(N - before, k) / C(N, k)`: of `N` bodies `before` came before the first of the `k` that have it. That has to be
//! less than one in a thousand for all paths together that some bodies have and others have not (the correction of
//! Bonferroni). Bodies of one run look alike, so the same has to be less than one in a hundred when runs are counted, with
//! three runs on each side at least. Vanished is the same backwards.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use tables::cell::Micros;

use crate::differs::ln_choose;
use crate::json;

/// How probable it may be that anything at all is shown by chance, by the bodies.
const BODIES_LEVEL: f64 = 0.001;

/// The same by the runs.
const RUNS_LEVEL: f64 = 0.01;

/// Runs without the path, and with it, that are needed.
pub(super) const RUNS: u64 = 3;

/// A path, or a type of its values, that is not there all the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PathChange {
    /// The path.
    pub path: String,
    /// The type of its values that appeared or vanished; `None` when the whole path did.
    pub value_type: Option<&'static str>,
    /// Which of the two.
    pub event: PathEvent,
    /// When the first, or the last, body with it was sent.
    #[serde(serialize_with = "json::time")]
    pub at: Micros,
    /// Bodies from then on (or until then) that have it.
    pub with: u64,
    /// All bodies from then on (or until then).
    pub of: u64,
    /// Bodies before (or after), none of which has it.
    pub without: u64,
    /// The flow whose bodies these are.
    pub flow: Option<String>,
    /// The step.
    pub step: Option<String>,
    /// Of answers, whether these are those of failed requests; `None` for requests.
    pub failed: Option<bool>,
}

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PathEvent {
    /// No body before has it.
    Appeared,
    /// No body after has it.
    Vanished,
}

/// Whose bodies these are; those of one origin are compared with each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct BodyOrigin {
    pub(super) flow: Option<String>,
    pub(super) step: Option<String>,
    /// Whether the requests failed; `None` where that makes no difference.
    pub(super) failed: Option<bool>,
}

/// A request with a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct BodyUse {
    pub(super) at: Option<Micros>,
    /// The number of its run.
    pub(super) run: u32,
    pub(super) failed: bool,
}

/// When bodies of an origin, or those with a path, were sent. Bodies without a time are not in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Occurrences {
    count: u64,
    span: Option<(i64, i64)>,
    runs: HashSet<u32>,
}

impl Occurrences {
    pub(super) fn of<'u>(uses: impl Iterator<Item = &'u BodyUse>) -> Self {
        let mut occurrences = Self::default();
        for (at, run) in uses.filter_map(|of| Some((of.at?.0, of.run))) {
            occurrences.count += 1;
            occurrences.widen((at, at));
            occurrences.runs.insert(run);
        }
        occurrences
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        other.span.into_iter().for_each(|span| self.widen(span));
        self.runs.extend(&other.runs);
    }

    fn widen(&mut self, (first, last): (i64, i64)) {
        let (a, b) = self.span.unwrap_or((first, last));
        self.span = Some((a.min(first), b.max(last)));
    }
}

/// All bodies of an origin.
#[derive(Debug, Default)]
pub(super) struct OriginBodies {
    /// When each was sent.
    times: Vec<i64>,
    /// The first and the last time of each run.
    runs: HashMap<u32, (i64, i64)>,
}

impl OriginBodies {
    pub(super) fn add(&mut self, of: &BodyUse) {
        let Some(Micros(at)) = of.at else { return };
        self.times.push(at);
        let (first, last) = self.runs.get(&of.run).copied().unwrap_or((at, at));
        self.runs.insert(of.run, (first.min(at), last.max(at)));
    }

    /// Whether some of the bodies have it, and others have not.
    pub(super) fn vary(&self, with: &Occurrences) -> bool {
        with.count > 0 && with.count < self.times.len() as u64
    }

    pub(super) fn sort(&mut self) {
        self.times.sort_unstable();
    }

    /// How many bodies and runs there are before the first, or after the last, of `with`; `None` when chance explains
    /// it. `tests`: how many tests are made in all. The times are sorted.
    pub(super) fn change(
        &self,
        event: PathEvent,
        with: &Occurrences,
        tests: u64,
    ) -> Option<OriginChange> {
        let (first, last) = with.span?;
        let (at, without, runs_without) = match event {
            PathEvent::Appeared => {
                let before = self.times.partition_point(|time| *time < first);
                (first, before, self.runs.values().filter(|run| run.1 < first).count())
            }
            PathEvent::Vanished => {
                let until = self.times.partition_point(|time| *time <= last);
                let after = self.runs.values().filter(|run| run.0 > last).count();
                (last, self.times.len() - until, after)
            }
        };
        let (bodies, runs) = (self.times.len() as u64, self.runs.len() as u64);
        let (without, runs_without) = (without as u64, runs_without as u64);
        let runs_with = with.runs.len() as u64;
        let explained = runs_without < RUNS
            || runs_with < RUNS
            || chance(bodies, without, with.count) * tests as f64 >= BODIES_LEVEL
            || chance(runs, runs_without, runs_with) * tests as f64 >= RUNS_LEVEL;
        (!explained).then_some(OriginChange {
            at: Micros(at),
            with: with.count,
            of: bodies - without,
            without,
        })
    }
}

/// A change among the bodies of an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OriginChange {
    pub(super) at: Micros,
    pub(super) with: u64,
    pub(super) of: u64,
    pub(super) without: u64,
}

/// The probability that none of the first `without` of `all` has what `with` of them have, in random order.
fn chance(all: u64, without: u64, with: u64) -> f64 {
    (ln_choose(all - without, with) - ln_choose(all, with)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chance_is_exact() {
        // Of four cards with two aces the first two are none: once in C(4, 2).
        assert!((chance(4, 2, 2) - 1.0 / 6.0).abs() < 1e-12);
        assert!((chance(100, 99, 1) - 0.01).abs() < 1e-12);
        assert!((chance(10, 0, 3) - 1.0).abs() < 1e-12);
    }

    /// Ten bodies in each of 24 runs; those with the number of a body for which `has` is true have the path.
    fn change(has: impl Fn(i64) -> bool) -> [Option<OriginChange>; 2] {
        let uses: Vec<BodyUse> = (0..240_u32)
            .map(|n| BodyUse { at: Some(Micros(n.into())), run: n / 10, failed: false })
            .collect();
        let mut bodies = OriginBodies::default();
        for of in &uses {
            bodies.add(of);
        }
        bodies.sort();
        let with = Occurrences::of(uses.iter().filter(|of| has(of.at.unwrap().0)));
        [PathEvent::Appeared, PathEvent::Vanished].map(|event| bodies.change(event, &with, 20))
    }

    #[test]
    fn what_is_there_from_a_time_on_has_appeared() {
        let found = OriginChange { at: Micros(100), with: 70, of: 140, without: 100 };
        assert_eq!(change(|n| n >= 100 && n % 2 == 0), [Some(found), None]);
        let found = OriginChange { at: Micros(99), with: 100, of: 100, without: 140 };
        assert_eq!(change(|n| n < 100), [None, Some(found)]);
    }

    #[test]
    fn what_is_rare_or_of_few_runs_has_not() {
        assert_eq!(change(|n| n == 150), [None, None]);
        assert_eq!(change(|n| [100, 170, 220].contains(&n)), [None, None]);
        // All bodies of the last two runs.
        assert_eq!(change(|n| n >= 220), [None, None]);
        // All but those of the first two runs.
        assert_eq!(change(|n| n >= 20), [None, None]);
        // Eight runs of 24 in a row, which chance brings about once in 57 at one end.
        assert_eq!(change(|n| (80..160).contains(&n)), [None, None]);
        assert_eq!(change(|_| true), [None, None]);
        assert_eq!(change(|_| false), [None, None]);
    }

    /// 24 runs of 1 to 20 bodies, and 30 paths that are more frequent in some runs than in others, by chance: how often
    /// does a day show a change?
    #[test]
    fn days_without_a_change_show_none() {
        let mut numbers = 88_172_645_463_325_252_u64;
        // Numbers below `end` (xorshift, G. Marsaglia, 2003).
        let mut below = |end: u64| {
            numbers ^= numbers << 13;
            numbers ^= numbers >> 7;
            numbers ^= numbers << 17;
            numbers % end
        };
        let mut days = 0;
        for _ in 0..500 {
            let mut uses = Vec::new();
            let mut times = (0..).map(Micros);
            for run in 0..24_u32 {
                for _ in 0..=below(20) {
                    uses.push(BodyUse { at: times.next(), run, failed: false });
                }
            }
            let mut bodies = OriginBodies::default();
            for of in &uses {
                bodies.add(of);
            }
            bodies.sort();
            let changes = (0..30).filter(|_| {
                let (of_runs, of_bodies) = (1 + below(100), 1 + below(100));
                let runs: Vec<bool> = (0..24).map(|_| below(100) < of_runs).collect();
                let with: Vec<_> = uses
                    .iter()
                    .filter(|of| runs[of.run as usize] && below(100) < of_bodies)
                    .collect();
                let with = Occurrences::of(with.into_iter());
                let changed = |event| bodies.change(event, &with, 60).is_some();
                changed(PathEvent::Appeared) || changed(PathEvent::Vanished)
            });
            days += usize::from(changes.count() > 0);
        }
        assert!(days <= 5, "{days} of 500 days show a change, wanted 1 % at most");
    }
}
