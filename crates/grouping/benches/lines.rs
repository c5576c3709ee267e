//! The whole stage, from text to the id of its group: masking, counting, mining, look-up.
//!
//! The lines are those of the labelled log sets, if the shared folder is beside the checkout, repeated
//! until there are enough. Otherwise they are generated error texts of a dozen causes with random
//! values, and a line on stderr says so.
//!
//! `cargo bench -p grouping` builds nothing of Polars, unlike `cargo bench -p benches`.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use grouping::{ErrorRef, MaskedMessages};

/// Labelled log sets beside the checkout.
const SETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/grouping");

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let lines = labelled().unwrap_or_else(|| {
        #[expect(
            clippy::print_stderr,
            reason = "the reader of the figures must know what they measure"
        )]
        {
            eprintln!("no {SETS}: generated error texts are measured instead of log lines");
        }
        corpus::errors::repeated(100_000, 1).into_iter().map(|error| error.message).collect()
    });
    let mut group = criterion.benchmark_group("lines");
    group.sampling_mode(SamplingMode::Flat).sample_size(10).warm_up_time(Duration::from_secs(1));
    for count in [1_000_000, 10_000_000] {
        group.throughput(Throughput::Elements(count as u64));
        group.measurement_time(Duration::from_secs(count as u64 / 250_000));
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter(|| groups(lines.iter().cycle().take(count)));
        });
    }
    // Each line once, including the start of the maps.
    group.throughput(Throughput::Elements(lines.len() as u64));
    group.bench_function("once", |b| b.iter(|| groups(lines.iter())));
    group.finish();
    criterion.final_summary();
}

/// Groups the lines and looks up the group of each; a digest of the counts, so that no work is optimised away.
fn groups<'l>(lines: impl Iterator<Item = &'l String>) -> u64 {
    let mut messages = MaskedMessages::default();
    let ids: Vec<_> = lines
        .map(|message| {
            messages.add(ErrorRef { message: black_box(message), ..ErrorRef::default() })
        })
        .collect();
    let groups = messages.finish();
    ids.iter().map(|&id| groups.of(id).count).fold(0, u64::wrapping_add)
}

/// The lines of all sets in the order of their names; `None` when there are none.
fn labelled() -> Option<Vec<String>> {
    let mut files: Vec<_> =
        fs::read_dir(Path::new(SETS)).ok()?.flatten().map(|e| e.path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "csv"));
    files.sort();
    let texts = files.iter().filter_map(|path| fs::read_to_string(path).ok());
    let lines: Vec<String> = texts.flat_map(|text| contents(&text)).collect();
    (!lines.is_empty()).then_some(lines)
}

/// The second column, `Content`, of a CSV whose cells hold no line ends.
fn contents(text: &str) -> Vec<String> {
    let content = |row: &str| {
        let cell = row.split_once(',')?.1;
        Some(match cell.strip_prefix('"') {
            Some(quoted) => {
                // A quote that is not doubled ends the cell.
                let mut end = 0;
                while let Some(at) = quoted[end..].find('"') {
                    end += at + 1;
                    if !quoted[end..].starts_with('"') {
                        break;
                    }
                    end += 1;
                }
                quoted[..end.saturating_sub(1)].replace("\"\"", "\"")
            }
            None => cell.split(',').next().unwrap_or_default().to_owned(),
        })
    };
    text.lines().skip(1).filter_map(content).collect()
}
