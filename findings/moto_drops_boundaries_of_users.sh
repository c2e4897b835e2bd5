#!/usr/bin/env bash
# moto 5.2.5 drops the permissions boundary of a user, and keeps that of a role.
#
# Guess: a boundary given to CreateUser is shown by GetUser, GetAccountAuthorizationDetails and ListEntitiesForPolicy, as one
# given to CreateRole is. AWS: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html (PermissionsBoundary),
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_UserDetail.html.
# Seen: CreateUser takes it without an error; nothing shows it afterwards. PutUserPermissionsBoundary does not exist. Nobody is
# listed as bounded by the policy, the role neither. So an auditor that ignores the boundaries of users is green against moto.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'moto[iam,sts]==5.2.5' boto3==1.44.5
cat > "$folder/observe.py" <<'PYTHON'
import json
import boto3
from moto import mock_aws

def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})

with mock_aws():
    iam = boto3.client("iam")
    edge = iam.create_policy(PolicyName="edge", PolicyDocument=document(Action="s3:*", Resource="*"))["Policy"]["Arn"]
    iam.create_user(UserName="ann", PermissionsBoundary=edge)
    print("create_user: accepted")
    trust = document(Action="sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"})
    iam.create_role(RoleName="job", AssumeRolePolicyDocument=trust, PermissionsBoundary=edge)
    details = iam.get_account_authorization_details()
    arn = lambda entity: (entity.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    print("get_user:", arn(iam.get_user(UserName="ann")["User"]))
    print("details of the user:", arn(details["UserDetailList"][0]))
    print("get_role:", arn(iam.get_role(RoleName="job")["Role"]))
    print("details of the role:", arn(details["RoleDetailList"][0]))
    try:
        iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=edge)
        print("put_user_permissions_boundary: accepted")
    except Exception as error:
        print("put_user_permissions_boundary:", type(error).__name__)
    bounded = iam.list_entities_for_policy(PolicyArn=edge, PolicyUsageFilter="PermissionsBoundary")
    print(f"bounded by the policy: users {bounded['PolicyUsers']}, roles {bounded['PolicyRoles']}")
PYTHON
cd "$folder"
AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_DEFAULT_REGION=us-east-1 venv/bin/python observe.py > seen.txt
diff -u - seen.txt <<'SEEN' && echo "as seen before"
create_user: accepted
get_user: None
details of the user: None
get_role: arn:aws:iam::123456789012:policy/edge
details of the role: arn:aws:iam::123456789012:policy/edge
put_user_permissions_boundary: NotImplementedError
bounded by the policy: users [], roles []
SEEN
