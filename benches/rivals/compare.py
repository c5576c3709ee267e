"""Called by ../compare.sh, which says what it is for."""
import argparse
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent


class Contestant:
    """A command that turns a dump into something in an empty folder OUT."""

    def __init__(self, name, command, needs=()):
        self.name, self.command, self.needs = name, command, needs
        self.seconds, self.peaks = [], []

    def missing(self):
        """The first package that it needs and that is not there."""
        for package in self.needs:
            try:
                importlib.metadata.version(package)
            except importlib.metadata.PackageNotFoundError:
                return package
        return None

    def run(self, places):
        """Runs once; gives the number of exchanges that it found, None when it does not count them."""
        out = pathlib.Path(places["OUT"])
        shutil.rmtree(out, ignore_errors=True)
        command = [part.format(**places) for part in self.command]
        begin = time.perf_counter()
        # What it says on stderr goes there at once.
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"error: {self.name}: ended with {process.returncode}")
        # Of the largest process, which the system counts in kB.
        peak = usage.ru_maxrss * 1024
        summary = out / "summary.json"
        if summary.exists():
            counted = json.loads(summary.read_text())["exchanges"]["total"]
        else:
            last = text.decode(errors="replace").strip().rsplit("\n", 1)[-1]
            counted = json.loads(last)["exchanges"] if last.startswith("{") else None
        return seconds, peak, counted

    def shown(self):
        """The command as a reader can type it."""
        plain = {"ANALYZE": "analyze", "PYTHON": "python", "RIVALS": "benches/rivals"}
        return shlex.join(part.format_map(Plain(plain)) for part in self.command).replace("|", r"\|")


class Plain(dict):
    """Leaves the names that it does not know."""

    def __missing__(self, name):
        return name


def contest(contestants, places, runs):
    """All in turns, so that what slows the machine slows all: once to warm up, then as often as asked for."""
    counts = {}
    for run in range(runs + 1):
        for one in contestants:
            print(f"{run or 'warm-up'}: {one.name}", file=sys.stderr)
            seconds, peak, counted = one.run(places)
            if counted is not None:
                counts[one.name] = counted
            if run > 0:
                one.seconds.append(seconds)
                one.peaks.append(peak)
    if len(set(counts.values())) > 1:
        sys.exit(f"error: not all found the same exchanges: {counts}")
    return next(iter(counts.values()), None)


def table(contestants, first, last):
    """Rows of Markdown: medians, and ratios to the first contestant."""
    base = statistics.median(contestants[0].seconds)
    lines = [
        f"| command | seconds | least to most | {first} | times as long as the first | peak memory, largest process |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for one in contestants:
        median = statistics.median(one.seconds)
        lines.append(
            f"| {one.name}: `{one.shown()}` | {median:.2f} | {min(one.seconds):.2f} to {max(one.seconds):.2f} "
            f"| {last(median)} | {median / base:.2f} | {max(one.peaks) / 2**20:.0f} MiB |"
        )
    return lines


def size(folder, suffix):
    paths = list(folder.rglob("*" + suffix))
    return len(paths), sum(path.stat().st_size for path in paths)


def machine():
    cpu = platform.processor() or platform.machine()
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{cpu}, {os.cpu_count()} cores; {platform.system()} {platform.machine()}, load {os.getloadavg()[0]:.1f} at the beginning"


def versions(analyze):
    text = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.strip()
    commit = text("git", "rev-parse", "--short", "HEAD")
    if text("git", "status", "--porcelain", "--untracked-files=no"):
        commit += " and changes"
    parts = [text(analyze, "--version"), f"commit {commit}" if commit else "", text("rustc", "--version")]
    parts.append(f"Python {platform.python_version()}")
    for package in ["isal", "orjson", "polars", "duckdb"]:
        try:
            parts.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            pass
    return ", ".join(part for part in parts if part)


def main():
    parser = argparse.ArgumentParser(prog="benches/compare.sh")
    parser.add_argument("--analyze", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=5, help="runs that count, after a warm-up (default: 5)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="threads or processes (default: one a core)")
    parser.add_argument("--only", metavar="WORD", help="contestants with this word in their names, beside the first")
    parser.add_argument("dump", type=pathlib.Path, help="folder of flat logs")
    parser.add_argument("small", type=pathlib.Path, nargs="?", help="folder of many small files")
    options = parser.parse_args()
    for folder in filter(None, [options.dump, options.small]):
        if not (folder / "downloads").is_dir():
            parser.error(f"{folder}: no folder downloads in it; see the head of benches/compare.sh")
    jobs = str(options.jobs)
    report = ["{ANALYZE}", "report", "{DUMP}", "--out", "{OUT}", "--threads", jobs, "--quiet"]
    rows = ["{PYTHON}", "{RIVALS}/rows.py"]
    all_of_them = [
        Contestant("analyze, Parquet", [*report, "--format", "parquet"]),
        Contestant("analyze, Parquet, bodies of failures", [*report, "--format", "parquet", "--bodies", "failed"]),
        Contestant("analyze, defaults (Parquet and CSV)", report),
        Contestant("Python, fastest parts", [*rows, "fast", "{DUMP}", "{OUT}", "--jobs", jobs], ["polars", "isal", "orjson"]),
        Contestant("Python, the documented sample", [*rows, "sample", "{DUMP}", "{OUT}"], ["polars"]),
        Contestant(
            "DuckDB, JSON that is unpacked already",
            ["{PYTHON}", "{RIVALS}/unpacked.py", "{JSON}", "{OUT}", "--jobs", jobs],
            ["duckdb"],
        ),
    ]
    contestants, left_out = [], []
    for one in all_of_them:
        if options.only and contestants and options.only not in one.name:
            continue
        missing = one.missing()
        if missing:
            left_out.append(f"{one.name} (no {missing})")
        else:
            contestants.append(one)
    head = [machine(), versions(options.analyze)]
    with tempfile.TemporaryDirectory(prefix="compare-") as scratch:
        places = {
            "ANALYZE": options.analyze,
            "PYTHON": sys.executable,
            "RIVALS": str(HERE),
            "DUMP": str(options.dump),
            "JSON": f"{scratch}/json",
            "OUT": f"{scratch}/out",
        }
        if any("{JSON}" in one.command for one in contestants):
            print("unpacking", file=sys.stderr)
            subprocess.run([sys.executable, HERE / "unpacked.py", "--unpack", options.dump, places["JSON"]], check=True)
        exchanges = contest(contestants, places, options.runs)
        summary = json.loads(
            subprocess.run(
                [options.analyze, "bench", options.dump, "--sample", "1t", "--stages", "read", "--threads", "1", "--runs", "1", "--format", "json", "-q"],
                check=True, capture_output=True, text=True,
            ).stdout
        )["sample"]
        small = []
        if options.small:
            places["DUMP"] = str(options.small)
            small = [
                Contestant("analyze, Parquet", [*report, "--format", "parquet"]),
                Contestant("find and cat", ["sh", "-c", 'find "$0" -type f -print0 | xargs -0 cat >/dev/null', "{DUMP}"]),
            ]
            contest(small, places, options.runs)
    mb = summary["decoded_bytes"] / 1e6
    print(f"# Side by side, {datetime.date.today()}\n")
    print(f"- {head[0]}\n- {head[1]}")
    print(f"- DUMP: {summary['files']} files, {summary['encoded_bytes'] / 1e6:.0f} MB; {mb:.0f} MB of JSON, {exchanges} exchanges")
    print(f"- wall time, medians of {options.runs} runs in turns after a warm-up; each found the same number of exchanges")
    for what in left_out:
        print(f"- left out: {what}")
    print()
    print("\n".join(table(contestants, "MB of JSON a second", lambda seconds: f"{mb / seconds:.0f}")))
    if small:
        files, held = size(options.small, ".txt")
        print(f"\nMany small files: {files} files, {held / 1e6:.0f} MB.\n")
        print("\n".join(table(small, "files a second", lambda seconds: f"{files / seconds:.0f}")))


if __name__ == "__main__":
    main()
