"""Writes crates/policy/data/service-principals.txt: the names under which AWS's services act, and the Regions that some of them
have in their names.

    pip download --no-deps iam-floyd
    git clone https://github.com/zoph-io/MAMIP
    python xtask/service_principals.py iam_floyd-*.whl MAMIP/policies DATE

AWS publishes no list. The package iam-floyd (Apache-2.0) collects one from AWS's documentation; MAMIP has the policies that AWS
manages, which name the services that roles are passed to and that service-linked roles are made for. botocore has the Regions.
DATE is the day of the package. A name that is missing here does no harm but a note: `explain` takes it for misspelt.
"""

import json
import re
import sys
import zipfile
from pathlib import Path

from botocore.session import get_session

NAME = re.compile(r"(?<![A-Za-z0-9*.-])[a-z0-9][a-z0-9.-]*\.amazonaws\.com(?![A-Za-z0-9.-])")
SERVICE_KEYS = {"iam:passedtoservice", "iam:awsservicename"}
LINKED = re.compile(r":role/aws-service-role/([^/*]+)/")
# Named in AWS's pages, and in neither source.
BY_HAND = [
    # https://docs.aws.amazon.com/apprunner/latest/dg/security_iam_service-with-iam.html
    "build.apprunner.amazonaws.com",
    "tasks.apprunner.amazonaws.com",
    # https://docs.aws.amazon.com/organizations/latest/userguide/services-that-can-integrate-cloudformation.html
    "stacksets.cloudformation.amazonaws.com",
    # https://docs.aws.amazon.com/vpc/latest/reachability/manage-cross-account-access.html
    "reachabilityanalyzer.networkinsights.amazonaws.com",
    # https://docs.aws.amazon.com/organizations/latest/userguide/services-that-can-integrate-s3lens.html
    "storage-lens.s3.amazonaws.com",
]


def values(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key.lower() in SERVICE_KEYS:
                yield from [value] if isinstance(value, str) else value
            else:
                yield from values(value)
    elif isinstance(node, list):
        for value in node:
            yield from values(value)
    elif isinstance(node, str):
        yield from LINKED.findall(node)


def main():
    package, policies, date = sys.argv[1:]
    with zipfile.ZipFile(package) as files:
        listed = files.read("iam_floyd/_aws_service_principals.py").decode()
    names = set(NAME.findall(listed)) | set(BY_HAND)
    for path in Path(policies).iterdir():
        text = path.read_text(encoding="utf-8")
        # What AWS has withdrawn is kept as an empty file.
        for value in values(json.loads(text)) if text.strip() else []:
            names.update(NAME.findall(value) if NAME.fullmatch(value) else [])
    # These vouch for users and do not act themselves.
    names = {name for name in names if not name.startswith("cognito-identity")}
    partitions = get_session().get_component("data_loader").load_data("partitions")["partitions"]
    regions = sorted({name for one in partitions for name in one["regions"] if not name.endswith("-global")})
    lines = [f"# {date}", *(f"service {name}" for name in sorted(names)), *(f"region {name}" for name in regions)]
    folder = Path(__file__).parent.parent / "crates/policy/data"
    (folder / "service-principals.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


main()
