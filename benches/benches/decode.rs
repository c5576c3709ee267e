//! File bytes to JSON text: base64 alone, inflate alone, both, and what the decoder makes of a file.
//!
//! Every step is timed twice, once counted in bytes of the JSON that it leads to (`json`) and once in bytes of the file
//! that it comes from (`file`): the first figure is compared with other decoders, the second with disks.

use std::hint::black_box;

use archive::{Decoder, Limits};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::simd::Simd;
use base64::{Engine, alphabet};
use corpus::logs::{LogShape, document, exchanges};
use corpus::wrap::Download;
use criterion::{Criterion, Throughput};
use flate2::{Decompress, FlushDecompress, Status};
use model::json::Cursor;

/// Exchanges in the large download: about a megabyte of JSON, the size of a busy step's log.
const LARGE: usize = 800;
/// Small downloads: row logs of one exchange.
const SMALL: usize = 1_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    stages(&mut criterion);
    small(&mut criterion);
    criterion.final_summary();
}

/// The layers of one large download, one by one and together.
fn stages(criterion: &mut Criterion) {
    let download = Download::of(document(LogShape::Flat, &exchanges(LARGE, 1)), "901.json");
    let text = download.text.as_bytes();
    let size = download.json.len();
    let units = [("json", size as u64), ("file", text.len() as u64)];

    let mut group = criterion.benchmark_group("decode");
    for (unit, bytes) in units {
        group.throughput(Throughput::BytesDecimal(bytes));

        let simd = Simd::standard(GeneralPurposeConfig::new());
        let mut zip = vec![0; text.len()];
        group.bench_function(format!("base64 simd/{unit}"), |b| {
            b.iter(|| simd.decode_slice(black_box(text), &mut zip).expect("sound base64"));
        });
        let scalar = GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new());
        group.bench_function(format!("base64 scalar/{unit}"), |b| {
            b.iter(|| scalar.decode_slice(black_box(text), &mut zip).expect("sound base64"));
        });

        let mut state = Decompress::new(false);
        let mut json = Vec::with_capacity(size + 1024);
        group.bench_function(format!("inflate/{unit}"), |b| {
            b.iter(|| inflate(&mut state, black_box(download.deflate_stream()), &mut json));
        });
        assert_eq!(json, download.json.as_bytes(), "inflate gives the document");

        // Only the two engines: the decoder is compared with this limit.
        group.bench_function(format!("limit/{unit}"), |b| {
            b.iter(|| {
                simd.decode_slice(black_box(text), &mut zip).expect("sound base64");
                inflate(&mut state, &zip[download.deflated.clone()], &mut json);
            });
        });

        let mut decoder = Decoder::new(Limits::default());
        group.bench_function(format!("whole file/{unit}"), |b| {
            b.iter(|| {
                let mut length = 0;
                decoder.decode(black_box(text), &mut |leaf| length += leaf.text.len());
                assert_eq!(length, size, "the whole document comes out");
            });
        });

        group.bench_function(format!("whole file, JSON checked/{unit}"), |b| {
            b.iter(|| {
                let mut sound = false;
                decoder.decode(black_box(text), &mut |leaf| {
                    sound = Cursor::new(leaf.text).value().is_ok();
                });
                assert!(sound, "the document is JSON");
            });
        });
    }
    group.finish();
}

/// Many downloads of one exchange each, where the fixed cost of a file counts.
fn small(criterion: &mut Criterion) {
    let rows = exchanges(SMALL, 2);
    let downloads: Vec<Download> = rows
        .chunks(1)
        .map(|row| Download::of(document(LogShape::Nested, row), "901.json"))
        .collect();
    let bytes = downloads.iter().map(|download| download.json.len() as u64).sum();

    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::ElementsAndBytes { elements: SMALL as u64, bytes });
    let mut decoder = Decoder::new(Limits::default());
    group.bench_function("small files", |b| {
        b.iter(|| {
            let mut length = 0;
            for download in &downloads {
                decoder.decode(black_box(download.text.as_bytes()), &mut |leaf| {
                    length += leaf.text.len() as u64;
                });
            }
            assert_eq!(length, bytes, "every document comes out");
        });
    });
    group.finish();
}

/// Raw DEFLATE through flate2 into a buffer that is large enough already.
fn inflate(state: &mut Decompress, stream: &[u8], out: &mut Vec<u8>) {
    state.reset(false);
    out.clear();
    let status = state.decompress_vec(stream, out, FlushDecompress::Finish);
    assert_eq!(status.ok(), Some(Status::StreamEnd), "the stream is sound and the buffer holds it");
}
