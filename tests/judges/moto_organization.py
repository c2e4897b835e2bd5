"""An organization in moto, scanned through real AssumeRole; every finding compared with what boto3 says.

The expected verdicts are worked out here from single boto3 calls (ListAccessKeys, GetLoginProfile, …), not from the
bulk calls that orgsweep makes, and by code that shares nothing with it. Status and severity are compared.
"""

from __future__ import annotations

import collections
import datetime
import fnmatch
import logging
import pathlib
import tempfile

# First: it tells moto what to load.
from moto_world import AWS, REGION, ROLE, Organization, furnish

from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from judge import Verdicts, orgsweep, rows

# One account has thresholds of its own, so that what 400 days make old can pass somewhere.
DEFAULTS = {"max_age": 90, "high_age": 365, "unused_key": 45, "unused_console": 45, "unused_role": 90}
RELAXED = {"max_age": 500, "high_age": 600, "unused_key": 500, "unused_console": 500, "unused_role": 400}
CRITICAL_AGE = 730
# The severity of a check where no finding of its has another.
SEVERITY = {
    "iam-group-empty": "low",
    "iam-password-policy-length": "medium",
    "iam-password-policy-missing": "medium",
    "iam-password-policy-reuse": "low",
    "iam-role-max-session-duration-excessive": "low",
    "iam-role-unused": "low",
    "iam-root-access-key-present": "critical",
    "iam-root-mfa-missing": "critical",
    "iam-root-mfa-virtual": "high",
    "iam-root-recently-used": "high",
    "iam-security-audit-role-missing": "low",
    "iam-support-role-missing": "low",
    "iam-user-access-key-unrotated": "medium",
    "iam-user-access-key-unused": "medium",
    "iam-user-access-key-used-beyond-sts": "high",
    "iam-user-console-mfa-missing": "high",
    "iam-user-console-unused": "medium",
    "iam-user-direct-managed-policy": "low",
    "iam-user-initial-access-key": "low",
    "iam-user-inline-policy": "low",
    "iam-user-long-term-access-key": "medium",
    "iam-user-multiple-active-access-keys": "low",
    "iam-user-without-group": "low",
    "org-account-not-active": "informational",
}
# What moto cannot show, and why.
CANNOT = {
    "iam-root-recently-used": {"PASS": "no root row in moto's report", "FAIL": "no root row in moto's report"},
    "iam-user-access-key-used-beyond-sts": {"FAIL": "moto's report has no last-used service"},
}


def missing(call, **arguments):
    """The call's answer, or None where AWS says that there is no such thing."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchEntity", "NoSuchEntityException"):
            return None
        raise


def may_attach(documents: list[dict]) -> bool | None:
    """Whether any role may be given any policy, which in this organization only administrators may; None: on a condition."""
    allowed: bool | None = False
    for document in documents:
        for statement in document["Statement"]:
            patterns = statement.get("NotAction", statement.get("Action"))
            patterns = [patterns] if isinstance(patterns, str) else patterns
            named = any(fnmatch.fnmatchcase("iam:attachrolepolicy", pattern.lower()) for pattern in patterns)
            if named == ("NotAction" in statement) or statement["Resource"] != "*":
                continue
            if statement["Effect"] == "Deny":
                return False
            allowed = True if "Condition" not in statement or allowed else None
    return allowed


def role_documents(iam, name: str) -> list[dict]:
    documents = [
        iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    ]
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        documents.append(managed_document(iam, attached["PolicyArn"]))
    return documents


def managed_document(iam, arn: str) -> dict:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def expected_in(iam, account: str, now: datetime.datetime, limits: dict[str, int]) -> dict[tuple, tuple]:
    """(check, resource, subject) → (status, severity), in one account."""
    verdicts: dict[tuple, tuple] = {}
    root = f"arn:aws:iam::{account}:root"

    def say(check: str, resource: str, holds: bool | None, subject: str = "", failing: str | None = None) -> None:
        """`failing` is the severity of this one finding, where it differs from the check's."""
        status = {True: "PASS", False: "FAIL", None: "UNKNOWN"}[holds]
        verdicts[(check, resource, subject)] = (status, failing if failing and status == "FAIL" else SEVERITY[check])

    def days(moment: datetime.datetime) -> float:
        return (now - moment).total_seconds() / 86400

    users = [user for page in iam.get_paginator("list_users").paginate() for user in page["Users"]]
    support, auditors, members, passwords = False, False, collections.Counter(), 0
    for user in users:
        name, arn = user["UserName"], user["Arn"]
        login = missing(iam.get_login_profile, UserName=name)
        devices = iam.list_mfa_devices(UserName=name)["MFADevices"]
        keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        groups = iam.list_groups_for_user(UserName=name)["Groups"]
        attached = [policy["PolicyArn"] for policy in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]]
        members.update(group["GroupName"] for group in groups)
        support = support or AWS + "AWSSupportAccess" in attached
        active = [key for key in keys if key["Status"] == "Active"]
        together = [key for key in keys if abs((key["CreateDate"] - user["CreateDate"]).total_seconds()) < 60]
        passwords += bool(login)
        say("iam-user-long-term-access-key", arn, not active)
        say("iam-user-multiple-active-access-keys", arn, len(active) <= 1)
        say("iam-user-initial-access-key", arn, not (login and together))
        say("iam-user-console-mfa-missing", arn, not login or bool(devices))
        # moto's report has the user's creation for the day of the password.
        signed_in = iam.get_user(UserName=name)["User"].get("PasswordLastUsed") or user["CreateDate"]
        say("iam-user-console-unused", arn, not login or days(signed_in) <= limits["unused_console"])
        say("iam-user-direct-managed-policy", arn, not attached)
        say("iam-user-inline-policy", arn, not iam.list_user_policies(UserName=name)["PolicyNames"])
        say("iam-user-without-group", arn, bool(groups))
        for slot, key in enumerate(keys, 1):
            subject = f"access-key-{slot}"
            inactive = key["Status"] == "Inactive"
            used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"].get("LastUsedDate")
            age = days(key["CreateDate"])
            worse = "critical" if age > CRITICAL_AGE else "high" if age > limits["high_age"] else "medium"
            say("iam-user-access-key-unrotated", arn, inactive or age <= limits["max_age"], subject, failing=worse)
            since = used or key["CreateDate"]
            say("iam-user-access-key-unused", arn, inactive or days(since) <= limits["unused_key"], subject)
            # moto's report says when and not where.
            say("iam-user-access-key-used-beyond-sts", arn, True if inactive or not used else None, subject)
    for group in [group for page in iam.get_paginator("list_groups").paginate() for group in page["Groups"]]:
        attached = iam.list_attached_group_policies(GroupName=group["GroupName"])["AttachedPolicies"]
        support = support or any(policy["PolicyArn"] == AWS + "AWSSupportAccess" for policy in attached)
        say("iam-group-empty", group["Arn"], members[group["GroupName"]] > 0)
    for role in [role for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]:
        name, arn = role["RoleName"], role["Arn"]
        attached = [policy["PolicyArn"] for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]]
        support = support or AWS + "AWSSupportAccess" in attached
        auditors = auditors or AWS + "SecurityAudit" in attached
        described = iam.get_role(RoleName=name)["Role"]
        seconds = described["MaxSessionDuration"]
        if seconds > 14400:
            holds: bool | None = False
        elif seconds <= 3600:
            holds = True
        else:
            administrator = may_attach(role_documents(iam, name))
            boundary = described.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
            if boundary and administrator is not False and not may_attach([managed_document(iam, boundary)]):
                administrator = False
            holds = None if administrator is None else not administrator
        say("iam-role-max-session-duration-excessive", arn, holds)
        used = described.get("RoleLastUsed", {}).get("LastUsedDate")
        say("iam-role-unused", arn, days(max(used or role["CreateDate"], role["CreateDate"])) <= limits["unused_role"])
    say("iam-support-role-missing", root, support)
    say("iam-security-audit-role-missing", root, auditors)
    policy = missing(iam.get_account_password_policy)
    policy = policy and policy["PasswordPolicy"]
    say("iam-password-policy-missing", root, policy is not None, failing=None if passwords else "informational")
    say("iam-password-policy-length", root, (policy or {}).get("MinimumPasswordLength", 8) >= 14)
    say("iam-password-policy-reuse", root, ((policy or {}).get("PasswordReusePrevention") or 0) >= 24)
    if not users:
        # The policy governs nobody.
        for check in ("iam-password-policy-length", "iam-password-policy-reuse"):
            verdicts[(check, root, "")] = ("NOT_APPLICABLE", SEVERITY[check])
    summary = iam.get_account_summary()["SummaryMap"]
    keys, mfa = summary["AccountAccessKeysPresent"], bool(summary["AccountMFAEnabled"])
    # Without root's row nobody can say that its key is inactive.
    say("iam-root-access-key-present", root, keys == 0)
    # moto says nothing of root's password.
    say("iam-root-mfa-missing", root, True if mfa else False if keys else None)
    owners = [device.get("User", {}).get("Arn") for device in iam.list_virtual_mfa_devices()["VirtualMFADevices"]]
    say("iam-root-mfa-virtual", root, root not in owners)
    if not mfa:
        verdicts[("iam-root-mfa-virtual", root, "")] = ("NOT_APPLICABLE", SEVERITY["iam-root-mfa-virtual"])
    say("iam-root-recently-used", root, None)
    return verdicts


def configuration(account: str) -> str:
    return f"""
[[override]]
account = "{account}"
[override.checks.iam-user-access-key-unrotated]
max_age_days = {RELAXED["max_age"]}
high_after_days = {RELAXED["high_age"]}
[override.checks.iam-user-access-key-unused]
days = {RELAXED["unused_key"]}
[override.checks.iam-user-console-unused]
days = {RELAXED["unused_console"]}
[override.checks.iam-role-unused]
days = {RELAXED["unused_role"]}
"""


def main() -> None:
    verdicts = Verdicts()
    started = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    now = started + datetime.timedelta(days=400)
    # moto's server logs every request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    organization = Organization(f"http://{host}:{port}")
    accounts, closed, relaxed = furnish(organization, now)

    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder, "lake")
        config = pathlib.Path(folder, "orgsweep.toml")
        config.write_text(configuration(relaxed))
        arguments = ["--role-name", f"Missing,{ROLE}", "--now", now.strftime("%Y-%m-%dT%H:%M:%SZ")]
        orgsweep(
            "scan", "--quiet", "--unlimited", "--config", str(config), "--out", str(root), *arguments,
            AWS_ENDPOINT_URL=organization.endpoint,
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_REGION=REGION,
        )
        findings, scanned = rows(root, "findings"), rows(root, "scan_accounts")

    states = {row["account_id"]: row for row in scanned}
    verdicts.check(set(states) == set(accounts), "every account is in the result")
    for account, row in states.items():
        if account == closed:
            held = row["scan_state"] == "NOT_SCANNED" and row["reason_code"] == "ACCOUNT_NOT_ACTIVE"
        else:
            held = row["scan_state"] == "SCANNED"
        verdicts.check(held, f"{account}: {row['scan_state']}, {row['reason']}")
        verdicts.check(bool(row["ou_path"]), f"{account}: its path is known without Paths: {row['ou_path']}")

    found = {
        (row["account_id"], row["check_id"], row["resource_uid"], row["subject"]): (row["status"], row["severity"])
        for row in findings
    }
    verdicts.check(len(found) == len(findings), "no finding twice")
    seen: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    severities: dict[str, set[str]] = collections.defaultdict(set)
    for account in accounts:
        mine = {key[1:]: said for key, said in found.items() if key[0] == account}
        standing = [key for key in mine if key[0] == "org-account-not-active"]
        wanted = "FAIL" if account == closed else "PASS"
        standings = [mine.pop(key) for key in standing]
        verdicts.check(standings == [(wanted, "informational")], f"{account}: org-account-not-active: {standings}")
        seen["org-account-not-active"][wanted] += 1
        if account == closed:
            verdicts.check({said[0] for said in mine.values()} == {"UNKNOWN"}, f"{account}: nothing else is known of a closed account")
            continue
        limits = RELAXED if account == relaxed else DEFAULTS
        expected = expected_in(organization.iam(account), account, now, limits)
        for key in sorted(expected.keys() | mine.keys()):
            same = expected.get(key) == mine.get(key)
            verdicts.check(same, f"{account} {key}: boto3 says {expected.get(key)}, orgsweep {mine.get(key)}")
            status, severity = mine.get(key, ("(no row)", ""))
            seen[key[0]][status] += 1
            if status == "FAIL":
                severities[key[0]].add(severity)
    server.stop()

    print(f"{'check':<42} {'FAIL':>5} {'PASS':>5} {'other':>6}")
    for check in sorted(seen):
        counts = seen[check]
        other = sum(counts.values()) - counts["FAIL"] - counts["PASS"]
        excuses = [f"no {status}: {why}" for status, why in CANNOT.get(check, {}).items()]
        print(f"{check:<42} {counts['FAIL']:>5} {counts['PASS']:>5} {other:>6}  {'; '.join(excuses)}")
        for status in ("FAIL", "PASS"):
            excused = status in CANNOT.get(check, {})
            verdicts.check((counts[status] > 0) != excused, f"{check}: {counts[status]} {status}, excused: {excused}")
    for check, wanted in {
        "iam-user-access-key-unrotated": {"medium", "high", "critical"},
        "iam-password-policy-missing": {"medium", "informational"},
    }.items():
        verdicts.check(severities[check] == wanted, f"{check}: of severities {severities[check]}")
    verdicts.check(len(seen) >= 24, f"{len(seen)} checks were compared")
    verdicts.close()


if __name__ == "__main__":
    main()
