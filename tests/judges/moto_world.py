"""An organization in moto: nine accounts and the management account, with one of everything that a judge compares.

moto runs in the judge's own process, so that what no call can set (dates, root's flags) is set on its objects; who reads
them does so over HTTP.
"""

from __future__ import annotations

import datetime
import json
import os
import types

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
os.environ.setdefault("AWS_ACCESS_KEY_ID", "testing")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "testing")

import boto3  # noqa: E402
from moto.iam.models import AccessKeyLastUsed, iam_backends  # noqa: E402

REGION = "us-east-1"
ROLE = "OrganizationAccountAccessRole"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
EVERYTHING_BUT = {"Version": "2012-10-17", "Statement": [*EVERYTHING["Statement"], {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]}
EVERYTHING_ON = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/*"}]}
SOMETHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
POWER = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}
OFFICE_ONLY = {
    "Version": "2012-10-17",
    "Statement": [{**EVERYTHING["Statement"][0], "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
AWS = "arn:aws:iam::aws:policy/"


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


class Dates:
    """Sets dates on moto's objects, in days before the moment of the scan."""

    def __init__(self, account: str, now: datetime.datetime) -> None:
        self.backend = iam_backends[account]["aws"]
        self.now = now.replace(tzinfo=None)

    def ago(self, days: float, seconds: int = 0) -> datetime.datetime:
        return self.now - datetime.timedelta(days=days) + datetime.timedelta(seconds=seconds)

    def user(self, name: str, age: float, *, signed_in: float | None = None) -> None:
        user = self.backend.users[name]
        user.create_date = self.ago(age)
        user.password_last_used = None if signed_in is None else self.ago(signed_in)

    def key(self, name: str, slot: int, age: float, *, seconds: int = 0, used: float | None = None) -> None:
        key = self.backend.users[name].access_keys[slot - 1]
        key.create_date = self.ago(age, seconds)
        key.last_used = None if used is None else AccessKeyLastUsed(self.ago(used), "s3", REGION)

    def role(self, name: str, age: float, *, used: float | None = None) -> None:
        (role,) = [role for role in self.backend.roles.values() if role.name == name]
        role.create_date = self.ago(age)
        role.last_used = None if used is None else self.ago(used)

    def root(self, *, mfa: bool = False, keys: int = 0) -> None:
        self.backend.account_summary._account_mfa_enabled = int(mfa)
        self.backend.account_summary._account_access_keys_present = keys

    def root_device(self, name: str) -> None:
        """A virtual device that is root's: moto can hand one only to users."""
        device = self.backend.create_virtual_mfa_device(name, "/")
        account = self.backend.account_id
        device.enable_date = self.ago(1)
        device.user = types.SimpleNamespace(
            path="/", name="", id=account, arn=f"arn:aws:iam::{account}:root", create_date=self.ago(900)
        )


def furnish_dates(iam, dates: Dates) -> None:
    """One user or role for each side of what a date decides."""
    # Seconds between a user and its key.
    for name, seconds in {"with-key": 0, "minute": 59, "over-a-minute": 60, "hour": 3600, "key-first": -59}.items():
        add_user(iam, name, password=True, keys=["Active"])
        dates.user(name, 80, signed_in=1)
        dates.key(name, 1, 80, seconds=seconds, used=1)
    # The age of a key that is in use.
    for age in (60, 90, 91, 200, 365, 366, 400, 730, 731, 800):
        name = f"key-of-{age}-days"
        add_user(iam, name, keys=["Active"])
        dates.user(name, 900)
        dates.key(name, 1, age, used=2)
    # The last use of a key; none at all.
    for name, (age, used) in {
        "key-unused-44": (80, 44),
        "key-unused-45": (80, 45),
        "key-unused-46": (80, 46),
        "key-new-and-unused": (30, None),
        "key-never-used": (70, None),
        "key-old-and-busy": (800, 1),
    }.items():
        add_user(iam, name, keys=["Active", "Inactive"])
        dates.user(name, 900)
        dates.key(name, 1, age, used=used)
        dates.key(name, 2, 850, used=300)
    # The last sign-in; none at all.
    for name, (age, signed_in) in {
        "signs-in-daily": (700, 1),
        "signed-in-45": (700, 45),
        "signed-in-46": (700, 46),
        "new-and-never": (30, None),
        "old-and-never": (60, None),
    }.items():
        add_user(iam, name, password=True, mfa=True)
        dates.user(name, age, signed_in=signed_in)
    for name, (age, used) in {
        "role-busy": (900, 1),
        "role-unused-90": (900, 90),
        "role-unused-91": (900, 91),
        "role-new": (10, None),
        "role-never-used": (100, None),
    }.items():
        add_role(iam, name)
        dates.role(name, age, used=used)


def furnish(organization: Organization, now: datetime.datetime) -> tuple[list[str], str, str]:
    """Nine accounts and the management account; which one is closed, which one has its own thresholds."""
    accounts = [organization.add(name) for name in ("log", "audit", "dev", "prod", "stage", "data", "dates", "empty", "closing")]
    log, audit, dev, prod, stage, data, dated, _empty, closing = accounts

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
    add_role(iam, "power-user", seconds=7200, inline=POWER)
    add_role(iam, "admin-from-office", seconds=7200, inline=OFFICE_ONLY)
    add_role(iam, "admin-with-deny", seconds=7200, inline=EVERYTHING_BUT)
    add_role(iam, "admin-of-a-bucket", seconds=7200, inline=EVERYTHING_ON)
    add_role(iam, "admin-bounded", seconds=7200, attached=[AWS + "AdministratorAccess"])
    iam.put_role_permissions_boundary(RoleName="admin-bounded", PermissionsBoundary=AWS + "ReadOnlyAccess")
    add_role(iam, "reader", seconds=7200, attached=[AWS + "AmazonS3ReadOnlyAccess"])

    iam = organization.iam(prod)
    iam.create_group(GroupName="operators")
    add_user(iam, "dora", password=True, keys=["Active", "Inactive"], groups=["operators"])
    add_user(iam, "emil", password=True, mfa=True, keys=["Inactive"], attached=[AWS + "AWSSupportAccess"])
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
    add_user(iam, "heidi", keys=["Active", "Active"])
    dates = Dates(stage, now)
    dates.user("heidi", 900)
    dates.key("heidi", 1, 550, used=400)
    dates.key("heidi", 2, 650, used=510)

    iam = organization.iam(data)
    iam.create_group(GroupName="support")
    iam.attach_group_policy(GroupName="support", PolicyArn=AWS + "AWSSupportAccess")
    add_user(iam, "gina", groups=["support"], attached=[AWS + "SecurityAudit"])

    furnish_dates(organization.iam(dated), Dates(dated, now))

    # Root: a key without MFA; MFA without a virtual device of its own, though one that nobody has bears root's usual name; MFA by
    # a virtual device of another name.
    Dates(log, now).root(keys=1)
    Dates(audit, now).root(mfa=True)
    Dates(prod, now).root(mfa=True, keys=1)
    organization.iam(audit).create_virtual_mfa_device(VirtualMFADeviceName="root-account-mfa-device")
    Dates(prod, now).root_device("phone")

    iam = organization.iam(organization.management)
    add_user(iam, "root-helper", password=True)
    organization.organizations.close_account(AccountId=closing)
    return [organization.management, *accounts], closing, stage
