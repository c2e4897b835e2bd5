"""Where an engine is known not to do what AWS documents, with the page that decides.

Each deviation rewrites a request into one that means the same by that page and that the engine can be expected to
decide alike. A difference counts as explained only if, rewritten so, the engine gives orgsweep's answer, and orgsweep's
own answer has not changed: that a request merely has something to do with a deviation is not enough.
"""

from __future__ import annotations

import copy
import datetime
import fnmatch
import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Any

from policy_requests import FEDERATED, HOME, ROOT, SESSION, USER

Request = dict[str, Any]

USER_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
# A text that nothing in the requests is equal to.
NOTHING = "~none~"
VARIABLE = re.compile(r"\$\{([^}$*?][^}]*)\}")


def documents(request: Request) -> Iterator[dict[str, Any]]:
    for name in ("boundary", "session", "endpoint"):
        if request[name]:
            yield request[name]
    yield from request["identity"]
    yield from request["resource_policies"]
    for name in ("service_control", "resource_control"):
        for level in request[name] or []:
            yield from level


def statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    some = document["Statement"]
    return some if isinstance(some, list) else [some]


def has_variables(document: dict[str, Any]) -> bool:
    return document.get("Version") == "2012-10-17"


def each(texts: Any, change: Callable[[str], Any]) -> Any:
    """One text or a list of them, changed; a change to a list adds its texts."""
    if isinstance(texts, str):
        return change(texts)
    changed: list[str] = []
    for text in texts:
        new = change(text)
        changed += new if isinstance(new, list) else [new]
    return changed


def change_resources(document: dict[str, Any], change: Callable[[str], Any]) -> None:
    for statement in statements(document):
        for element in ("Resource", "NotResource"):
            if element in statement:
                statement[element] = each(statement[element], change)


def change_values(document: dict[str, Any], change: Callable[[str, str, str], Any]) -> None:
    """Every value of a condition, by operator, key and value."""
    for statement in statements(document):
        for operator, tests in statement.get("Condition", {}).items():
            for key, values in tests.items():
                tests[key] = each(values, lambda value, operator=operator, key=key: change(operator, key, value))


def value_of(variable: str, context: dict[str, Any]) -> str | None:
    """What a variable stands for: nothing, if the key has no value and the variable no default, or has many values."""
    name, _, default = variable.partition(",")
    keys = {key.lower(): value for key, value in context.items()}
    value = keys.get(name.strip().lower())
    if value is None and name.strip().lower() not in ("aws:tagkeys", "aws:calledvia", "aws:principalorgpaths"):
        return default.strip().strip("'") if default else None
    return value if isinstance(value, str) else None


def without_variables(text: str) -> str:
    """The same text literally, in a version of the language that has variables."""
    return text.replace("${", "${$}{")


def old_versions(request: Request) -> None:
    for document in documents(request):
        if not has_variables(document):
            document["Version"] = "2012-10-17"
            change_resources(document, without_variables)
            change_values(document, lambda _operator, _key, value: without_variables(value))


def variables_without_a_value(request: Request) -> None:
    context = request["context"]

    def gone(text: str) -> str:
        missing = lambda found: NOTHING if value_of(found[1], context) is None else found[0]
        return VARIABLE.sub(missing, text)

    for document in documents(request):
        if has_variables(document):
            change_resources(document, gone)
            change_values(document, lambda _operator, _key, value: gone(value))


def variables_in_resources(request: Request) -> None:
    context = request["context"]

    def literal(found: re.Match[str]) -> str:
        value = value_of(found[1], context)
        return NOTHING if value is None else re.sub(r"[*?$]", lambda special: f"${{{special[0]}}}", value)

    for document in documents(request):
        if has_variables(document):
            change_resources(document, lambda text: VARIABLE.sub(literal, text))


def mapped_addresses(request: Request) -> None:
    address = request["context"].get("aws:SourceIp", "")
    if address.startswith("::ffff:"):
        request["context"]["aws:SourceIp"] = address.removeprefix("::ffff:")


def ranges_with_host_bits(request: Request) -> None:
    def change(operator: str, _key: str, value: str) -> Any:
        if "IpAddress" not in operator or ":" not in value:
            return value
        try:
            ipaddress.ip_network(value)
        except ValueError:
            # A network of one address, which no request has.
            return "2001:db8:ffff:ffff::/128"
        return value

    for document in documents(request):
        change_values(document, change)


def range_of_everything(request: Request) -> None:
    def change(_operator: str, _key: str, value: str) -> Any:
        return ["0.0.0.0/1", "128.0.0.0/1"] if value == "0.0.0.0/0" else value

    for document in documents(request):
        for statement in statements(document):
            for tests in statement.get("Condition", {}).values():
                for key, values in tests.items():
                    tests[key] = [values] if isinstance(values, str) else values
        change_values(document, change)


def addresses_of_the_other_family(request: Request) -> None:
    def change(operator: str, _key: str, value: str) -> Any:
        alone = "IpAddress" in operator and "/" not in value
        return f"{value}/{128 if ':' in value else 32}" if alone else value

    for document in documents(request):
        change_values(document, change)


def seconds_since_1970(request: Request) -> None:
    def change(operator: str, _key: str, value: str) -> Any:
        if not operator.startswith("Date") or not value.isdigit():
            return value
        return datetime.datetime.fromtimestamp(int(value), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    for document in documents(request):
        change_values(document, change)


def other_words_for_false(request: Request) -> None:
    for document in documents(request):
        change_values(
            document, lambda operator, _key, value: "false" if "Bool" in operator and value == "no" else value
        )


def no_number(request: Request) -> None:
    change = lambda operator, _key, value: "987654321" if "Numeric" in operator and value == "many" else value
    for document in documents(request):
        change_values(document, change)


def granted_past_the_session_policy(request: Request) -> None:
    direct = {"*", SESSION, FEDERATED}
    for document in request["resource_policies"]:
        for statement in statements(document):
            principal = statement.get("Principal", {})
            named = principal if isinstance(principal, str) else principal.get("AWS", [])
            if direct & set([named] if isinstance(named, str) else named) and request["session"]:
                allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
                request["session"]["Statement"] = [*statements(request["session"]), allow]
                return


def others_than_not_principal_lists(request: Request) -> None:
    """A principal of an account that NotPrincipal lists for others, and another session of a role, is not left out."""
    principal = request["principal"]
    own = {"federated_user": FEDERATED, "session": SESSION}
    name = next((arn for key, arn in own.items() if key in principal), principal.get("arn"))
    for document in request["resource_policies"]:
        for statement in statements(document):
            listed = statement.get("NotPrincipal", {}).get("AWS", [])
            if ROOT in listed and len(listed) > 1 and name not in listed:
                del statement["NotPrincipal"]
                statement["Principal"] = "*"


def root_users(request: Request) -> None:
    if request["principal"].get("arn") == ROOT:
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        request["identity"] = [{"Version": "2012-10-17", "Statement": [everything]}]


# What AWS's refusals name for actions whose table has no resource type, in the principal's account.
CHECKED_ON = {
    "s3:ListAllMyBuckets": "arn:aws:s3:::*",
    "sqs:ListQueues": f"arn:aws:sqs:eu-west-1:{HOME}:",
}


def actions_checked_on_an_arn(request: Request) -> None:
    arn = CHECKED_ON.get(request["action"])
    if request["resource"] != "*" or not arn:
        return
    for document in documents(request):
        change_resources(document, lambda text: "*" if "$" not in text and fnmatch.fnmatchcase(arn, text) else text)


# Of iam-simulate 0.1.173.
IAM_SIMULATE: list[tuple[str, str, Callable[[Request], None]]] = [
    (
        "variables are literal text before version 2012-10-17",
        USER_GUIDE + "reference_policies_elements_version.html",
        old_versions,
    ),
    (
        "a variable without a value matches nothing",
        USER_GUIDE + "reference_policies_variables.html",
        variables_without_a_value,
    ),
    (
        "a variable may be all of a resource's name",
        USER_GUIDE + "reference_policies_variables.html",
        variables_in_resources,
    ),
    (
        "an IPv4 address may be written as IPv6",
        USER_GUIDE + "reference_policies_elements_condition_operators.html#Conditions_IPAddress",
        mapped_addresses,
    ),
    (
        "an IPv6 range whose host bits are set is none",
        USER_GUIDE + "reference_policies_elements_condition_operators.html#Conditions_IPAddress",
        ranges_with_host_bits,
    ),
    (
        "0.0.0.0/0 is every address",
        USER_GUIDE + "reference_policies_elements_condition_operators.html#Conditions_IPAddress",
        range_of_everything,
    ),
    (
        "an IPv6 address is no IPv4 address",
        USER_GUIDE + "reference_policies_elements_condition_operators.html#Conditions_IPAddress",
        addresses_of_the_other_family,
    ),
    (
        "a date may be written in seconds since 1970",
        USER_GUIDE + "reference_policies_elements_condition_operators.html#Conditions_Date",
        seconds_since_1970,
    ),
    (
        "what is not true is false",
        USER_GUIDE + "reference_policies_elements_condition_operators.html#Conditions_Boolean",
        other_words_for_false,
    ),
    (
        "what is no number is not equal to one",
        USER_GUIDE + "reference_policies_elements_condition_operators.html#Conditions_Numeric",
        no_number,
    ),
    (
        "what the resource grants to the very session, or to everyone, is not limited by a session policy",
        USER_GUIDE + "reference_policies_evaluation-logic_policy-eval-denyallow.html",
        granted_past_the_session_policy,
    ),
    ("a root user may do everything in its account", USER_GUIDE + "id_root-user.html", root_users),
    (
        "an action without a resource type may be checked on an ARN, as refusals say",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/"
        "reference_policies_actions-resources-contextkeys.html",
        actions_checked_on_an_arn,
    ),
    (
        "NotPrincipal leaves out only who is listed",
        USER_GUIDE + "reference_policies_elements_notprincipal.html",
        others_than_not_principal_lists,
    ),
]


def rewritten(request: Request, changes: list[Callable[[Request], None]]) -> Request:
    request = copy.deepcopy(request)
    for change in changes:
        change(request)
    return request


def is_documented(request: Request) -> bool:
    """Whether AWS documents all that the policies say; where it does not, orgsweep may answer that it does not know.

    NotPrincipal with the account or the principal only, and with a role or user and no session of it:
    reference_policies_elements_notprincipal.html.
    Null on a list that is there and empty: reference_policies_elements_condition_operators.html#Conditions_Null.
    """
    context = request["context"]
    for document in documents(request):
        for statement in statements(document):
            condition = statement.get("Condition", {})
            odd = [key for key in condition.get("Null", {}) if context.get(key) == []]
            listed = statement.get("NotPrincipal", {}).get("AWS", [])
            alone = listed == [USER] or listed == [FEDERATED] or (FEDERATED in listed and USER not in listed)
            if odd or alone:
                return False
    return True
