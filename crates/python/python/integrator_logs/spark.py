"""A report made by a Spark cluster: `python -m integrator_logs.spark --input DUMP --out DIR`.

The driver lists the files and cuts them, in name order, into shards. Each task makes the report of one shard, with its
state, in a folder of its own, and gives Spark the name of that folder. Then the driver merges the shards into one report,
which appears whole or not at all. Logs and rows never go through Spark.

A task can die, run twice, or be copied because it is slow: each attempt writes a folder of its own, one for each shard is
used, and all others are removed at the end. `DIR` and the folder beside it, in which shards are made, must be seen under
the same path by the driver and all executors, as must the logs.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Union

import integrator_logs as il

from . import _native

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Bytes of files in one shard. A task holds a small part of them at a time.
SHARD_BYTES = 256 << 20
#: Files in one shard: small ones cost by their number.
SHARD_FILES = 50_000

File = tuple[str, Path, int, bool]


class Attempt(NamedTuple):
    """A finished report of one shard."""

    shard: int
    #: The name of its folder.
    folder: str


def plan(files: Sequence[File], shard_bytes: int = SHARD_BYTES, shard_files: int = SHARD_FILES) -> list[list[File]]:
    """Files in name order, cut into shards. Where they are cut depends on names and sizes alone."""
    shards: list[list[File]] = []
    size = shard_bytes
    for file in files:
        if size + file[2] > shard_bytes or len(shards[-1]) >= shard_files:
            shards.append([])
            size = 0
        shards[-1].append(file)
        size += file[2]
    return shards or [[]]


def report(
    spark: SparkSession,
    paths: il.Paths,
    out: Union[str, os.PathLike[str]],
    *,
    bodies: il.Bodies = "all",
    redact: il.Redact = "secrets",
    redact_key: Optional[bytes] = None,
    shard_bytes: int = SHARD_BYTES,
    shard_files: int = SHARD_FILES,
    force: bool = False,
    in_task: Optional[Callable[[Path, int], object]] = None,
) -> il.Report:
    """As `integrator_logs.report`, with the tasks of a cluster.

    `in_task` is called in the task with the work folder and the number of the shard when its report is written, before
    Spark knows of it: tests let tasks die there.
    """
    out = Path(out).absolute()
    if out.exists() and not force:
        il.open(out)
        raise il.Error(f"{out}: a report is there already\nto replace it, add --force")
    work = out.with_name(f".{out.name}.shards")
    if work.exists():
        shutil.rmtree(work)
    try:
        shards = shard_reports(
            spark,
            paths,
            work,
            bodies=bodies,
            redact=redact,
            redact_key=redact_key,
            shard_bytes=shard_bytes,
            shard_files=shard_files,
            in_task=in_task,
        )
        il.merge(shards, out, force=force)
    finally:
        # With the attempts that are not used.
        shutil.rmtree(work, ignore_errors=True)
    return il.open(out)


def shard_reports(
    spark: SparkSession,
    paths: il.Paths,
    work: Path,
    *,
    bodies: il.Bodies = "all",
    redact: il.Redact = "secrets",
    redact_key: Optional[bytes] = None,
    shard_bytes: int = SHARD_BYTES,
    shard_files: int = SHARD_FILES,
    in_task: Optional[Callable[[Path, int], object]] = None,
) -> list[Path]:
    """Makes a report of each shard below the new folder `work`; returns their folders, in the order of the files."""
    attempts = work / "attempts"
    attempts.mkdir(parents=True)
    files, unread = _native.find_files(il._names(paths))
    shards = plan(files, shard_bytes, shard_files)
    for number, shard in enumerate(shards):
        # Places that are not read belong to one shard.
        text = json.dumps({"files": [_plain(file) for file in shard], "unread": [] if number else unread})
        (work / f"{number}.json").write_text(text)
    # All shards have one key, so that a person has one pseudonym.
    key = secrets.token_bytes(32) if redact_key is None else redact_key
    options = il._options(bodies, redact, key, 1, state=True)
    done = _run(spark, work, len(shards), options, in_task)
    return [attempts / folder for folder in winners(done, len(shards))]


def winners(done: Iterable[Attempt], shards: int) -> list[str]:
    """One finished attempt for each shard, whichever of them Spark has reported and however often."""
    chosen: dict[int, str] = {}
    for attempt in sorted(done):
        chosen.setdefault(attempt.shard, attempt.folder)
    missing = [shard for shard in range(shards) if shard not in chosen]
    if missing:
        raise il.Error(f"shard {missing[0]}: no task has reported its result")
    return [chosen[shard] for shard in range(shards)]


def _run(
    spark: SparkSession,
    work: Path,
    shards: int,
    options: _native.JobOptions,
    in_task: Optional[Callable[[Path, int], object]],
) -> list[Attempt]:
    """Makes the reports of all shards, one task for each."""

    def task(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        for batch in batches:
            for shard in batch.column("id").to_pylist():
                folder = attempt(work, shard, options)
                if in_task is not None:
                    in_task(work, shard)
                yield pyarrow.RecordBatch.from_pylist([{"shard": shard, "folder": folder}])

    rows = spark.range(0, shards, 1, shards).mapInArrow(task, "shard long, folder string").collect()
    return [Attempt(row.shard, row.folder) for row in rows]


def attempt(work: Path, shard: int, options: _native.JobOptions) -> str:
    """Makes the report of one shard; returns the name of its folder, which no other attempt has."""
    planned = json.loads((work / f"{shard}.json").read_text())
    files = [(name, Path(path), size, link) for name, path, size, link in planned["files"]]
    folder = f"{shard}-{uuid.uuid4().hex}"
    _native.report_files(files, [tuple(place) for place in planned["unread"]], work / "attempts" / folder, options)
    return folder


def _plain(file: File) -> tuple[str, str, int, bool]:
    name, path, size, link = file
    return name, str(path.absolute()), size, link


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m integrator_logs.spark",
        description="Makes a report with the tasks of a Spark cluster. The session is that of spark-submit, or the one "
        "that --master names.",
    )
    parser.add_argument("--input", action="append", default=[], metavar="PATH", help="a file, folder or pattern; may be repeated")
    parser.add_argument("--files-from", type=Path, metavar="LIST", help="a file with more of them, one on each line")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the report")
    parser.add_argument("--master", metavar="URL", help="the cluster, as `local[2]` or `spark://host:7077`")
    parser.add_argument("--bodies", choices=["all", "failed", "none"], default="all", help="exchanges whose bodies are kept")
    parser.add_argument("--redact", choices=["secrets", "personal", "none"], default="secrets", help="what is masked")
    parser.add_argument("--redact-key", type=Path, metavar="FILE", help="key of pseudonyms: 64 hex digits")
    parser.add_argument("--shard-bytes", type=int, default=SHARD_BYTES, metavar="N", help="bytes of files in one task")
    parser.add_argument("--shard-files", type=int, default=SHARD_FILES, metavar="N", help="files in one task")
    parser.add_argument("--force", action="store_true", help="replaces the report in DIR")
    chosen = parser.parse_args(arguments)
    paths = list(chosen.input)
    if chosen.files_from is not None:
        paths += [line for line in chosen.files_from.read_text().splitlines() if line]
    if not paths:
        parser.error("name an --input or --files-from")

    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("integrator_logs")
    # Else a task would use the first python3 that its machine finds.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if chosen.master is not None:
        builder = builder.master(chosen.master)
    try:
        made = report(
            builder.getOrCreate(),
            paths,
            chosen.out,
            bodies=chosen.bodies,
            redact=chosen.redact,
            redact_key=None if chosen.redact_key is None else bytes.fromhex(chosen.redact_key.read_text().strip()),
            shard_bytes=chosen.shard_bytes,
            shard_files=chosen.shard_files,
            force=chosen.force,
        )
    except il.Error as fault:
        print(f"error: {fault}", file=sys.stderr)
        return 2
    print(made, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
