"""The Spark job on a cluster of two executors on this machine."""

import base64
import io
import json
import os
import re
import signal
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Optional

import polars
import pyarrow
import pytest
from pyspark import cloudpickle
from pyspark.sql import SparkSession

import integrator_logs as il
from integrator_logs import spark as job

DUMP = Path(__file__).resolve().parents[3] / "testdata" / "dump"

MASTER = os.environ.get("SPARK_MASTER", "local-cluster[2,1,1024]")
IS_CLUSTER = MASTER.startswith("local-cluster")

os.environ["PYSPARK_PYTHON"] = sys.executable
# Tasks cannot import this file.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="session")
def session() -> Iterator[SparkSession]:
    builder = SparkSession.builder.master(MASTER).appName("tests")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.sql.artifact.isolation.enabled": "false",
    }.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> il.Report:
    return il.report(DUMP, tmp_path_factory.mktemp("single") / "report", redact="none")


def check_shards(
    session: SparkSession,
    work: Path,
    single: il.Report,
    in_task: Optional[Callable[[Path, int], object]] = None,
) -> None:
    """Makes the reports of eleven shards and holds them against the report of one machine."""
    shards = job.shard_reports(session, DUMP, work, redact="none", shard_bytes=80_000, in_task=in_task)
    assert len(shards) == 11
    of_shards = {name: [polars.DataFrame(getattr(il.open(shard), name)) for shard in shards] for name in il._TABLES}
    files = polars.DataFrame(single.files.select("file", "bytes", "digest"))
    assert polars.concat(of_shards["files"]).select(files.columns).equals(files)
    # A file that is a copy of one in another shard has its exchanges there too: only a merge sees that.
    place = ["file", "record"]
    content = [*place, "url", "status", "outcome", "request_body", "response_body"]
    read = polars.concat(of_shards["exchanges"]).select(content)
    expected = polars.DataFrame(single.exchanges).select(content)
    assert read.unique(place).height == read.height
    found = read.join(expected.select(place), on=place, how="semi", maintain_order="left")
    assert found.equals(expected)


def once(work: Path, shard: int) -> bool:
    """Whether this is the first call for this shard, in whichever process."""
    try:
        (work.parent.parent / f"{work.parent.name}.{shard}").open("x").close()
    except FileExistsError:
        return False
    return True


def test_a_plan_is_in_name_order_and_depends_on_names_and_sizes_alone() -> None:
    files = [(f"{number:03}", Path("x"), size, False) for number, size in enumerate([60, 50, 10, 200, 1, 1, 1])]
    shards = job.plan(files, shard_bytes=100, shard_files=2)
    assert [[file[2] for file in shard] for shard in shards] == [[60], [50, 10], [200], [1, 1], [1]]
    assert job.plan([]) == [[]]


def test_one_attempt_of_each_shard_is_used() -> None:
    done = [job.Attempt(1, "1-b"), job.Attempt(0, "0-a"), job.Attempt(1, "1-a"), job.Attempt(0, "0-a")]
    assert job.winners(done, 2) == ["0-a", "1-a"]
    with pytest.raises(il.Error, match="shard 2: no task has reported its result"):
        job.winners(done, 3)


def test_shards_have_the_rows_of_one_machine(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    check_shards(session, tmp_path / "work", single)


def test_a_cluster_makes_the_report_of_one_machine(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    def again(work: Path, shard: int) -> None:
        job.attempt(work, shard, il._options("all", "none", bytes(32), 1, state=True))

    out = tmp_path / "report"
    made = job.report(session, DUMP, out, redact="none", shard_bytes=80_000, in_task=again)
    for table in single.tables:
        assert polars.DataFrame(getattr(made, table.name)).equals(polars.DataFrame(table)), table.name
    assert made.summary == single.summary
    assert os.listdir(tmp_path) == ["report"]


def test_a_task_that_dies_changes_nothing(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    def die(work: Path, shard: int) -> None:
        if shard in (0, 3) and once(work, shard):
            # Of the shard: its report is written and never used.
            os.kill(os.getpid(), signal.SIGKILL)

    check_shards(session, tmp_path / "out" / "work", single, die)
    assert (tmp_path / "out.3").exists()


@pytest.mark.skipif(not IS_CLUSTER, reason="one process is driver and executor")
def test_an_executor_that_dies_changes_nothing(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    def die(work: Path, shard: int) -> None:
        if shard == 2 and once(work, shard):
            process = os.getppid()
            # The parent of a worker is the daemon of Python, whose parent is the executor.
            executor = int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
            os.kill(executor, signal.SIGKILL)

    check_shards(session, tmp_path / "out" / "work", single, die)
    assert (tmp_path / "out.2").exists()


def test_a_task_that_runs_twice_changes_nothing(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    options = il._options("all", "none", bytes(32), 1, state=True)

    def again(work: Path, shard: int) -> None:
        job.attempt(work, shard, options)
        unfinished = work / "attempts" / f".{shard}-{'0' * 32}.partial"
        unfinished.mkdir(exist_ok=True)
        (unfinished / "exchanges.parquet").write_bytes(b"PAR1")

    check_shards(session, tmp_path / "out" / "work", single, again)


def test_a_copy_of_every_task_at_the_same_time_changes_nothing(
    session: SparkSession, tmp_path: Path, single: il.Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As speculation does it; Spark itself starts no speculative copy on the host of the first attempt."""
    run = job._run

    def twice(*arguments: Any) -> list[job.Attempt]:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.submit(run, *arguments), pool.submit(run, *arguments)
            done = first.result() + second.result()
        assert len(set(done)) == len(done) == 2 * arguments[2]
        return done

    monkeypatch.setattr(job, "_run", twice)
    check_shards(session, tmp_path / "out" / "work", single)


def test_the_command_line_says_what_is_wrong(
    session: SparkSession, tmp_path: Path, single: il.Report, capsys: pytest.CaptureFixture[str]
) -> None:
    assert job.main(["--input", str(DUMP), "--out", str(single.path)]) == 2
    assert "a report is there already" in capsys.readouterr().err
    assert job.main(["--input", str(tmp_path / "none"), "--out", str(tmp_path / "report")]) == 2
    assert "no such file or folder" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_the_command_line_takes_a_list_of_paths(session: SparkSession, tmp_path: Path) -> None:
    paths = sorted(str(path) for path in (DUMP / "downloads").iterdir())[:20]
    (tmp_path / "paths").write_text("\n".join(paths))
    assert job.main(["--files-from", str(tmp_path / "paths"), "--out", str(tmp_path / "report"), "--shard-files", "7"]) == 0
    assert json.loads((tmp_path / "report" / "summary.json").read_text())["files"]["total"] == 20


def test_the_command_of_the_readme_makes_a_report(
    session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (DUMP.parents[1] / "README.md").read_text()
    (arguments,) = re.findall(r"`python -m integrator_logs\.spark (.*?)`", readme)
    (tmp_path / "dump").symlink_to(DUMP)
    monkeypatch.chdir(tmp_path)
    assert job.main(arguments.split()) == 0
    assert len(il.open("report").exchanges) == 462


def test_figures_of_twenty_thousand_small_files(session: SparkSession, tmp_path: Path) -> None:
    """Prints how many files of half a kilobyte go through the cluster in a second, after it has started."""
    dump = tmp_path / "dump"
    for number in range(20_000):
        record = {
            "method": "POST",
            "url": f"https://omnitron.example.com/api/v1/{['products', 'prices'][number % 2]}/",
            "status_code": [200, 400, 503][number % 3],
            "request_body": json.dumps({"sku": f"S{number:07}", "price": number / 100}),
            "response_body": json.dumps({"id": number}),
            "created_date": f"2026-10-{1 + number % 28:02}T10:00:00Z",
        }
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{number}.json", json.dumps([record]))
        folder = dump / f"{number // 1000:02}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.b64").write_bytes(base64.b64encode(packed.getvalue()))

    def seconds(work: Callable[[], object]) -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    def decode(batches: Iterator[Any]) -> Iterator[Any]:
        """The documented way to read a download, in Python."""
        for batch in batches:
            decoded = []
            for content in batch.column("content").to_pylist():
                archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(content)))
                records = json.loads(archive.read(archive.filelist[0]))
                decoded.append({"records": len(records)})
            yield pyarrow.RecordBatch.from_pylist(decoded)

    def open_and_decode(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            contents = [Path(name).read_bytes() for name in batch.column("name").to_pylist()]
            yield from decode(iter([pyarrow.RecordBatch.from_pylist([{"content": content} for content in contents])]))

    names = session.createDataFrame([(str(path),) for path in dump.glob("*/*")], "name string").repartition(8)
    few = str(dump / "0[01]")
    binary = session.read.format("binaryFile").load(f"{few}/*.b64")
    shards = {"shard_files": 2_500}
    # The first run starts the workers of Python, on both executors.
    job.shard_reports(session, dump / "00", tmp_path / "first", shard_files=100)
    figures = {
        "the job, until the shards are done": 20_000
        / seconds(lambda: job.shard_reports(session, dump, tmp_path / "work", **shards)),  # type: ignore[arg-type]
        "the job, with the merge": 20_000
        / seconds(lambda: job.report(session, dump, tmp_path / "merged", shard_files=2_500)),
        "one machine, two threads": 20_000
        / seconds(lambda: il.report(dump, tmp_path / "report", threads=2, progress=False)),
        "names through Spark, the documented decoding in Python": 20_000
        / seconds(lambda: names.mapInArrow(open_and_decode, "records long").collect()),
        "binaryFile with its defaults, the documented decoding in Python": 2_000
        / seconds(lambda: binary.select("content").mapInArrow(decode, "records long").collect()),
    }
    print()
    for name, rate in figures.items():
        print(f"figure: {rate:>9,.0f} files/s  {name}")
    exchanges = [len(il.open(path).exchanges) for path in (tmp_path / "work" / "attempts").iterdir()]
    assert sum(exchanges) == len(il.open(tmp_path / "report").exchanges) == 20_000
