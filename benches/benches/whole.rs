//! A folder of downloads to a report, as `analyze report` does it.
//!
//! The folder is written once, to the system's folder for temporary files, so the files come from the page cache, and
//! the report goes there too. Where that is a real disk, its speed is part of the figure.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use archive::{Budget, Discovery, Limits, discover};
use corpus::logs::{LogShape, Variety, document, exchanges_of_run};
use corpus::wrap::Download;
use criterion::{BatchSize, Bencher, Criterion, SamplingMode, Throughput};
use grouping::RULES_VERSION;
use pipeline::input::{self, FoundInputs};
use pipeline::run::{Done, Options, Progress, report};
use pipeline::worker::KeepBodies;
use tables::{Folder, Format, Formats, Metadata};

/// Large downloads, and exchanges in each: 64 files of about a megabyte of JSON.
const LARGE: (usize, usize) = (64, 800);
/// Row logs: many files of one exchange.
const SMALL: (usize, usize) = (5_000, 1);
/// Runs in each dump; where bodies repeat, every run has the same.
const RUNS: usize = 8;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let folder = tempfile::tempdir().expect("a folder for the inputs and reports");
    let parquet = || Formats::new([Format::Parquet]);
    let plain = Options::default();
    let jobs = [
        ("parquet", parquet(), plain.clone()),
        ("parquet and csv", Formats::default(), plain.clone()),
        (
            "parquet, bodies of failures",
            parquet(),
            Options { bodies: KeepBodies::Failed, ..plain.clone() },
        ),
        ("parquet, one thread", parquet(), Options { threads: 1, ..plain.clone() }),
    ];

    let large = Dump::create(&folder.path().join("large"), LARGE, 1, Variety::Unique);
    let small = Dump::create(&folder.path().join("small"), SMALL, 2, Variety::Unique);
    let repeating = Dump::create(&folder.path().join("repeating"), LARGE, 1, Variety::Repeating);
    let out = folder.path().join("report");

    files(&mut criterion, &[("large", &large), ("small", &small)]);
    let mut group = criterion.benchmark_group("whole");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.throughput(Throughput::ElementsAndBytes { elements: large.exchanges, bytes: large.json });
    for (name, formats, options) in &jobs {
        group.bench_function(*name, |b| once(b, || large.report(&out, formats, options)));
    }
    group.throughput(Throughput::ElementsAndBytes { elements: small.exchanges, bytes: small.json });
    group.bench_function("small files, parquet", |b| {
        once(b, || small.report(&out, &parquet(), &plain));
    });
    let (elements, bytes) = (repeating.exchanges, repeating.json);
    group.throughput(Throughput::ElementsAndBytes { elements, bytes });
    group.bench_function("repeated, parquet", |b| {
        once(b, || repeating.report(&out, &parquet(), &plain));
    });
    group.finish();
    criterion.final_summary();
}

/// Without the time to drop the result: the program ends without doing so.
fn once(bencher: &mut Bencher<'_>, report: impl Fn() -> Done) {
    bencher.iter_batched(|| (), |()| report(), BatchSize::PerIteration);
}

/// What every file costs before it is decoded: the walk, opening and reading, and its digest.
fn files(criterion: &mut Criterion, dumps: &[(&str, &Dump)]) {
    let mut group = criterion.benchmark_group("files");
    let (budget, limits) = (Budget::unlimited(), Limits::default());
    let mut buffer = Vec::new();
    for (name, dump) in dumps {
        let sources = dump.discovered().sources;
        let bytes = sources.iter().map(|source| source.bytes).sum();
        let elements = sources.len() as u64;
        group.throughput(Throughput::ElementsAndBytes { elements, bytes });
        group.bench_function(format!("discover/{name}"), |b| {
            b.iter(|| assert_eq!(dump.discovered().sources.len(), sources.len()));
        });
        group.bench_function(format!("read/{name}"), |b| {
            b.iter(|| {
                for source in &sources {
                    archive::read(source, &limits, &budget.share(0), &mut buffer)
                        .expect("the file is there");
                }
            });
        });
        group.bench_function(format!("read and digest/{name}"), |b| {
            b.iter(|| {
                for source in &sources {
                    archive::read(source, &limits, &budget.share(0), &mut buffer)
                        .expect("the file is there");
                    black_box(archive::Digest::of(&buffer));
                }
            });
        });
    }
    group.finish();
}

/// A folder of downloads.
struct Dump {
    folder: PathBuf,
    /// In all files.
    exchanges: u64,
    /// Bytes of JSON in all files.
    json: u64,
}

impl Dump {
    /// Writes `files` downloads of `each` exchanges, in turn of the three shapes; no two files are equal.
    fn create(folder: &Path, (files, each): (usize, usize), seed: u64, variety: Variety) -> Self {
        std::fs::create_dir(folder).expect("a folder that is not there yet");
        let (mut json, files_of_a_run) = (0, files / RUNS);
        for n in 0..files {
            let (run, place) = ((n / files_of_a_run) as u64, n % files_of_a_run);
            let rows = exchanges_of_run(each, seed << 32 | place as u64, run, variety);
            // By place, so that a run repeats the documents of the one before.
            let shape = LogShape::ALL[place % LogShape::ALL.len()];
            let download = Download::of(document(shape, &rows), &format!("{n}.json"));
            json += download.json.len() as u64;
            std::fs::write(folder.join(format!("{n:06}.txt")), &download.text)
                .expect("space for the inputs");
        }
        Self { folder: folder.to_owned(), exchanges: (files * each) as u64, json }
    }

    fn discovered(&self) -> Discovery {
        discover(&[self.folder.display().to_string()]).expect("the folder is there")
    }

    /// From the walk through the folder to the finished report.
    fn report(&self, out: &Path, formats: &Formats, options: &Options) -> Done {
        let FoundInputs { inputs, unread } =
            input::find(&[self.folder.display().to_string()]).expect("the folder is there");
        let metadata = Metadata { rules_version: RULES_VERSION, redaction: "none" };
        let sink = Folder::create(out, true, formats.clone(), &metadata)
            .expect("the folder of the report can be made");
        let (progress, never) = (Progress::default(), AtomicBool::new(false));
        let done = report(&inputs, &unread, sink, options, &progress, &never)
            .expect("a report can be written");
        assert_eq!(done.summary.exchanges.total, self.exchanges, "every exchange is in the report");
        done
    }
}
