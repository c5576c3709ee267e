#!/usr/bin/env bash
# Runs `analyze report` and its rivals in turns and prints medians and ratios, as Markdown: first on a dump
# without repeats, then on one in which each exchange comes 25 times.
#
#     benches/compare.sh [--runs N] [--jobs N] [--only WORD] > benches/results/NAME.md
#
# Both dumps are made, 0.45 GB of JSON each, in the folder for temporary files. Dumps of flat logs that are there
# already (DUMP/downloads/*.txt) are taken with `--unique DUMP` and `--repeating DUMP`; `--small DUMP` adds one of
# many small files:
#
#     cargo run --release -p corpus --example dump -- /tmp/unique 800 800
#     cargo run --release -p corpus --example dump -- /tmp/repeating 800 800 --repeats
#     cargo run --release -p corpus --example dump -- /tmp/small 200000 1
#
# PYTHON names the interpreter of the rivals (default python3); those whose packages it lacks are left out:
# polars; isal and orjson; duckdb. ANALYZE names the program (default: built here, in release).
set -euo pipefail
cd "$(dirname "$0")/.."

built=${CARGO_TARGET_DIR:-target}/release
if [[ -z ${ANALYZE:-} ]]; then
    cargo build --release --locked --package analyze >&2
    ANALYZE=$built/analyze
fi
cargo build --release --locked --package corpus --example dump >&2
exec "${PYTHON:-python3}" benches/rivals/compare.py --analyze "$ANALYZE" --maker "$built/examples/dump" "$@"
