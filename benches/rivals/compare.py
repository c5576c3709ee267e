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
# What speeds are ratios to, where it runs.
REFERENCE = "Python, fastest parts"
# Downloads of a dump that is made here, and exchanges in each: 0.45 GB of JSON.
FILES, ROWS = 400, 800


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
        """Runs once; gives the number of exchanges in its result (None when it does not count them), and the
        summary of a report (None when it is none)."""
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
        if (out / "summary.json").exists():
            summary = json.loads((out / "summary.json").read_text())
            return seconds, peak, summary["exchanges"]["total"], summary
        last = text.decode(errors="replace").strip().rsplit("\n", 1)[-1]
        counted = json.loads(last)["exchanges"] if last.startswith("{") else None
        return seconds, peak, counted, None

    def shown(self):
        """The command as a reader can type it."""
        plain = {"ANALYZE": "analyze", "PYTHON": "python", "RIVALS": "benches/rivals"}
        return shlex.join(part.format_map(Plain(plain)) for part in self.command).replace("|", r"\|")


class Plain(dict):
    """Leaves the names that it does not know."""

    def __missing__(self, name):
        return name


def contest(contestants, places, runs):
    """All in turns, so that what slows the machine slows all: once to warm up, then `runs` times. Gives the
    summary of the last report."""
    counts, summary = {}, None
    for run in range(runs + 1):
        for one in contestants:
            print(f"{run or 'warm-up'}: {one.name}", file=sys.stderr)
            seconds, peak, counted, report = one.run(places)
            summary = report or summary
            if counted is not None:
                counts[one.name] = counted
            if run > 0:
                one.seconds.append(seconds)
                one.peaks.append(peak)
    if len(set(counts.values())) > 1:
        sys.exit(f"error: not all found the same exchanges: {counts}")
    return summary


def table(contestants, rate, rate_of):
    """Rows of Markdown: medians, and how many times as fast as the reference each is."""
    reference = next((one for one in contestants if one.name == REFERENCE), contestants[0])
    base = statistics.median(reference.seconds)
    lines = [
        f"| command | seconds | least to most | {rate} | times as fast as {reference.name} | peak memory, largest process |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for one in contestants:
        median = statistics.median(one.seconds)
        lines.append(
            f"| {one.name}: `{one.shown()}` | {median:.2f} | {min(one.seconds):.2f} to {max(one.seconds):.2f} "
            f"| {rate_of(median)} | {base / median:.2f} | {max(one.peaks) / 2**20:.0f} MiB |"
        )
    return lines


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


def rivals_of(jobs):
    """All commands that read a dump of flat logs; `analyze` first."""
    report = ["{ANALYZE}", "report", "{DUMP}", "--out", "{OUT}", "--threads", jobs, "--quiet"]
    rows = ["{PYTHON}", "{RIVALS}/rows.py"]
    return [
        Contestant("analyze, Parquet", [*report, "--format", "parquet"]),
        Contestant("analyze, Parquet, bodies of failures", [*report, "--format", "parquet", "--bodies", "failed"]),
        Contestant("analyze, Parquet, nothing masked, no state", [*report, "--format", "parquet", "--redact", "none", "--no-state"]),
        Contestant("analyze, defaults (Parquet and CSV)", report),
        Contestant(REFERENCE, [*rows, "fast", "{DUMP}", "{OUT}", "--jobs", jobs], ["polars", "isal", "orjson"]),
        Contestant("Python, the documented sample", [*rows, "sample", "{DUMP}", "{OUT}"], ["polars"]),
        Contestant(
            "DuckDB, JSON that is unpacked already",
            ["{PYTHON}", "{RIVALS}/unpacked.py", "{JSON}", "{OUT}", "--jobs", jobs],
            ["duckdb"],
        ),
    ]


def on_small_files(jobs):
    report = ["{ANALYZE}", "report", "{DUMP}", "--out", "{OUT}", "--threads", jobs, "--quiet", "--format", "parquet"]
    cat = ["sh", "-c", 'find "$0" -type f -print0 | xargs -0 cat >/dev/null', "{DUMP}"]
    return [Contestant("analyze, Parquet", report), Contestant("find and cat", cat)]


def chosen(contestants, only):
    """Those that can run, and the names of those that cannot."""
    able, left_out = [], []
    for one in contestants:
        if only and able and only not in one.name:
            continue
        missing = one.missing()
        if missing:
            left_out.append(f"{one.name} (no {missing})")
        else:
            able.append(one)
    return able, left_out


def main():
    parser = argparse.ArgumentParser(prog="benches/compare.sh")
    parser.add_argument("--analyze", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--maker", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=5, help="runs that count, after a warm-up (default: 5)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="threads or processes (default: one a core)")
    parser.add_argument("--only", metavar="WORD", help="contestants with this word in their names, beside the first")
    parser.add_argument("--unique", metavar="DUMP", type=pathlib.Path, help="flat logs in which no two bodies are equal (default: made)")
    parser.add_argument("--repeating", metavar="DUMP", type=pathlib.Path, help="flat logs in which exchanges repeat (default: made)")
    parser.add_argument("--small", metavar="DUMP", type=pathlib.Path, help="many small files (default: not measured)")
    options = parser.parse_args()
    for folder in filter(None, [options.unique, options.repeating, options.small]):
        if not (folder / "downloads").is_dir():
            parser.error(f"{folder}: no folder downloads in it; see the head of benches/compare.sh")
    jobs = str(options.jobs)
    head = [machine(), versions(options.analyze)]
    _, left_out = chosen(rivals_of(jobs), options.only)
    sections = []
    with tempfile.TemporaryDirectory(prefix="compare-") as scratch:
        places = {
            "ANALYZE": options.analyze,
            "PYTHON": sys.executable,
            "RIVALS": str(HERE),
            "JSON": f"{scratch}/json",
            "OUT": f"{scratch}/out",
        }

        def made(name, *flags):
            folder = pathlib.Path(scratch) / name
            print(f"making {name}", file=sys.stderr)
            subprocess.run([options.maker, folder, str(FILES), str(ROWS), *flags], check=True, stdout=sys.stderr)
            return folder

        dumps = [
            ("Without repeats: no two bodies are equal", options.unique or made("unique")),
            ("With repeats: each exchange several times", options.repeating or made("repeating", "--repeats")),
        ]
        for title, dump in dumps:
            contestants, _ = chosen(rivals_of(jobs), options.only)
            places["DUMP"] = str(dump)
            shutil.rmtree(places["JSON"], ignore_errors=True)
            if any("{JSON}" in one.command for one in contestants):
                print("unpacking", file=sys.stderr)
                subprocess.run([sys.executable, HERE / "unpacked.py", "--unpack", dump, places["JSON"]], check=True)
            summary = contest(contestants, places, options.runs)
            files, held = summary["files"]["total"], summary["bytes"]
            mb = held["decoded"] / 1e6
            sections += [
                f"\n## {title}\n",
                f"{files} files, {held['read'] / 1e6:.0f} MB; {mb:.0f} MB of JSON, {summary['exchanges']['total']} exchanges.\n",
                *table(contestants, "MB of JSON a second", lambda seconds: f"{mb / seconds:.0f}"),
            ]
        if options.small:
            contestants, _ = chosen(on_small_files(jobs), options.only)
            places["DUMP"] = str(options.small)
            summary = contest(contestants, places, options.runs)
            files, held = summary["files"]["total"], summary["bytes"]
            sections += [
                "\n## Many small files\n",
                f"{files} files, {held['read'] / 1e6:.0f} MB.\n",
                *table(contestants, "files a second", lambda seconds: f"{files / seconds:.0f}"),
            ]
    print(f"# Side by side, {datetime.date.today()}\n")
    print(f"- {head[0]}\n- {head[1]}")
    print(f"- wall time, medians of {options.runs} runs in turns after a warm-up; each found the same number of exchanges")
    for what in left_out:
        print(f"- left out: {what}")
    print("\n".join(sections))


if __name__ == "__main__":
    main()
