//! How often errors occurred over time.

use std::collections::HashMap;

use tables::cell::{Fingerprint, Micros};
use tables::rows::Errors;
use tables::{ReadError, Stored};

tables::select! {
    /// When an error of which group occurred.
    struct ErrorTime<'b> from Errors {
        fingerprint: Fingerprint<'b>,
        started_at: Option<Micros>,
    }
}

/// How many errors of each of these groups occurred in each of `parts` equal parts of the time from `from` to `to`, both
/// included. Errors without a time, and those before and after, are not counted. Reads two columns of `errors`.
///
/// # Errors
/// When the table `errors` cannot be read.
pub fn trends(
    report: &Stored,
    fingerprints: &[&str],
    (from, to): (Micros, Micros),
    parts: usize,
) -> Result<Vec<Vec<u64>>, ReadError> {
    let mut counts = vec![vec![0; parts]; fingerprints.len()];
    let places: HashMap<&str, usize> =
        fingerprints.iter().enumerate().map(|(place, name)| (*name, place)).collect();
    let span = i128::from(to.0) - i128::from(from.0) + 1;
    let mut table = report.table::<Errors>()?;
    for group in 0..table.groups() {
        for row in table.read::<ErrorTime<'_>>(group)?.iter() {
            let (Some(place), Some(time)) = (places.get(row.fingerprint.0), row.started_at) else {
                continue;
            };
            if (from..=to).contains(&time) {
                let since = i128::from(time.0) - i128::from(from.0);
                // Less than `parts`, since the time is within the span.
                let part = since * parts as i128 / span;
                counts[*place][usize::try_from(part).unwrap_or_default()] += 1;
            }
        }
    }
    Ok(counts)
}
