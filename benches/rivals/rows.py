#!/usr/bin/env python3
"""Reads a dump of flat logs as a Python program would that was written for this one shape.

    rows.py sample DUMP OUT            the platform's sample in a loop: base64, zipfile, json
    rows.py fast   DUMP OUT --jobs N   the fastest parts: isal, orjson, one process a core

DUMP/downloads holds base64 of zips with one JSON list each, as `cargo run -p corpus --example dump` and
make_dump.py --shapes flat write them. OUT gets the rows as Parquet (zstd) and a count of errors by status and
text; nothing is masked, grouped, linked or checked. The last line on stdout is a JSON object with the
number of exchanges.
"""
import argparse
import base64
import collections
import io
import json
import multiprocessing
import pathlib
import struct
import zipfile
from concurrent.futures import ProcessPoolExecutor

import polars

# Files that one process takes at a time, and one row group holds.
CHUNK = 32
TYPES = {
    "file": polars.String,
    "row_num": polars.Int64,
    "created": polars.String,
    "method": polars.String,
    "url": polars.String,
    "status_code": polars.Int64,
    "request_body": polars.String,
    "response_body": polars.String,
    "errors": polars.List(polars.String),
    "duration": polars.Float64,
}


def by_sample(path):
    """What the documentation of the platform shows."""
    packed = base64.b64decode(path.read_text("ascii"))
    archive = zipfile.ZipFile(io.BytesIO(packed))
    return json.loads(archive.read(archive.namelist()[0]))


def by_fast_parts(path):
    """The same with the fastest packages, and without the checksum."""
    import orjson
    from isal import isal_zlib

    packed = base64.b64decode(path.read_bytes())
    member = zipfile.ZipFile(io.BytesIO(packed)).infolist()[0]
    # The local header says where its data begins.
    name, extra = struct.unpack_from("<2H", packed, member.header_offset + 26)
    begin = member.header_offset + 30 + name + extra
    data = memoryview(packed)[begin : begin + member.compress_size]
    return orjson.loads(isal_zlib.decompress(data, -15, member.file_size))


def body(value, dumps):
    return value if value is None or isinstance(value, str) else dumps(value)


def chunk(job):
    """The rows of some files to one Parquet file. Gives their number and the counts of errors."""
    mode, number, paths, out = job
    if mode == "fast":
        import orjson

        read, dumps = by_fast_parts, lambda value: orjson.dumps(value).decode()
    else:
        read, dumps = by_sample, lambda value: json.dumps(value, ensure_ascii=False)
    rows, errors = [], collections.Counter()
    for path in paths:
        for record in read(path):
            record["request_body"] = body(record["request_body"], dumps)
            record["response_body"] = body(record["response_body"], dumps)
            failures = record.get("errors") or []
            status = record["status_code"] or 0
            if failures or status >= 400:
                errors[status, failures[0] if failures else (record["response_body"] or "")[:200]] += 1
            rows.append((path.name, *(record.get(name) for name in list(TYPES)[1:])))
    table = polars.DataFrame(rows, schema=TYPES, orient="row")
    table.write_parquet(out / f"rows-{number:05}.parquet", compression="zstd", compression_level=1)
    return len(rows), errors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["sample", "fast"])
    parser.add_argument("dump", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    paths = sorted((options.dump / "downloads").glob("*.txt"))
    jobs = [
        (options.mode, number, paths[at : at + CHUNK], options.out)
        for number, at in enumerate(range(0, len(paths), CHUNK))
    ]
    total, errors = 0, collections.Counter()
    if options.jobs > 1:
        # Not forked: Polars has threads of its own, which a fork would lose.
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(options.jobs, mp_context=spawn) as pool:
            done = list(pool.map(chunk, jobs))
    else:
        done = map(chunk, jobs)
    for rows, some in done:
        total += rows
        errors.update(some)
    with (options.out / "errors.jsonl").open("w", encoding="utf-8") as file:
        for (status, text), count in errors.most_common():
            file.write(json.dumps({"count": count, "status": status, "error": text}, ensure_ascii=False) + "\n")
    print(json.dumps({"exchanges": total}))


if __name__ == "__main__":
    main()
