"""The Spark job on a cluster of two executors on this machine."""

import base64
import io
import json
import os
import re
import shutil
import signal
import sys
import time
import uuid
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
from pyspark.sql.functions import regexp_replace

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


OPTIONS = il._options("all", "none", bytes(32), 1, state=True)


def check_shards(
    session: SparkSession, work: Path, single: il.Report, in_task: Optional[job.InTask] = None
) -> None:
    """Makes the reports of eleven shards and holds them against the report of one machine."""
    work.mkdir(parents=True)
    shards = job.shard_reports(session, DUMP, work, OPTIONS, shard_bytes=80_000, in_task=in_task)
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


def check_report(made: il.Report, single: il.Report) -> None:
    for table in single.tables:
        assert polars.DataFrame(getattr(made, table.name)).equals(polars.DataFrame(table)), table.name
    assert made.summary == single.summary


def once(marks: Path, shard: int) -> bool:
    """Whether this is the first call for this shard, in whichever process."""
    try:
        (marks / f"mark.{shard}").open("x").close()
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
    assert job.winners(done, range(2)) == ["0-a", "1-a"]
    with pytest.raises(il.Error, match="shard 2: no task has reported its result"):
        job.winners(done, range(3))


def test_shards_have_the_rows_of_one_machine(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    check_shards(session, tmp_path / "work", single)


def test_a_cluster_makes_the_report_of_one_machine(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    out = tmp_path / "report"
    again = tmp_path / ".report.shards"
    made = job.report(
        session, DUMP, out, redact="none", shard_bytes=80_000, in_task=lambda shard, make: make(again / uuid.uuid4().hex)
    )
    check_report(made, single)
    assert os.listdir(tmp_path) == ["report"]


def test_a_task_that_dies_changes_nothing(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    def die(shard: int, make: object) -> None:
        if shard in (0, 3) and once(tmp_path, shard):
            # Of the shard: its report is written and never used.
            os.kill(os.getpid(), signal.SIGKILL)

    check_shards(session, tmp_path / "work", single, die)
    assert (tmp_path / "mark.3").exists()


@pytest.mark.skipif(not IS_CLUSTER, reason="one process is driver and executor")
def test_an_executor_that_dies_changes_nothing(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    def die(shard: int, make: object) -> None:
        if shard == 2 and once(tmp_path, shard):
            process = os.getppid()
            # The parent of a worker is the daemon of Python, whose parent is the executor.
            executor = int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
            os.kill(executor, signal.SIGKILL)

    check_shards(session, tmp_path / "work", single, die)
    assert (tmp_path / "mark.2").exists()


def test_a_task_that_runs_twice_changes_nothing(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    work = tmp_path / "work"

    def again(shard: int, make: Callable[[Path], None]) -> None:
        make(work / f"{shard}-{'0' * 32}")
        unfinished = work / f".{shard}-{'1' * 32}.partial"
        unfinished.mkdir(exist_ok=True)
        (unfinished / "exchanges.parquet").write_bytes(b"PAR1")

    check_shards(session, work, single, again)


def test_a_copy_of_every_task_at_the_same_time_changes_nothing(
    session: SparkSession, tmp_path: Path, single: il.Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As speculation does it; Spark itself starts no speculative copy on the host of the first attempt."""
    run = job._run

    def twice(*arguments: Any) -> list[job.Attempt]:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.submit(run, *arguments), pool.submit(run, *arguments)
            done = first.result() + second.result()
        assert len(set(done)) == len(done) == 22
        return done

    monkeypatch.setattr(job, "_run", twice)
    check_shards(session, tmp_path / "work", single)


def test_shards_are_linked_by_the_pages_of_other_shards(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    work = tmp_path / "work"
    work.mkdir()
    shards = job.shard_reports(session, DUMP, work, OPTIONS, shard_bytes=80_000)

    def pages(shard: Path) -> int:
        return len(polars.DataFrame(il.open(shard).files).filter(polars.col("outcome") == "listing"))

    with_pages = [shard for shard in shards if pages(shard) > 0]
    assert 0 < len(with_pages) < len(shards), "the pages are in some of the shards"

    def die(shard: int, make: Callable[[Path], None]) -> None:
        make(work / f"{shard}-{uuid.uuid4().hex}")
        if shard in (0, 3) and once(tmp_path, shard):
            os.kill(os.getpid(), signal.SIGKILL)

    linked = job.relinked_reports(session, shards, work, OPTIONS, die)
    assert (tmp_path / "mark.3").exists()
    same = [before == after for before, after in zip(shards, linked)]
    assert any(same) and not all(same), same
    check_report(il.merge(linked, tmp_path / "report"), single)
    # The merge has nothing left to link.
    shutil.rmtree(work / "listing")
    assert job.relinked_reports(session, linked, work, OPTIONS) == linked


def test_shards_without_pages_are_not_made_again(session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shards = job.shard_reports(session, DUMP / "downloads", tmp_path, OPTIONS, shard_bytes=80_000)
    single = [il.report(DUMP, tmp_path / "single", state=True).path]
    monkeypatch.setattr(job, "_run", None)
    assert len(shards) > 1 and job.relinked_reports(session, shards, tmp_path, OPTIONS) == shards
    assert job.relinked_reports(session, single, tmp_path, OPTIONS) == single


def test_packs_give_the_report_of_one_machine(session: SparkSession, tmp_path: Path, single: il.Report) -> None:
    packs = tmp_path / "packs"
    job.pack(session, DUMP, packs, pack_bytes=80_000)
    assert len(list(packs.glob("*.parquet"))) == 11

    def die(shard: int, make: Callable[[Path], None]) -> None:
        make(tmp_path / uuid.uuid4().hex)
        if once(tmp_path, shard):
            os.kill(os.getpid(), signal.SIGKILL)

    # Within a task rows come in any order.
    rows = session.read.parquet(str(packs)).repartitionByRange(7, "path").sortWithinPartitions("content")
    made = job.report(session, rows, tmp_path / "report", redact="none", in_task=die)
    check_report(made, single)
    assert len(list(tmp_path.glob("mark.*"))) == 7


def test_rows_of_files_become_packs_in_name_order(session: SparkSession, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    # Spark gives no rows for empty files.
    shutil.copytree(DUMP, dump, ignore=lambda folder, names: [n for n in names if (Path(folder) / n).stat().st_size == 0])
    single = il.report(dump, tmp_path / "single", redact="none")
    files = session.read.format("binaryFile").option("recursiveFileLookup", True).load(str(dump))
    rows = files.withColumn("path", regexp_replace("path", f"^file:{dump}/", ""))
    settings = {"spark.sql.shuffle.partitions": "9", "spark.sql.adaptive.coalescePartitions.enabled": "false"}
    for name, value in settings.items():
        session.conf.set(name, value)
    job.pack(session, rows, tmp_path / "packs")
    for name in settings:
        session.conf.unset(name)
    packs = sorted((tmp_path / "packs").glob("*.parquet"))
    assert len(packs) > 3
    names = [polars.read_parquet(path)["path"].to_list() for path in packs]
    assert sum(names, []) == sorted(polars.DataFrame(single.files)["file"].to_list())
    check_report(job.report(session, job.in_name_order(rows), tmp_path / "report", redact="none"), single)


def test_what_cannot_be_packed_is_a_problem_of_the_report(session: SparkSession, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    dump.mkdir()
    (dump / "a.json").write_text('[{"method": "GET", "url": "https://a.example/x/", "status_code": 200}]')
    (dump / "gone").symlink_to(tmp_path / "none")
    il.report(dump, dump / "report")
    job.pack(session, dump, tmp_path / "packs")
    made = job.report(session, session.read.parquet(str(tmp_path / "packs")), tmp_path / "report")
    check_report(made, il.report(dump, tmp_path / "single"))
    assert len(made.problems) == 2 and len(made.exchanges) == 1


def test_rows_that_are_no_logs_are_refused(session: SparkSession, tmp_path: Path) -> None:
    def check(rows: list[tuple[object, ...]], columns: str, said: str, files: int = 9) -> None:
        frame = session.createDataFrame(rows, columns).coalesce(1)
        with pytest.raises(il.Error, match=said):
            job.report(session, frame, tmp_path / "report", shard_files=files)
        assert os.listdir(tmp_path) == []

    check([("a", "b")], "path string, content string", "content of type binary; here it is string")
    check([("a",)], "path string", "content of type binary; here it is missing")
    check([("a", b"x"), ("a", b"y")], "path string, content binary", "^a: there are two files of this name$")
    check([("a", b"x"), ("a", b"y")], "path string, content binary", "^a: in two of the reports", files=1)
    nothing = session.createDataFrame([], "path string, content binary")
    assert len(job.report(session, nothing, tmp_path / "report").files) == 0


def test_a_large_file_is_not_packed(
    session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "PACKED_FILE_BYTES", 10_000)
    with pytest.raises(il.Error, match=r"downloads/.*: \d+ bytes; packs are for small files, up to 10000 bytes"):
        job.pack(session, DUMP, tmp_path / "packs")
    assert os.listdir(tmp_path) == []


def test_settings_of_the_session_stay_as_they_were(session: SparkSession, tmp_path: Path) -> None:
    def settings() -> dict[str, Any]:
        return dict(session.conf.getAll)

    before = settings()
    job.pack(session, DUMP / "downloads", tmp_path / "packs")
    job.report(session, session.read.parquet(str(tmp_path / "packs")), tmp_path / "report")
    assert settings() == before


def test_rules_roles_and_limits_are_those_of_one_machine(session: SparkSession, tmp_path: Path) -> None:
    docs = DUMP.parents[1] / "docs"
    options: Any = {"rules": docs / "rules.toml", "roles": docs / "roles.toml", "redact": "none"}
    options["limits"] = {"max_file_bytes": 3_000}
    made = job.report(session, DUMP, tmp_path / "report", shard_bytes=80_000, **options)
    single = il.report(DUMP, tmp_path / "single", **options)
    check_report(made, single)
    assert "too_large" in polars.DataFrame(single.problems)["kind"].to_list()
    with pytest.raises(il.Error, match='limits: there is no "max"'):
        job.report(session, DUMP, tmp_path / "wrong", **{**options, "limits": {"max": 1}})


def test_the_command_line_says_what_is_wrong(
    session: SparkSession, tmp_path: Path, single: il.Report, capsys: pytest.CaptureFixture[str]
) -> None:
    assert job.main(["--input", str(DUMP), "--out", str(single.path)]) == 2
    assert "a report is there already" in capsys.readouterr().err
    assert job.main(["--input", str(tmp_path / "none"), "--out", str(tmp_path / "report")]) == 2
    assert "no such file or folder" in capsys.readouterr().err
    assert job.main(["--packs", str(tmp_path / "none"), "--out", str(tmp_path / "report")]) == 2
    assert re.search(r"^error: .*Path does not exist.*\n\Z", capsys.readouterr().err)
    assert job.main(["--input", str(DUMP), "--out", "s3a://bucket/report"]) == 2
    assert "not to a URL" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        job.main(["--packs", "a", "--input", "b", "--out", str(tmp_path / "report")])
    assert "name logs in one way" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_the_command_line_takes_a_list_of_paths(session: SparkSession, tmp_path: Path) -> None:
    paths = sorted(str(path) for path in (DUMP / "downloads").iterdir())[:20]
    (tmp_path / "paths").write_text("\n".join(paths))
    assert job.main(["--files-from", str(tmp_path / "paths"), "--out", str(tmp_path / "report"), "--shard-files", "7"]) == 0
    assert json.loads((tmp_path / "report" / "summary.json").read_text())["files"]["total"] == 20


def test_the_commands_of_the_documentation_make_the_same_report(session: SparkSession, tmp_path: Path) -> None:
    page = (DUMP.parents[1] / "docs" / "scale.md").read_text()
    commands = re.findall(r"^\$ python -m integrator_logs\.spark (.*)$", page, re.MULTILINE)
    (tmp_path / "dump").symlink_to(DUMP)
    for command in commands:
        assert job.main(command.replace("/data/", f"{tmp_path}/").split()) == 0, command
    assert len(commands) == 3
    single = il.report(DUMP, tmp_path / "single", state=True)
    check_report(il.open(tmp_path / "report"), single)
    check_report(il.open(tmp_path / "packed"), single)

    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    example = example.replace("s3a://bucket/packs", f"{tmp_path}/of_python").replace("/data/", f"{tmp_path}/")
    exec(example, {"spark": session})
    shutil.copytree(DUMP / "downloads", tmp_path / "part" / "downloads")
    check_report(il.open(tmp_path / "downloads"), il.report(tmp_path / "part", tmp_path / "of_part", state=True))


def test_the_command_of_the_readme_makes_a_report(
    session: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (DUMP.parents[1] / "README.md").read_text()
    (arguments,) = re.findall(r"`python -m integrator_logs\.spark (.*?)`", readme)
    (tmp_path / "dump").symlink_to(DUMP)
    monkeypatch.chdir(tmp_path)
    assert job.main(arguments.split()) == 0
    assert len(il.open("report").exchanges) == 462


def test_figures_of_small_files(session: SparkSession, tmp_path: Path) -> None:
    """Prints how many files of half a kilobyte go through the cluster in a second, after it has started."""
    count = int(os.environ.get("SPARK_FILES", "20000"))
    dump = tmp_path / "dump"
    for number in range(count):
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
        folder = dump / f"{number // 1000:03}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:06}.b64").write_bytes(base64.b64encode(packed.getvalue()))

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
                for record in json.loads(archive.read(archive.filelist[0])):
                    decoded.append({name: record[name] for name in ["url", "status_code", "request_body", "response_body"]})
            yield pyarrow.RecordBatch.from_pylist(decoded)

    def in_python(rows: Any, name: str) -> None:
        """Decodes and parses in Python, and writes what a table of exchanges has at least."""
        columns = "url string, status_code long, request_body string, response_body string"
        rows.select("content").mapInArrow(decode, columns).write.option("compression", "zstd").parquet(str(tmp_path / name))

    packs = str(tmp_path / "packs")
    pack_files = count // 4
    work = tmp_path / "work"
    work.mkdir()
    # The first run starts the workers of Python, on both executors.
    job.shard_reports(session, dump / "000", work, OPTIONS, shard_files=100)
    pack = seconds(lambda: job.pack(session, dump, packs, pack_files=pack_files))
    rows = session.read.parquet(packs)
    binary = session.read.format("binaryFile").load(str(dump / "00[01]" / "*.b64"))
    figures = {
        "packing": count / pack,
        "packs, until the shards are done": count
        / seconds(lambda: job.row_reports(session, rows, work, OPTIONS, shard_files=pack_files)),
        "packs, with the merge": count
        / seconds(lambda: job.report(session, rows, tmp_path / "of_packs", shard_files=pack_files)),
        "files, with the merge": count
        / seconds(lambda: job.report(session, dump, tmp_path / "of_files", shard_files=pack_files)),
        "one machine, two threads": count
        / seconds(lambda: il.report(dump, tmp_path / "report", threads=2, progress=False)),
        "packs, the documented decoding in Python": count / seconds(lambda: in_python(rows, "python")),
        "binaryFile with its defaults, the documented decoding in Python": 2_000
        / seconds(lambda: in_python(binary, "binary")),
    }
    print()
    for name, rate in figures.items():
        print(f"figure: {rate:>9,.0f} files/s  {name}")
    single = il.open(tmp_path / "report")
    assert len(single.exchanges) == session.read.parquet(str(tmp_path / "python")).count() == count
    check_report(il.open(tmp_path / "of_packs"), single)
    check_report(il.open(tmp_path / "of_files"), single)
