"""Two builds of the program scan the same organizations, and their tables hold the same rows.

    python same_rows.py OLD_BINARY NEW_BINARY [WORLD...]

It is for changes that must change no row: code that moves, a new way to collect, to judge or to publish. Both programs scan
organizations that the old program serves, with the same --now. Every table of both lakes is compared as rows, in the columns
that both have. What must differ (ids of scans, times of the run) is listed in BY_NATURE; tables and columns that only the new
program has are named and no difference. Ends with 1 where anything else differs.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator

import pyarrow.parquet

NOW = "2026-06-01T00:00:00Z"
# Differences of one table that are printed.
SHOWN = 6
# Columns that differ between two runs of one program, by table; "*" is every table.
BY_NATURE = {
    "*": {"scan_id"},
    "scans": {
        "started_at", "finished_at", "duration_ms", "previous_scan_id", "retried_scan_id", "checked_from_scan_id",
        # What made it, and a digest of how it was asked to.
        "tool_version", "config_sha256",
    },
    "scan_accounts": {"duration_ms", "last_scanned_scan_id", "taken_from_scan_id"},
    "table_reads": {"observed_at"},
    "findings": {"observed_at", "first_seen_at", "status_since"},
    "api_calls": {"total_ms", "worst_ms"},
}
# Besides, where a scan is stopped, split or meets faults: how often it asks is decided by the moment.
OF_CALLS = {
    "scans": {"api_calls", "api_attempts", "api_errors", "response_bytes", "throttles"},
    "scan_accounts": {"api_calls", "throttles"},
}

Rows = list[dict]
Tables = dict[str, Rows]


class Program:
    """One build of the program, against one organization."""

    def __init__(self, binary: pathlib.Path, folder: pathlib.Path, variables: dict[str, str]) -> None:
        self.binary, self.folder = binary, folder
        self.lake = folder / "lake"
        self.environment = {
            "PATH": os.environ.get("PATH", ""), "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true", **variables,
        }

    def run(self, *arguments: str) -> None:
        """Runs a command that may leave something unread."""
        command = [str(self.binary), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 2):
            print(done.stdout, done.stderr)
            raise SystemExit(f"{self.binary.name} {' '.join(arguments)} ended with {done.returncode}")

    def scan(self, *arguments: str) -> None:
        self.run("scan", "--unlimited", "--quiet", "--now", NOW, "--out", str(self.lake), *arguments)

    def kill_after(self, accounts: int, *arguments: str) -> None:
        """Starts a scan and kills it once so many accounts are finished."""
        command = [str(self.binary), "scan", "--unlimited", "--now", NOW, "--out", str(self.lake), "--log-format", "json"]
        scan = subprocess.Popen([*command, *arguments], env=self.environment, stderr=subprocess.PIPE, text=True)
        finished = 0
        for line in scan.stderr:
            finished += json.loads(line)["event"] == "account"
            if finished == accounts:
                break
        scan.send_signal(signal.SIGKILL)
        scan.communicate()
        if finished < accounts or (self.lake / "latest.json").exists():
            raise SystemExit(f"the scan of {self.binary.name} ended before it could be killed")


@contextlib.contextmanager
def simulator(binary: pathlib.Path, *arguments: str) -> Iterator[dict[str, str]]:
    """Serves an organization and gives what a client needs."""
    command = [str(binary), "simulate", "--now", NOW, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        variables = {}
        for line in process.stdout:
            name, found, value = line.strip().partition("=")
            if not found:
                break
            variables[name] = value
        if "AWS_ENDPOINT_URL" not in variables:
            raise SystemExit(f"{' '.join(command)} did not start")
        yield variables
    finally:
        process.terminate()
        process.wait()


def in_one_go(*arguments: str) -> Callable[[Program], None]:
    return lambda program: program.scan(*arguments)


def demo(program: Program) -> None:
    program.run("demo", "--quiet", "--now", NOW, "--collect", "all", "--out", str(program.lake))


def sharded(program: Program) -> None:
    roster = program.folder / "roster.json"
    program.run("discover", "--unlimited", "--roster", str(roster))
    # Ages count to the moment of `discover`.
    text = json.loads(roster.read_text())
    roster.write_text(json.dumps({**text, "now": NOW}))
    where = ["--roster", str(roster), "--out", str(program.lake), "--quiet"]
    for shard in range(3):
        program.run("scan", "--unlimited", "--shard", f"{shard}/3", *where)
    program.run("finalize", *where)


def resumed(program: Program) -> None:
    program.kill_after(6, "--concurrency", "2")
    program.scan("--resume")


def retried(program: Program) -> None:
    program.scan()
    scan = json.loads((program.lake / "latest.json").read_text())["scan_id"]
    program.scan("--retry-incomplete", scan)


FAULTS = """
[[fault]]
kind = "throttle"
action = "iam:ListRoles"
nth = 1
times = 2
[[fault]]
kind = "denied"
action = "iam:GetAccountPasswordPolicy"
share = 0.2
[[fault]]
kind = "denied_by_scp"
action = "iam:ListServerCertificates"
share = 0.2
[[fault]]
kind = "denied"
action = "iam:GetCredentialReport"
share = 0.1
[[fault]]
kind = "denied"
action = "organizations:ListTargetsForPolicy"
nth = 2
"""

# Arguments of the simulator, what both programs do, and whether calls are compared too.
WORLDS: dict[str, tuple[list[str], Callable[[Program], None], bool]] = {
    "demo": ([], demo, True),
    "seed": (["--accounts", "40", "--seed", "11"], in_one_go("--collect", "all"), True),
    "many-users": (["--accounts", "8", "--users", "60", "--roles", "80", "--policies", "40"], in_one_go(), True),
    "hostile": (["--accounts", "12", "--seed", "3", "--hostile"], in_one_go("--collect", "all"), True),
    "china": (["--accounts", "6", "--partition", "aws-cn"], in_one_go(), True),
    "key-ids": (["--accounts", "10"], in_one_go("--key-ids", "5"), True),
    "faults": (["--accounts", "30", "--refusing", "4", "--broken", "3", "--faults", "FAULTS"], in_one_go("--collect", "all"), False),
    "single-account": (["--accounts", "3"], in_one_go("--single-account"), True),
    "few-checks": (["--accounts", "10"], in_one_go("--check", "iam-root-*,iam-role-unused"), True),
    "shards": (["--accounts", "20", "--refusing", "2", "--broken", "1"], sharded, False),
    "resumed": (["--accounts", "20", "--latency", "20"], resumed, False),
    "retried": (["--accounts", "20", "--refusing", "3", "--broken", "2"], retried, False),
}


def tables(lake: pathlib.Path) -> Tables:
    """Every table of the latest scan."""
    latest = json.loads((lake / "latest.json").read_text())
    found = {}
    for path in sorted(lake.glob(f"v1/*/scan_date={latest['scan_date']}/{latest['scan_id']}-*.parquet")):
        found.setdefault(path.parent.parent.name, []).extend(pyarrow.parquet.ParquetFile(path).read().to_pylist())
    return found


def columns(lake: pathlib.Path) -> dict[str, list[str]]:
    return {path.parent.parent.name: pyarrow.parquet.ParquetFile(path).schema_arrow.names for path in lake.glob("v1/*/*/*.parquet")}


def compare(old: pathlib.Path, new: pathlib.Path, with_calls: bool) -> tuple[int, list[str]]:
    """How many rows were compared, and what differs."""
    before, after = tables(old), tables(new)
    columns_before, columns_after = columns(old), columns(new)
    differences, compared = [], 0
    for table in sorted(before.keys() - after.keys()):
        differences.append(f"{table}: only the old program has the table ({len(before[table])} rows)")
    for table in sorted(after.keys() - before.keys()):
        print(f"    {table}: only the new program has the table ({len(after[table])} rows)")
    for table in sorted(before.keys() & after.keys()):
        ignored = BY_NATURE["*"] | BY_NATURE.get(table, set())
        if not with_calls:
            ignored |= OF_CALLS.get(table, set())
            if table == "api_calls":
                continue
        gone = [name for name in columns_before[table] if name not in columns_after[table]]
        added = [name for name in columns_after[table] if name not in columns_before[table]]
        if gone:
            differences.append(f"{table}: only the old program has the columns {', '.join(gone)}")
        if added:
            print(f"    {table}: only the new program has the columns {', '.join(added)}")
        common = [name for name in columns_before[table] if name not in gone and name not in ignored]
        text = lambda row: json.dumps({name: row[name] for name in common}, default=str, ensure_ascii=False)
        old_rows, new_rows = (collections.Counter(map(text, rows[table])) for rows in (before, after))
        compared += old_rows.total()
        lost, more = list((old_rows - new_rows).elements()), list((new_rows - old_rows).elements())
        if lost or more:
            differences.append(f"{table}: {len(lost)} rows of the old program differ from {len(more)} of the new one")
            differences.extend(shown(lost, more))
    return compared, differences


def shown(lost: list[str], more: list[str]) -> list[str]:
    """Some rows of each side, sorted, so that those that belong together are near each other."""
    pieces = [("  - ", row) for row in sorted(lost)[:SHOWN]] + [("  + ", row) for row in sorted(more)[:SHOWN]]
    lines = [sign + row for sign, row in sorted(pieces, key=lambda piece: (piece[1], piece[0]))]
    left = max(len(lost) - SHOWN, 0) + max(len(more) - SHOWN, 0)
    return lines + ([f"  … and {left} more"] if left else [])


def same(name: str, old: pathlib.Path, new: pathlib.Path) -> bool:
    """Whether both programs find the same in one world."""
    arguments, act, with_calls = WORLDS[name]
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        faults = folder / "faults.toml"
        faults.write_text(FAULTS)
        lakes = []
        for side, binary in (("old", old), ("new", new)):
            (folder / side).mkdir()
            served = [str(faults) if argument == "FAULTS" else argument for argument in arguments]
            # The demo brings its own.
            context = contextlib.nullcontext({}) if act is demo else simulator(old, *served)
            with context as variables:
                program = Program(binary, folder / side, variables)
                act(program)
                lakes.append(program.lake)
        compared, differences = compare(*lakes, with_calls)
    print(f"{'DIFFERENT' if differences else 'same'}  {name}: {compared} rows", flush=True)
    for line in differences:
        print(f"    {line}")
    return not differences


def main() -> None:
    if len(sys.argv) < 3:
        raise SystemExit(f"usage: same_rows.py OLD_BINARY NEW_BINARY [WORLD...]; worlds: {', '.join(WORLDS)}")
    old, new = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    names = sys.argv[3:] or list(WORLDS)
    for name in names:
        if name not in WORLDS:
            raise SystemExit(f"no world {name}; there are {', '.join(WORLDS)}")
    for binary in (old, new):
        if not binary.is_file():
            raise SystemExit(f"{binary}: no such program")
    results = [same(name, old, new) for name in names]
    print(f"{results.count(True)} of {len(results)} worlds are the same")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
