"""An organization in moto, scanned through real AssumeRole; every finding compared with what boto3 says.

The expected verdicts are worked out here from single boto3 calls (ListAccessKeys, GetLoginProfile, …), not from the
bulk calls that orgsweep makes, and by code that shares nothing with it.
"""

from __future__ import annotations

import collections
import datetime
import json
import os
import pathlib
import tempfile

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
os.environ.setdefault("AWS_ACCESS_KEY_ID", "testing")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "testing")

import boto3  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

from judge import Verdicts, orgsweep, rows  # noqa: E402

REGION = "us-east-1"
ROLE = "OrganizationAccountAccessRole"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
SOMETHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
MAYBE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
AWS = "arn:aws:iam::aws:policy/"
# One account has thresholds of its own, so that what 400 days make old can pass somewhere.
DEFAULTS = {"max_age": 90, "unused_key": 45, "unused_console": 45, "unused_role": 90}
RELAXED = {"max_age": 500, "unused_key": 500, "unused_console": 500, "unused_role": 400}
# What moto cannot show, and why.
CANNOT = {
    "iam-root-access-key-present": {"FAIL": "moto's root never has a key"},
    "iam-root-mfa-missing": {"PASS": "moto's root never has MFA"},
    "iam-root-mfa-virtual": {"PASS": "moto's root never has MFA", "FAIL": "moto's root never has MFA"},
    "iam-root-recently-used": {"PASS": "no root row in moto's report", "FAIL": "no root row in moto's report"},
    "iam-user-access-key-used-beyond-sts": {"FAIL": "moto's report has no last-used service"},
}


class Organization:
    """moto, and sessions in its accounts."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.organizations = self.client("organizations")
        self.organizations.create_organization(FeatureSet="ALL")
        self.management = self.client("sts").get_caller_identity()["Account"]

    def client(self, service: str, **credentials: str):
        return boto3.client(service, region_name=REGION, endpoint_url=self.endpoint, **credentials)

    def add(self, name: str) -> str:
        status = self.organizations.create_account(Email=f"{name}@example.com", AccountName=name)
        return status["CreateAccountStatus"]["AccountId"]

    def iam(self, account: str):
        if account == self.management:
            return self.client("iam")
        arn = f"arn:aws:iam::{account}:role/{ROLE}"
        given = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="judge")["Credentials"]
        return self.client(
            "iam",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )


def add_user(iam, name: str, *, password=False, mfa=False, keys=(), groups=(), attached=(), inline=(), path="/") -> None:
    iam.create_user(UserName=name, Path=path)
    if password:
        iam.create_login_profile(UserName=name, Password="Correct-Horse-7-Battery")
    if mfa:
        serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        iam.enable_mfa_device(
            UserName=name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
        )
    for status in keys:
        key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
        if status == "Inactive":
            iam.update_access_key(UserName=name, AccessKeyId=key, Status="Inactive")
    for group in groups:
        iam.add_user_to_group(UserName=name, GroupName=group)
    for arn in attached:
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
    for policy in inline:
        iam.put_user_policy(UserName=name, PolicyName=policy, PolicyDocument=json.dumps(SOMETHING))


def add_role(iam, name: str, *, seconds=3600, attached=(), inline=None) -> None:
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), MaxSessionDuration=seconds)
    for arn in attached:
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    if inline:
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(inline))


def furnish(organization: Organization) -> tuple[list[str], str, str]:
    """Eight accounts and the management account; which one is closed, which one has its own thresholds."""
    accounts = [organization.add(name) for name in ("log", "audit", "dev", "prod", "stage", "data", "empty", "closing")]
    log, audit, dev, prod, stage, data, _empty, closing = accounts

    iam = organization.iam(log)
    iam.create_group(GroupName="staff")
    iam.create_group(GroupName="nobody")
    add_user(iam, "ann", password=True, mfa=True, groups=["staff"])
    add_user(iam, "bob", password=True, keys=["Active"], attached=[AWS + "ReadOnlyAccess"])
    add_user(iam, "ci", keys=["Active", "Active"], inline=["deploy"], path="/service/")
    iam.update_account_password_policy(MinimumPasswordLength=14, PasswordReusePrevention=24)

    iam = organization.iam(audit)
    add_role(iam, "SecurityAuditor", attached=[AWS + "SecurityAudit"])
    add_role(iam, "Support", attached=[AWS + "AWSSupportAccess"])
    iam.update_account_password_policy(MinimumPasswordLength=8)
    add_user(iam, "carla", keys=["Inactive"])

    iam = organization.iam(dev)
    own = iam.create_policy(PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))["Policy"]["Arn"]
    some = iam.create_policy(PolicyName="AdministratorAccess", PolicyDocument=json.dumps(SOMETHING))["Policy"]["Arn"]
    add_role(iam, "admin-short", seconds=3600, attached=[AWS + "AdministratorAccess"])
    add_role(iam, "admin-long", seconds=7200, attached=[AWS + "AdministratorAccess"])
    add_role(iam, "admin-own", seconds=7200, attached=[own])
    add_role(iam, "admin-inline", seconds=14400, inline=EVERYTHING)
    add_role(iam, "named-admin", seconds=7200, attached=[some])
    add_role(iam, "plain-long", seconds=14400, inline=SOMETHING)
    add_role(iam, "plain-too-long", seconds=43200)
    add_role(iam, "unclear", seconds=7200, inline=MAYBE)
    add_role(iam, "reader", seconds=7200, attached=[AWS + "AmazonS3ReadOnlyAccess"])

    iam = organization.iam(prod)
    iam.create_group(GroupName="operators")
    add_user(iam, "dora", password=True, keys=["Active", "Inactive"], groups=["operators"])
    add_user(iam, "emil", password=True, mfa=True, keys=["Inactive"])
    add_user(iam, "weird+name=a,b.c@d", keys=["Active"], inline=["one", "two"])
    iam.update_account_password_policy(MinimumPasswordLength=20, PasswordReusePrevention=5)

    iam = organization.iam(stage)
    # The account with its own thresholds.
    add_user(iam, "fritz", password=True, keys=["Active"])
    used = iam.create_access_key(UserName="fritz")["AccessKey"]
    organization.client(
        "sts", aws_access_key_id=used["AccessKeyId"], aws_secret_access_key=used["SecretAccessKey"]
    ).get_caller_identity()
    add_role(iam, "fresh")

    iam = organization.iam(data)
    iam.create_group(GroupName="support")
    iam.attach_group_policy(GroupName="support", PolicyArn=AWS + "AWSSupportAccess")
    add_user(iam, "gina", groups=["support"], attached=[AWS + "SecurityAudit"])

    iam = organization.iam(organization.management)
    add_user(iam, "root-helper", password=True)
    organization.organizations.close_account(AccountId=closing)
    return [organization.management, *accounts], closing, stage


def missing(call, **arguments):
    """The call's answer, or None where AWS says that there is no such thing."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchEntity", "NoSuchEntityException"):
            return None
        raise


def grants_everything(documents: list[dict]) -> bool | None:
    """True, False, or None where it cannot be said plainly."""
    answers = []
    for document in documents:
        for statement in document["Statement"]:
            if "NotAction" in statement:
                answers.append(None)
            else:
                answers.append(statement["Action"] == "*" and statement["Resource"] == "*")
    return True if True in answers else None if None in answers else False


def role_documents(iam, name: str) -> list[dict]:
    documents = [
        iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    ]
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
        answer = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)
        documents.append(answer["PolicyVersion"]["Document"])
    return documents


def expected_in(iam, account: str, now: datetime.datetime, limits: dict[str, int]) -> dict[tuple, str]:
    """(check, resource, subject) → status, in one account."""
    verdicts: dict[tuple, str] = {}
    root = f"arn:aws:iam::{account}:root"

    def say(check: str, resource: str, holds: bool | None, subject: str = "") -> None:
        verdicts[(check, resource, subject)] = {True: "PASS", False: "FAIL", None: "UNKNOWN"}[holds]

    def days(moment: datetime.datetime) -> float:
        return (now - moment).total_seconds() / 86400

    users = [user for page in iam.get_paginator("list_users").paginate() for user in page["Users"]]
    support, auditors, members = False, False, collections.Counter()
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
        say("iam-user-long-term-access-key", arn, not active)
        say("iam-user-multiple-active-access-keys", arn, len(active) <= 1)
        say("iam-user-initial-access-key", arn, not (login and together))
        say("iam-user-console-mfa-missing", arn, not login or bool(devices))
        # moto never records a sign-in: days count from the day of the password.
        say("iam-user-console-unused", arn, not login or days(user["CreateDate"]) <= limits["unused_console"])
        say("iam-user-direct-managed-policy", arn, not attached)
        say("iam-user-inline-policy", arn, not iam.list_user_policies(UserName=name)["PolicyNames"])
        say("iam-user-without-group", arn, bool(groups))
        for slot, key in enumerate(keys, 1):
            subject = f"access-key-{slot}"
            inactive = key["Status"] == "Inactive"
            used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"].get("LastUsedDate")
            say("iam-user-access-key-unrotated", arn, inactive or days(key["CreateDate"]) <= limits["max_age"], subject)
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
            everything = grants_everything(role_documents(iam, name))
            holds = None if everything is None else not everything
        say("iam-role-max-session-duration-excessive", arn, holds)
        used = described.get("RoleLastUsed", {}).get("LastUsedDate")
        say("iam-role-unused", arn, days(max(used or role["CreateDate"], role["CreateDate"])) <= limits["unused_role"])
    say("iam-support-role-missing", root, support)
    say("iam-security-audit-role-missing", root, auditors)
    policy = missing(iam.get_account_password_policy)
    policy = policy and policy["PasswordPolicy"]
    say("iam-password-policy-missing", root, policy is not None)
    say("iam-password-policy-length", root, (policy or {}).get("MinimumPasswordLength", 8) >= 14)
    say("iam-password-policy-reuse", root, ((policy or {}).get("PasswordReusePrevention") or 0) >= 24)
    summary = iam.get_account_summary()["SummaryMap"]
    say("iam-root-access-key-present", root, summary["AccountAccessKeysPresent"] == 0)
    say("iam-root-mfa-missing", root, bool(summary["AccountMFAEnabled"]))
    verdicts[("iam-root-mfa-virtual", root, "")] = "NOT_APPLICABLE"
    verdicts[("iam-root-recently-used", root, "")] = "UNKNOWN"
    return verdicts


def configuration(account: str) -> str:
    return f"""
[[override]]
account = "{account}"
[override.checks.iam-user-access-key-unrotated]
max_age_days = {RELAXED["max_age"]}
high_after_days = 600
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
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    organization = Organization(f"http://{host}:{port}")
    accounts, closed, relaxed = furnish(organization)

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
        (row["account_id"], row["check_id"], row["resource_uid"], row["subject"]): row["status"] for row in findings
    }
    verdicts.check(len(found) == len(findings), "no finding twice")
    seen: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for account in accounts:
        mine = {key[1:]: status for key, status in found.items() if key[0] == account}
        standing = [key for key in mine if key[0] == "org-account-not-active"]
        wanted = "FAIL" if account == closed else "PASS"
        verdicts.check([mine.pop(key) for key in standing] == [wanted], f"{account}: org-account-not-active")
        seen["org-account-not-active"][wanted] += 1
        if account == closed:
            verdicts.check(set(mine.values()) == {"UNKNOWN"}, f"{account}: nothing else is known of a closed account")
            continue
        limits = RELAXED if account == relaxed else DEFAULTS
        expected = expected_in(organization.iam(account), account, now, limits)
        for key in sorted(expected.keys() | mine.keys()):
            same = expected.get(key) == mine.get(key)
            verdicts.check(same, f"{account} {key}: boto3 says {expected.get(key)}, orgsweep {mine.get(key)}")
            seen[key[0]][mine.get(key, "(no row)")] += 1
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
    verdicts.check(len(seen) >= 24, f"{len(seen)} checks were compared")
    verdicts.close()


if __name__ == "__main__":
    main()
