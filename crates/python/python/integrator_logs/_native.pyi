from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, Optional, TypedDict, final, type_check_only

__all__ = [
    "Batch",
    "Batches",
    "Error",
    "StoredReport",
    "check_options",
    "command_line",
    "find_files",
    "merge",
    "merge_listings",
    "relink",
    "report",
    "report_contents",
    "report_files",
    "scan",
    "schema",
    "tables_of_a_report",
]

@type_check_only
class JobOptions(TypedDict):
    bodies: str
    redact: str
    redact_key: Optional[bytes]
    threads: int
    rules: Optional[str]
    roles: Optional[str]
    limits: dict[str, object]
    state: bool

class Error(Exception):
    """What the command line would print after `error:`."""

@final
class Batches(Iterator[Batch]):
    """Batches of rows, read while they are taken. An iterator, and an Arrow stream of the batches that are left."""

    def __iter__(self) -> Batches: ...
    def __next__(self) -> Batch: ...
    def __arrow_c_stream__(self, requested_schema: Optional[object] = None) -> object: ...

@final
class Batch:
    """Some rows of a table."""

    @property
    def column_names(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: Optional[object] = None) -> object: ...

@final
class StoredReport:
    """A report on disk."""

    def __new__(cls, path: Path) -> StoredReport: ...
    def summary(self) -> str: ...
    def rows(self, table: str) -> int: ...
    def batches(self, table: str, columns: Optional[list[str]] = None) -> Batches: ...
    def head(self, table: str, rows: int) -> list[tuple[str, list[Any]]]: ...

def tables_of_a_report() -> list[tuple[str, str, list[tuple[str, str, str]]]]: ...
def command_line(arguments: list[str]) -> int: ...
def schema(table: str, columns: Optional[list[str]] = None) -> object: ...
def report(
    paths: list[str],
    out: Path,
    options: JobOptions,
    formats: list[str],
    force: bool,
    progress: Optional[Callable[[int, int, int, int], object]] = None,
) -> None: ...
def scan(
    paths: list[str], options: JobOptions, table: str, columns: Optional[list[str]] = None
) -> Batches: ...
def find_files(
    paths: list[str],
) -> tuple[list[tuple[str, Path, int, bool]], list[tuple[str, str, str]]]: ...
def report_files(
    files: list[tuple[str, Path, int, bool]],
    unread: list[tuple[str, str, str]],
    out: Path,
    options: JobOptions,
) -> None: ...
def report_contents(
    contents: list[tuple[str, bytes]],
    unread: list[tuple[str, str, str]],
    out: Path,
    options: JobOptions,
) -> None: ...
def check_options(options: JobOptions) -> None: ...
def merge(
    reports: list[Path], out: Path, rules: Optional[Path], threads: int, formats: list[str], force: bool
) -> None: ...
def merge_listings(reports: list[Path], out: Path, rules: Optional[str]) -> bool: ...
def relink(report: Path, others: list[Path], out: Path, rules: Optional[str]) -> bool: ...
