"""The Spark job on a cluster of two executors on this machine."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars
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


def make(session: SparkSession, out: Path, single: il.Report, in_task: object = None) -> None:
    """Makes the report in many shards and holds it against that of one machine."""
    made = job.report(session, DUMP, out, redact="none", shard_bytes=80_000, in_task=in_task)  # type: ignore[arg-type]
    check_equal(made, single)
    assert os.listdir(out.parent) == [out.name], "something is left beside the report"


def check_equal(made: il.Report, single: il.Report) -> None:
    for table in single.tables:
        file = f"{table.name}.parquet"
        same = (made.path / file).read_bytes() == (single.path / file).read_bytes()
        rows = polars.DataFrame(getattr(made, table.name))
        expected = polars.DataFrame(table)
        assert same or rows.equals(expected), table.name
    assert made.summary == single.summary


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


def test_a_cluster_makes_the_report_of_one_machine(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    make(session, tmp_path / "out" / "report", single)


def test_a_task_that_dies_changes_nothing(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    def die(work: Path, shard: int) -> None:
        if shard in (0, 3) and once(work, shard):
            # Of the shard: its report is written and never used.
            os.kill(os.getpid(), signal.SIGKILL)

    make(session, tmp_path / "out" / "report", single, die)
    assert (tmp_path / "out.3").exists()


@pytest.mark.skipif(not IS_CLUSTER, reason="one process is driver and executor")
def test_an_executor_that_dies_changes_nothing(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    def die(work: Path, shard: int) -> None:
        if shard == 2 and once(work, shard):
            process = os.getppid()
            # The parent of a worker is the daemon of Python, whose parent is the executor.
            executor = int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
            os.kill(executor, signal.SIGKILL)

    make(session, tmp_path / "out" / "report", single, die)
    assert (tmp_path / "out.2").exists()


def test_a_task_that_runs_twice_changes_nothing(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    options = il._options("all", "none", bytes(32), 1, None, None)

    def again(work: Path, shard: int) -> None:
        job.attempt(work, shard, options)
        unfinished = work / "attempts" / f".{shard}-{'0' * 32}.partial"
        unfinished.mkdir(exist_ok=True)
        (unfinished / "exchanges.parquet").write_bytes(b"PAR1")

    make(session, tmp_path / "out" / "report", single, again)


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
    make(session, tmp_path / "out" / "report", single)


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
