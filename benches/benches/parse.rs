//! JSON text to exchanges: skipping, body shapes, and the extractor over three shapes of documents.

use std::hint::black_box;

use corpus::logs::{Row, Shape, document, rows};
use criterion::{Criterion, Throughput};
use model::body::Shapes;
use model::extract::Extractor;
use model::json::{Cursor, unescape};

/// Exchanges in a document: about a megabyte of JSON.
const ROWS: usize = 800;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let rows = rows(ROWS, 1);
    json(&mut criterion, &rows);
    bodies(&mut criterion, &rows);
    extract(&mut criterion, &rows);
    criterion.final_summary();
}

/// The cursor alone: every byte is checked, nothing is kept. In flat logs most bytes are escaped
/// strings, in nested ones tokens.
fn json(criterion: &mut Criterion, rows: &[Row]) {
    let mut group = criterion.benchmark_group("json");
    for shape in [Shape::Flat, Shape::Nested] {
        let text = document(shape, rows);
        group.throughput(Throughput::BytesDecimal(text.len() as u64));
        group.bench_function(format!("skip/{}", shape.name()), |b| {
            b.iter(|| Cursor::new(black_box(&text)).value().expect("a sound document").raw.len());
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
fn bodies(criterion: &mut Criterion, rows: &[Row]) {
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

/// Documents to exchanges, bodies, digests and errors included.
fn extract(criterion: &mut Criterion, rows: &[Row]) {
    let mut group = criterion.benchmark_group("extract");
    for shape in Shape::ALL {
        let text = document(shape, rows);
        let size = Throughput::ElementsAndBytes { elements: ROWS as u64, bytes: text.len() as u64 };
        group.throughput(size);
        let mut extractor = Extractor::default();
        group.bench_function(shape.name(), |b| {
            b.iter(|| {
                let mut errors = 0;
                let found =
                    extractor.extract(black_box(&text), true, &mut |x| errors += x.errors.len());
                assert_eq!(found.exchanges as usize, ROWS, "every exchange is found");
                errors
            });
        });
    }
    group.finish();
}
