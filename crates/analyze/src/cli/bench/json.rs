//! The figures as JSON: everything, in one object.

use measure::{Build, FileSample, Machine, Measured, MeasuredStage, Measurement};
use serde::Serialize;

/// Raised when a field is removed or changes its meaning. New fields do not raise it.
const BENCH_SCHEMA_VERSION: u32 = 2;

#[derive(Debug, Serialize)]
pub(super) struct BenchView<'m> {
    schema_version: u32,
    machine: &'m Machine,
    build: &'m Build,
    sample: &'m FileSample,
    runs: u32,
    measurements: Vec<MeasurementView<'m>>,
    /// Null where the limit was not measured.
    limit: Option<LimitView>,
}

/// One stage with one number of threads; null where something was not measured.
#[derive(Debug, Serialize)]
struct MeasurementView<'m> {
    stage: &'static str,
    from: &'static str,
    threads: usize,
    /// Wall time of one pass over the sample, in each run, in the order of the runs.
    seconds: &'m [f64],
    median_seconds: f64,
    min_seconds: f64,
    max_seconds: f64,
    /// At the median, like all rates; millions of bytes.
    text_mb_per_second: Option<f64>,
    file_mb_per_second: Option<f64>,
    files_per_second: Option<f64>,
    exchanges_per_second: Option<f64>,
    /// How many times as fast as with one thread.
    speedup: Option<f64>,
    peak_memory_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct LimitView {
    text_mb_per_second: Option<f64>,
    /// The share of it that `decode` reaches with one thread, 1 for all of it.
    decode_share: Option<f64>,
    /// The same when the grammar of the JSON is checked too.
    decode_and_json_share: Option<f64>,
    /// How many times as fast `decode` is with two threads as with one.
    decode_speedup_two_threads: Option<f64>,
    /// The share of the bytes of files whose base64 and DEFLATE count, 1 for all of them.
    covered: f64,
}

/// The object that is serialised.
pub(super) fn view(measured: &Measured) -> BenchView<'_> {
    let sample = &measured.sample;
    let limit = measured.find(MeasuredStage::Limit, 1).map(|one| LimitView {
        text_mb_per_second: measured.rates(one.spread().median).map(|rates| rates.decoded_mb),
        decode_share: measured.limit_share(),
        decode_and_json_share: measured.limit_share_with_json(),
        decode_speedup_two_threads: measured.speedup(MeasuredStage::Decode, 2),
        covered: sample.limit_bytes as f64 / sample.encoded_bytes.max(1) as f64,
    });
    BenchView {
        schema_version: BENCH_SCHEMA_VERSION,
        machine: &measured.machine,
        build: &measured.build,
        sample,
        runs: measured.runs,
        measurements: measured.measurements.iter().map(|one| row(measured, one)).collect(),
        limit,
    }
}

fn row<'m>(measured: &Measured, one: &'m Measurement) -> MeasurementView<'m> {
    let spread = one.spread();
    let rates = measured.rates(spread.median);
    MeasurementView {
        stage: one.stage.name(),
        from: one.stage.source(),
        threads: one.threads,
        seconds: &one.seconds,
        median_seconds: spread.median,
        min_seconds: spread.min,
        max_seconds: spread.max,
        text_mb_per_second: rates.map(|rates| rates.decoded_mb),
        file_mb_per_second: rates.map(|rates| rates.encoded_mb),
        files_per_second: rates.map(|rates| rates.files),
        exchanges_per_second: rates.map(|rates| rates.exchanges),
        speedup: measured.speedup(one.stage, one.threads),
        peak_memory_bytes: one.peak_bytes,
    }
}
