#!/usr/bin/env bash
# moto 5.2.5 gives sessions that are longer than the role allows, and chained sessions longer than an hour.
#
# Guess: AssumeRole with DurationSeconds above the role's MaxSessionDuration is refused, and so is one above 3600 from a session
# of a role, as AWS does: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (DurationSeconds).
# Seen: both are given, and a session in a role that does not exist too. So a scanner's fallback to a shorter session is never
# exercised against moto.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'moto[iam,sts]==5.2.5' boto3==1.44.5
cat > "$folder/observe.py" <<'PYTHON'
import datetime
import json
import boto3
from moto import mock_aws

def length(credentials):
    left = credentials["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    return round(left.total_seconds() / 60) * 60

with mock_aws():
    iam, sts = boto3.client("iam"), boto3.client("sts")
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="audit", AssumeRolePolicyDocument=trust)["Role"]
    print("the role's longest session:", role["MaxSessionDuration"])
    given = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="audit", DurationSeconds=43200)["Credentials"]
    print("asked for 43200: given", length(given))
    chained = boto3.client(
        "sts",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    given = chained.assume_role(RoleArn=role["Arn"], RoleSessionName="audit", DurationSeconds=7200)["Credentials"]
    print("asked for 7200 from a session of a role: given", length(given))
    nobody = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/nobody", RoleSessionName="audit")
    print("a role that does not exist:", nobody["AssumedRoleUser"]["Arn"])
PYTHON
cd "$folder"
AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_DEFAULT_REGION=us-east-1 venv/bin/python observe.py > seen.txt
diff -u - seen.txt <<'SEEN' && echo "as seen before"
the role's longest session: 3600
asked for 43200: given 43200
asked for 7200 from a session of a role: given 7200
a role that does not exist: arn:aws:sts::123456789012:assumed-role/nobody/audit
SEEN
