//! Which files are measured, and what is in them.

use std::sync::atomic::{AtomicBool, Ordering};

use archive::steps::{Anatomy, DecoderSteps};
use archive::{Budget, Digest};
use pipeline::input::Input;
use pipeline::survey::{Survey, survey};
use pipeline::worker::{JobRows, KeepBodies, Setting, Worker};
use rayon::ThreadPool;
use serde::Serialize;

use super::stages::{DiscardRows, StageContext, bytes};
use super::turns::collected;
use super::{Error, GeneratedLogs, MeasureOptions};

/// The files that are measured, each once: copies are left out, since a report reads no copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileSample {
    /// Files in it.
    pub files: u64,
    /// Their size in bytes, as they are stored.
    pub encoded_bytes: u64,
    /// Bytes of text in them.
    pub decoded_bytes: u64,
    /// Exchanges in them.
    pub exchanges: u64,
    /// Errors in these.
    pub errors: u64,
    /// Of `encoded_bytes`, those of files whose base64 and DEFLATE count for the limit: zips, and zips in base64 on one
    /// line.
    pub limit_bytes: u64,
    /// Files that were given.
    pub of_files: u64,
    /// Their size in bytes.
    pub of_bytes: u64,
    /// Files that would have been in it, but have the bytes of an earlier one.
    pub copies: u64,
    /// Files that would have been in it, but could not be read.
    pub unreadable: u64,
    /// BLAKE3 of the digests of its files, hex: equal samples, equal digests.
    pub digest: String,
    /// Which logs were made for it; None when files were given.
    pub generated: Option<GeneratedLogs>,
}

/// The files of a sample, still on disk.
pub(super) struct ChosenFiles {
    pub(super) inputs: Vec<Input>,
    /// What their listing pages say.
    pub(super) survey: Survey,
    of_files: u64,
    of_bytes: u64,
    copies: u64,
    unreadable: u64,
    digest: String,
}

/// What one file of the sample holds.
pub(super) struct FileContents {
    pub(super) anatomy: Option<Anatomy>,
    decoded_bytes: u64,
    exchanges: u64,
    errors: u64,
}

/// Chooses files up to the size of a sample, and surveys them as a report does. They are read once, so the system has
/// in its cache what fits there.
pub(super) fn choose(
    inputs: &[Input],
    options: &MeasureOptions,
    pool: &ThreadPool,
    stop: &AtomicBool,
) -> Result<ChosenFiles, Error> {
    let sizes: Vec<u64> = inputs.iter().map(Input::bytes).collect();
    let picked: Vec<Input> =
        spread(&sizes, options.sample_bytes).into_iter().map(|n| inputs[n].clone()).collect();
    let budget = Budget::new(options.limits.in_flight_bytes, pool.current_num_threads());
    let survey = survey(pool, &picked, &options.limits, &budget, stop).ok_or(Error::Interrupted)?;
    let mut chosen = ChosenFiles {
        inputs: Vec::new(),
        survey: Survey::with_listing(survey.listing),
        of_files: sizes.len() as u64,
        of_bytes: sizes.iter().sum(),
        copies: 0,
        unreadable: 0,
        digest: String::new(),
    };
    let mut buffer = Vec::new();
    for (n, input) in picked.into_iter().enumerate() {
        let share = budget.share(n as u64);
        match input.read(&options.limits, &share, &mut buffer) {
            Err(_) => chosen.unreadable += 1,
            Ok(_) if survey.copy_of[n].is_some() => chosen.copies += 1,
            Ok(bytes) => {
                chosen.digest += &Digest::of(bytes).to_string();
                chosen.inputs.push(input);
            }
        }
    }
    chosen.digest = Digest::of(chosen.digest.as_bytes()).to_string();
    Ok(chosen)
}

/// Reads the files of a sample into memory, and finds out what they hold.
pub(super) fn load(
    chosen: &ChosenFiles,
    context: &StageContext<'_>,
    pool: &ThreadPool,
) -> Result<(Vec<Input>, Vec<FileContents>), Error> {
    let budget = Budget::unlimited();
    let setting = Setting { bodies: KeepBodies::None, ..context.setting(&budget) };
    let extractor = context.extractor();
    let new = || (context.worker(&extractor), DecoderSteps::new(context.limits));
    let look = |(worker, steps): &mut (Worker, DecoderSteps), n: usize| {
        let input = &chosen.inputs[n];
        let mut buffer = Vec::new();
        // A file that was removed since it was chosen is left out.
        input.read(&context.limits, &budget.share(n as u64), &mut buffer).ok()?;
        buffer.shrink_to_fit();
        let input = Input::Memory { name: input.name().to_owned(), bytes: buffer };
        let mut rows = JobRows::default();
        let facts = worker.file(&input, n as u32, &setting, &DiscardRows, &mut rows);
        let contents = FileContents {
            anatomy: steps.anatomy(bytes(&input)),
            decoded_bytes: facts.decoded_bytes,
            exchanges: facts.exchanges.into(),
            errors: rows.error_count,
        };
        Some((input, contents))
    };
    let loaded = collected(pool, chosen.inputs.len(), new, look);
    if context.stop.load(Ordering::Relaxed) {
        return Err(Error::Interrupted);
    }
    Ok(loaded.into_iter().flatten().unzip())
}

impl ChosenFiles {
    /// The numbers of the sample, when it is loaded.
    pub(super) fn sample(&self, inputs: &[Input], contents: &[FileContents]) -> FileSample {
        let sum = |of: &dyn Fn(&FileContents) -> u64| contents.iter().map(of).sum();
        let covered = inputs.iter().zip(contents).filter(|(_, file)| file.anatomy.is_some());
        FileSample {
            files: inputs.len() as u64,
            encoded_bytes: inputs.iter().map(Input::bytes).sum(),
            decoded_bytes: sum(&|file| file.decoded_bytes),
            exchanges: sum(&|file| file.exchanges),
            errors: sum(&|file| file.errors),
            limit_bytes: covered.map(|(input, _)| input.bytes()).sum(),
            of_files: self.of_files,
            of_bytes: self.of_bytes,
            copies: self.copies,
            unreadable: self.unreadable + (self.inputs.len() - inputs.len()) as u64,
            digest: self.digest.clone(),
            generated: None,
        }
    }
}

/// Indexes of files that have `most` bytes together, or little more, evenly from the first to the last: the logs of
/// one week are alike, those of a year are not. At least one, when there is a file.
fn spread(sizes: &[u64], most: u64) -> Vec<usize> {
    let all: u64 = sizes.iter().sum();
    if all <= most {
        return (0..sizes.len()).collect();
    }
    let share = most as f64 / all as f64;
    let (mut passed, mut taken) = (0_u64, 0_u64);
    let mut chosen = Vec::new();
    for (n, &size) in sizes.iter().enumerate() {
        passed += size;
        if (taken + size / 2) as f64 <= passed as f64 * share {
            taken += size;
            chosen.push(n);
        }
    }
    if chosen.is_empty() {
        chosen.extend((0..sizes.len()).min_by_key(|&n| sizes[n]));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_over_all_files_and_has_the_wanted_size() {
        let sizes: Vec<u64> = (0..1_000).map(|n| 1_000 + n % 7 * 5_000).collect();
        let all: u64 = sizes.iter().sum();
        let chosen = spread(&sizes, all / 10);
        let bytes: u64 = chosen.iter().map(|&n| sizes[n]).sum();
        assert!(bytes.abs_diff(all / 10) <= 31_000, "{bytes} of {all}");
        let in_second_half = chosen.iter().filter(|&&n| n >= 500).count();
        assert!(in_second_half.abs_diff(chosen.len() / 2) < 10, "{in_second_half}");
        assert!(chosen.is_sorted());
    }

    #[test]
    fn a_small_input_is_sampled_whole() {
        assert_eq!(spread(&[5, 6], 11), [0, 1]);
        assert_eq!(spread(&[], 11), [0_usize; 0]);
        assert_eq!(spread(&[100, 90, 95], 1), [1]);
    }
}
