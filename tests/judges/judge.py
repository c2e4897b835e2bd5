"""What the judges share: counting verdicts, running orgsweep, reading tables with PyArrow."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pyarrow.parquet

ORGSWEEP = os.environ.get("ORGSWEEP", "orgsweep")


class Verdicts:
    """Counts what held and what did not."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def check(self, holds: bool, what: str) -> None:
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}")

    def close(self) -> None:
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)


def orgsweep(*arguments: str, expect: int = 0, **variables: str) -> str:
    """Runs orgsweep in a scrubbed environment and returns what it prints."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": os.environ.get("HOME", "/"),
        "AWS_EC2_METADATA_DISABLED": "true",
        **variables,
    }
    done = subprocess.run([ORGSWEEP, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != expect:
        print(done.stdout, done.stderr)
        raise SystemExit(f"orgsweep {' '.join(arguments)} ended with {done.returncode}, expected {expect}")
    return done.stdout


def latest(root: pathlib.Path) -> dict[str, str]:
    return json.loads((root / "latest.json").read_text())


def file_of(root: pathlib.Path, table: str) -> pathlib.Path:
    now = latest(root)
    return root / "v1" / table / f"scan_date={now['scan_date']}" / f"{now['scan_id']}-00000.parquet"


def rows(root: pathlib.Path, table: str) -> list[dict]:
    # Not read_table: given a path it would add the folder's scan_date as a column.
    return pyarrow.parquet.ParquetFile(file_of(root, table)).read().to_pylist()
