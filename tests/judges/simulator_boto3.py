"""boto3 parses every answer of the simulator, and the simulator enforces what AWS enforces.

Takes AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as `orgsweep simulate` prints them.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from judge import Verdicts

REGION = "us-east-1"
CONFIG = Config(retries={"max_attempts": 1})


def client(service: str, **credentials: str):
    return boto3.client(service, region_name=REGION, config=CONFIG, **credentials)


def refused(call, **arguments) -> str:
    """The error code of a call that should fail."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "(no error)"


def organization(verdicts: Verdicts) -> list[dict]:
    organizations = client("organizations")
    described = organizations.describe_organization()["Organization"]
    verdicts.check(described["Id"].startswith("o-"), "the organization has an id")
    pages = list(organizations.get_paginator("list_accounts").paginate())
    verdicts.check(any(not page["Accounts"] and page.get("NextToken") for page in pages), "an empty page carries a token")
    verdicts.check(all(len(page["Accounts"]) <= 20 for page in pages), "pages hold at most 20")
    accounts = [account for page in pages for account in page["Accounts"]]
    verdicts.check(len({account["Id"] for account in accounts}) == 30, f"30 accounts, found {len(accounts)}")
    verdicts.check(all(isinstance(account["JoinedTimestamp"], datetime.datetime) for account in accounts), "dates parse")
    verdicts.check({account["State"] for account in accounts} == {"ACTIVE", "SUSPENDED"}, "states")
    verdicts.check(refused(organizations.list_accounts, NextToken="made-up") == "InvalidInputException", "bad token")
    verdicts.check(refused(organizations.list_accounts, MaxResults=20, NextToken="") != "(no error)", "empty token")

    root = organizations.list_roots()["Roots"][0]["Id"]
    placed: dict[str, list[str]] = {}

    def walk(parent: str, lineage: list[str]) -> None:
        for page in organizations.get_paginator("list_accounts_for_parent").paginate(ParentId=parent):
            for account in page["Accounts"]:
                placed[account["Id"]] = lineage
        for page in organizations.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent):
            for unit in page["OrganizationalUnits"]:
                walk(unit["Id"], [*lineage, unit["Id"]])

    walk(root, [root])
    for account in accounts:
        path = account["Paths"][0].strip("/").split("/")
        verdicts.check(path[1:-1] == placed[account["Id"]], f"{account['Id']}: Paths agree with the tree")
        organizations.list_tags_for_resource(ResourceId=account["Id"])
        organizations.list_parents(ChildId=account["Id"])
    organizations.describe_account(AccountId=accounts[0]["Id"])
    guardrails(organizations, {root, *(unit for lineage in placed.values() for unit in lineage)} | set(placed), verdicts)
    return accounts


def guardrails(organizations, places: set[str], verdicts: Verdicts) -> None:
    """SCPs and RCPs. Places: the root, units with accounts, accounts."""
    types = organizations.list_roots()["Roots"][0]["PolicyTypes"]
    kinds = {entry["Type"] for entry in types if entry["Status"] == "ENABLED"}
    verdicts.check(kinds == {"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"}, f"both types are enabled: {types}")
    for kind in sorted(kinds):
        pages = list(organizations.get_paginator("list_policies").paginate(Filter=kind, MaxResults=1))
        policies = [policy for page in pages for policy in page["Policies"]]
        verdicts.check(not pages[1]["Policies"] and len(pages) == len(policies) + 1, f"{kind}: an empty second page")
        managed = [policy["Id"] for policy in policies if policy["AwsManaged"]]
        wanted = "p-FullAWSAccess" if kind == "SERVICE_CONTROL_POLICY" else "p-RCPFullAWSAccess"
        verdicts.check(managed == [wanted] and len(policies) > 1, f"{kind}: AWS's own and others: {policies}")
        for policy in policies:
            described = organizations.describe_policy(PolicyId=policy["Id"])["Policy"]
            verdicts.check(described["PolicySummary"] == policy, f"{policy['Id']}: described as listed")
            verdicts.check("Statement" in json.loads(described["Content"]), f"{policy['Id']}: a document")
            pages = list(organizations.get_paginator("list_targets_for_policy").paginate(PolicyId=policy["Id"]))
            targets = [target for page in pages for target in page["Targets"]]
            verdicts.check(all(len(page["Targets"]) <= 20 for page in pages), "pages of targets hold at most 20")
            if policy["AwsManaged"]:
                found = {target["TargetId"] for target in targets}
                verdicts.check(len(pages) > 2 and places <= found, f"{policy['Id']} is attached everywhere")
            for target in targets[:3]:
                paginator = organizations.get_paginator("list_policies_for_target")
                back = [
                    one["Id"]
                    for page in paginator.paginate(TargetId=target["TargetId"], Filter=kind)
                    for one in page["Policies"]
                ]
                verdicts.check(policy["Id"] in back, f"{policy['Id']} is among those of {target['TargetId']}")
    missing = refused(organizations.describe_policy, PolicyId="p-nothing00")
    verdicts.check(missing == "PolicyNotFoundException", f"an unknown policy: {missing}")


def session(account: str, policy: dict | None = None) -> dict[str, str]:
    arguments = {"Policy": json.dumps(policy)} if policy else {}
    credentials = client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/orgsweep/OrgsweepAudit", RoleSessionName="judge", **arguments
    )["Credentials"]
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def account_reads(account: str, credentials: dict[str, str], verdicts: Verdicts) -> None:
    identity = client("sts", **credentials).get_caller_identity()
    verdicts.check(identity["Account"] == account, f"{account}: the session is in the account")
    iam = client("iam", **credentials)
    summary = iam.get_account_summary()["SummaryMap"]
    verdicts.check(len(summary) == 34 and all(isinstance(value, int) for value in summary.values()), "34 integers")

    users, roles, groups, policies = [], [], [], []
    filters = ["User", "Role", "Group", "LocalManagedPolicy"]
    for page in iam.get_paginator("get_account_authorization_details").paginate(
        Filter=filters, PaginationConfig={"PageSize": 7}
    ):
        users += page["UserDetailList"]
        roles += page["RoleDetailList"]
        groups += page["GroupDetailList"]
        policies += page["Policies"]
    counts = (summary["Users"], summary["Roles"], summary["Groups"], summary["Policies"])
    verdicts.check((len(users), len(roles), len(groups), len(policies)) == counts, f"{account}: pages of 7 add up")
    verdicts.check(all("MaxSessionDuration" not in role for role in roles), "details leave MaxSessionDuration out")
    for role in roles:
        verdicts.check(isinstance(role["AssumeRolePolicyDocument"], dict), "trust policies decode to JSON")
    everything = iam.get_account_authorization_details(MaxItems=1000)
    verdicts.check(
        any(":aws:policy/" in policy["Arn"] for policy in everything["Policies"]), "without filter AWS's policies come too"
    )
    first = iam.get_account_authorization_details(Filter=["Role"], MaxItems=1)
    mixed = refused(iam.get_account_authorization_details, Filter=["User"], Marker=first["Marker"])
    verdicts.check(mixed == "ValidationError", "a marker belongs to its filter")

    listed = [role for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    verdicts.check(all(role["MaxSessionDuration"] >= 3600 for role in listed), "ListRoles has MaxSessionDuration")
    verdicts.check(all("RoleLastUsed" not in role for role in listed), "ListRoles leaves RoleLastUsed out")
    if refused(iam.get_account_password_policy) not in ("(no error)", "NoSuchEntity"):
        verdicts.check(False, "password policy")
    iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")
    iam.list_service_specific_credentials(AllUsers=True)
    iam.list_server_certificates()
    iam.list_saml_providers()
    iam.list_open_id_connect_providers()
    iam.list_account_aliases()
    managed = [policy for page in iam.get_paginator("list_policies").paginate(Scope="AWS") for policy in page["Policies"]]
    administrator = next(policy for policy in managed if policy["PolicyName"] == "AdministratorAccess")
    document = iam.get_policy_version(PolicyArn=administrator["Arn"], VersionId=administrator["DefaultVersionId"])
    statement = document["PolicyVersion"]["Document"]["Statement"][0]
    verdicts.check(statement["Action"] == "*" and statement["Resource"] == "*", "AdministratorAccess is * on *")
    for user in users[:5]:
        iam.list_access_keys(UserName=user["UserName"])
        iam.list_mfa_devices(UserName=user["UserName"])

    verdicts.check(refused(iam.get_credential_report) in ("ReportNotPresent", "ReportInProgress", "(no error)"), "report")
    states = {iam.generate_credential_report()["State"]}
    for _ in range(5):
        code = refused(iam.get_credential_report)
        states.add(iam.generate_credential_report()["State"])
        if code == "(no error)":
            break
        verdicts.check(code == "ReportInProgress", f"{account}: report: {code}")
        time.sleep(0.01)
    verdicts.check("COMPLETE" in states, f"{account}: the report completes: {states}")
    answer = iam.get_credential_report()
    verdicts.check(isinstance(answer["GeneratedTime"], datetime.datetime), "GeneratedTime parses")
    text = answer["Content"].decode()
    verdicts.check(not text.endswith("\n") and "\r" not in text, "line ends as AWS's")
    lines = list(csv.DictReader(io.StringIO(text)))
    verdicts.check(len(lines[0]) == 22 and lines[0]["user"] == "<root_account>", "22 columns, root first")
    verdicts.check(len(lines) == len(users) + 1, f"{account}: a row a user and root's")
    names = [line["user"].lower() for line in lines[1:]]
    verdicts.check(names == sorted(names), "users are sorted without regard to case")


def enforcement(account: str, verdicts: Verdicts) -> None:
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}]}
    narrow = client("iam", **session(account, allow))
    narrow.list_roles()
    verdicts.check(refused(narrow.get_account_summary) == "AccessDenied", "the session policy limits")
    sts = client("sts")
    arn = f"arn:aws:iam::{account}:role/orgsweep/OrgsweepAudit"
    long = refused(sts.assume_role, RoleArn=arn, RoleSessionName="judge", DurationSeconds=7200)
    verdicts.check(long == "ValidationError", f"a session is no longer than the role allows: {long}")
    bad = refused(sts.assume_role, RoleArn=arn, RoleSessionName="judge", Policy="{")
    verdicts.check(bad == "MalformedPolicyDocument", f"a policy must be JSON: {bad}")
    missing = refused(sts.assume_role, RoleArn=arn + "X", RoleSessionName="judge")
    verdicts.check(missing == "AccessDenied", "a role that is not there is refused like one that does not trust")
    wrong = client("sts", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_secret_access_key="wrong")
    verdicts.check(refused(wrong.get_caller_identity) == "SignatureDoesNotMatch", "signatures are verified")
    nobody = client("sts", aws_access_key_id="AKIANOBODY0000000000", aws_secret_access_key="x")
    verdicts.check(refused(nobody.get_caller_identity) == "InvalidClientTokenId", "keys are known")
    credentials = session(account)
    credentials["aws_session_token"] += "x"
    verdicts.check(refused(client("iam", **credentials).list_roles) == "InvalidClientTokenId", "tokens are checked")
    member = client("organizations", **session(account))
    verdicts.check(refused(member.list_accounts) == "AccessDeniedException", "members may not list")


def main() -> None:
    verdicts = Verdicts()
    accounts = organization(verdicts)
    active = [account["Id"] for account in accounts if account["State"] == "ACTIVE"]
    entered, lost = [], []
    for account in active:
        try:
            credentials = session(account)
        except ClientError as error:
            verdicts.check(error.response["Error"]["Code"] == "AccessDenied", f"{account}: {error}")
            lost.append(account)
            continue
        entered.append(account)
        iam = client("iam", **credentials)
        if refused(iam.list_roles) == "AccessDenied":
            lost.append(account)
            continue
        account_reads(account, credentials, verdicts)
    verdicts.check(len(lost) == 2, f"planted: one account refuses the role, one has a broken one: {lost}")
    suspended = next(account["Id"] for account in accounts if account["State"] == "SUSPENDED")
    verdicts.check(refused(lambda: session(suspended)) == "AccessDenied", "a suspended account cannot be entered")
    enforcement(entered[0], verdicts)
    verdicts.close()


if __name__ == "__main__":
    main()
