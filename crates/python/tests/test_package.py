"""The package, used as people use it, on testdata/dump."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest

import integrator_logs as il

ROOT = Path(__file__).resolve().parents[3]
DUMP = ROOT / "testdata" / "dump"
ANALYZE = Path(sys.executable).with_name("analyze")


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> il.Report:
    return il.report(DUMP, tmp_path_factory.mktemp("package") / "report", redact="none")


@pytest.fixture(scope="session")
def many_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files enough for a run of some seconds."""
    folder = tmp_path_factory.mktemp("many")
    text = subprocess.run([ANALYZE, "cat", DUMP / "downloads" / "90096"], check=True, capture_output=True).stdout
    document = json.loads(text)
    for number in range(1500):
        (folder / f"{number}.json").write_text(json.dumps([document, {"number": number}]))
    return folder


def table_names() -> list[str]:
    return [table.name for table in il.Scan([], {}).tables]  # type: ignore[typeddict-item]


@pytest.mark.parametrize("name", table_names())
def test_every_library_reads_what_is_in_the_parquet_file(report: il.Report, name: str) -> None:
    table = getattr(report, name)
    file = report.path / f"{name}.parquet"

    expected = polars.read_parquet(file)
    rows = polars.DataFrame(table)
    assert rows.schema == expected.schema
    assert rows.equals(expected)
    assert rows.height == len(table)

    of_file = pyarrow.parquet.read_table(file)
    arrow = pyarrow.table(table)
    texts = {str(field.type) for field in arrow.schema} & {"string", "string_view", "binary"}
    assert texts == set()
    assert arrow.cast(of_file.schema) == of_file

    pandas.testing.assert_frame_equal(
        pandas.DataFrame.from_arrow(table), pandas.read_parquet(file), check_dtype=False
    )

    of_file_rows = duckdb.sql(f"select * from read_parquet('{file}')").fetchall()
    assert duckdb.sql('select * from "table"').fetchall() == of_file_rows


def test_dtypes_are_those_that_the_documentation_names(report: il.Report) -> None:
    arrow = {
        "text": "large_string",
        "i32": "int32",
        "i64": "int64",
        "f64": "double",
        "bool": "bool",
        "time": "timestamp[us, tz=UTC]",
        "list": "large_list<element: large_string>",
    }
    for table in report.tables:
        schema = pyarrow.schema(table)
        assert [(field.name, str(field.type)) for field in schema] == [
            (column.name, arrow[column.type]) for column in table.columns
        ]


def test_a_table_can_be_read_again_and_by_some_columns(report: il.Report) -> None:
    keys = report.keys.select("key", "key_kind")
    assert polars.DataFrame(keys).columns == ["key_kind", "key"]
    assert polars.DataFrame(keys).equals(polars.DataFrame(keys))
    batch = next(iter(keys))
    assert batch.column_names == ["key_kind", "key"]
    assert len(batch) == polars.DataFrame(batch).height == polars.DataFrame(batch).height
    batches = iter(keys)
    next(batches)
    assert pyarrow.table(batches).num_rows == len(keys) - len(batch)
    with pytest.raises(il.Error, match="colour: the table keys has no such column"):
        report.keys.select("colour")


@pytest.mark.parametrize("name", table_names())
def test_a_scan_gives_the_rows_of_a_report(report: il.Report, name: str) -> None:
    scanned = polars.DataFrame(getattr(il.scan(DUMP, redact="none"), name))
    assert scanned.equals(polars.DataFrame(getattr(report, name)))


def test_limits_are_those_of_the_command_line(tmp_path: Path) -> None:
    too_large = [name for name in (DUMP / "downloads").iterdir() if name.stat().st_size > 3_000]
    problems = polars.DataFrame(il.scan(DUMP / "downloads", limits={"max_file_bytes": 3_000}).problems)
    assert problems.filter(polars.col("kind") == "too_large").height == len(too_large) > 0

    def check(limits: Any, said: str) -> None:
        with pytest.raises((il.Error, TypeError), match=said):
            il.report(DUMP, tmp_path / "report", limits=limits)

    check({"max_colour": 1}, 'limits: there is no "max_colour"')
    check({"max_ratio": 0}, "limits: max_ratio: it cannot be 0")
    check({"max_json_depth": 8193}, "limits: max_json_depth: 8193 is more than 8192")
    check({"max_depth": "8"}, "'str' object|limits")


def test_every_limit_of_the_command_line_has_a_name() -> None:
    shown = subprocess.run([ANALYZE, "report", "--help"], check=True, capture_output=True, text=True).stdout
    limits = shown.split("\nLimits (", 1)[1].split("\nMessages:", 1)[0]
    flags = re.findall(r"^ +--([a-z-]+) <", limits, re.MULTILINE)
    assert sorted(flag.replace("-", "_") for flag in flags) == sorted(il.Limits.__annotations__)


def test_a_scan_keeps_the_bodies_that_are_asked_for() -> None:
    exchanges = polars.DataFrame(il.scan(DUMP, bodies="failed").exchanges)
    kept = exchanges.filter(polars.col("response_body").is_not_null() | polars.col("request_body").is_not_null())
    assert set(kept["outcome"]) == {"failed"}


def test_an_abandoned_scan_ends(many_files: Path) -> None:
    def threads() -> int:
        return len(os.listdir("/proc/self/task"))

    before = threads()
    batches = iter(il.scan(many_files, threads=2).exchanges)
    next(batches)
    del batches
    deadline = time.monotonic() + 20
    while threads() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threads() <= before


def test_the_command_and_the_function_write_the_same_bytes(report: il.Report, tmp_path: Path) -> None:
    out = tmp_path / "by-command"
    arguments: list[str | Path] = [ANALYZE, "report", DUMP, "--out", out]
    arguments += ["--format", "parquet", "--redact", "none", "--quiet"]
    subprocess.run(arguments, check=True)
    for file in report.path.rglob("*"):
        if file.is_file():
            assert (out / file.relative_to(report.path)).read_bytes() == file.read_bytes(), file.name


def test_merged_reports_are_the_report_of_one_run(tmp_path: Path) -> None:
    shards = [
        il.report(DUMP / "downloads", tmp_path / "1", redact="none"),
        il.report(DUMP / "logs", tmp_path / "2", redact="none"),
    ]
    both = il.report([DUMP / "downloads", DUMP / "logs"], tmp_path / "both", redact="none")
    merged = il.merge(shards, tmp_path / "merged")
    for table in merged.tables:
        assert polars.DataFrame(table).equals(polars.DataFrame(getattr(both, table.name))), table.name
    assert merged.summary == both.summary
    with pytest.raises(il.Error, match="state"):
        il.merge([il.report(DUMP, tmp_path / "bare", state=False)], tmp_path / "refused")


def test_errors_have_the_words_of_the_command_line(report: il.Report, tmp_path: Path) -> None:
    for paths, out in [(DUMP, report.path), (Path("no-such-dump"), tmp_path / "out"), (report.path, tmp_path / "out")]:
        with pytest.raises(il.Error) as raised:
            il.report(paths, out)
        command = subprocess.run([ANALYZE, "report", paths, "--out", out], capture_output=True, text=True)
        assert command.returncode == 2
        assert str(raised.value) in command.stderr
    with pytest.raises(il.Error, match="summary.json is not in it"):
        il.open(tmp_path)
    with pytest.raises(il.Error, match='bodies: there is no "some"'):
        il.report(DUMP, tmp_path / "out", bodies="some")  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []


def test_a_report_is_replaced_only_when_that_is_asked_for(tmp_path: Path) -> None:
    il.report(DUMP / "downloads" / "90096", tmp_path / "report")
    again = il.report(DUMP / "downloads" / "90096", tmp_path / "report", force=True, formats=["parquet", "csv"])
    assert (again.path / "keys.csv").is_file()


def test_progress_counts_up_to_all_files(many_files: Path, tmp_path: Path) -> None:
    seen: list[il.Progress] = []
    il.report(many_files, tmp_path / "report", progress=seen.append)
    assert [done.files for done in seen] == sorted(done.files for done in seen)
    assert seen[-1].files == seen[-1].total_files == 1500
    assert seen[-1].bytes == seen[-1].total_bytes


def test_other_threads_run_meanwhile(many_files: Path, tmp_path: Path) -> None:
    counted, done = [0], threading.Event()

    def count() -> None:
        while not done.wait(0.001):
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    il.report(many_files, tmp_path / "report", progress=False)
    done.set()
    thread.join()
    assert counted[0] > 100


def test_an_interrupt_ends_the_work_within_half_a_second_and_leaves_nothing(many_files: Path, tmp_path: Path) -> None:
    sent: list[float] = []

    def interrupt(done: il.Progress) -> None:
        if not sent and 0 < done.files < done.total_files:
            sent.append(time.monotonic())
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        il.report(many_files, tmp_path / "report", progress=interrupt)
    assert time.monotonic() - sent[0] < 0.5
    assert os.listdir(tmp_path) == []


def test_what_a_progress_function_raises_ends_the_work(many_files: Path, tmp_path: Path) -> None:
    def fail(done: il.Progress) -> None:
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        il.report(many_files, tmp_path / "report", progress=fail)
    assert os.listdir(tmp_path) == []


def test_an_interrupt_ends_a_scan(many_files: Path) -> None:
    # The rows of this table come at the end, so that the loop waits.
    batches = iter(il.scan([DUMP, many_files], threads=1).problems)
    timer = threading.Timer(0.01, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        for _ in batches:
            pass
        timer.join()
        pytest.fail("the scan was over before the interrupt")


def test_notebooks_show_tables(report: il.Report) -> None:
    assert repr(report).splitlines()[4].split() == ["exchanges", f"{len(report.exchanges):,}", "rows"]
    assert repr(report.keys).startswith(f"keys: {len(report.keys)} rows, 13 columns\n")
    html = report.keys._repr_html_()
    assert html.count("<tr>") == 14
    assert "&lt;" in report.error_groups._repr_html_()
    assert report._repr_html_().count("<tr>") == 13


def test_summary_has_the_numbers_of_the_report(report: il.Report) -> None:
    assert report.summary["exchanges"]["total"] == len(report.exchanges)


def test_stubs_name_every_table() -> None:
    assert set(table_names()) == set(il._Tables.__annotations__)


def test_the_command_line_is_in_the_package(report: il.Report) -> None:
    summary = subprocess.run([ANALYZE, "summary", report.path], capture_output=True, text=True)
    assert summary.returncode == 0
    assert summary.stdout.startswith("Period  2026-10-24 00:03 to 2026-10-24 10:24")
    usage = subprocess.run([sys.executable, "-m", "integrator_logs", "ls"], capture_output=True, text=True)
    assert usage.returncode == 2
    assert "Usage: analyze ls" in usage.stderr


def test_the_examples_of_the_documentation_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dump").symlink_to(DUMP)
    monkeypatch.chdir(tmp_path)
    for page in [ROOT / "docs" / "python.md", ROOT / "README.md", ROOT / "crates" / "python" / "README.md"]:
        names: dict[str, object] = {}
        examples = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        assert examples
        for example in examples:
            example = example.replace('out="report"', 'out="report", force=True')
            exec(compile(example, str(page), "exec"), names)
