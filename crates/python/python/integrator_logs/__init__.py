"""Saved Integrator logs as tables.

`report` reads logs and writes a report, `open` opens one, `scan` reads rows without writing anything:

    import integrator_logs as il

    report = il.report("dump", out="report")
    polars.DataFrame(report.error_groups)

Every table gives its rows as an Arrow C stream, which polars, pandas, DuckDB and pyarrow take as it is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any, Callable, Literal, NamedTuple, Optional, TypedDict, Union

from . import _native
from ._native import Batch, Batches, Error

__all__ = ["Batch", "Batches", "Column", "Error", "Limits", "Progress", "Report", "Scan", "Table", "merge", "open", "report", "scan"]

Paths = Union[str, "os.PathLike[str]", Iterable[Union[str, "os.PathLike[str]"]]]
Bodies = Literal["all", "failed", "none"]
Redact = Literal["secrets", "personal", "none"]
Format = Literal["parquet", "csv", "json", "xlsx"]


class Limits(TypedDict, total=False):
    """What one file may cost, and all together: the flags of `analyze report`. Those left out have their defaults."""

    max_file_bytes: int
    max_member_bytes: int
    max_ratio: int
    max_members: int
    max_depth: int
    max_total_bytes: int
    max_json_depth: int
    max_problems: int
    memory: int


class Column(NamedTuple):
    """A column of a table."""

    name: str
    #: `text`, `i32`, `i64`, `f64`, `bool`, `time` or `list`
    type: str
    meaning: str


class Progress(NamedTuple):
    """How far a report is."""

    #: Bytes of the files that were read.
    bytes: int
    #: Bytes of all files.
    total_bytes: int
    #: Files that were read.
    files: int
    #: All files.
    total_files: int


_TABLES: dict[str, tuple[str, list[Column]]] = {
    name: (meaning, [Column(*column) for column in columns])
    for name, meaning, columns in _native.tables_of_a_report()
}


class _Tables:
    """The tables of a report as attributes."""

    #: Every input file, with its outcome.
    files: Table
    #: What could not be read.
    problems: Table
    #: What the pages of `GET /logs` say.
    logs: Table
    #: Requests and their answers.
    exchanges: Table
    #: Errors in answers.
    errors: Table
    #: What failed, most frequent first.
    error_groups: Table
    #: Orders and products, and whether they are still open.
    keys: Table
    #: Endpoints, with times and failures.
    endpoints: Table
    #: Runs of flows.
    runs: Table
    #: Flows, where the input has a list of them.
    flows: Table
    #: Which shapes of data are sent and answered.
    bodies: Table
    #: How much was masked.
    redactions: Table

    def _set_tables(self, source: _Source) -> None:
        for name in _TABLES:
            setattr(self, name, Table(source, name))

    @property
    def tables(self) -> list[Table]:
        """All tables."""
        return [getattr(self, name) for name in _TABLES]


class Report(_Tables):
    """A report on disk. Its tables are read when they are used."""

    def __init__(self, path: Union[str, os.PathLike[str]]) -> None:
        self.path = Path(path)
        self._stored = _native.StoredReport(self.path)
        self._set_tables(self._stored)

    @property
    def summary(self) -> dict[str, Any]:
        """The numbers of `summary.json`."""
        numbers: dict[str, Any] = json.loads(self._stored.summary())
        return numbers

    def _row_counts(self) -> list[tuple[str, int, str]]:
        return [(table.name, len(table), table.meaning) for table in self.tables]

    def __repr__(self) -> str:
        lines = [f"Report({str(self.path)!r})"]
        lines += [f"  {name:<14}{rows:>12,} {'row' if rows == 1 else 'rows'}" for name, rows, _ in self._row_counts()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [(name, f"{rows:,}", meaning) for name, rows, meaning in self._row_counts()]
        return _html(f"Report {self.path}", ("table", "rows", "one row for"), rows)


class Scan(_Tables):
    """Logs that are read anew for each table that is used. Nothing is written."""

    def __init__(self, paths: list[str], options: _native.JobOptions) -> None:
        self._paths = paths
        self._options = options
        self._set_tables(self)

    def batches(self, table: str, columns: Optional[list[str]]) -> Batches:
        return _native.scan(self._paths, self._options, table, columns)

    def __repr__(self) -> str:
        return f"Scan({self._paths!r})"


_Source = Union[_native.StoredReport, Scan]


class Table:
    """One table, or some of its columns.

    Iterating over it gives batches; `polars.DataFrame(table)`, `pandas.DataFrame.from_arrow(table)`,
    `pyarrow.table(table)` and DuckDB's queries read all of it. Each use reads it anew.
    """

    def __init__(self, source: _Source, name: str, columns: Optional[list[str]] = None) -> None:
        self._source = source
        self._columns = columns
        self.name = name
        self.meaning, self.columns = _TABLES[name]
        if columns is not None:
            for column in columns:
                if column not in {known.name for known in self.columns}:
                    raise Error(f"{column}: the table {name} has no such column")
            self.columns = [column for column in self.columns if column.name in columns]

    def select(self, *columns: str) -> Table:
        """The table with these columns alone, in its own order. Other columns are not read."""
        return Table(self._source, self.name, list(columns))

    def __len__(self) -> int:
        if isinstance(self._source, Scan):
            raise TypeError("how many rows a scan gives is known at its end")
        return self._source.rows(self.name)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Batch]:
        return self._source.batches(self.name, self._columns)

    def __arrow_c_stream__(self, requested_schema: Optional[object] = None) -> object:
        return self._source.batches(self.name, self._columns).__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return _native.schema(self.name, self._columns)

    def _first_cells(self) -> list[tuple[Column, str]]:
        """Each column with its first cells, as text."""
        cells = {}
        if isinstance(self._source, _native.StoredReport):
            cells = dict(self._source.head(self.name, 4))
        shown = []
        for column in self.columns:
            values = [_short(value) for value in cells.get(column.name, [])]
            shown.append((column, ", ".join(values)))
        return shown

    def _title(self) -> str:
        columns = f"{len(self.columns)} {'column' if len(self.columns) == 1 else 'columns'}"
        if isinstance(self._source, Scan):
            return f"{self.name}: {columns}"
        return f"{self.name}: {len(self):,} {'row' if len(self) == 1 else 'rows'}, {columns}"

    def __repr__(self) -> str:
        shown = self._first_cells()
        width = max(len(column.name) for column, _ in shown) if shown else 0
        lines = [f"  {column.name:<{width}}  {column.type:<4}  {cells}".rstrip() for column, cells in shown]
        return "\n".join([self._title(), *(line[:110] for line in lines)])

    def _repr_html_(self) -> str:
        rows = [(column.name, column.type, column.meaning, cells) for column, cells in self._first_cells()]
        return _html(self._title(), ("column", "type", "meaning", "first rows"), rows)


def report(
    paths: Paths,
    out: Union[str, os.PathLike[str]],
    *,
    bodies: Bodies = "all",
    redact: Redact = "secrets",
    redact_key: Optional[bytes] = None,
    rules: Optional[Union[str, os.PathLike[str]]] = None,
    roles: Optional[Union[str, os.PathLike[str]]] = None,
    limits: Optional[Limits] = None,
    threads: int = 0,
    formats: Iterable[Format] = ("parquet",),
    state: bool = True,
    force: bool = False,
    progress: Union[bool, Callable[[Progress], object]] = True,
) -> Report:
    """Reads logs and writes a report to the folder `out`, whole or not at all.

    `paths`: files, folders with all below them, and patterns such as `dump/**/*.zip`.
    `bodies`: the exchanges whose bodies are kept. `redact`: what is masked; `redact_key`: 32 bytes, with which the
    same person has the same pseudonym in several reports. `rules`, `roles`: files in TOML for error groups and fields.
    `limits`: what a file may cost; what exceeds one is in `problems`.
    `threads`: 0 for one for each core. `state`: whether the report can be updated and merged.
    `force`: replaces a report in `out`. `progress`: a function, or whether to show a bar, which takes the package tqdm.

    Raises `Error` with the words of the command line. Ctrl-C stops the work and leaves nothing.
    """
    written: list[str] = list(formats)
    # A merge reads the tables too.
    state = state and "parquet" in written
    options = _options(bodies, redact, redact_key, threads, rules, roles, limits, state)
    call = progress if callable(progress) else None
    bar = _bar() if progress is True else None
    if bar is not None:

        def call(done: Progress) -> None:
            bar.total = done.total_bytes
            bar.update(done.bytes - bar.n)

    native_call = None if call is None else lambda *numbers: call(Progress(*numbers))
    try:
        _native.report(_names(paths), Path(out), options, written, force, native_call)
    finally:
        if bar is not None:
            bar.close()
    return Report(out)


def open(path: Union[str, os.PathLike[str]]) -> Report:
    """Opens a report that `report` or the command line has written."""
    return Report(path)


def scan(
    paths: Paths,
    *,
    bodies: Bodies = "all",
    redact: Redact = "secrets",
    redact_key: Optional[bytes] = None,
    rules: Optional[Union[str, os.PathLike[str]]] = None,
    roles: Optional[Union[str, os.PathLike[str]]] = None,
    limits: Optional[Limits] = None,
    threads: int = 0,
) -> Scan:
    """The tables of a report without a report: rows come while the logs are read, and nothing is written.

    Options are those of `report`. Rows of `errors` and of the small tables come at the end. Each use of a table reads
    the logs anew: where several tables are needed, make a report.
    """
    return Scan(_names(paths), _options(bodies, redact, redact_key, threads, rules, roles, limits))


def merge(
    reports: Iterable[Union[str, os.PathLike[str], Report]],
    out: Union[str, os.PathLike[str]],
    *,
    rules: Optional[Union[str, os.PathLike[str]]] = None,
    threads: int = 0,
    formats: Iterable[Format] = ("parquet",),
    force: bool = False,
) -> Report:
    """Merges reports with their states into the one that a run over all their logs would have made.

    `rules`: the file with which the reports were made. Raises `Error` where reports do not fit together.
    """
    paths = [report.path if isinstance(report, Report) else Path(report) for report in reports]
    _native.merge(paths, Path(out), None if rules is None else Path(rules), threads, list(formats), force)
    return Report(out)


def _options(
    bodies: Bodies,
    redact: Redact,
    redact_key: Optional[bytes],
    threads: int,
    rules: Optional[Union[str, os.PathLike[str]]] = None,
    roles: Optional[Union[str, os.PathLike[str]]] = None,
    limits: Optional[Limits] = None,
    state: bool = False,
) -> _native.JobOptions:
    if redact_key is not None and len(redact_key) != 32:
        raise Error("redact_key: not 32 bytes")
    return {
        "bodies": bodies,
        "redact": redact,
        "redact_key": redact_key,
        "threads": threads,
        "rules": None if rules is None else os.fspath(rules),
        "roles": None if roles is None else os.fspath(roles),
        "limits": dict(limits or {}),
        "state": state,
    }


def _names(paths: Paths) -> list[str]:
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    return [os.fspath(path) for path in paths]


def _bar() -> Optional[Any]:
    """A progress bar; `None` where tqdm is not installed. It shows itself on a terminal and in a notebook only."""
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm(unit="B", unit_scale=True, disable=None, leave=False)


def _short(value: object) -> str:
    if value is None:
        return "null"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 28 else f"{text[:27]}…"


def _html(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def cells(row: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f'<{tag} style="text-align:left">{escape(cell)}</{tag}>' for cell in row) + "</tr>"

    body = "".join(cells(row, "td") for row in rows)
    return f"<table><caption>{escape(title)}</caption><thead>{cells(head, 'th')}</thead><tbody>{body}</tbody></table>"
