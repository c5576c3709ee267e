//! JSON text to exchanges: skipping, body shapes, and the extractor over three shapes of documents.

use std::hint::black_box;

use corpus::logs::{LogShape, LoggedExchange, Variety, document, exchanges_of_run};
use criterion::{BatchSize, Criterion, Throughput};
use model::body::Shapes;
use model::extract::Extractor;
use model::json::{Cursor, unescape};

/// Exchanges in a document: about a megabyte of JSON.
const ROWS: usize = 800;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let [earlier, rows] = [0, 1].map(|run| exchanges_of_run(ROWS, 1, run, Variety::Unique));
    json(&mut criterion, &rows);
    bodies(&mut criterion, &rows);
    extract(&mut criterion, &earlier, &rows);
    criterion.final_summary();
}

/// The cursor alone: every byte is checked, nothing is kept. In flat logs most bytes are in escaped strings, in nested
/// ones in tokens.
fn json(criterion: &mut Criterion, rows: &[LoggedExchange]) {
    let mut group = criterion.benchmark_group("json");
    for shape in [LogShape::Flat, LogShape::Nested] {
        let text = document(shape, rows);
        group.throughput(Throughput::BytesDecimal(text.len() as u64));
        group.bench_function(format!("skip/{}", shape.name()), |b| {
            b.iter(|| {
                Cursor::new(black_box(&text)).value().expect("the document is JSON").raw.len()
            });
        });
    }
    let mut escaped = String::new();
    for row in rows {
        model::json::push_escaped(&row.request, &mut escaped);
    }
    let mut out = String::with_capacity(escaped.len());
    group.throughput(Throughput::BytesDecimal(escaped.len() as u64));
    group.bench_function("unescape", |b| {
        b.iter(|| {
            out.clear();
            unescape(black_box(&escaped), &mut out);
        });
    });
    group.finish();
}

/// Digest, kind and shape of bodies.
fn bodies(criterion: &mut Criterion, rows: &[LoggedExchange]) {
    let requests: Vec<&str> = rows.iter().map(|row| row.request.as_str()).collect();
    let pages: Vec<&str> = rows
        .iter()
        .filter(|row| row.method == "GET")
        .filter_map(|row| row.response.as_deref())
        .collect();
    let others: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.response.as_deref())
        .filter(|text| text.starts_with('<'))
        .collect();

    let mut group = criterion.benchmark_group("body");
    for (name, texts) in [("requests", requests), ("pages", pages), ("XML and HTML", others)] {
        let bytes = texts.iter().map(|text| text.len() as u64).sum();
        group.throughput(Throughput::ElementsAndBytes { elements: texts.len() as u64, bytes });
        let mut shapes = Shapes::default();
        group.bench_function(name, |b| {
            b.iter(|| texts.iter().fold(0, |sum, text| sum ^ shapes.body(black_box(text)).0.shape));
        });
    }
    group.finish();
}

/// Documents to exchanges, bodies, digests and errors included. The extractor has read an earlier run, with
/// the same fields and other bodies, as it has in the middle of a job; with `repeated` it has read the same
/// bodies too.
fn extract(criterion: &mut Criterion, earlier: &[LoggedExchange], rows: &[LoggedExchange]) {
    let mut group = criterion.benchmark_group("extract");
    for shape in LogShape::ALL {
        let (earlier, text) = (document(shape, earlier), document(shape, rows));
        let size = Throughput::ElementsAndBytes { elements: ROWS as u64, bytes: text.len() as u64 };
        group.throughput(size);
        let ready = || {
            let mut extractor = Extractor::default();
            errors(&mut extractor, &earlier);
            extractor
        };
        group.bench_function(shape.name(), |b| {
            b.iter_batched_ref(
                ready,
                |extractor| errors(extractor, black_box(&text)),
                BatchSize::LargeInput,
            );
        });
        let mut extractor = ready();
        group.bench_function(format!("{}, repeated", shape.name()), |b| {
            b.iter(|| errors(&mut extractor, black_box(&text)));
        });
    }
    group.finish();
}

/// Extracts all exchanges; the number of their errors.
fn errors(extractor: &mut Extractor, text: &str) -> usize {
    let mut errors = 0;
    let extracted = extractor.extract(text, true, &mut |x| errors += x.errors.len());
    assert_eq!(extracted.exchanges as usize, ROWS, "every exchange is extracted");
    errors
}
