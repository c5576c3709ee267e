#!/usr/bin/env bash
# Runs `analyze report` and its rivals side by side on one dump and prints the ratios, as Markdown:
#
#     benches/compare.sh [--runs N] [--jobs N] [--only WORD] DUMP [SMALL] > benches/results/NAME.md
#
# DUMP is a folder of flat logs (DUMP/downloads/*.txt), SMALL one of many small files, for files a second:
#
#     cargo run --release -p corpus --example dump -- /tmp/dump 800 800
#     cargo run --release -p corpus --example dump -- /tmp/small 200000 1
#
# PYTHON names the interpreter of the rivals (default python3); those whose packages it lacks are left out:
# polars; isal and orjson; duckdb. ANALYZE names the program (default: built here, in release).
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ -z ${ANALYZE:-} ]]; then
    cargo build --release --locked --package analyze >&2
    ANALYZE=${CARGO_TARGET_DIR:-target}/release/analyze
fi
exec "${PYTHON:-python3}" benches/rivals/compare.py --analyze "$ANALYZE" "$@"
