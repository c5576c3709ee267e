//! Rows of the exchanges table to bytes of files: filling a batch, and encoding it in each format.

use std::hint::black_box;

use corpus::Random;
use corpus::logs::{LoggedExchange, exchanges};
use criterion::{BatchSize, Criterion, SamplingMode, Throughput};
use tables::cell::{
    BodyDigest, BodyText, EndpointName, EvidenceWord, FileName, FlowName, HttpMethod, KeyKindWord,
    KeyValue, LogId, LoggedUrl, MemberName, Micros, OutcomeWord, RecordPointer, RunId, StepName,
};
use tables::rows::{ExchangeRow, Exchanges};
use tables::{Batch, CsvOptions, Format, Formats, Frame, encode};

/// Rows in the batch: about as many bytes as a row group of a report has.
const ROWS: usize = 8_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let rows = exchanges(ROWS, 1);
    let mut random = Random::new(1);
    let run = random.uuid();
    let mut digest = || u128::from(random.bits()) << 64 | u128::from(random.bits());
    let digests: Vec<[u128; 2]> = rows.iter().map(|_| [digest(), digest()]).collect();
    let full = filled(&rows, &digests, &run);
    let size = Throughput::ElementsAndBytes { elements: ROWS as u64, bytes: full.bytes() as u64 };

    let mut group = criterion.benchmark_group("write");
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    group.throughput(size);
    group.bench_function("fill", |b| {
        b.iter(|| filled(black_box(&rows), &digests, &run));
    });
    let mut csv_bodies = Formats::new([Format::Csv]);
    csv_bodies.csv = CsvOptions { bodies: true, ..CsvOptions::default() };
    let outputs = [
        ("parquet", Formats::new([Format::Parquet])),
        ("csv", Formats::new([Format::Csv])),
        ("csv with bodies", csv_bodies),
        ("json", Formats::new([Format::Json])),
        ("parquet and csv", Formats::default()),
    ];
    for (name, formats) in outputs {
        group.bench_function(format!("encode/{name}"), |b| {
            b.iter(|| encode(black_box(&full), &formats).expect("a sound batch"));
        });
    }
    // The form in which rows of `errors` wait for their group.
    group.bench_function("encode/scratch", |b| {
        b.iter_batched_ref(
            || full.clone(),
            |batch| Frame::pack(batch).expect("a sound batch"),
            BatchSize::LargeInput,
        );
    });
    group.finish();
    criterion.final_summary();
}

/// A batch with a row for each exchange, as a run fills it.
fn filled(rows: &[LoggedExchange], digests: &[[u128; 2]], run: &str) -> Batch<Exchanges> {
    let mut batch = Batch::new();
    let mut pointer = String::new();
    for ((row, &[request, response]), n) in rows.iter().zip(digests).zip(0..) {
        pointer.clear();
        pointer.push('/');
        pointer.push_str(&n.to_string());
        let endpoint = row.url.split('?').next().unwrap_or_default();
        let failed = row.failed();
        batch.push(&ExchangeRow {
            exchange: n.into(),
            file: FileName("downloads/20261005/901.txt"),
            member: Some(MemberName("901.json")),
            pointer: RecordPointer(&pointer),
            record: n,
            log_id: Some(LogId("901")),
            run_id: Some(RunId(run)),
            flow: Some(FlowName(row.flow)),
            step: Some(StepName(row.step)),
            row_num: Some(i64::from(n) + 1),
            key_kind: Some(KeyKindWord(if row.key_field == "sku" { "sku" } else { "order" })),
            key: Some(KeyValue(&row.key)),
            started_at: Some(Micros(row.started_ms.cast_signed() * 1_000)),
            duration_ms: Some(row.duration_ms as f64),
            method: Some(HttpMethod(row.method)),
            url: Some(LoggedUrl(&row.url)),
            endpoint: Some(EndpointName(endpoint)),
            status: row.status.map(i32::from),
            outcome: OutcomeWord(if failed { "failed" } else { "success" }),
            evidence: failed.then_some(EvidenceWord("status")),
            request_body: Some(row.request.as_str())
                .filter(|text| !text.is_empty())
                .map(|text| BodyText { text, hash: request as u64 }),
            response_body: row
                .response
                .as_deref()
                .map(|text| BodyText { text, hash: response as u64 }),
            request_digest: Some(BodyDigest(request)),
            response_digest: row.response.is_some().then_some(BodyDigest(response)),
            response_truncated: false,
            extra: None,
        });
    }
    batch
}
