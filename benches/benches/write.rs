//! Rows of the exchanges table to bytes of files: filling a batch, and encoding it in each format.

use std::hint::black_box;

use corpus::Random;
use corpus::logs::{LoggedExchange, exchanges};
use criterion::{Criterion, SamplingMode, Throughput};
use tables::{Batch, EXCHANGES, Format, Formats, encode};

/// Rows in the batch: about as many bytes as a row group of a report has.
const ROWS: usize = 12_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let rows = exchanges(ROWS, 1);
    let mut random = Random::new(1);
    let run = random.uuid();
    let digests: Vec<[String; 2]> =
        rows.iter().map(|_| [(); 2].map(|()| random.uuid().replace('-', ""))).collect();
    let full = filled(&rows, &digests, &run);
    let size = Throughput::ElementsAndBytes { elements: ROWS as u64, bytes: full.bytes() as u64 };

    let mut group = criterion.benchmark_group("write");
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    group.throughput(size);
    group.bench_function("fill", |b| {
        b.iter(|| filled(black_box(&rows), &digests, &run));
    });
    let outputs = [
        ("parquet", Formats::new([Format::Parquet])),
        ("csv", Formats::new([Format::Csv])),
        ("json", Formats::new([Format::Json])),
        ("parquet and csv", Formats::default()),
        // The form in which rows of `errors` wait for their group.
        ("scratch", Formats::scratch()),
    ];
    for (name, formats) in outputs {
        group.bench_function(format!("encode/{name}"), |b| {
            b.iter(|| encode(black_box(&full), &formats).expect("a sound batch"));
        });
    }
    group.finish();
    criterion.final_summary();
}

/// A batch with a row for each exchange, as a run fills it.
fn filled(rows: &[LoggedExchange], digests: &[[String; 2]], run: &str) -> Batch {
    let mut batch = Batch::new(&EXCHANGES);
    let mut pointer = String::new();
    for (n, (row, [request, response])) in rows.iter().zip(digests).enumerate() {
        pointer.clear();
        pointer.push('/');
        pointer.push_str(&n.to_string());
        let endpoint = row.url.split('?').next().unwrap_or_default();
        batch
            .row()
            .u64(Some(n as u64))
            .text(Some("downloads/20261005/901.txt"))
            .text(Some("901.json"))
            .text(Some(&pointer))
            .u32(Some(n as u32))
            .text(Some("901"))
            .text(Some(run))
            .text(Some(row.flow))
            .text(Some(row.step))
            .i64(Some(i64::try_from(n).unwrap_or_default() + 1))
            .text(Some(if row.key_field == "sku" { "sku" } else { "order" }))
            .text(Some(&row.key))
            .time(Some(row.started_ms.cast_signed() * 1_000))
            .f64(Some(row.duration_ms as f64))
            .text(Some(row.method))
            .text(Some(&row.url))
            .text(Some(endpoint))
            .u16(row.status)
            .text(Some(if row.failed() { "failed" } else { "success" }))
            .text(row.failed().then_some("status"))
            .text(Some(row.request.as_str()).filter(|body| !body.is_empty()))
            .text(row.response.as_deref())
            .text(Some(request))
            .text(row.response.is_some().then_some(response.as_str()))
            .bool(Some(false))
            .text(None);
    }
    batch
}
