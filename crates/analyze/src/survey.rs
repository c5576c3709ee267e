//! The first look at all files: their digests, which are copies, and what the listing pages say.
//!
//! Downloads are linked to logs while they are read, so the listing must be known before, wherever
//! its pages lie. Files are read once here and once in the main pass; peeking at the first bytes of
//! each document tells which files are pages, and only those are decoded.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use archive::{Budget, Decoder, Limits, map_ordered};
use model::listing::{self, Listing};
use rayon::ThreadPool;

use crate::input::Input;

/// How much of a document tells whether it may be a listing page, in bytes.
const PEEK: usize = 4096;

/// Files one job looks at.
const FILES: usize = 64;

/// What the first look found.
#[derive(Debug, Default)]
pub struct Survey {
    /// BLAKE3 of each file, hex; empty when it could not be read.
    pub digests: Vec<String>,
    /// The size of each file in bytes; when it could not be read, that when it was found.
    pub bytes: Vec<u64>,
    /// The first file with the same bytes, of those that come after it. Empty files are copies of
    /// nothing, nor are unreadable ones.
    pub copy_of: Vec<Option<u32>>,
    /// Whether each file holds a listing page.
    pub pages: Vec<bool>,
    /// All listing pages, merged.
    pub listing: Listing,
}

/// Looks at all files. `None` when `stop` was set on the way.
pub fn survey(
    pool: &ThreadPool,
    inputs: &[Input],
    limits: &Limits,
    budget: &Budget,
    stop: &AtomicBool,
) -> Option<Survey> {
    let workers: Vec<Mutex<(Decoder, Vec<u8>)>> = (0..pool.current_num_threads())
        .map(|_| Mutex::new((Decoder::new(*limits), Vec::new())))
        .collect();
    let mut survey = Survey::default();
    let jobs = inputs.len().div_ceil(FILES);
    let work = |job: usize| {
        let worker = &workers[rayon::current_thread_index().unwrap_or(0)];
        let mut worker = worker.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (decoder, buffer) = &mut *worker;
        let first = job * FILES;
        let mut seen = Vec::with_capacity(FILES);
        let mut listing = Listing::default();
        for (n, input) in inputs[first..].iter().take(FILES).enumerate() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            // What cannot be read is told by the main pass.
            let share = budget.share((first + n) as u64);
            let Ok(bytes) = input.read(limits, &share, buffer) else {
                seen.push((String::new(), input.bytes(), false));
                continue;
            };
            // A small file is decoded faster than it is peeked into and then decoded.
            let mut candidate = bytes.len() <= PEEK;
            if !candidate {
                let look = &mut |text: &str| candidate |= listing::may_be_listing(text);
                decoder.peek_within(&share, bytes, PEEK, look);
            }
            let mut pages = false;
            if candidate {
                decoder.decode_within(&share, bytes, &mut |leaf| {
                    if listing::may_be_listing(leaf.text)
                        && let Some(page) = listing::parse(leaf.text)
                    {
                        listing.add(page, (first + n) as u64);
                        pages = true;
                    }
                });
            }
            seen.push((archive::digest(bytes), bytes.len() as u64, pages));
            buffer.clear();
            buffer.shrink_to(budget.keep());
        }
        (seen, listing)
    };
    let done = map_ordered(pool, jobs, 2 * workers.len(), stop, work, |_, (seen, listing)| {
        for (digest, bytes, pages) in seen {
            survey.digests.push(digest);
            survey.bytes.push(bytes);
            survey.pages.push(pages);
        }
        survey.listing.merge(listing);
        Ok::<(), std::convert::Infallible>(())
    });
    match done {
        Ok(finished) if finished.stopped || stop.load(Ordering::Relaxed) => return None,
        Ok(_) => {}
        Err(never) => match never {},
    }
    let mut first = HashMap::new();
    let files = survey.digests.iter().zip(&survey.bytes).enumerate();
    survey.copy_of = files
        .map(|(n, (digest, bytes))| {
            if digest.is_empty() || *bytes == 0 {
                return None;
            }
            let original = *first.entry(digest.as_str()).or_insert(n as u32);
            (original != n as u32).then_some(original)
        })
        .collect();
    survey.listing.finish();
    Some(survey)
}
