"""Requests with the policies that they meet, made up from a seed: few names, so that they meet often.

The form is that of crates/policy/examples/decide.rs. Every policy is one that AWS would accept where it stands, every
action and resource exists, and every condition key is one that such a request can have.
"""

from __future__ import annotations

import json
import random
from typing import Any

HOME, AWAY = "111122223333", "444455556666"
ORGANIZATION = "o-a1b2c3d4e5"
UNIT = f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/"

USER = f"arn:aws:iam::{HOME}:user/team/ann"
ROLE = f"arn:aws:iam::{HOME}:role/path/ci"
SESSION = f"arn:aws:sts::{HOME}:assumed-role/ci/s"
FEDERATED = f"arn:aws:sts::{HOME}:federated-user/bob"
ROOT = f"arn:aws:iam::{HOME}:root"
SERVICE = "sns.amazonaws.com"

# Action, resource, whether requests for it can carry tags.
TARGETS = [
    ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:{}:queue", False),
    ("sqs:ReceiveMessage", "arn:aws:sqs:us-east-1:{}:queue-2", False),
    ("sqs:TagQueue", "arn:aws:sqs:eu-west-1:{}:queue", True),
    ("s3:GetObject", "arn:aws:s3:::bucket/folder/key", False),
    ("s3:PutObject", "arn:aws:s3:::bucket/home/ann/a:b", False),
    ("s3:ListBucket", "arn:aws:s3:::bucket", False),
    ("sts:AssumeRole", "arn:aws:iam::{}:role/target", True),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:{}:key/1234abcd-12ab-34cd-56ef-1234567890ab", False),
    ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:{}:secret:database-AbCdEf", False),
    ("sns:Publish", "arn:aws:sns:eu-west-1:{}:topic", False),
    ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:{}:function:report", False),
    ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:{}:table/orders", False),
]
# Without a resource policy: of the principal's own account.
OWN_TARGETS = [
    ("iam:PassRole", f"arn:aws:iam::{HOME}:role/path/app", False),
    ("iam:GetUser", f"arn:aws:iam::{HOME}:user/team/ann", False),
    ("iam:TagRole", f"arn:aws:iam::{HOME}:role/path/app", True),
    ("ec2:StopInstances", f"arn:aws:ec2:eu-west-1:{HOME}:instance/i-0123456789abcdef0", False),
    ("sqs:ListQueues", "*", False),
    ("s3:ListAllMyBuckets", "*", False),
    ("ec2:DescribeInstances", "*", False),
]

TEXTS = {
    "aws:PrincipalTag/team": ["queue", "ann", "Blue", "blue", "a*b"],
    "aws:RequestTag/team": ["queue", "red", "blue"],
    "aws:ResourceTag/env": ["prod", "dev", "Prod"],
    "aws:UserAgent": ["aws-cli/2.0", "Boto3/1.44", "x"],
    "aws:Referer": ["https://example.org/a", ""],
    "aws:RequestedRegion": ["eu-west-1", "us-east-1"],
    "aws:SourceVpc": ["vpc-1", "vpc-2"],
    "aws:SourceAccount": [HOME, AWAY],
}
LISTS = {
    "aws:TagKeys": [["team"], ["env"], ["team", "env"], ["Team"], []],
    "aws:PrincipalOrgPaths": [[UNIT], [f"{ORGANIZATION}/r-ab12/"]],
    "aws:CalledVia": [["athena.amazonaws.com"], ["cloudformation.amazonaws.com", "dynamodb.amazonaws.com"]],
}
NUMBERS = {"aws:MultiFactorAuthAge": ["5", "3600", "3600.5", "+5", "007"]}
DATES = {"aws:CurrentTime": ["2026-06-01T00:00:00Z", "2026-06-01T12:30:00.250Z", "2025-01-01T00:00:00Z"]}
BOOLEANS = {
    "aws:MultiFactorAuthPresent": ["true", "false"],
    "aws:SecureTransport": ["true", "false"],
    "aws:ViaAWSService": ["true", "false"],
}
ADDRESSES = {
    "aws:SourceIp": ["203.0.113.9", "203.0.113.200", "10.1.2.3", "2001:db8::1", "2001:db8:0:1::5", "::ffff:10.1.2.3"]
}
ARNS = {
    "aws:SourceArn": [
        f"arn:aws:sns:eu-west-1:{HOME}:topic",
        f"arn:aws:s3:::bucket",
        f"arn:aws:sns:eu-west-1:{AWAY}:topic",
    ]
}

# What a condition compares with.
VALUES = {
    "text": ["queue", "ann", "blue", "BLUE", "prod", "dev", "eu-west-1", "vpc-1", "x", "", HOME, ORGANIZATION],
    "pattern": [
        "*",
        "q*",
        "?nn",
        "*lue",
        "b?ue",
        "eu-*",
        "*cli*",
        "https://*",
        "vpc-?",
        "a${*}b",
        "*${?}*",
        "**",
        "a*?",
    ],
    "variable": [
        "${aws:PrincipalTag/team}",
        "${aws:username}",
        "${aws:PrincipalTag/team, 'blue'}",
        "${aws:RequestTag/team}",
        "${aws:TagKeys}",
        "${aws:TagKeys, 'queue'}",
        "${AWS:principaltag/TEAM}*",
        "$ann",
        "${$}{aws:username}",
    ],
    "list": ["team", "env", "TEAM", "t*", "athena.amazonaws.com", UNIT, f"{ORGANIZATION}/*", "*"],
    "number": ["5", "3600", "3600.50", "3601", "-1", "0005", "+5"],
    "date": ["2026-06-01T00:00:00Z", "2026-06-01", "2026-06-01T12:30:00.250Z", "1780272000", "2030-01-01T00:00:00Z"],
    "boolean": ["true", "false", "True"],
    "address": [
        "203.0.113.0/24",
        "203.0.113.0/25",
        "203.0.113.9",
        "10.0.0.0/8",
        "10.1.2.3/8",
        "0.0.0.0/0",
        "2001:db8::/32",
        "2001:db8::1",
        "2001:db8::1/64",
        "::/0",
    ],
    "arn": [
        USER,
        ROLE,
        f"arn:aws:iam::{HOME}:user/*",
        "arn:aws:iam::*:role/*",
        "arn:*:iam::1111*:*",
        "arn:aws:sns:*:*:topic",
        "arn:aws:s3:::bucket*",
        f"arn:aws:iam::{HOME}:role/path/${{aws:PrincipalTag/team}}",
    ],
}

ACTIONS = [
    ["*"],
    ["*"],
    ["sqs:*", "s3:*"],
    ["s3:Get*", "kms:Decrypt", "sqs:?eceiveMessage"],
    ["STS:assumerole", "sqs:sendmessage"],
    ["iam:*", "ec2:*", "sns:*", "lambda:*", "dynamodb:*", "secretsmanager:*"],
    ["sts:*", "kms:*"],
    ["sqs:Send*", "s3:*Object", "s3:List*", "sqs:List*", "ec2:Describe*"],
]
NOT_ACTIONS = [["s3:*"], ["sqs:SendMessage", "kms:*"], ["iam:*", "sts:*", "ec2:*"], ["s3:Get*"]]
RESOURCES = [
    ["*"],
    ["*"],
    ["*"],
    ["arn:aws:sqs:*:*:queue*", "arn:aws:s3:::bucket*"],
    ["arn:aws:s3:::bucket/*", "arn:aws:kms:*:*:key/*", f"arn:aws:iam::{HOME}:*"],
    [f"arn:aws:*:*:{HOME}:*"],
    ["arn:aws:s3:::bucket/home/${aws:username}/*", "arn:aws:sqs:*:*:${aws:PrincipalTag/team}"],
    [
        "arn:aws:s3:::bucket/${aws:RequestTag/team, 'folder'}/*",
        "arn:aws:sns:*:*:*",
        "arn:aws:lambda:*:*:function:?eport",
    ],
    [
        "arn:aws:s3:::bucket/*/a:b",
        "arn:aws:secretsmanager:*:*:secret:database-??????",
        "arn:aws:dynamodb:*:*:table/orders",
    ],
    ["arn:aws:iam::*:role/*", "arn:aws:ec2:*:*:instance/*"],
]
NOT_RESOURCES = [
    [f"arn:aws:sqs:*:{AWAY}:*"],
    ["arn:aws:s3:::bucket/folder/*", "arn:aws:iam::*:role/target"],
    ["arn:aws:s3:::bucket/home/${aws:username}/*"],
    ["arn:aws:sqs:*:*:${aws:PrincipalTag/team}", "arn:aws:sns:*:*:topic"],
]
PRINCIPALS = [
    {"AWS": "*"},
    "*",
    {"AWS": [USER, SESSION]},
    {"AWS": HOME},
    {"AWS": [ROOT]},
    {"AWS": [ROLE]},
    {"AWS": [SESSION]},
    {"AWS": [FEDERATED]},
    {"AWS": [USER]},
    {"AWS": [f"arn:aws:iam::{AWAY}:user/eve"], "Service": SERVICE},
    {"AWS": AWAY},
    {"Service": [SERVICE, "events.amazonaws.com"]},
]
# Services that an RCP may name.
RESOURCE_CONTROL = ["dynamodb", "kms", "s3", "secretsmanager", "sqs", "sts"]
NOT_PRINCIPALS = [
    {"AWS": [USER, ROOT]},
    {"AWS": [ROLE, SESSION, ROOT]},
    {"AWS": [f"arn:aws:iam::{AWAY}:user/eve", f"arn:aws:iam::{AWAY}:root"]},
    {"AWS": [USER]},
]


class Maker:
    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def one_in(self, number: int) -> bool:
        return self.dice.randrange(number) == 0

    def some(self, values: list[str]) -> Any:
        """One or two of them, as a text or a list."""
        chosen = self.dice.sample(values, min(len(values), self.dice.choice([1, 1, 2])))
        return chosen[0] if len(chosen) == 1 and self.one_in(2) else chosen

    def request(self) -> dict[str, Any]:
        principal = self.principal()
        own = self.one_in(4)
        action, resource, tags = self.dice.choice(OWN_TARGETS if own else TARGETS)
        if action == "sts:AssumeRole" and (principal.get("arn") == ROOT or "federated_user" in principal or not principal):
            # None of them can, whatever the policies say: id_credentials_sts-comparison.html.
            principal = {"arn": USER}
        account = HOME if own or not self.one_in(3) else AWAY
        resource = resource.format(account)
        request = {
            "principal": principal,
            "action": action,
            "resource": resource,
            "resource_account": account,
            "context": self.context(principal, action, resource, account, tags),
            "identity": [],
            "resource_policies": [],
            "boundary": None,
            "session": None,
            "endpoint": None,
            "service_control": None,
            "resource_control": None,
        }
        if "arn" in principal and principal["arn"] != ROOT:
            # Groups and several policies are several documents.
            request["identity"] = [self.document() for _ in range(self.dice.randrange(4))]
            if self.one_in(3):
                request["identity"].append(self.everything())
            if self.one_in(3):
                request["boundary"] = self.document(generous=True)
            if ("session" in principal and self.one_in(3)) or "federated_user" in principal:
                request["session"] = self.document(generous=True)
        trust = action == "sts:AssumeRole"
        if not own and (trust or action == "kms:Decrypt" or not self.one_in(3)):
            request["resource_policies"] = [self.document(principal=True, trust=trust, generous=self.one_in(2))]
            if "federated_user" in principal:
                # Nobody but orgsweep is told of which user it is a session.
                text = json.dumps(request["resource_policies"]).replace(json.dumps(USER), json.dumps(FEDERATED))
                request["resource_policies"] = json.loads(text)
        if "arn" in principal and self.one_in(3):
            request["service_control"] = [
                [self.document(generous=True) for _ in range(self.dice.choice([1, 1, 2]))]
                for _ in range(self.dice.choice([1, 2, 3]))
            ]
        if self.one_in(3):
            request["resource_control"] = [
                [self.resource_control(action) for _ in range(self.dice.choice([0, 1]))]
                for _ in range(self.dice.choice([1, 2]))
            ]
        if self.one_in(8):
            request["endpoint"] = self.document(principal="*", generous=True)
        return request

    def principal(self) -> dict[str, str]:
        return self.dice.choice(
            [{"arn": USER}] * 9
            + [{"arn": ROLE, "session": "s"}] * 9
            + [{"arn": USER, "federated_user": "bob"}] * 3
            + [{"arn": ROOT}, {"service": SERVICE}, {"service": SERVICE}, {}]
        )

    def context(
        self, principal: dict[str, str], action: str, resource: str, account: str, tags: bool
    ) -> dict[str, Any]:
        """Keys that a request of this kind has: reference_policies_condition-keys.html."""
        context: dict[str, Any] = {"aws:ResourceAccount": account}
        if "service" in principal:
            context |= {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": principal["service"]}
        elif principal:
            context["aws:PrincipalIsAWSService"] = "false"
            session = "session" in principal or "federated_user" in principal
            kind = "AssumedRole" if "session" in principal else "User"
            if principal["arn"] == ROOT:
                kind = "Account"
            arn = principal["arn"]
            if "federated_user" in principal:
                kind, arn = "FederatedUser", FEDERATED
            context |= {"aws:PrincipalArn": arn, "aws:PrincipalAccount": HOME, "aws:PrincipalType": kind}
            context["aws:PrincipalOrgID"] = ORGANIZATION
            if kind == "User":
                context["aws:username"] = "ann"
            if session:
                context["aws:TokenIssueTime"] = "2026-05-31T23:00:00Z"
        else:
            context |= {"aws:PrincipalType": "Anonymous", "aws:PrincipalAccount": "anonymous"}
        keys = {**TEXTS, **NUMBERS, **DATES, **BOOLEANS, **ADDRESSES, **ARNS, **LISTS}
        for key, values in keys.items():
            of_principal = key.startswith("aws:Principal")
            if self.one_in(3) or (of_principal and "arn" not in principal):
                continue
            if key in ("aws:RequestTag/team", "aws:TagKeys") and not tags:
                continue
            if key == "aws:ResourceTag/env" and ":s3:" in resource:
                continue
            if key in ("aws:SourceAccount", "aws:SourceArn") and "service" not in principal:
                continue
            if key.startswith("aws:MultiFactorAuth") and "arn" not in principal:
                continue
            context[key] = self.dice.choice(values)
        if action in ("iam:GetUser", "iam:TagRole"):
            # IAM has one endpoint.
            context["aws:RequestedRegion"] = "us-east-1"
        return context

    def everything(self) -> dict[str, Any]:
        return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}

    def document(self, principal: Any = False, trust: bool = False, generous: bool = False) -> dict[str, Any]:
        statements = [self.statement(principal, trust) for _ in range(self.dice.choice([1, 1, 2, 3]))]
        if generous and not self.one_in(3):
            everything = {"Effect": "Allow", "Action": "sts:*" if trust else "*"}
            if not trust:
                everything["Resource"] = "*"
            if principal:
                everything["Principal"] = principal if principal == "*" else self.dice.choice(PRINCIPALS)
            statements.append(everything)
        self.dice.shuffle(statements)
        document: dict[str, Any] = {"Version": "2012-10-17", "Statement": statements}
        if len(statements) == 1 and self.one_in(2):
            document["Statement"] = statements[0]
        if self.one_in(25):
            document.pop("Version")
        elif self.one_in(25):
            document["Version"] = "2008-10-17"
        return document

    def statement(self, principal: Any, trust: bool) -> dict[str, Any]:
        deny = self.one_in(4)
        statement: dict[str, Any] = {"Effect": "Deny" if deny else "Allow"}
        if principal == "*":
            statement["Principal"] = "*"
        elif principal and deny and self.one_in(4):
            statement["NotPrincipal"] = self.dice.choice(NOT_PRINCIPALS)
        elif principal:
            statement["Principal"] = self.dice.choice(PRINCIPALS)
        if trust:
            statement["Action"] = self.dice.choice(["sts:AssumeRole", "sts:*", ["sts:AssumeRole", "sts:TagSession"]])
        elif self.one_in(6):
            statement["NotAction"] = self.dice.choice(NOT_ACTIONS)
        else:
            statement["Action"] = self.dice.choice(ACTIONS)
        if not trust and self.one_in(6):
            statement["NotResource"] = self.dice.choice(NOT_RESOURCES)
        elif not trust:
            statement["Resource"] = self.dice.choice(RESOURCES)
        if not self.one_in(3):
            statement["Condition"] = self.condition()
        return statement

    def resource_control(self, action: str) -> dict[str, Any]:
        service = action.split(":")[0]
        actions = self.dice.choice([["s3:*", "sqs:*", "kms:*", "sts:*"], ["s3:Get*", "sqs:Send*"]])
        if service in RESOURCE_CONTROL and not self.one_in(3):
            actions = self.dice.choice([f"{service}:*", [action], [f"{service}:Get*", f"{service}:Send*"]])
        statement: dict[str, Any] = {"Effect": "Deny", "Principal": "*", "Action": actions}
        name = "NotResource" if self.one_in(5) else "Resource"
        statement[name] = self.dice.choice(NOT_RESOURCES if name == "NotResource" else RESOURCES)
        if not self.one_in(6):
            statement["Condition"] = self.condition()
        return {"Version": "2012-10-17", "Statement": [statement]}

    def condition(self) -> dict[str, Any]:
        blocks: dict[str, Any] = {}
        for _ in range(self.dice.choice([1, 1, 1, 2])):
            operator, tests = self.block()
            blocks.setdefault(operator, {}).update(tests)
        return blocks

    def block(self) -> tuple[str, dict[str, Any]]:
        if_exists = "IfExists" if self.one_in(4) else ""
        kind = self.dice.choice(
            ["text"] * 4 + ["list"] * 3 + ["number", "date", "boolean", "address", "address", "arn", "arn", "null"]
        )
        if kind == "null":
            every = [*TEXTS, *NUMBERS, *BOOLEANS, *ADDRESSES, *ARNS, *LISTS, "aws:TokenIssueTime", "aws:username"]
            return "Null", {self.dice.choice(every): self.dice.choice(["true", "false"])}
        if kind == "list":
            qualifier = self.dice.choice(["ForAllValues:", "ForAnyValue:", "ForAllValues:", "ForAnyValue:", ""])
            operator = self.dice.choice(
                ["StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "StringEqualsIgnoreCase"]
            )
            keys = [*LISTS, *LISTS, "aws:PrincipalTag/team"]
            return f"{qualifier}{operator}{if_exists}", {self.dice.choice(keys): self.some(VALUES["list"])}
        if kind == "text":
            operator = self.dice.choice(
                [
                    "StringEquals",
                    "StringNotEquals",
                    "StringLike",
                    "StringNotLike",
                    "StringEqualsIgnoreCase",
                    "StringNotEqualsIgnoreCase",
                ]
            )
            values = VALUES["text"] + (VALUES["pattern"] * 2 if "Like" in operator else [])
            if self.one_in(5):
                values = VALUES["variable"]
            key = self.dice.choice(
                [*TEXTS, *TEXTS, "aws:username", "aws:PrincipalAccount", "aws:PrincipalOrgID", "aws:PrincipalType"]
            )
            return operator + if_exists, {key: self.some(values)}
        if kind == "number":
            comparison = self.dice.choice(
                ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
            )
            values = VALUES["number"] + (["many"] * 5 if comparison.endswith("tEquals") else [])
            if comparison not in ("Equals", "NotEquals"):
                values = VALUES["number"]
            return f"Numeric{comparison}{if_exists}", {"aws:MultiFactorAuthAge": self.some(values)}
        if kind == "date":
            comparison = self.dice.choice(
                ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
            )
            key = self.dice.choice(["aws:CurrentTime", "aws:TokenIssueTime"])
            return f"Date{comparison}{if_exists}", {key: self.some(VALUES["date"])}
        if kind == "boolean":
            values = VALUES["boolean"] + (["no"] if self.one_in(2) else [])
            return f"Bool{if_exists}", {
                self.dice.choice([*BOOLEANS, "aws:PrincipalIsAWSService"]): self.dice.choice(values)
            }
        if kind == "address":
            return self.dice.choice(["IpAddress", "NotIpAddress"]) + if_exists, {
                "aws:SourceIp": self.some(VALUES["address"])
            }
        operator = self.dice.choice(["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"])
        return operator + if_exists, {self.dice.choice(["aws:PrincipalArn", "aws:SourceArn"]): self.some(VALUES["arn"])}
