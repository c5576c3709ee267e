//! The survey: the first pass over all files, which finds copies and reads the listing pages.
//!
//! Downloads are linked to logs while they are read, so the listing must be known before. The
//! first bytes of each document show whether it may be a listing page; only such files are decoded. Of most large files
//! the survey reads only the two ends: they show that no other file has the same bytes. So only the main pass reads
//! large files whole. Small files are cheaper to decode than to peek into. While there is room they are kept, packed,
//! for the main pass: a dump of row logs is a million of them. Copies in other wraps are found by their texts
//! (`texts`).

mod kept;
mod texts;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use archive::{Budget, Decoded, Decoder, Digest, Ends, Form, Limits, map_ordered};
use model::listing::{self, Listing};
use rayon::ThreadPool;
use xxhash_rust::xxh3::xxh3_128;

use self::kept::Packer;
pub(crate) use self::kept::{KeptFiles, Unpacked};
pub(crate) use self::texts::TextCopies;
use crate::at_hand;
use crate::earlier;
use crate::input::Input;
use crate::link;

/// How much of a document is read to see whether it may be a listing page, in bytes. Files that are not longer are
/// decoded whole.
const PEEK: usize = 4096;

/// How much of a document is peeked at, in bytes: the second, longer look is for documents that may be listing pages by
/// the first. A few downloads have the same names of fields, and their records can be longer than the first look.
const LOOKS: [usize; 2] = [PEEK, 64 << 10];

/// Kept files may take one part of so many of the bytes in flight.
const KEPT_SHARE: u64 = 4;

/// Files up to this size, in bytes, are read whole, which costs no more than reading both ends.
const WHOLE: u64 = 64 << 10;

/// Files of one job of the survey.
const FILES: usize = 64;

/// What the survey found.
#[derive(Debug, Default)]
pub struct Survey {
    /// The digest of each file; `None` when the file could not be read, or did not have to be.
    pub digests: Vec<Option<Digest>>,
    /// For each file, by which the main pass sees whether it still has the same bytes.
    pub(crate) checks: Vec<Check>,
    /// The size of each file in bytes; of an unreadable file, the size when it was found.
    pub bytes: Vec<u64>,
    /// For each copy, the first file with the same bytes. Empty and unreadable files are no copies, and neither are
    /// files with the same text in another wrap, which are found when they are read.
    pub copy_of: Vec<Option<u32>>,
    /// Whether each file holds a listing page.
    pub pages: Vec<bool>,
    /// Small files as they were decoded. Which ones are kept depends on the room and on timing.
    pub(crate) kept: KeptFiles,
    /// Texts that are copies of earlier ones in other wraps.
    pub(crate) texts: TextCopies,
    /// All listing pages, merged.
    pub listing: Listing,
}

/// A check of the bytes of a file: XXH3-128, which is faster than BLAKE3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Check {
    /// It could not be read.
    #[default]
    Unread,
    /// Of its two ends. The bytes between them were not read.
    Ends(u128),
    /// Of all of it.
    Whole(u128),
}

impl Check {
    fn ends(ends: &Ends<'_>) -> Self {
        Self::Ends(xxh3_128(&[ends.head, ends.tail, &ends.bytes.to_le_bytes()].concat()))
    }
}

impl Survey {
    /// A survey with a listing and without files: the main pass reads every file in full.
    pub fn with_listing(listing: Listing) -> Self {
        Self { listing, ..Self::default() }
    }

    /// The digest of the bytes that file `n` has now, and whether they are those of the survey. They count as the same
    /// when the survey has not seen the file.
    pub(crate) fn digest(&self, n: usize, bytes: &[u8]) -> (Digest, bool) {
        let same = match self.checks.get(n) {
            Some(Check::Whole(check)) => match self.digests[n] {
                Some(digest) if *check == xxh3_128(bytes) => return (digest, true),
                _ => false,
            },
            Some(check @ Check::Ends(_)) => {
                Ends::of(bytes).is_some_and(|ends| *check == Check::ends(&ends))
            }
            Some(Check::Unread) => false,
            None => true,
        };
        (Digest::of(bytes), same)
    }

    /// Files of which only the ends were read, and whose ends are equal to those of another such file. Equal files are
    /// read in the same way, so no other file can be a copy.
    fn same_ends(&self) -> Vec<usize> {
        let mut files: HashMap<u128, Vec<usize>> = HashMap::new();
        for (n, check) in self.checks.iter().enumerate() {
            if let Check::Ends(check) = check {
                files.entry(*check).or_default().push(n);
            }
        }
        let mut shared: Vec<usize> =
            files.into_values().filter(|files| files.len() > 1).flatten().collect();
        shared.sort_unstable();
        shared
    }
}

/// Surveys all files. `None` when `stop` was set meanwhile.
pub fn survey(
    pool: &ThreadPool,
    inputs: &[Input],
    limits: &Limits,
    budget: &Budget,
    stop: &AtomicBool,
) -> Option<Survey> {
    survey_and_see(pool, inputs, limits, budget, stop, |_| ())
}

/// The same; `see` gets the listing before it is finished.
pub(crate) fn survey_and_see(
    pool: &ThreadPool,
    inputs: &[Input],
    limits: &Limits,
    budget: &Budget,
    stop: &AtomicBool,
    see: impl FnOnce(&Listing),
) -> Option<Survey> {
    let workers: Vec<Mutex<(Decoder, Vec<u8>, Packer)>> = (0..pool.current_num_threads())
        .map(|_| Mutex::new((Decoder::new(*limits), Vec::new(), Packer::new())))
        .collect();
    let mut survey = Survey { kept: KeptFiles::new(FILES), ..Survey::default() };
    let room = AtomicU64::new(limits.in_flight_bytes / KEPT_SHARE);
    let jobs = inputs.len().div_ceil(FILES);
    let work = |job: usize| {
        let worker = &workers[rayon::current_thread_index().unwrap_or(0)];
        let mut worker = worker.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (decoder, buffer, packer) = &mut *worker;
        let first = job * FILES;
        let mut seen = Vec::with_capacity(FILES);
        let mut listing = Listing::default();
        let mut begins: Vec<(u64, u32)> = Vec::new();
        for (n, input) in inputs[first..].iter().take(FILES).enumerate() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            at_hand::set(input.name());
            packer.begin();
            if let Some(ends) = input.ends(limits, WHOLE, buffer)
                && let Some(begin) = decoder.peek_ends(&ends, PEEK)
                && !listing::may_begin_listing(&begin)
            {
                begins.extend(texts::begin(&begin).map(|begin| (begin, (first + n) as u32)));
                let (check, bytes) = (Check::ends(&ends), ends.bytes);
                seen.push(SurveyedFile { check, bytes, ..SurveyedFile::default() });
                continue;
            }
            // The main pass reports what cannot be read.
            let share = budget.share((first + n) as u64);
            let Ok(bytes) = input.read(limits, &share, buffer) else {
                seen.push(SurveyedFile { bytes: input.bytes(), ..SurveyedFile::default() });
                continue;
            };
            let mut surveyed = SurveyedFile {
                digest: Some(Digest::of(bytes)),
                check: Check::Whole(xxh3_128(bytes)),
                bytes: bytes.len() as u64,
                ..SurveyedFile::default()
            };
            let small = bytes.len() <= PEEK;
            let mut may_begin = |most| {
                let mut found = false;
                let look = &mut |text: &str| {
                    found |= listing::may_begin_listing(text);
                    if most == PEEK {
                        begins.extend(texts::begin(text).map(|begin| (begin, (first + n) as u32)));
                    }
                };
                decoder.peek_within(&share, bytes, most, look);
                found
            };
            let candidate = small || LOOKS.into_iter().all(&mut may_begin);
            let mut decoded = Decoded::default();
            let mut keep = small && room.load(Ordering::Relaxed) > 0;
            if candidate {
                decoded = decoder.decode_within(&share, bytes, &mut |leaf| {
                    if small && leaf.form == Form::Json {
                        begins.extend(
                            texts::begin(peeked(leaf.text))
                                .map(|begin| (begin, (first + n) as u32)),
                        );
                    }
                    if listing::may_be_listing(leaf.text)
                        && earlier::table_in(leaf.text).is_none()
                        && let Some(page) = listing::parse(leaf.text)
                    {
                        listing.add(page, (first + n) as u64);
                        surveyed.pages = true;
                    }
                    keep = keep && packer.leaf(&leaf);
                });
            }
            // Listing pages are few; the main pass decodes them again.
            if keep && decoded.problems.is_empty() && decoded.unread == 0 && !surveyed.pages {
                packer.keep(&decoded);
            } else {
                packer.forget();
            }
            seen.push(surveyed);
            buffer.clear();
            buffer.shrink_to(budget.keep());
        }
        (seen, listing, packer.done(&room), begins)
    };
    let mut begins = Vec::new();
    let Ok(finished) =
        map_ordered(pool, jobs, 2 * workers.len(), stop, work, |_, (seen, listing, pack, more)| {
            begins.extend(more);
            for file in seen {
                survey.digests.push(file.digest);
                survey.checks.push(file.check);
                survey.bytes.push(file.bytes);
                survey.pages.push(file.pages);
            }
            survey.kept.push(pack);
            survey.listing.merge(listing);
            Ok::<(), std::convert::Infallible>(())
        });
    if finished.stopped || stop.load(Ordering::Relaxed) {
        return None;
    }
    let same_ends = survey.same_ends();
    let work = |job: usize| {
        let worker = &workers[rayon::current_thread_index().unwrap_or(0)];
        let mut worker = worker.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let bytes = inputs[same_ends[job]].read(limits, &budget.share(job as u64), &mut worker.1);
        bytes.map(|bytes| (Some(Digest::of(bytes)), Check::Whole(xxh3_128(bytes)))).ok()
    };
    let Ok(finished) =
        map_ordered(pool, same_ends.len(), 2 * workers.len(), stop, work, |job, read| {
            // The main pass reports what can no longer be read.
            let n = same_ends[job];
            (survey.digests[n], survey.checks[n]) = read.unwrap_or_default();
            Ok::<(), std::convert::Infallible>(())
        });
    if finished.stopped || stop.load(Ordering::Relaxed) {
        return None;
    }
    let mut first = HashMap::new();
    let files = survey.digests.iter().zip(&survey.bytes).enumerate();
    survey.copy_of = files
        .map(|(n, (digest, bytes))| {
            let digest = digest.filter(|_| *bytes > 0)?;
            let original = *first.entry(digest).or_insert(n as u32);
            (original != n as u32).then_some(original)
        })
        .collect();
    see(&survey.listing);
    survey.listing.finish();
    // Copies by their bytes are left out anyway.
    begins.retain(|(_, file)| survey.copy_of[*file as usize].is_none());
    let log_of = |file: u32, member: Option<&str>| {
        link::by_names(&survey.listing, inputs[file as usize].name(), member)?.log_id
    };
    let alike = texts::alike(begins, |file| log_of(file, None));
    let (mut copies, mut marks) = (TextCopies::default(), Vec::new());
    let work = |job: usize| {
        let worker = &workers[rayon::current_thread_index().unwrap_or(0)];
        let mut worker = worker.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (decoder, buffer, _) = &mut *worker;
        let (file, mut place, mut marks) = (alike[job], 0, Vec::new());
        let share = budget.share(job as u64);
        if let Ok(bytes) = inputs[file as usize].read(limits, &share, buffer) {
            decoder.decode_within(&share, bytes, &mut |leaf| {
                if leaf.form == Form::Json && texts::begin(peeked(leaf.text)).is_some() {
                    let log = log_of(file, leaf.member);
                    marks.push(copies.mark((file, place), leaf.text, log));
                }
                place += 1;
            });
        }
        buffer.clear();
        buffer.shrink_to(budget.keep());
        marks
    };
    let Ok(finished) = map_ordered(pool, alike.len(), 2 * workers.len(), stop, work, |_, more| {
        marks.extend(more);
        Ok::<(), std::convert::Infallible>(())
    });
    if finished.stopped || stop.load(Ordering::Relaxed) {
        return None;
    }
    copies.find(marks);
    survey.texts = copies;
    Some(survey)
}

/// Hashes of a text, by which a merge finds copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LeafHashes {
    /// Of all of it.
    pub(crate) digest: u128,
    /// Of its beginning, and of its bytes that are no blanks; `None` when it is no JSON, or short.
    pub(crate) dense: Option<(u64, u128)>,
}

impl LeafHashes {
    pub(crate) fn of(text: &str, json: bool) -> Self {
        let begin = json.then(|| texts::begin(peeked(text))).flatten();
        Self {
            digest: xxh3_128(text.as_bytes()),
            dense: begin.map(|begin| (begin, texts::without_blanks(text))),
        }
    }
}

/// The beginning of a text as a look gives it.
fn peeked(text: &str) -> &str {
    &text[..text.floor_char_boundary(PEEK)]
}

/// What the survey found of one file.
#[derive(Default)]
struct SurveyedFile {
    digest: Option<Digest>,
    check: Check,
    bytes: u64,
    pages: bool,
}
