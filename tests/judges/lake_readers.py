"""DuckDB, PyArrow and Polars read the same lake and agree; the lake keeps its invariants; two runs give the same bytes."""

from __future__ import annotations

import collections
import hashlib
import json
import pathlib
import re
import tempfile

import duckdb
import polars
import pyarrow
import pyarrow.parquet
import sqlglot

from judge import Verdicts, file_of, latest, orgsweep, rows

MEASURED = {"scans": {"duration_ms", "finished_at"}, "scan_accounts": {"duration_ms"}, "api_calls": {"total_ms", "worst_ms"}}
HERE = pathlib.Path(__file__).parent


def same_bytes(first: pathlib.Path, second: pathlib.Path, verdicts: Verdicts) -> None:
    for path in sorted(first.glob("v1/*/*/*.parquet")):
        table = path.parent.parent.name
        twin = second / path.relative_to(first)
        if table in MEASURED:
            strip = lambda row: {name: value for name, value in row.items() if name not in MEASURED[table]}
            equal = [strip(row) for row in rows(first, table)] == [strip(row) for row in rows(second, table)]
            verdicts.check(equal, f"{table}: equal but for what was measured")
        else:
            verdicts.check(path.read_bytes() == twin.read_bytes(), f"{table}: the same bytes twice")


def schemas(root: pathlib.Path, verdicts: Verdicts) -> None:
    allowed = {pyarrow.string(), pyarrow.int32(), pyarrow.int64(), pyarrow.float64(), pyarrow.bool_(), pyarrow.timestamp("ms")}
    for path in sorted(root.glob("v1/*/*/*.parquet")):
        table = path.parent.parent.name
        schema = pyarrow.parquet.ParquetFile(path).schema_arrow
        verdicts.check(schema.names[0] == "scan_id", f"{table} begins with scan_id")
        verdicts.check("scan_date" not in schema.names, f"{table}: the partition key is not in the file")
        verdicts.check(all(field.type in allowed for field in schema), f"{table}: types {schema.types}")
        ids = [field.metadata[b"PARQUET:field_id"] for field in schema]
        verdicts.check(ids == [str(index + 1).encode() for index in range(len(ids))], f"{table}: field ids")


def connect(root: pathlib.Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(orgsweep("ddl", "--engine", "duckdb", "--out", str(root)))
    return connection


def readers_agree(root: pathlib.Path, verdicts: Verdicts) -> None:
    connection = connect(root)
    for path in sorted(root.glob("v1/*")):
        table = path.name
        by_arrow = len(rows(root, table))
        by_polars = polars.read_parquet(file_of(root, table), hive_partitioning=False).height
        by_duckdb = connection.execute(f"SELECT count(*) FROM {table}_latest").fetchall()[0][0]
        verdicts.check(by_arrow == by_polars == by_duckdb, f"{table}: {by_arrow}, {by_polars}, {by_duckdb} rows")

    def agree(what: str, arrow: dict, frame: polars.DataFrame, query: str) -> None:
        by_polars = {tuple(row[:-1]): row[-1] for row in frame.rows()}
        by_duckdb = {tuple(row[:-1]): row[-1] for row in connection.execute(query).fetchall()}
        verdicts.check(arrow == by_polars == by_duckdb and bool(arrow), f"{what}: {arrow} {by_polars} {by_duckdb}")

    findings = polars.read_parquet(file_of(root, "findings"), hive_partitioning=False)
    agree(
        "findings by status and severity",
        dict(collections.Counter((row["status"], row["severity"]) for row in rows(root, "findings"))),
        findings.group_by(["status", "severity"]).len(),
        "SELECT status, severity, count(*) FROM findings_latest GROUP BY ALL",
    )
    accounts = polars.read_parquet(file_of(root, "scan_accounts"), hive_partitioning=False)
    agree(
        "accounts by state",
        dict(collections.Counter((row["scan_state"],) for row in rows(root, "scan_accounts"))),
        accounts.group_by("scan_state").len(),
        "SELECT scan_state, count(*) FROM scan_accounts_latest GROUP BY ALL",
    )
    keys = polars.read_parquet(file_of(root, "access_keys"), hive_partitioning=False)
    old = [row for row in rows(root, "access_keys") if row["status"] == "Active" and row["age_days"] > 365]
    agree(
        "keys older than a year",
        dict(collections.Counter((row["account_id"],) for row in old)),
        keys.filter((polars.col("status") == "Active") & (polars.col("age_days") > 365)).group_by("account_id").len(),
        "SELECT account_id, count(*) FROM access_keys_latest WHERE status = 'Active' AND age_days > 365 GROUP BY ALL",
    )
    # A moment is compared as UTC, whatever the host's zone.
    moment = connection.execute("SELECT min(observed_at)::VARCHAR FROM findings_latest").fetchall()[0][0]
    verdicts.check(moment.startswith("2026-05-31 23:50:00"), f"times are UTC without a zone: {moment}")
    for name, query in re.findall(r"-- name: (.+)\n([^;]+);", (HERE / "questions.sql").read_text()):
        answer = connection.execute(query).fetchall()
        verdicts.check(bool(answer), f"question: {name}")


def uncommitted_is_invisible(root: pathlib.Path, verdicts: Verdicts) -> None:
    """A data file without its row in `scans` shows in no view."""
    before = connect(root).execute("SELECT count(*) FROM findings").fetchall()[0][0]
    path = file_of(root, "findings")
    table = pyarrow.parquet.ParquetFile(path).read()
    stray = table.set_column(0, table.schema.field(0), pyarrow.array(["01ZZZZZZZZZZZZZZZZZZZZZZZZ"] * table.num_rows))
    stray_path = path.with_name("01ZZZZZZZZZZZZZZZZZZZZZZZZ-00000.parquet")
    pyarrow.parquet.write_table(stray, stray_path)
    connection = connect(root)
    ungated = connection.execute("SELECT count(*) FROM findings_all").fetchall()[0][0]
    gated = connection.execute("SELECT count(*) FROM findings").fetchall()[0][0]
    stray_path.unlink()
    verdicts.check(ungated == 2 * before and gated == before, "an uncommitted scan is invisible")


def invariants(root: pathlib.Path, verdicts: Verdicts) -> None:
    findings, coverage, accounts = rows(root, "findings"), rows(root, "coverage"), rows(root, "scan_accounts")
    enabled = [row for row in rows(root, "checks") if row["enabled"]]
    verdicts.check(len(coverage) == len(accounts) * len(enabled), "accounts × enabled checks = coverage rows")
    pairs = {(row["account_id"], row["check_id"]) for row in coverage}
    verdicts.check(len(pairs) == len(coverage), "one coverage row per account and check")

    counted = collections.Counter((row["account_id"], row["check_id"], row["status"]) for row in findings)
    names = {"passed": "PASS", "failed": "FAIL", "unknown": "UNKNOWN", "not_applicable": "NOT_APPLICABLE", "manual": "MANUAL"}
    wrong = [
        (row["account_id"], row["check_id"], column)
        for row in coverage
        for column, status in names.items()
        if row[column] != counted[(row["account_id"], row["check_id"], status)]
    ]
    verdicts.check(not wrong, f"coverage counts are the findings' rows: {wrong[:3]}")

    ids = [row["finding_id"] for row in findings if row["finding_id"]]
    verdicts.check(len(ids) == len(set(ids)), "finding ids are unique")
    named = {"FAIL", "UNKNOWN", "MANUAL"}
    verdicts.check(
        all((row["status"] in named) == bool(row["finding_id"]) for row in findings), "FAIL and UNKNOWN have an id"
    )
    verdicts.check(
        all(row["finding_id"].startswith(row["account_id"] + "-") for row in findings if row["finding_id"]),
        "an id begins with its account",
    )
    verdicts.check(
        all(row["reason_code"] for row in accounts if row["scan_state"] != "SCANNED"), "what is not scanned has a reason"
    )
    dark = {row["account_id"] for row in accounts if row["scan_state"] == "NOT_SCANNED"}
    verdicts.check(bool(dark), "the demo loses accounts")
    seen = [
        row
        for row in findings
        if row["account_id"] in dark and row["status"] != "UNKNOWN" and row["check_id"] != "org-account-not-active"
    ]
    verdicts.check(not seen, f"no verdict in an account that was not entered: {seen[:1]}")
    for path in sorted(root.glob("v1/*/*/*.parquet")):
        file = pyarrow.parquet.ParquetFile(path)
        names = file.schema_arrow.names
        for group in range(file.num_row_groups):
            declared = [names[column.column_index] for column in file.metadata.row_group(group).sorting_columns]
            keys = [tuple((row[name] is not None, row[name]) for name in declared) for row in file.read_row_group(group).to_pylist()]
            verdicts.check(keys == sorted(keys), f"{path.parent.parent.name}: sorted as it says, by {declared}")
    order = [(row["account_id"], row["resource_uid"], row["region"], row["check_id"], row["subject"]) for row in findings]
    verdicts.check(order == sorted(order), "findings are sorted")
    scan = rows(root, "scans")[0]
    states = collections.Counter(row["scan_state"] for row in accounts)
    parts = scan["accounts_scanned"], scan["accounts_partial"], scan["accounts_not_scanned"]
    verdicts.check(
        parts == (states["SCANNED"], states["PARTIAL"], states["NOT_SCANNED"])
        and sum(parts) == scan["accounts_in_scope"] == len(accounts),
        f"accounts add up: {parts}",
    )
    verdicts.check(sum(row["api_calls"] for row in accounts) < scan["api_calls"], "the organization's own calls count too")


def policies(root: pathlib.Path, verdicts: Verdicts) -> None:
    """Each text is there once under its own hash, and whatever names a text, a policy or a place names one that is there."""
    documents = {row["document_sha256"]: row["document_json"] for row in rows(root, "documents")}
    verdicts.check(len(documents) == len(rows(root, "documents")) > 10, "each document once")
    wrong = [name for name, text in documents.items() if hashlib.sha256(text.encode()).hexdigest() != name]
    verdicts.check(not wrong, f"a document's name is the hash of its text: {wrong[:1]}")
    kept, guardrails = rows(root, "policies"), rows(root, "organization_policies")
    named = {row["document_sha256"] for row in [*kept, *guardrails]}
    verdicts.check(named == set(documents), f"documents are those that are named: {named ^ set(documents)}")
    known = {(row["account_id"], row["policy_arn"]) for row in kept if row["is_default"]}
    lost = [row for row in rows(root, "policy_attachments") if (row["account_id"], row["policy_arn"]) not in known]
    verdicts.check(not lost, f"every attached policy is there: {lost[:1]}")
    default = collections.Counter((row["account_id"], row["policy_arn"]) for row in kept if row["is_default"] and row["policy_arn"])
    verdicts.check(set(default.values()) == {1}, "one version of each policy is in force")
    verdicts.check(any(not row["is_default"] for row in kept), "other versions are there")
    roles = {row["principal_arn"] for row in rows(root, "principals") if row["principal_kind"] == "role"}
    trusts = collections.Counter(row["attached_to_arn"] for row in kept if row["policy_kind"] == "trust")
    verdicts.check(set(trusts) == roles and set(trusts.values()) == {1}, "every role has one trust policy")
    places = {place for row in rows(root, "scan_accounts") for place in [row["account_id"], *(row["ou_ids"] or "").split("/")]}
    everywhere = {row["target_id"] for row in guardrails if row["policy_name"] == "FullAWSAccess"}
    verdicts.check(places <= everywhere, f"AWS's own policy is at every place of the accounts: {places - everywhere}")
    reads = [row for row in rows(root, "table_reads") if row["table_name"] == "organization_policies"]
    management = rows(root, "scans")[0]["management_account_id"]
    verdicts.check(
        [(row["account_id"], row["outcome"], row["row_count"]) for row in reads] == [(management, "READ", len(guardrails))],
        f"the organization's policies are noted once: {reads}",
    )


def manifest(root: pathlib.Path, verdicts: Verdicts) -> None:
    listed = json.loads((root / "manifests" / "v1" / f"{latest(root)['scan_id']}.json").read_text())
    for entry in listed["files"]:
        path = root / entry["key"]
        data = path.read_bytes()
        same = hashlib.sha256(data).hexdigest() == entry["sha256"] and len(data) == entry["bytes"]
        count = pyarrow.parquet.ParquetFile(path).metadata.num_rows
        verdicts.check(same and count == entry["rows"], f"manifest: {entry['key']}")
    on_disk = {str(path.relative_to(root)) for path in root.glob("v1/*/*/*")}
    verdicts.check(on_disk == {entry["key"] for entry in listed["files"]}, "every file is in the manifest")
    verdicts.check(not (root / "staging").exists(), "nothing is left in staging")


def athena_parses(root: pathlib.Path, verdicts: Verdicts) -> None:
    """Athena cannot be run here; a parser of its two dialects (Hive for tables, Trino for views) can."""
    text = orgsweep("ddl", "--engine", "athena", "--out", str(root), "--location", "s3://bucket/it's/lake")
    statements = [statement for statement in sqlglot.parse(text, read="athena") if statement]
    tables = len(list(root.glob("v1/*")))
    kinds = collections.Counter(statement.args.get("kind") for statement in statements)
    verdicts.check(kinds == {"DATABASE": 1, "TABLE": tables, "VIEW": 2 * tables + 1}, f"athena statements: {kinds}")
    for statement in statements:
        if statement.args.get("kind") == "TABLE":
            name = statement.find(sqlglot.exp.Table).name.removesuffix("_all")
            columns = [column.name for column in statement.this.expressions]
            names = pyarrow.parquet.ParquetFile(file_of(root, name)).schema_arrow.names
            verdicts.check(columns == names, f"athena {name}: columns {columns}")


def main() -> None:
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory() as folder:
        first, second = pathlib.Path(folder, "it's one"), pathlib.Path(folder, "two")
        for root in (first, second):
            orgsweep("demo", "--quiet", "--seed", "11", "--now", "2026-06-01T00:00:00Z", "--collect", "all", "--out", str(root))
        same_bytes(first, second, verdicts)
        schemas(first, verdicts)
        readers_agree(first, verdicts)
        uncommitted_is_invisible(first, verdicts)
        invariants(first, verdicts)
        policies(first, verdicts)
        manifest(first, verdicts)
        athena_parses(first, verdicts)
        again = ["demo", "--quiet", "--seed", "11", "--now", "2026-06-01T00:00:00Z", "--collect", "all", "--out", str(first)]
        orgsweep(*again, expect=3)
        verdicts.check(True, "a committed scan is not written again")
    verdicts.close()


if __name__ == "__main__":
    main()
