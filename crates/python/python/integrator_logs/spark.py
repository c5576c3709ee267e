"""A report made by a Spark cluster: `python -m integrator_logs.spark --input DUMP --out DIR`.

The logs are files that tasks open, or rows of a DataFrame with the columns `path` and `content`: packs, which `pack` writes,
or those of `binaryFile`. Files are listed by the driver and cut, in name order, into shards; rows become shards as their
tasks get them. Each task makes the report of one shard, with its state, in a folder of its own, and gives Spark the name
of that folder. Where there are many shards, and some have listing pages, more tasks make the reports again whose links or
outcomes these change. Then the driver merges the shards into one report, which appears whole or not at all. Rows of
reports never go through Spark.

A task can die, run twice, or be copied because it is slow: each attempt writes a folder of its own, one for each shard is
used, and all others are removed at the end. `DIR` and the folder beside it, in which shards are made, must be seen under
the same path by the driver and all executors, as must logs that are named by path.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import shutil
import sys
import uuid
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Union

import integrator_logs as il

from . import _native

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Bytes of files in one shard. A task holds a small part of them at a time.
SHARD_BYTES = 256 << 20
#: Files in one shard: small ones cost by their number.
SHARD_FILES = 50_000
#: Bytes of rows in one shard, and of files in one pack. A task holds them three times. From 64 MiB on, row groups are as
#: long as in the report of all shards, so that the merge takes most of them over.
PACK_BYTES = 96 << 20
#: From so many shards on, tasks link them to the listing pages of one another. It takes them more work than the merge, but
#: the merge is done by the driver alone.
LINKED_SHARDS = 8
#: Bytes of rows that Spark hands to Python at a time.
BATCH_BYTES = 16 << 20
#: The largest file that a pack takes: a row is one piece of memory.
PACKED_FILE_BYTES = 1 << 30

File = tuple[str, Path, int, bool]
#: A place that is not read: its name, the kind of the problem and the message.
Unread = tuple[str, str, str]
#: Called in a task when the report of a shard is written, with the number of the shard and what makes it again in a
#: folder, before Spark knows of it: tests let tasks die there.
InTask = Callable[[int, Callable[[Path], None]], object]


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
    logs: Union[il.Paths, DataFrame],
    out: Union[str, os.PathLike[str]],
    *,
    bodies: il.Bodies = "all",
    redact: il.Redact = "secrets",
    redact_key: Optional[bytes] = None,
    rules: Optional[Union[str, os.PathLike[str]]] = None,
    roles: Optional[Union[str, os.PathLike[str]]] = None,
    limits: Optional[il.Limits] = None,
    shard_bytes: Optional[int] = None,
    shard_files: int = SHARD_FILES,
    force: bool = False,
    in_task: Optional[InTask] = None,
) -> il.Report:
    """As `integrator_logs.report`, with the tasks of a cluster.

    `logs`: paths, or a DataFrame with a row for each file: `path`, its name in the report, and `content`, its bytes. In
    packs there is also `problem`: why there is no content. Packs are in name order; see `in_name_order` for other rows.
    `shard_bytes`: 256 MiB of files by default, 96 MiB of rows.
    """
    if "://" in os.fspath(out):
        raise il.Error(f"{out}: a report is written to a folder that the driver and all executors see, not to a URL")
    out = Path(out).absolute()
    if out.exists() and not force:
        il.open(out)
        raise il.Error(f"{out}: a report is there already\nto replace it, add --force")
    # All shards have one key, so that a person has one pseudonym.
    key = secrets.token_bytes(32) if redact_key is None else redact_key
    options = il._options(bodies, redact, key, 1, rules, roles, limits, state=True)
    _native.check_options(options)
    with _work_folder(out) as work:
        # Where tasks can read them.
        options["rules"], options["roles"] = _copy(rules, work / "rules"), _copy(roles, work / "roles")
        if _is_paths(logs):
            shards = shard_reports(spark, logs, work, options, shard_bytes or SHARD_BYTES, shard_files, in_task)
        else:
            shards = row_reports(spark, logs, work, options, shard_bytes or PACK_BYTES, shard_files, in_task)
        if len(shards) >= LINKED_SHARDS:
            shards = relinked_reports(spark, shards, work, options, in_task)
        il.merge(shards, out, rules=rules, force=force)
    return il.open(out)


def shard_reports(
    spark: SparkSession,
    paths: il.Paths,
    work: Path,
    options: _native.JobOptions,
    shard_bytes: int = SHARD_BYTES,
    shard_files: int = SHARD_FILES,
    in_task: Optional[InTask] = None,
) -> list[Path]:
    """Makes a report of each shard of files in a folder below `work`; returns the folders, in the order of the files."""
    files, unread = _native.find_files(il._names(paths))
    planned = _packed_plans(plan(files, shard_bytes, shard_files), unread)

    def task(batches: Iterator[Any]) -> Iterator[Any]:
        for shard in _numbers(batches):
            files, unread = _unpacked_plan(planned[shard])
            yield _attempt(work, shard, lambda out: _native.report_files(files, unread, out, options), in_task)

    done = _run(spark.range(0, len(planned), 1, len(planned)), task)
    return [work / folder for folder in winners(done, range(len(planned)))]


def row_reports(
    spark: SparkSession,
    rows: DataFrame,
    work: Path,
    options: _native.JobOptions,
    shard_bytes: int = PACK_BYTES,
    shard_files: int = SHARD_FILES,
    in_task: Optional[InTask] = None,
) -> list[Path]:
    """Makes reports of rows with `path` and `content`, one or more for each task, in folders below `work`."""

    def task(batches: Iterator[Any]) -> Iterator[Any]:
        from pyspark import TaskContext

        context = TaskContext.get()
        assert context is not None, "in a task"
        for number, (contents, unread) in enumerate(_shards_of_rows(batches, shard_bytes, shard_files)):
            shard = (context.partitionId() << 32) + number
            yield _attempt(work, shard, lambda out: _native.report_contents(contents, unread, out, options), in_task)

    with _reading_rows(spark, shard_bytes):
        done = _run(_logs_in(rows), task)
    if not done:
        _native.report_contents([], [], work / "0", options)
        return [work / "0"]
    return [work / folder for folder in winners(done, sorted({attempt.shard for attempt in done}))]


def relinked_reports(
    spark: SparkSession,
    shards: list[Path],
    work: Path,
    options: _native.JobOptions,
    in_task: Optional[InTask] = None,
) -> list[Path]:
    """Makes the reports again that the listing pages of other shards change; returns the reports to merge.

    Else the merge would make their exchanges again, on the driver alone.
    """
    listing = work / "listing"
    rules = options["rules"]
    if len(shards) < 2 or not _native.merge_listings(shards, listing, rules):
        return shards

    def task(batches: Iterator[Any]) -> Iterator[Attempt]:
        for shard in _numbers(batches):
            changed: list[bool] = []

            def make(out: Path) -> None:
                changed.append(_native.relink(shards[shard], [listing], out, rules))

            made = _attempt(work, shard, make, in_task)
            yield made if changed[0] else Attempt(shard, shards[shard].name)

    done = _run(spark.range(0, len(shards), 1, len(shards)), task)
    return [work / folder for folder in winners(done, range(len(shards)))]


def pack(
    spark: SparkSession,
    logs: Union[il.Paths, DataFrame],
    out: Union[str, os.PathLike[str]],
    *,
    pack_bytes: int = PACK_BYTES,
    pack_files: int = SHARD_FILES,
) -> None:
    """Writes files into packs: Parquet files of some thousand logs, which one request brings.

    `logs`: paths, each of which a task opens once, or rows as for `report`. `out`: a folder or URL that Spark writes and
    that is not there. Each row is a file: `path`, `content`, and `problem` where it could not be read.
    """
    if _is_paths(logs):
        files, unread = _native.find_files(il._names(logs))
        for name, _, size, _ in files:
            if size > PACKED_FILE_BYTES:
                raise il.Error(f"{name}: {size} bytes; packs are for small files, up to {PACKED_FILE_BYTES} bytes")
        planned = _packed_plans(plan(files, pack_bytes, pack_files), unread)

        def task(batches: Iterator[Any]) -> Iterator[Any]:
            for shard in _numbers(batches):
                yield from _pack_rows(*_unpacked_plan(planned[shard]))

        columns = "path string, content binary, problem struct<kind: string, message: string>"
        rows = spark.range(0, len(planned), 1, len(planned)).mapInArrow(task, columns)
    else:
        rows = in_name_order(_logs_in(logs))
    with _reading_rows(spark, pack_bytes):
        # Small row groups: those who read them hold one.
        rows.write.option("compression", "zstd").option("parquet.block.size", BATCH_BYTES).parquet(os.fspath(out))


def in_name_order(rows: DataFrame) -> DataFrame:
    """Rows so that files of neighbouring names are in one task.

    `binaryFile` gives the largest files first. Two states of a log mostly have similar names, and where these are in two
    shards, the merge is refused.
    """
    return rows.repartitionByRange("path").sortWithinPartitions("path")


def winners(done: Iterable[Attempt], shards: Sequence[int]) -> list[str]:
    """One finished attempt for each shard, whichever of them Spark has reported and however often."""
    chosen: dict[int, str] = {}
    for attempt in sorted(done):
        chosen.setdefault(attempt.shard, attempt.folder)
    missing = [shard for shard in shards if shard not in chosen]
    if missing:
        raise il.Error(f"shard {missing[0]}: no task has reported its result")
    return [chosen[shard] for shard in shards]


def _is_paths(logs: Union[il.Paths, DataFrame]) -> bool:
    return not hasattr(logs, "mapInArrow")


@contextmanager
def _work_folder(out: Path) -> Iterator[Path]:
    """An empty folder beside `out`, which is removed with the attempts that are not used."""
    work = out.with_name(f".{out.name}.shards")
    if work.exists():
        shutil.rmtree(work)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _copy(file: Optional[Union[str, os.PathLike[str]]], to: Path) -> Optional[str]:
    return None if file is None else os.fspath(shutil.copyfile(file, to))


@contextmanager
def _reading_rows(spark: SparkSession, shard_bytes: int) -> Iterator[None]:
    """Settings with which many small files or large rows are read in few tasks and little memory."""
    settings = {
        "spark.sql.execution.arrow.maxBytesPerBatch": str(BATCH_BYTES),
        "spark.sql.files.maxPartitionBytes": str(shard_bytes),
        # What opening a file is taken to cost: by default as much as 4 MiB, so that 32 files are a task.
        "spark.sql.files.openCostInBytes": str(16 << 10),
        # Else thousands of large rows are held at a time.
        "spark.sql.parquet.columnarReaderBatchSize": "64",
        "spark.sql.adaptive.advisoryPartitionSizeInBytes": str(shard_bytes),
    }
    before = {name: spark.conf.get(name, None) for name in settings}
    try:
        for name, value in settings.items():
            spark.conf.set(name, value)
        yield
    finally:
        for name, old in before.items():
            if old is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, old)


def _logs_in(rows: DataFrame) -> DataFrame:
    """The columns that are read."""
    types = dict(rows.dtypes)
    for column, wanted in {"path": "string", "content": "binary"}.items():
        if types.get(column) != wanted:
            raise il.Error(f"rows of logs have a column {column} of type {wanted}; here it is {types.get(column, 'missing')}")
    return rows.select(*(column for column in ("path", "content", "problem") if column in types))


def _run(rows: DataFrame, task: Callable[[Iterator[Any]], Iterator[Attempt]]) -> list[Attempt]:
    """Runs a task on each partition of the rows."""

    def in_arrow(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        for attempt in task(batches):
            yield pyarrow.RecordBatch.from_pylist([attempt._asdict()])

    from pyspark.errors import PySparkException

    try:
        done = rows.mapInArrow(in_arrow, "shard long, folder string").collect()
    except PySparkException as fault:
        own = re.search(r"^_native\.Error: (.+)", str(fault), re.MULTILINE)
        if own is None:
            raise
        raise il.Error(own[1]) from fault
    return [Attempt(row.shard, row.folder) for row in done]


def _attempt(work: Path, shard: int, make: Callable[[Path], None], in_task: Optional[InTask]) -> Attempt:
    """Makes the report of one shard in a folder that no other attempt has."""
    folder = f"{shard}-{uuid.uuid4().hex}"
    make(work / folder)
    if in_task is not None:
        in_task(shard, make)
    return Attempt(shard, folder)


def _packed_plans(shards: list[list[File]], unread: list[Unread]) -> list[bytes]:
    """What each task has to read, small: each task gets all of them. Places that are not read belong to one shard."""

    def packed(number: int, shard: list[File]) -> bytes:
        files = [(name, str(path.absolute()), size, link) for name, path, size, link in shard]
        return zlib.compress(json.dumps([files, [] if number else unread]).encode(), 1)

    return [packed(number, shard) for number, shard in enumerate(shards)]


def _unpacked_plan(packed: bytes) -> tuple[list[File], list[Unread]]:
    files, unread = json.loads(zlib.decompress(packed))
    return [(name, Path(path), size, link) for name, path, size, link in files], [tuple(place) for place in unread]


def _numbers(batches: Iterator[Any]) -> Iterator[int]:
    for batch in batches:
        yield from batch.column("id").to_pylist()


def _shards_of_rows(
    batches: Iterator[Any], shard_bytes: int, shard_files: int
) -> Iterator[tuple[list[tuple[str, bytes]], list[Unread]]]:
    """Rows as shards: contents, and places that were not read."""
    contents: list[tuple[str, bytes]] = []
    unread: list[Unread] = []
    size = 0
    for batch in batches:
        problems = batch.column("problem").to_pylist() if "problem" in batch.schema.names else [None] * len(batch)
        rows = zip(batch.column("path").to_pylist(), batch.column("content").to_pylist(), problems)
        for name, content, problem in rows:
            if content is None:
                problem = problem or {"kind": "io", "message": "the row has no content"}
                unread.append((name, problem["kind"], problem["message"]))
                continue
            if contents and (size + len(content) > shard_bytes or len(contents) >= shard_files):
                yield contents, unread
                contents, unread, size = [], [], 0
            contents.append((name, content))
            size += len(content)
    if contents or unread:
        yield contents, unread


def _pack_rows(files: list[File], unread: list[Unread]) -> Iterator[Any]:
    """The rows of a pack, some MiB at a time."""
    import pyarrow

    types = {"path": pyarrow.string(), "content": pyarrow.binary()}
    types["problem"] = pyarrow.struct({"kind": pyarrow.string(), "message": pyarrow.string()})
    rows: list[dict[str, Any]] = []
    size = 0
    for name, kind, message in unread:
        rows.append({"path": name, "problem": {"kind": kind, "message": message}})
    for name, path, _, _ in files:
        try:
            content = path.read_bytes()
        except OSError as fault:
            rows.append({"path": name, "problem": {"kind": "io", "message": str(fault)}})
            continue
        if rows and size + len(content) > BATCH_BYTES:
            yield pyarrow.RecordBatch.from_pylist(rows, pyarrow.schema(types))
            rows, size = [], 0
        rows.append({"path": name, "content": content})
        size += len(content)
    yield pyarrow.RecordBatch.from_pylist(rows, pyarrow.schema(types))


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m integrator_logs.spark",
        description="Makes a report with the tasks of a Spark cluster. The session is that of spark-submit, or the one "
        "that --master names.",
    )
    inputs = parser.add_argument_group("logs", "one of three kinds")
    inputs.add_argument("--input", action="append", default=[], metavar="PATH", help="a file, folder or pattern that tasks open; may be repeated")
    inputs.add_argument("--files-from", type=Path, metavar="LIST", help="a file with more of them, one on each line")
    inputs.add_argument("--packs", action="append", metavar="URL", help="packs, read by Spark; may be repeated")
    inputs.add_argument("--objects", action="append", metavar="URL", help="a folder or pattern of files, read by Spark; may be repeated")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the report; with --pack a folder or URL")
    parser.add_argument("--pack", action="store_true", help="writes the files into packs, and makes no report")
    parser.add_argument("--master", metavar="URL", help="the cluster, as `local[2]` or `spark://host:7077`")
    parser.add_argument("--bodies", choices=["all", "failed", "none"], default="all", help="exchanges whose bodies are kept")
    parser.add_argument("--redact", choices=["secrets", "personal", "none"], default="secrets", help="what is masked")
    parser.add_argument("--redact-key", type=Path, metavar="FILE", help="key of pseudonyms: 64 hex digits")
    parser.add_argument("--rules", type=Path, metavar="FILE", help="rules for error groups")
    parser.add_argument("--roles", type=Path, metavar="FILE", help="roles of fields")
    parser.add_argument("--shard-bytes", type=int, metavar="N", help="bytes of files in one task, or in one pack")
    parser.add_argument("--shard-files", type=int, default=SHARD_FILES, metavar="N", help="files in one task, or in one pack")
    parser.add_argument("--force", action="store_true", help="replaces the report in DIR")
    bounds = parser.add_argument_group("limits", "as of `analyze report`, sizes in bytes")
    for name in il.Limits.__annotations__:
        bounds.add_argument("--" + name.replace("_", "-"), type=int, metavar="N")
    chosen = parser.parse_args(arguments)
    paths = list(chosen.input)
    if chosen.files_from is not None:
        paths += [line for line in chosen.files_from.read_text().splitlines() if line]
    if [bool(paths), bool(chosen.packs), bool(chosen.objects)].count(True) != 1:
        parser.error("name logs in one way: --input and --files-from, --packs, or --objects")

    given = {name: getattr(chosen, name) for name in il.Limits.__annotations__}
    limits: Any = {name: value for name, value in given.items() if value is not None}

    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("integrator_logs")
    # Else a task would use the first python3 that its machine finds.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if chosen.master is not None:
        builder = builder.master(chosen.master)
    spark = builder.getOrCreate()
    try:
        if chosen.packs:
            logs = spark.read.parquet(*chosen.packs)
        elif chosen.objects:
            objects = spark.read.format("binaryFile").option("recursiveFileLookup", True).load(chosen.objects)
            logs = in_name_order(objects.select("path", "content"))
        else:
            logs = paths
        if chosen.pack:
            size = PACK_BYTES if chosen.shard_bytes is None else chosen.shard_bytes
            pack(spark, logs, chosen.out, pack_bytes=size, pack_files=chosen.shard_files)
            return 0
        made = report(
            spark,
            logs,
            chosen.out,
            bodies=chosen.bodies,
            redact=chosen.redact,
            redact_key=None if chosen.redact_key is None else bytes.fromhex(chosen.redact_key.read_text().strip()),
            rules=chosen.rules,
            roles=chosen.roles,
            limits=limits,
            shard_bytes=chosen.shard_bytes,
            shard_files=chosen.shard_files,
            force=chosen.force,
        )
    except (il.Error, PySparkException) as fault:
        # What Spark says goes on with its call stack.
        said = str(fault) if isinstance(fault, il.Error) else str(fault).strip().partition("\n")[0]
        print(f"error: {said}", file=sys.stderr)
        return 2
    print(made, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
