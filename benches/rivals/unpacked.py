#!/usr/bin/env python3
"""Reads logs that are unpacked already, with DuckDB: the rows to one Parquet file.

    unpacked.py --unpack DUMP JSON       the JSON of each download of DUMP as a file in JSON; not timed
    unpacked.py JSON OUT --jobs N        all of them to OUT/rows.parquet (zstd), and a count of errors

Neither base64 nor zip is read when it counts, and the shape is known in advance. The last line on stdout is
a JSON object with the number of exchanges.
"""
import argparse
import base64
import io
import json
import pathlib
import zipfile

COLUMNS = {
    "row_num": "BIGINT",
    "created": "VARCHAR",
    "method": "VARCHAR",
    "url": "VARCHAR",
    "status_code": "BIGINT",
    "request_body": "VARCHAR",
    "response_body": "VARCHAR",
    "errors": "VARCHAR[]",
    "duration": "DOUBLE",
}


def unpack(dump, out):
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted((dump / "downloads").glob("*.txt")):
        archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(path.read_bytes())))
        (out / path.with_suffix(".json").name).write_bytes(archive.read(archive.namelist()[0]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--unpack", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    if options.unpack:
        return unpack(options.source, options.out)

    import duckdb

    options.out.mkdir(parents=True, exist_ok=True)
    quoted = lambda path: "'" + str(path).replace("'", "''") + "'"
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items())
    source = (
        f"read_json({quoted(options.source / '*.json')}, format = 'array', filename = true, "
        f"maximum_object_size = 268435456, columns = {{{columns}}})"
    )
    rows, errors = options.out / "rows.parquet", options.out / "errors.jsonl"
    connection = duckdb.connect(config={"threads": options.jobs})
    connection.execute(f"COPY (SELECT * FROM {source}) TO {quoted(rows)} (FORMAT parquet, COMPRESSION zstd)")
    connection.execute(
        f"COPY (SELECT count(*) AS count, status_code, coalesce(errors[1], response_body[:200]) AS error "
        f"FROM {quoted(rows)} WHERE status_code >= 400 OR len(errors) > 0 GROUP BY ALL ORDER BY count DESC) "
        f"TO {quoted(errors)} (FORMAT json)"
    )
    total = connection.execute(f"SELECT count(*) FROM {quoted(rows)}").fetchone()[0]
    print(json.dumps({"exchanges": total}))


if __name__ == "__main__":
    main()
