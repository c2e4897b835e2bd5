"""jsonschema holds the lines of --log-format json against the schema that the program prints.

The schema itself has to be one; every line that scans write in good and in bad times has to fit it; and a line that lacks
something, or says a thing in another type, must not: else the schema would allow anything.
"""

from __future__ import annotations

import copy
import json
import os
import pathlib
import subprocess
import tempfile

import jsonschema

from judge import ORGSWEEP, Verdicts, orgsweep

verdicts = Verdicts()
schema = json.loads(orgsweep("log-schema"))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
SCRUBBED = {"PATH": os.environ.get("PATH", ""), "HOME": "/nowhere", "AWS_EC2_METADATA_DISABLED": "true"}


class Simulator:
    """orgsweep's made-up organization, as its own process."""

    def __init__(self, *arguments: str) -> None:
        command = [ORGSWEEP, "simulate", *arguments]
        self.process = subprocess.Popen(command, env=SCRUBBED, stdout=subprocess.PIPE, text=True)
        self.variables = dict(SCRUBBED)
        for line in self.process.stdout:
            if line.startswith("#"):
                break
            name, value = line.strip().split("=", 1)
            self.variables[name] = value

    def __enter__(self) -> Simulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def lines(self, codes: set[int], *arguments: str) -> list[dict]:
        """What a command writes, each line as JSON."""
        command = [ORGSWEEP, *arguments, "--log-format", "json"]
        done = subprocess.run(command, env=self.variables, capture_output=True, text=True, check=False)
        verdicts.check(done.returncode in codes, f"{arguments} ended with {done.returncode}: {done.stderr[-400:]}")
        return [json.loads(line) for line in done.stderr.splitlines()]


def scenes(folder: pathlib.Path) -> list[dict]:
    told: list[dict] = []
    out = ["--out", str(folder / "lake"), "--unlimited"]
    with Simulator("--accounts", "40") as bad:
        told += bad.lines({2}, "scan", *out)
        told += bad.lines({3}, "scan", *out, "--ou", "/Root/None")
        told += bad.lines({3}, "scan", *out, "--role-name", "two words")
        roster = ["--roster", str(folder / "roster.json")]
        subprocess.run([ORGSWEEP, "discover", "--unlimited", *roster], env=bad.variables, check=True, capture_output=True)
        out = ["--out", str(folder / "shards"), "--unlimited"]
        told += bad.lines({0, 2}, "scan", *roster, *out, "--shard", "0/2")
        told += bad.lines({0, 2}, "finalize", *roster, *out, "--publish-partial")
    with Simulator("--accounts", "30", "--latency", "30") as slow:
        out = ["--out", str(folder / "slow"), "--unlimited"]
        told += slow.lines({2}, "scan", *out, "--concurrency", "1", "--deadline", "6s")
        told += slow.lines({0, 2}, "scan", *out, "--resume")
    return told


with tempfile.TemporaryDirectory() as name:
    lines = scenes(pathlib.Path(name))

events = {line.get("event") for line in lines}
for wanted in ["scan_started", "listed", "account", "published", "shard_finished", "deadline_reached", "error"]:
    verdicts.check(wanted in events, f"no line of {wanted} was written: {sorted(map(str, events))}")
for line in lines:
    wrong = list(validator.iter_errors(line))
    verdicts.check(not wrong, f"{json.dumps(line)}: {wrong[:1]}")

# One line of each event, with one thing wrong at a time.
for event in sorted(events):
    line = next(line for line in lines if line["event"] == event)
    for member in line:
        without = {name: value for name, value in line.items() if name != member}
        verdicts.check(not validator.is_valid(without), f"{event} without {member} is taken")
        other = copy.deepcopy(line)
        other[member] = {"something": "else"} if not isinstance(line[member], dict) else 7
        verdicts.check(not validator.is_valid(other), f"{event} with a {member} of another type is taken")

verdicts.close()
