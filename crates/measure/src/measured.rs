//! The result of measuring.

use super::{Build, FileSample, Machine, MeasuredStage};

/// All measurements, with the machine, the build and the files that they belong to.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The machine.
    pub machine: Machine,
    /// The build of the program.
    pub build: Build,
    /// The files.
    pub sample: FileSample,
    /// Runs of each stage that count, after a warm-up.
    pub runs: u32,
    /// In the order of the work, fewer threads first. A stage for which the sample has no input (no base64, no error)
    /// is missing.
    pub measurements: Vec<Measurement>,
}

/// One stage with one number of threads.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// The stage.
    pub stage: MeasuredStage,
    /// Worker threads.
    pub threads: usize,
    /// Wall time of one pass over the whole sample, in each run, in the order of the runs; at least one.
    pub seconds: Vec<f64>,
    /// The most memory that the process used at one time in a run, in bytes; the lowest of the runs, since memory that
    /// the allocator keeps after one run is counted again in the next. None for all stages but
    /// [`MeasuredStage::ReportFromDisk`], and where the system does not say (only Linux does).
    pub peak_bytes: Option<u64>,
}

/// Median, lowest and highest of some numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Half of the numbers are below it; of an even count, the mean of the two in the middle.
    pub median: f64,
    /// The lowest.
    pub min: f64,
    /// The highest.
    pub max: f64,
}

impl Spread {
    /// That of these numbers; None when there are none.
    pub fn of(numbers: &[f64]) -> Option<Self> {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Self { median: f64::midpoint(low, high), min, max })
    }
}

/// How fast the sample is processed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Millions of bytes of files a second.
    pub encoded_mb: f64,
    /// Millions of bytes of the text in them a second.
    pub decoded_mb: f64,
    /// Files a second.
    pub files: f64,
    /// Exchanges a second.
    pub exchanges: f64,
}

impl Measurement {
    /// Wall time of its runs, in seconds.
    pub fn spread(&self) -> Spread {
        Spread::of(&self.seconds).unwrap_or(Spread { median: 0.0, min: 0.0, max: 0.0 })
    }
}

impl Measured {
    /// How fast the sample is processed when that takes so many `seconds`. None for 0, which is less than the clock can
    /// measure.
    pub fn rates(&self, seconds: f64) -> Option<Rates> {
        let rate = |number: u64| number as f64 / seconds;
        (seconds > 0.0).then(|| Rates {
            encoded_mb: rate(self.sample.encoded_bytes) / 1e6,
            decoded_mb: rate(self.sample.decoded_bytes) / 1e6,
            files: rate(self.sample.files),
            exchanges: rate(self.sample.exchanges),
        })
    }

    /// The measurement of a stage with so many threads.
    pub fn find(&self, stage: MeasuredStage, threads: usize) -> Option<&Measurement> {
        self.measurements.iter().find(|one| one.stage == stage && one.threads == threads)
    }

    /// The share of the limit that decoding in memory reaches with one thread, 1 for all of it: the median
    /// over the runs, each compared with the limit in the same run, so that what slows the machine for a while does
    /// not count. None when one of the two was not measured with one thread.
    pub fn limit_share(&self) -> Option<f64> {
        let (limit, decode) =
            (self.find(MeasuredStage::Limit, 1)?, self.find(MeasuredStage::Decode, 1)?);
        ratio(limit, decode)
    }

    /// The same share when the grammar of the JSON is checked too, by a second pass over the texts.
    pub fn limit_share_with_json(&self) -> Option<f64> {
        let seconds = |stage| Some(self.find(stage, 1)?.spread().median);
        let share = seconds(MeasuredStage::Limit)?
            / (seconds(MeasuredStage::Decode)? + seconds(MeasuredStage::Json)?);
        Some(share).filter(|share| share.is_finite())
    }

    /// How many times as fast a stage is with so many threads as with one; the median over the runs. None
    /// when one of the two was not measured.
    pub fn speedup(&self, stage: MeasuredStage, threads: usize) -> Option<f64> {
        ratio(self.find(stage, 1)?, self.find(stage, threads)?)
    }
}

/// The median of `one` over `other`, run by run.
fn ratio(one: &Measurement, other: &Measurement) -> Option<f64> {
    let ratios: Vec<f64> = one.seconds.iter().zip(&other.seconds).map(|(a, b)| a / b).collect();
    Spread::of(&ratios).map(|spread| spread.median).filter(|ratio| ratio.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(measurements: Vec<Measurement>) -> Measured {
        let sample = FileSample {
            files: 10,
            encoded_bytes: 2_000_000,
            decoded_bytes: 10_000_000,
            exchanges: 500,
            errors: 7,
            limit_bytes: 2_000_000,
            of_files: 10,
            of_bytes: 2_000_000,
            copies: 0,
            unreadable: 0,
            digest: String::new(),
            generated: None,
        };
        let (machine, build) = (Machine::this(), Build::this());
        Measured { machine, build, sample, runs: 3, measurements }
    }

    fn series(stage: MeasuredStage, threads: usize, seconds: &[f64]) -> Measurement {
        Measurement { stage, threads, seconds: seconds.to_vec(), peak_bytes: None }
    }

    #[test]
    fn a_spread_has_median_lowest_and_highest() {
        let check = |numbers: &[f64], median, min, max| {
            assert_eq!(Spread::of(numbers), Some(Spread { median, min, max }));
        };
        check(&[3.0], 3.0, 3.0, 3.0);
        check(&[4.0, 1.0], 2.5, 1.0, 4.0);
        check(&[9.0, 1.0, 2.0], 2.0, 1.0, 9.0);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn rates_are_those_of_the_sample() {
        let rates = measured(Vec::new()).rates(0.5).unwrap();
        let expected = Rates { encoded_mb: 4.0, decoded_mb: 20.0, files: 20.0, exchanges: 1_000.0 };
        assert_eq!(rates, expected);
        assert_eq!(measured(Vec::new()).rates(0.0), None);
    }

    #[test]
    fn each_run_is_compared_with_the_same_run_of_the_other_stage() {
        // The machine was four times as slow in the second run.
        let measured = measured(vec![
            series(MeasuredStage::Limit, 1, &[0.9, 3.6, 0.9]),
            series(MeasuredStage::Decode, 1, &[1.0, 4.0, 1.0]),
            series(MeasuredStage::Decode, 2, &[0.5, 2.0, 0.5]),
        ]);
        assert_eq!(measured.limit_share(), Some(0.9));
        assert_eq!(measured.limit_share_with_json(), None);
        assert_eq!(measured.speedup(MeasuredStage::Decode, 2), Some(2.0));
        assert_eq!(measured.speedup(MeasuredStage::Decode, 4), None);
        assert_eq!(measured.speedup(MeasuredStage::Rows, 2), None);
    }
}
