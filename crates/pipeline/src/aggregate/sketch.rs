//! Percentiles of many numbers in little memory. All arithmetic is on whole numbers, so that the order of adding and
//! merging does not change the result.
//!
//! Up to [`EXACT`] numbers are kept as they are. Beyond that they are counted in buckets:
//!
//! ```text
//! 0, 1, 2 ... 127 | 128-129, 130-131 ... 254-255 | 256-259 ... 508-511 | 512-519 ...
//!   one number     |   64 buckets of 2            |   64 buckets of 4   |   64 of 8
//! ```
//!
//! Each doubling is cut into 64 equal buckets. A bucket is thus at most 1/64 as wide as its lowest
//! number and its middle at most 1/128, under 0.8 %, away from any number in it. Below 128 nothing is lost.
//! The scheme is that of Gil Tene's `HdrHistogram` with seven bits of precision.

/// Up to this many numbers, percentiles are exact.
pub(super) const EXACT: usize = 64;

/// Bits of a number that a bucket keeps: its leading one and the six after it.
const KEPT_BITS: u32 = 7;

/// Count, sum, greatest and percentiles of whole numbers.
///
/// Costs 16 bytes for each bucket in use, 1 KiB to 3 KiB for sizes or durations as they occur,
/// at most 60 KiB.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sketch {
    count: u64,
    sum: u64,
    max: u64,
    numbers: Numbers,
}

#[derive(Debug, Clone, PartialEq)]
enum Numbers {
    /// In the order of adding; [`EXACT`] at most.
    Exact(Vec<u64>),
    /// Bucket and how many fell into it, lowest bucket first.
    Buckets(Vec<(u16, u64)>),
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Exact(Vec::new())
    }
}

impl Sketch {
    /// Their exact sum, which stops at `u64::MAX`; `None` when there are none.
    pub(super) fn sum(&self) -> Option<u64> {
        (self.count > 0).then_some(self.sum)
    }

    /// The exact greatest of them; `None` when there are none.
    pub(super) fn max(&self) -> Option<u64> {
        (self.count > 0).then_some(self.max)
    }

    pub(super) fn add(&mut self, number: u64) {
        self.add_times(number, 1);
    }

    /// Adds a number `times` times.
    pub(super) fn add_times(&mut self, number: u64, times: u64) {
        if times > 0 {
            self.count += times;
            self.sum = self.sum.saturating_add(number.saturating_mul(times));
            self.max = self.max.max(number);
            self.numbers.add(number, times);
        }
    }

    /// As if every number of `other` had been added here.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
        match &other.numbers {
            Numbers::Exact(numbers) => {
                for &number in numbers {
                    self.numbers.add(number, 1);
                }
            }
            Numbers::Buckets(buckets) => {
                let here = self.numbers.buckets();
                for &(bucket, count) in buckets {
                    count_in(here, bucket, count);
                }
            }
        }
    }

    /// Each number with how often it occurs, ascending; beyond [`EXACT`] numbers, the lowest number of each bucket.
    ///
    /// A sketch to which these are added, with these [`totals`](Self::set_totals), is equal to this one.
    pub(super) fn counted(&self) -> Vec<(u64, u64)> {
        match &self.numbers {
            Numbers::Exact(numbers) => {
                let mut sorted = numbers.clone();
                sorted.sort_unstable();
                let equal = sorted.chunk_by(|a, b| a == b);
                equal.map(|equal| (equal[0], equal.len() as u64)).collect()
            }
            Numbers::Buckets(buckets) => {
                buckets.iter().map(|&(bucket, count)| (lowest(bucket), count)).collect()
            }
        }
    }

    /// Sets sum and greatest number, where numbers stand for those of their buckets.
    pub(super) fn set_totals(&mut self, sum: u64, max: u64) {
        (self.sum, self.max) = (sum, max);
    }

    /// The smallest number that at least `percent` of all numbers do not exceed (nearest rank);
    /// `None` when there are none.
    ///
    /// Exact for up to [`EXACT`] numbers, else within 0.8 %, and never above the greatest.
    pub(super) fn percentile(&self, percent: u8) -> Option<u64> {
        if self.count == 0 {
            return None;
        }
        let rank = (u128::from(self.count) * u128::from(percent)).div_ceil(100).max(1);
        match &self.numbers {
            Numbers::Exact(numbers) => {
                let mut sorted = numbers.clone();
                sorted.sort_unstable();
                sorted.get(rank as usize - 1).copied()
            }
            Numbers::Buckets(buckets) => {
                let mut below = 0_u128;
                let bucket = buckets.iter().find(|(_, count)| {
                    below += u128::from(*count);
                    below >= rank
                });
                bucket.map(|&(bucket, _)| middle(bucket).min(self.max))
            }
        }
    }
}

impl Numbers {
    fn add(&mut self, number: u64, times: u64) {
        match self {
            Self::Exact(numbers) if numbers.len() as u64 + times <= EXACT as u64 => {
                numbers.extend(std::iter::repeat_n(number, times as usize));
            }
            _ => count_in(self.buckets(), bucket_of(number), times),
        }
    }

    /// Moves the exact numbers into buckets, if that was not done yet.
    fn buckets(&mut self) -> &mut Vec<(u16, u64)> {
        if let Self::Exact(numbers) = self {
            let mut buckets = Vec::new();
            for &number in &*numbers {
                count_in(&mut buckets, bucket_of(number), 1);
            }
            *self = Self::Buckets(buckets);
        }
        match self {
            Self::Buckets(buckets) => buckets,
            Self::Exact(_) => unreachable!("turned into buckets above"),
        }
    }
}

fn count_in(buckets: &mut Vec<(u16, u64)>, bucket: u16, count: u64) {
    match buckets.binary_search_by_key(&bucket, |&(known, _)| known) {
        Ok(at) => buckets[at].1 += count,
        Err(at) => buckets.insert(at, (bucket, count)),
    }
}

/// The bucket a number falls into; buckets of greater numbers are greater.
fn bucket_of(number: u64) -> u16 {
    let shift = (u64::BITS - number.leading_zeros()).saturating_sub(KEPT_BITS);
    // `number >> shift` is in 64..128 once shifted, so each doubling adds 64 buckets.
    (u64::from(shift) * 64 + (number >> shift)) as u16
}

/// The lowest number of a bucket.
fn lowest(bucket: u16) -> u64 {
    let shift = shift_of(bucket);
    (u64::from(bucket) - shift * 64) << shift
}

/// The number in the middle of a bucket, rounded down.
fn middle(bucket: u16) -> u64 {
    lowest(bucket) + ((1_u64 << shift_of(bucket)) - 1) / 2
}

/// By how many bits the numbers of a bucket were shifted.
fn shift_of(bucket: u16) -> u64 {
    u64::from(bucket / 64).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sketch(numbers: impl IntoIterator<Item = u64>) -> Sketch {
        let mut sketch = Sketch::default();
        for number in numbers {
            sketch.add(number);
        }
        sketch
    }

    fn nearest_rank(numbers: &mut [u64], percent: usize) -> u64 {
        numbers.sort_unstable();
        numbers[(numbers.len() * percent).div_ceil(100).max(1) - 1]
    }

    #[test]
    fn nothing_added_is_not_zero() {
        let empty = Sketch::default();
        assert_eq!((empty.sum(), empty.max(), empty.percentile(50)), (None, None, None));
    }

    #[test]
    fn few_numbers_are_exact() {
        let few = sketch([1_000_001, 3, 2_000_003]);
        assert_eq!(few.percentile(50), Some(1_000_001));
        assert_eq!(few.percentile(95), Some(2_000_003));
        assert_eq!((few.sum(), few.max()), (Some(3_000_007), Some(2_000_003)));
    }

    #[test]
    fn small_numbers_are_exact_however_many() {
        let many = sketch((0..10_000).map(|number| number % 100));
        assert_eq!((many.percentile(50), many.percentile(95)), (Some(49), Some(94)));
    }

    #[test]
    fn the_greatest_numbers_have_buckets_too() {
        let many = sketch(std::iter::repeat_n(u64::MAX, EXACT + 1));
        let middle = many.percentile(50).expect("65 numbers");
        assert!(u64::MAX - middle <= u64::MAX / 128);
        assert_eq!(many.sum(), Some(u64::MAX));
    }

    #[test]
    fn a_percentile_is_never_above_the_greatest() {
        assert_eq!(
            sketch(std::iter::repeat_n(1_000_000, 100)).percentile(95).map(|p| p <= 1_000_000),
            Some(true)
        );
    }

    proptest! {
        #[test]
        fn many_at_once_are_as_one_by_one(
            numbers in prop::collection::vec((0_u64..2000, 0_u64..40), 0..8),
            percent in 0_u8..=100,
        ) {
            let mut at_once = Sketch::default();
            for &(number, times) in &numbers {
                at_once.add_times(number, times);
            }
            let each = numbers.iter().flat_map(|&(n, times)| std::iter::repeat_n(n, times as usize));
            let one_by_one = sketch(each);
            prop_assert_eq!(at_once.percentile(percent), one_by_one.percentile(percent));
            prop_assert_eq!((at_once.sum(), at_once.max()), (one_by_one.sum(), one_by_one.max()));
        }

        #[test]
        fn percentiles_keep_the_stated_error(
            mut numbers in prop::collection::vec((0..u64::MAX, 0_u32..64).prop_map(|(n, s)| n >> s), 1..300),
            percent in 0_u8..=100,
        ) {
            let found = sketch(numbers.iter().copied()).percentile(percent).expect("not empty");
            let exact = nearest_rank(&mut numbers, usize::from(percent));
            prop_assert!(u128::from(found.abs_diff(exact)) * 128 <= u128::from(exact), "{found} for {exact}");
        }

        #[test]
        fn counted_numbers_make_the_sketch_again(
            mut numbers in prop::collection::vec((0..u64::MAX, 0_u32..64).prop_map(|(n, s)| n >> s), 0..200),
        ) {
            numbers.sort_unstable();
            let whole = sketch(numbers);
            let mut again = Sketch::default();
            for (number, count) in whole.counted() {
                again.add_times(number, count);
            }
            again.set_totals(whole.sum, whole.max);
            prop_assert_eq!(again, whole);
        }

        #[test]
        fn any_split_merges_to_the_same_percentiles(
            numbers in prop::collection::vec(0_u64..1_000_000, 0..200),
            cut in 0_usize..200,
        ) {
            let (left, right) = numbers.split_at(cut.min(numbers.len()));
            let whole = sketch(numbers.iter().copied());
            let mut merged = sketch(right.iter().copied());
            merged.merge(&sketch(left.iter().copied()));
            for percent in [0, 50, 95, 100] {
                prop_assert_eq!(merged.percentile(percent), whole.percentile(percent));
            }
            prop_assert_eq!((merged.count, merged.sum(), merged.max()), (whole.count, whole.sum(), whole.max()));
        }
    }
}
