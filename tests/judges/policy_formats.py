"""The printed policies are what their readers take them for: JSON, HCL and CloudFormation say the same thing.

python-hcl2 parses the Terraform, cfn-lint finds nothing in the templates, and with variables, parameters and functions put
in, all three are one document.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import hcl2
from hcl2.utils import SerializationOptions

from judge import Verdicts, orgsweep

PRINCIPAL = "arn:aws:iam::444455556666:role/team/Hub"
TRUST = ["--trusted-principal", PRINCIPAL, "--organization-id", "o-exampleorgid", "--external-id", "a/b=c"]
SESSIONS = ["--with-session-tags", "--with-source-identity"]
SCP = ["--except", "arn:aws:iam::*:role/stacksets-exec-*", "--except", "arn:aws:iam::*:role/Deployer"]
ROLE = ["--role-name", "team/audit/Reader"]
# The first role of the chain lists the organization too, and the last one trusts it.
WAY = "arn:aws:iam::555566667777:role/on/the/Way"
END = "arn:aws:iam::666677778888:role/End"
CHAIN = ["--role-chain", f"{WAY},{END}", "--discovery-role", WAY, "--session-duration", "7200", "--session-tag", "a=b"]
# kind → the options that have a meaning in Terraform and CloudFormation.
OPTIONS = {"member": TRUST + SESSIONS, "hub": SESSIONS, "scp": SCP}
OPTIONS["trust"] = OPTIONS["member"]
# name → kind, its trust, options, name and path of the role, its longest session.
OUTSIDE = TRUST[2:]
CHAINED = {
    "end": ("chain", "chain-trust", ["--role", END, *OUTSIDE], ("End", "/", 3600)),
    "way": ("chain", "chain-trust", ["--role", WAY, *OUTSIDE], ("Way", "/on/the/", 7200)),
    "lister": ("discovery", "discovery-trust", OUTSIDE, ("Way", "/on/the/", 7200)),
    "audit": ("member", "trust", OUTSIDE, ("Reader", "/team/audit/", 3600)),
}


def printed(kind: str, form: str, *options: str) -> str:
    return orgsweep("policy", "--for", kind, "--format", form, *options)


def document(kind: str, *options: str) -> dict:
    return json.loads(printed(kind, "json", *options))


def parse_hcl(text: str) -> dict:
    options = SerializationOptions(with_comments=False, explicit_blocks=False, strip_string_quotes=True)
    return hcl2.loads(text, serialization_options=options)


def terraform_document(expression: str, variables: dict[str, str]) -> dict:
    """What jsonencode(…) comes to once references are put in."""
    inner = re.fullmatch(r"\$\{jsonencode\((.*)\)\}", expression, re.DOTALL).group(1)

    def value(node):
        if isinstance(node, dict):
            return {key.strip('"'): value(item) for key, item in node.items()}
        if isinstance(node, list):
            return [value(item) for item in node]
        # $${ is a literal ${; every other ${…} is a reference.
        text = node.replace("$${", "\0")
        text = re.sub(r"\$\{data\.aws_partition\.\w+\.partition\}", "aws", text)
        text = re.sub(
            r'\$\{split\(":", var\.(\w+)\)\[4\]\}', lambda match: variables[match.group(1)].split(":")[4], text
        )
        text = re.sub(r"\$\{var\.(\w+)\}", lambda match: variables[match.group(1)], text)
        assert "${" not in text, text
        return text.replace("\0", "${")

    return value(parse_hcl(f"x = {inner}\n")["x"])


def blocks(parsed: dict, kind: str) -> dict[str, dict]:
    """Blocks of a kind by their last label."""
    found = {}
    for block in parsed.get(kind, []):
        while len(block) == 1 and isinstance(next(iter(block.values())), dict):
            name, block = next(iter(block.items()))
        found[name] = block
    return found


def resources(parsed: dict) -> dict[str, dict]:
    """Resources by type."""
    return {kind: next(iter(named.values())) for block in parsed["resource"] for kind, named in block.items()}


def template_value(node, parameters: dict[str, str]):
    """A template's value once intrinsic functions are put in."""
    if isinstance(node, list):
        return [template_value(item, parameters) for item in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"Ref"}:
        return {"AWS::Partition": "aws", **parameters}[node["Ref"]]
    if set(node) == {"Fn::Split"}:
        separator, text = template_value(node["Fn::Split"], parameters)
        return text.split(separator)
    if set(node) == {"Fn::Select"}:
        index, parts = template_value(node["Fn::Select"], parameters)
        return parts[index]
    if set(node) == {"Fn::Sub"}:
        pattern, own = node["Fn::Sub"] if isinstance(node["Fn::Sub"], list) else (node["Fn::Sub"], {})
        values = {"AWS::Partition": "aws", **parameters, **template_value(own, parameters)}
        text = re.sub(r"\$\{([^!}][^}]*)\}", lambda match: values[match.group(1)], pattern)
        return text.replace("${!", "${")
    return {key: template_value(value, parameters) for key, value in node.items()}


def lint(templates: dict[str, str]) -> str:
    """Everything that cfn-lint has to say, warnings and information too."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in templates.items():
            (pathlib.Path(folder) / f"{name}.json").write_text(text)
        linter = pathlib.Path(sys.executable).with_name("cfn-lint")
        files = sorted(pathlib.Path(folder).iterdir())
        done = subprocess.run(
            [linter, "--include-checks", "I", "--", *files], capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr if done.returncode else ""


def chained(verdicts: Verdicts) -> None:
    """A chain and a role that lists: whole roles, which say what their JSON says."""
    templates = {}
    values = {"TrustedPrincipalArn": "arn:aws:iam::111122223333:role/orgsweep/OrgsweepHub"}
    for name, (kind, trust_kind, more, (role_name, path, seconds)) in CHAINED.items():
        options = [*ROLE, *CHAIN, *more]
        # Permissions name no organization.
        permissions = document(kind, *(option for option in options if option not in OUTSIDE[:2]))
        trust = document(trust_kind, *options)
        parsed = parse_hcl(printed(kind, "terraform", *options))
        variables = {
            variable: block.get("default", values["TrustedPrincipalArn"])
            for variable, block in blocks(parsed, "variable").items()
        }
        role, policy = resources(parsed)["aws_iam_role"], resources(parsed)["aws_iam_role_policy"]
        verdicts.check(
            (role["name"], role["path"], role["max_session_duration"]) == (role_name, path, seconds), f"{name}: {role}"
        )
        found = terraform_document(role["assume_role_policy"], variables)
        verdicts.check(found == trust, f"{name}: Terraform's trust is JSON's: {found}")
        found = terraform_document(policy["policy"], variables)
        verdicts.check(found == permissions, f"{name}: Terraform's permissions are JSON's: {found}")
        templates[name] = printed(kind, "cloudformation", *options)
        template = json.loads(templates[name])
        parameters = {
            parameter: field.get("Default", values.get(parameter))
            for parameter, field in template["Parameters"].items()
        }
        (resource,) = template["Resources"].values()
        properties = template_value(resource["Properties"], parameters)
        verdicts.check(
            (properties["RoleName"], properties["Path"], properties["MaxSessionDuration"])
            == (role_name, path, seconds),
            f"{name}: {properties}",
        )
        found = properties["AssumeRolePolicyDocument"]
        verdicts.check(found == trust, f"{name}: CloudFormation's trust is JSON's: {found}")
        found = properties["Policies"][0]["PolicyDocument"]
        verdicts.check(found == permissions, f"{name}: CloudFormation's permissions are JSON's: {found}")
    for kind, resource, terraform_resource, field in [
        ("hub", "PolicyDocument", "aws_iam_policy", "policy"),
        ("scp", "Content", "aws_organizations_policy", "content"),
    ]:
        wanted = document(kind, *ROLE, *CHAIN)
        templates[kind] = printed(kind, "cloudformation", *ROLE, *CHAIN)
        (found,) = json.loads(templates[kind])["Resources"].values()
        verdicts.check(template_value(found["Properties"], {})[resource] == wanted, f"{kind} with a chain: {found}")
        parsed = parse_hcl(printed(kind, "terraform", *ROLE, *CHAIN))
        found = terraform_document(resources(parsed)[terraform_resource][field], {})
        verdicts.check(found == wanted, f"{kind} with a chain: {found}")
    found = lint(templates)
    verdicts.check(len(templates) == 6 and not found, f"cfn-lint: {found}")


def terraform(verdicts: Verdicts, documents: dict[str, dict]) -> None:
    for kind in ["member", "trust"]:
        parsed = parse_hcl(printed(kind, "terraform", *ROLE, *OPTIONS[kind]))
        variables = {name: block["default"] for name, block in blocks(parsed, "variable").items()}
        role, policy = resources(parsed)["aws_iam_role"], resources(parsed)["aws_iam_role_policy"]
        verdicts.check((role["name"], role["path"]) == ("Reader", "/team/audit/"), f"{kind}: name and path: {role}")
        verdicts.check(role["max_session_duration"] == 3600, f"{kind}: session length")
        trust = terraform_document(role["assume_role_policy"], variables)
        verdicts.check(trust == documents["trust"], f"{kind}: Terraform's trust is JSON's: {trust}")
        member = terraform_document(policy["policy"], variables)
        verdicts.check(member == documents["member"], f"{kind}: Terraform's permissions are JSON's: {member}")
    for kind, resource, field in [
        ("hub", "aws_iam_policy", "policy"),
        ("scp", "aws_organizations_policy", "content"),
    ]:
        parsed = parse_hcl(printed(kind, "terraform", *ROLE, *OPTIONS[kind]))
        found = terraform_document(resources(parsed)[resource][field], {})
        verdicts.check(found == documents[kind], f"{kind}: Terraform is JSON: {found}")
    session = parse_hcl(printed("session", "terraform"))["locals"][0]["orgsweep_session_policy"]
    verdicts.check(session + "\n" == printed("session", "json"), "the session policy is the same to the byte")
    open_ended = blocks(parse_hcl(printed("member", "terraform")), "variable")
    verdicts.check(
        set(open_ended) == {"orgsweep_trusted_principal_arn", "orgsweep_organization_id"}
        and not any("default" in block for block in open_ended.values()),
        f"what is not given has to be answered: {open_ended}",
    )


def cloudformation(verdicts: Verdicts, documents: dict[str, dict]) -> None:
    templates = {}
    for kind in OPTIONS:
        templates[f"{kind}-plain"] = printed(kind, "cloudformation")
        templates[f"{kind}-given"] = printed(kind, "cloudformation", *ROLE, *OPTIONS[kind])
    found = lint(templates)
    verdicts.check(len(templates) == 8 and not found, f"cfn-lint: {found}")
    broken = templates["hub-plain"].replace("AWS::IAM::ManagedPolicy", "AWS::IAM::ManagedPolcy")
    verdicts.check("ManagedPolcy" in lint({"broken": broken}), "cfn-lint would have said so")
    for kind in OPTIONS:
        template = json.loads(templates[f"{kind}-given"])
        parameters = {name: field["Default"] for name, field in template.get("Parameters", {}).items()}
        for name, field in template.get("Parameters", {}).items():
            matches = re.fullmatch(field["AllowedPattern"], field["Default"])
            verdicts.check(matches is not None, f"{kind}: {name}: {field}")
        (resource,) = template["Resources"].values()
        properties = template_value(resource["Properties"], parameters)
        if kind in ("member", "trust"):
            verdicts.check(
                (properties["RoleName"], properties["Path"], properties["MaxSessionDuration"])
                == ("Reader", "/team/audit/", 3600),
                f"{kind}: the role: {properties}",
            )
            trust = properties["AssumeRolePolicyDocument"]
            verdicts.check(trust == documents["trust"], f"{kind}: CloudFormation's trust is JSON's: {trust}")
            member = properties["Policies"][0]["PolicyDocument"]
            verdicts.check(member == documents["member"], f"{kind}: CloudFormation's permissions are JSON's: {member}")
        else:
            found = properties["PolicyDocument" if kind == "hub" else "Content"]
            verdicts.check(found == documents[kind], f"{kind}: CloudFormation is JSON: {found}")


def main() -> None:
    verdicts = Verdicts()
    documents = {
        "member": document("member", *ROLE),
        "hub": document("hub", *ROLE, *SESSIONS),
        "trust": document("trust", *ROLE, *TRUST, *SESSIONS),
        "scp": document("scp", *ROLE, *SCP),
    }
    for kind, found in documents.items():
        verdicts.check(found["Version"] == "2012-10-17" and found["Statement"], f"{kind}: {found}")
    terraform(verdicts, documents)
    cloudformation(verdicts, documents)
    chained(verdicts)
    verdicts.close()


if __name__ == "__main__":
    main()
