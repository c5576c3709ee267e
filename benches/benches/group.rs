//! Error texts to groups: counting them while reading, and mining them at the end.

use std::hint::black_box;

use corpus::errors::{ErrorSample, distinct, repeated};
use criterion::{BatchSize, Criterion, Throughput};
use grouping::{ErrorRef, MaskedMessages, classify};

/// Error texts in one iteration.
const COUNT: usize = 10_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let inputs = [("repeated", repeated(COUNT, 1)), ("distinct", distinct(COUNT, 1))];

    let mut group = criterion.benchmark_group("group");
    for (name, errors) in &inputs {
        let bytes = errors.iter().map(|error| error.message.len() as u64).sum();
        group.throughput(Throughput::ElementsAndBytes { elements: COUNT as u64, bytes });
        // The table is new each time: with `distinct`, filling it is the work.
        group.bench_function(format!("add/{name}"), |b| b.iter(|| added(black_box(errors))));
        group.bench_function(format!("classify/{name}"), |b| {
            b.iter(|| {
                errors
                    .iter()
                    .filter(|error| classify(&error_ref(black_box(error))).name().len() > 5)
                    .count()
            });
        });
    }
    // The same text again and again.
    let same = vec![inputs[0].1[0].clone(); COUNT];
    group.throughput(Throughput::Elements(COUNT as u64));
    group.bench_function("add/same", |b| b.iter(|| added(black_box(&same))));

    for (name, errors) in &inputs {
        let masked = added(errors);
        group.throughput(Throughput::Elements(masked.len() as u64));
        group.bench_function(format!("finish/{name}"), |b| {
            b.iter_batched(|| masked.clone(), |full| full.finish().len(), BatchSize::LargeInput);
        });
    }
    group.finish();
    criterion.final_summary();
}

fn added(errors: &[ErrorSample]) -> MaskedMessages {
    let mut messages = MaskedMessages::default();
    for error in errors {
        messages.add(error_ref(error));
    }
    messages
}

fn error_ref(error: &ErrorSample) -> ErrorRef<'_> {
    ErrorRef {
        code: error.code,
        field: error.field,
        message: &error.message,
        status: Some(error.status),
        cut: false,
    }
}
