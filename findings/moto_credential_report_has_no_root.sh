#!/usr/bin/env bash
# moto 5.2.5 makes a credential report without the row <root_account>, and an unused key has the words of a missing one.
#
# Guess: the first row of the report is <root_account>, and a key that was never used has N/A as Region and service of its last
# use, as on AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html. A user without a key
# differs from that only by access_key_1_active.
# Seen: users only, so no check of the root user is ever asked; both Region and service are not_supported, for an unused
# key as for none.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'moto[iam,sts]==5.2.5' boto3==1.44.5
cat > "$folder/observe.py" <<'PYTHON'
import csv
import boto3
from moto import mock_aws

with mock_aws():
    iam = boto3.client("iam")
    iam.create_user(UserName="ann")
    iam.create_access_key(UserName="ann")
    iam.create_user(UserName="ben")
    while iam.generate_credential_report()["State"] != "COMPLETE":
        pass
    rows = list(csv.DictReader(iam.get_credential_report()["Content"].decode().splitlines()))
    print("rows:", ", ".join(row["user"] for row in rows))
    for row in rows:
        active, used = row["access_key_1_active"], row["access_key_1_last_used_date"]
        region, service = row["access_key_1_last_used_region"], row["access_key_1_last_used_service"]
        print(f"{row['user']}: active {active}, last used {used} in {region} by {service}")
PYTHON
cd "$folder"
AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_DEFAULT_REGION=us-east-1 venv/bin/python observe.py > seen.txt
diff -u - seen.txt <<'SEEN' && echo "as seen before"
rows: ann, ben
ann: active true, last used N/A in not_supported by not_supported
ben: active false, last used N/A in not_supported by not_supported
SEEN
