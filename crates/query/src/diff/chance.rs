//! How probable it is that rates differ by chance alone.
//!
//! Errors come in bursts: an outage makes every request of an hour fail. So the requests of two reports are taken
//! together in *blocks* (hours, or runs), and blocks are what is shuffled. Were a rate the same in both reports, each
//! block could as well belong to the other one. For each of many shuffles of whole blocks, the largest difference of
//! any group is noted; the probability of a group is the share of shuffles in which some group differs as much. This is
//! the permutation test with the correction for many groups of P. H. Westfall and S. S. Young, Resampling-Based
//! Multiple Testing, 1993 (maxT), which holds for whatever bursts there are and for groups that fail together. Chance
//! shows any change at all in at most as many comparisons as the level says.
//!
//! What differs is the number of errors in the new report from the number that its requests would have at the rate of
//! both reports, flow by flow, in standard deviations over all shuffles. So other traffic changes nothing.

use std::collections::BTreeMap;

/// The numbers of one block.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Block {
    /// What it is, to put blocks in an order that does not depend on the report.
    pub(crate) name: String,
    /// Requests by the number of the flow, ascending.
    pub(crate) requests: Vec<(u32, u64)>,
    /// Errors by the numbers of group and flow, ascending.
    pub(crate) errors: Vec<((u32, u32), u64)>,
}

impl Block {
    /// The same with all flows as one.
    pub(crate) fn in_one_flow(&self) -> Self {
        let mut errors = BTreeMap::new();
        for ((group, _), count) in &self.errors {
            *errors.entry((*group, 0)).or_default() += count;
        }
        let requests = self.requests.iter().map(|(_, count)| count).sum();
        Self {
            name: self.name.clone(),
            requests: vec![(0, requests)],
            errors: errors.into_iter().collect(),
        }
    }
}

/// Shuffles: 8 of them may differ as much for a probability below 0.5 %.
const SHUFFLES: usize = 1999;

/// Ways to divide the blocks between the reports that there have to be, so that a shuffle says something.
const DIVISIONS: f64 = 10_000.0;

/// Blocks with errors of a group that there have to be. With fewer no shuffle is rare enough; and where one report is
/// much longer, a burst in the short one would widen what counts as chance for all groups.
const BLOCKS_WITH_ERRORS: usize = 8;

/// Whether there are enough blocks to shuffle.
pub(crate) fn enough(old: usize, new: usize) -> bool {
    let few = old.min(new);
    let mut divisions = 1.0;
    for n in 0..few {
        divisions *= (old + new - n) as f64 / (n + 1) as f64;
        if divisions >= DIVISIONS {
            return true;
        }
    }
    false
}

/// For each of so many groups the probability that chance alone makes some group differ as much between the reports;
/// `None` when its errors are in too few blocks to tell.
///
/// The same for both directions. Costs the shuffles times the numbers in the blocks.
pub(crate) fn by_chance(old: &[Block], new: &[Block], groups: usize) -> Vec<Option<f64>> {
    let mut blocks: Vec<(&Block, bool)> = old.iter().map(|block| (block, false)).collect();
    blocks.extend(new.iter().map(|block| (block, true)));
    blocks.sort_unstable();
    let (few, all) = (old.len().min(new.len()), blocks.len());
    let mut tested = Tested::of(&blocks, groups);
    if few == 0 || tested.groups.is_empty() {
        return vec![None; groups];
    }
    let members = |wanted: bool| (0..all).filter(move |&n| blocks[n].1 == wanted);
    // Of two parts one has what the other lacks, so either gives the same sizes.
    let observed = tested.differences(&mut members(new.len() == few)).to_vec();
    let mut as_large = vec![0; observed.len()];
    let (mut random, mut order) = (SplitMix(0), (0..all).collect::<Vec<_>>());
    for _ in 0..SHUFFLES {
        for n in 0..few {
            order.swap(n, n + random.below(all - n));
        }
        let shuffled = tested.differences(&mut order[..few].iter().copied());
        let largest = shuffled.iter().fold(0.0, |a: f64, b| a.max(*b));
        for (count, observed) in as_large.iter_mut().zip(&observed) {
            // What is equal may differ in the last digits.
            *count += usize::from(largest >= observed - 1e-9);
        }
    }
    let mut chances = vec![None; groups];
    for (group, count) in tested.groups.iter().zip(as_large) {
        chances[group.number as usize] = Some((1 + count) as f64 / (1 + SHUFFLES) as f64);
    }
    chances
}

/// A group that is tested.
struct TestedGroup {
    number: u32,
    /// Errors for each request of a flow, in both reports.
    rates: Vec<(usize, f64)>,
    /// Standard deviation of the difference over all shuffles; 0 when it never differs.
    deviation: f64,
    /// Blocks with requests of its flows.
    blocks: f64,
}

impl TestedGroup {
    /// A difference in standard deviations, as large for few blocks as for many. A real difference makes the deviation
    /// larger too, the more the fewer blocks there are: of so many the deviations that Student's t would have, as a
    /// normal variable (D. L. Wallace, Bounds on Normal Approximations to Student's and the Chi-Square Distributions,
    /// 1959). It depends on both reports together, so the test holds as without it.
    fn size(&self, difference: f64) -> f64 {
        // Below this the difference is what rounding makes.
        if self.deviation < 1e-9 {
            return 0.0;
        }
        let freedom = (self.blocks - 1.0).max(1.0);
        let explained = (difference / self.deviation).powi(2) / freedom;
        (-freedom * (1.0 - explained.min(0.999)).ln()).sqrt()
    }
}

/// The numbers of a block for the groups that are tested.
struct TestedBlock {
    /// By flow.
    requests: Vec<(u32, u64)>,
    /// By the place of the group in [`Tested::groups`].
    errors: Vec<(usize, u64)>,
}

/// The groups that are tested, and the blocks.
struct Tested {
    groups: Vec<TestedGroup>,
    blocks: Vec<TestedBlock>,
    /// Requests by flow, and the differences, of the present shuffle.
    requests: Vec<f64>,
    differences: Vec<f64>,
}

impl Tested {
    fn of(blocks: &[(&Block, bool)], groups: usize) -> Self {
        let flows = blocks.iter().flat_map(|(block, _)| &block.requests).map(|&(flow, _)| flow + 1);
        let mut requests = vec![[0_u64; 2]; flows.max().unwrap_or_default() as usize];
        for (block, new) in blocks {
            for &(flow, count) in &block.requests {
                requests[flow as usize][usize::from(*new)] += count;
            }
        }
        // A flow that one of the reports does not have says nothing.
        let in_both = |flow: u32| requests[flow as usize].iter().all(|count| *count > 0);
        let mut rates: Vec<Vec<(usize, f64)>> = vec![Vec::new(); groups];
        let mut with_errors = vec![0; groups];
        for (block, _) in blocks {
            let mut last = None;
            for &((group, flow), count) in
                block.errors.iter().filter(|((_, flow), _)| in_both(*flow))
            {
                let rates = &mut rates[group as usize];
                let all: u64 = requests[flow as usize].iter().sum();
                let rate = count as f64 / all as f64;
                match rates.iter_mut().find(|(of, _)| *of == flow as usize) {
                    Some((_, sum)) => *sum += rate,
                    None => rates.push((flow as usize, rate)),
                }
                with_errors[group as usize] += usize::from(last != Some(group));
                last = Some(group);
            }
        }
        let mut places = vec![None; groups];
        let mut tested = Self {
            groups: Vec::new(),
            blocks: Vec::new(),
            requests: vec![0.0; requests.len()],
            differences: Vec::new(),
        };
        for (number, rates) in (0..).zip(rates) {
            if with_errors[number as usize] >= BLOCKS_WITH_ERRORS {
                places[number as usize] = Some(tested.groups.len());
                tested.groups.push(TestedGroup { number, rates, deviation: 0.0, blocks: 0.0 });
            }
        }
        for (block, _) in blocks {
            let known = block.requests.iter().filter(|(flow, _)| in_both(*flow));
            let errors = block.errors.iter().filter(|((_, flow), _)| in_both(*flow));
            let errors =
                errors.filter_map(|&((group, _), count)| Some((places[group as usize]?, count)));
            tested
                .blocks
                .push(TestedBlock { requests: known.copied().collect(), errors: errors.collect() });
        }
        let old = blocks.iter().filter(|(_, new)| !new).count();
        tested.deviations(old as f64, (blocks.len() - old) as f64);
        tested
    }

    /// Works out the standard deviations: those of a sum over blocks drawn without replacement.
    fn deviations(&mut self, old: f64, new: f64) {
        let mut squares = vec![0.0; self.groups.len()];
        for block in 0..self.blocks.len() {
            let differences = self.errors_beyond(&mut [block].into_iter());
            for (sum, difference) in squares.iter_mut().zip(differences) {
                *sum += difference * difference;
            }
            for group in &mut self.groups {
                let there = |(flow, _): &(usize, f64)| self.requests[*flow] > 0.0;
                group.blocks += f64::from(u8::from(group.rates.iter().any(there)));
            }
        }
        let all = old + new;
        let drawn = old * new / (all * (all - 1.0)).max(1.0);
        for (group, square) in self.groups.iter_mut().zip(squares) {
            group.deviation = (square * drawn).sqrt();
        }
    }

    /// How much each group differs in these blocks, see [`TestedGroup::size`].
    fn differences(&mut self, blocks: &mut dyn Iterator<Item = usize>) -> &[f64] {
        self.errors_beyond(blocks);
        for (group, difference) in self.groups.iter().zip(&mut self.differences) {
            *difference = group.size(*difference);
        }
        &self.differences
    }

    /// The errors of each group in these blocks, less those that their requests would have.
    fn errors_beyond(&mut self, blocks: &mut dyn Iterator<Item = usize>) -> &[f64] {
        self.requests.fill(0.0);
        self.differences.clear();
        self.differences.resize(self.groups.len(), 0.0);
        for block in blocks {
            let TestedBlock { requests, errors } = &self.blocks[block];
            for &(flow, count) in requests {
                self.requests[flow as usize] += count as f64;
            }
            for &(group, count) in errors {
                self.differences[group] += count as f64;
            }
        }
        for (group, difference) in self.groups.iter().zip(&mut self.differences) {
            for &(flow, rate) in &group.rates {
                *difference -= rate * self.requests[flow];
            }
        }
        &self.differences
    }
}

/// Random numbers, the same for each comparison: `SplitMix64` of G. L. Steele, D. Lea and C. H. Flood, 2014.
#[derive(Debug)]
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`, which is above 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What happens in an hour of one flow: requests, and errors of each group.
    type Hour = (u64, Vec<u64>);

    fn blocks(hours: &[Hour]) -> Vec<Block> {
        let block = |(n, (requests, errors)): (usize, &Hour)| {
            let errors = (0..).zip(errors).filter(|(_, count)| **count > 0);
            Block {
                name: n.to_string(),
                requests: vec![(0, *requests)],
                errors: errors.map(|(group, count)| ((group, 0), *count)).collect(),
            }
        };
        hours.iter().enumerate().map(block).collect()
    }

    fn chances(old: &[Hour], new: &[Hour]) -> Vec<Option<f64>> {
        let groups = old.iter().chain(new).map(|(_, errors)| errors.len()).max().unwrap_or(0);
        by_chance(&blocks(old), &blocks(new), groups)
    }

    /// A count with the mean: a sum of rare events.
    fn poisson(random: &mut SplitMix, mean: f64) -> u64 {
        let (mut count, mut product, limit) = (0, 1.0, (-mean).exp());
        loop {
            product *= random.below(1 << 30) as f64 / f64::from(1 << 30);
            if product <= limit {
                return count;
            }
            count += 1;
        }
    }

    /// Two days of hours with 20 groups of all kinds: steady ones, and ones that come in bursts, of which some hit
    /// several groups at once and some are very large.
    fn two_days(random: &mut SplitMix) -> Vec<Hour> {
        let mut hours = Vec::new();
        for _ in 0..48 {
            let requests = 20 + random.below(200) as u64;
            let outage = random.below(8) == 0;
            let mut errors: Vec<u64> =
                (1..11).map(|n| poisson(random, requests as f64 * 0.004 * f64::from(n))).collect();
            for n in 0..10_u32 {
                let burst = random.below(4) == 0 || outage && n < 4;
                let size = 1 + random.below(10 << n.min(5)) as u64;
                errors.push(if burst { size } else { 0 });
            }
            hours.push((requests, errors));
        }
        hours
    }

    #[test]
    fn shuffled_days_have_hardly_ever_changed() {
        let mut random = SplitMix(1);
        let mut alarms = 0;
        for comparison in 0..400 {
            let mut hours = two_days(&mut random);
            for n in 0..hours.len() {
                let other = n + random.below(hours.len() - n);
                hours.swap(n, other);
            }
            // Halves, a short day against a long one, and each request and error in one of two days.
            let chances = match comparison % 3 {
                0 => chances(&hours[..24], &hours[24..]),
                1 => chances(&hours[..38], &hours[38..]),
                _ => {
                    let mut some = |count: u64| (0..count).filter(|_| random.below(2) == 0).count();
                    let part = |(requests, errors): &Hour| -> Hour {
                        let errors = errors.iter().map(|count| some(*count) as u64).collect();
                        (some(*requests) as u64, errors)
                    };
                    let old: Vec<Hour> = hours.iter().map(part).collect();
                    let rest = |((all, errors), (old, of_old)): (&Hour, &Hour)| -> Hour {
                        let rest = errors.iter().zip(of_old).map(|(all, old)| all - old);
                        (all - old, rest.collect())
                    };
                    let new: Vec<Hour> = hours.iter().zip(&old).map(rest).collect();
                    chances(&old, &new)
                }
            };
            alarms += usize::from(chances.iter().flatten().any(|chance| *chance < 0.005));
        }
        // At most two are expected of 400 at a level of 0.5 %; more than six are as probable as 1 in 200.
        assert!(alarms <= 6, "{alarms} of 400 comparisons of shuffled days show a change");
    }

    #[test]
    fn what_grew_is_seen_among_bursts() {
        let mut random = SplitMix(2);
        let mut seen = 0;
        for _ in 0..20 {
            let hours = two_days(&mut random);
            let (old, new) = hours.split_at(24);
            let (mut old, mut new) = (old.to_vec(), new.to_vec());
            // Some 7 errors an hour, then 12, among the 20 other groups.
            for (hours, rate) in [(&mut old, 0.058), (&mut new, 0.1)] {
                for (requests, errors) in hours {
                    errors.push(poisson(&mut random, *requests as f64 * rate));
                }
            }
            let chances = chances(&old, &new);
            seen += usize::from(chances[20].is_some_and(|chance| chance < 0.005));
        }
        assert!(seen >= 15, "{seen} of 20");
    }

    #[test]
    fn a_single_burst_is_no_change_and_many_errors_in_few_hours_cannot_be_told() {
        let steady = |errors: u64| (100, vec![errors]);
        let old = vec![steady(2); 24];
        let mut new = old.clone();
        assert_eq!(chances(&old, &new), [Some(1.0)]);
        new[3] = steady(500);
        assert!(chances(&old, &new)[0] > Some(0.2));
        let mut burst = vec![steady(0); 24];
        burst[3] = steady(500);
        assert_eq!(chances(&vec![steady(0); 24], &burst), [None]);
    }

    #[test]
    fn more_requests_with_more_errors_are_no_change_also_flow_by_flow() {
        let hours = |requests: u64, errors: u64| vec![(requests, vec![errors]); 24];
        assert_eq!(chances(&hours(100, 5), &hours(300, 15)), [Some(1.0)]);
        assert!(chances(&hours(100, 5), &hours(300, 30))[0] < Some(0.005));
        // A flow with many errors runs more often: its rate is the same.
        let block = |n: usize, often: u64| Block {
            name: n.to_string(),
            requests: vec![(0, 100), (1, 10 * often)],
            errors: vec![((0, 0), 1), ((0, 1), 2 * often)],
        };
        let old: Vec<_> = (0..24).map(|n| block(n, 1)).collect();
        let new: Vec<_> = (0..24).map(|n| block(n, 9)).collect();
        assert_eq!(by_chance(&old, &new, 1), [Some(1.0)]);
    }

    #[test]
    fn both_directions_give_the_same() {
        let mut random = SplitMix(3);
        for at in [24, 38] {
            let hours = two_days(&mut random);
            let (old, new) = hours.split_at(at);
            let (old, new) = (blocks(old), blocks(new));
            assert_eq!(by_chance(&old, &new, 20), by_chance(&new, &old, 20));
        }
    }

    #[test]
    fn few_blocks_say_nothing() {
        assert!(enough(8, 8) && enough(24, 4) && enough(700, 2));
        assert!(!enough(7, 7) && !enough(24, 1) && !enough(0, 50));
        assert_eq!(by_chance(&[], &blocks(&[(5, vec![5])]), 1), [None]);
        assert_eq!(by_chance(&[], &[], 0), []);
    }
}
