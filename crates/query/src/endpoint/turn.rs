//! Since when an endpoint fails more or less often, or takes longer or less long.
//!
//! Its runs in the order of time are cut in two where the ranks of their values differ most: where the sum of the ranks
//! before the cut is farthest from what it would be without a turn, by its standard deviation (the test of A. N. Pettitt,
//! 1979, with weights). In random order the sum has to be less far away in all but four of a thousand cases, which shuffled
//! runs tell; there are two figures, so fewer than one in a hundred endpoints show a turn by chance. In few runs none is
//! found.

use serde::Serialize;
use tables::cell::Micros;

use super::change::RUNS;
use super::{Durations, RunCounts};
use crate::json;

/// How often the runs are shuffled.
const SHUFFLES: u32 = 2_000;

/// How probable a turn may be by chance.
const LEVEL: f64 = 0.004;

/// Values that are shuffled; of more runs, neighbours are taken together.
const MOST: usize = 1_000;

/// By which factor a share of failures, or a median, has to differ.
const FACTOR: f64 = 1.5;

/// A time from which an endpoint behaves in another way.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EndpointTurn {
    /// What is different.
    pub figure: TurnFigure,
    /// When the first run began in which it is.
    #[serde(serialize_with = "json::time")]
    pub at: Micros,
    /// The share of failed requests (0 to 1), or the median in milliseconds, of the runs before.
    pub before: f64,
    /// The same of the runs from then on.
    pub after: f64,
    /// Runs before; hours, where requests have no run.
    pub runs_before: u64,
    /// Runs from then on.
    pub runs_after: u64,
}

/// What can turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnFigure {
    /// The share of requests that failed.
    FailedShare,
    /// The median of how long they took.
    Median,
}

/// The turns of an endpoint with these runs, one of each figure at most.
pub(super) fn turns(mut runs: Vec<RunCounts>) -> Vec<EndpointTurn> {
    runs.sort_by_key(|run| (run.first_at, run.counts.requests));
    let failed = |runs: &[&RunCounts]| {
        let sum = |of: fn(&RunCounts) -> u64| runs.iter().map(|run| of(run)).sum::<u64>();
        Some(sum(|run| run.counts.failed) as f64 / sum(|run| run.counts.requests).max(1) as f64)
    };
    let median = |runs: &[&RunCounts]| {
        let durations = runs.iter().flat_map(|run| &run.counts.durations).copied().collect();
        Durations::of(durations).map(|of| of.p50_ms)
    };
    let all: Vec<&RunCounts> = runs.iter().collect();
    let timed: Vec<&RunCounts> =
        runs.iter().filter(|run| !run.counts.durations.is_empty()).collect();
    let failures = turn(TurnFigure::FailedShare, &all, failed);
    failures.into_iter().chain(turn(TurnFigure::Median, &timed, median)).collect()
}

fn turn(
    figure: TurnFigure,
    runs: &[&RunCounts],
    of: impl Fn(&[&RunCounts]) -> Option<f64>,
) -> Option<EndpointTurn> {
    let together = runs.len().div_ceil(MOST).max(1);
    let values: Vec<f64> = runs.chunks(together).filter_map(&of).collect();
    let at = place_of_turn(&values)? * together;
    let (before, after) = (of(&runs[..at])?, of(&runs[at..])?);
    let differ = before.max(after) >= FACTOR * before.min(after);
    differ.then(|| EndpointTurn {
        figure,
        at: runs[at].first_at,
        before,
        after,
        runs_before: at as u64,
        runs_after: (runs.len() - at) as u64,
    })
}

/// The place of the first value after the turn; `None` when chance explains it.
fn place_of_turn(values: &[f64]) -> Option<usize> {
    let mut ranks = centred_ranks(values);
    let (place, distance) = farthest(&ranks)?;
    let mut numbers = 88_172_645_463_325_252_u64;
    let mut as_far = 0;
    for _ in 0..SHUFFLES {
        for n in (1..ranks.len()).rev() {
            // Xorshift (G. Marsaglia, 2003).
            numbers ^= numbers << 13;
            numbers ^= numbers >> 7;
            numbers ^= numbers << 17;
            ranks.swap(n, usize::try_from(numbers % (n as u64 + 1)).unwrap_or_default());
        }
        as_far += u32::from(farthest(&ranks)?.1 >= distance);
        if f64::from(as_far + 1) >= LEVEL * f64::from(SHUFFLES + 1) {
            return None;
        }
    }
    Some(place)
}

/// Twice the rank of each value, less the mean of all. Equal values have the mean of their ranks.
fn centred_ranks(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let below = |value: f64| sorted.partition_point(|other| other.total_cmp(&value).is_lt());
    let until = |value: f64| sorted.partition_point(|other| other.total_cmp(&value).is_le());
    let rank = |value: &f64| (below(*value) + until(*value)) as f64;
    values.iter().map(|value| rank(value) - values.len() as f64).collect()
}

/// Where the sum of the ranks before a place is farthest from 0, with some runs on both sides, and how far. `None` when
/// there are too few.
fn farthest(ranks: &[f64]) -> Option<(usize, f64)> {
    let least = RUNS as usize;
    let sums = ranks.iter().scan(0.0, |sum, rank| {
        *sum += rank;
        Some(*sum)
    });
    let places = (1..).zip(sums).skip(least - 1).take((ranks.len() + 1).checked_sub(2 * least)?);
    places
        .map(|(place, sum)| (place, sum.abs() / ((place * (ranks.len() - place)) as f64).sqrt()))
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_found_where_it_is() {
        let step = |n: usize, at: usize| -> Vec<f64> {
            (0..n).map(|n| f64::from(u32::from(n >= at)) + (n * 7 % 5) as f64 / 10.0).collect()
        };
        assert_eq!(place_of_turn(&step(24, 12)), Some(12));
        assert_eq!(place_of_turn(&step(24, 17)), Some(17));
        // The first value after the turn is the lowest there, and could belong to those before.
        assert!(matches!(place_of_turn(&step(200, 30)), Some(30 | 31)));
        // Six values have 720 orders; a turn is no surprise in one of them.
        assert_eq!(place_of_turn(&step(6, 3)), None);
        assert_eq!(place_of_turn(&step(24, 0)), None);
        assert_eq!(place_of_turn(&[1.0; 50]), None);
        assert_eq!(place_of_turn(&[]), None);
    }

    #[test]
    fn one_bad_run_is_no_turn() {
        let mut values = vec![0.0; 48];
        values[20] = 1.0;
        assert_eq!(place_of_turn(&values), None);
    }

    #[test]
    fn days_without_a_turn_show_none() {
        let mut numbers = 1_234_567_u64;
        let mut below = |end: u64| {
            numbers ^= numbers << 13;
            numbers ^= numbers >> 7;
            numbers ^= numbers << 17;
            numbers % end
        };
        let days = (0..500).filter(|_| {
            // Most runs fail never, some often.
            let values: Vec<f64> =
                (0..24).map(|_| (below(10) * below(2) * below(3)) as f64).collect();
            place_of_turn(&values).is_some()
        });
        let days = days.count();
        assert!(days <= 4, "{days} of 500 days show a turn, wanted less than 1 %");
    }
}
