//! The first look at all files: their digests, which are copies, and what the listing pages say.
//!
//! Downloads are linked to logs while they are read, so the listing must be known before, wherever
//! its pages lie. Files are read once here and once in the main pass; peeking at the first bytes of
//! each document tells which files are pages, and only those are decoded.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use archive::{Decoder, Limits, map_ordered};
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
    /// Whether an earlier file has the same bytes.
    pub copies: Vec<bool>,
    /// All listing pages, merged.
    pub listing: Listing,
}

/// Looks at all files. `None` when `stop` was set on the way.
pub fn survey(
    pool: &ThreadPool,
    inputs: &[Input],
    limits: &Limits,
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
        let mut digests = Vec::with_capacity(FILES);
        let mut listing = Listing::default();
        for (n, input) in inputs[first..].iter().take(FILES).enumerate() {
            // What cannot be read is told by the main pass.
            let Ok(bytes) = input.read(limits, buffer) else {
                digests.push(String::new());
                continue;
            };
            digests.push(archive::digest(bytes));
            let mut candidate = false;
            decoder.peek(bytes, PEEK, &mut |text| candidate |= listing::may_be_listing(text));
            if candidate {
                decoder.decode(bytes, &mut |leaf| {
                    if let Some(page) = listing::parse(leaf.text) {
                        listing.add(page, (first + n) as u64);
                    }
                });
            }
        }
        (digests, listing)
    };
    let done = map_ordered(pool, jobs, 2 * workers.len(), stop, work, |_, (digests, listing)| {
        survey.digests.extend(digests);
        survey.listing.merge(listing);
        Ok::<(), std::convert::Infallible>(())
    });
    match done {
        Ok(finished) if finished.stopped => return None,
        Ok(_) => {}
        Err(never) => match never {},
    }
    let mut seen = HashSet::new();
    // An unreadable file is a copy of nothing.
    survey.copies = survey
        .digests
        .iter()
        .map(|digest| !digest.is_empty() && !seen.insert(digest.as_str()))
        .collect();
    survey.listing.finish();
    Some(survey)
}
