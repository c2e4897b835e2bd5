"""jsonschema reads the schema of orgsweep.toml, and refuses and accepts what the program refuses and accepts.

The configurations are the examples of the documentation and every text of the tests' sources that is one: a text that the program
reads must be valid, and one whose keys or values it does not know must not.
"""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import re
import subprocess
import tempfile
import tomllib

import jsonschema

from judge import ORGSWEEP, Verdicts, orgsweep

ROOT = pathlib.Path(__file__).parents[2]
LITERAL = re.compile(r'r#"(.*?)"#|"((?:[^"\\]|\\.)*)"', re.DOTALL)
# What the program says of a text whose keys or types are wrong; other messages are about what only it knows.
SHAPE = ("no such key", "unknown field", "invalid type", "expected a text", "expected a list", "expected a moment", "expected a number", "exactly one of", "unknown variant", "no such check")


def examples() -> list[str]:
    """The examples that readers copy."""
    pages = [ROOT / "README.md", ROOT / "plugins/README.md"]
    return [block for page in pages for block in re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)]


def texts() -> set[str]:
    """Texts in the tests and in the reader of the file that are TOML with a key."""
    found = set()
    for path in [*ROOT.glob("tests/**/*.rs"), *ROOT.glob("crates/cli/src/**/*.rs")]:
        for raw, escaped in LITERAL.findall(path.read_text()):
            text = raw or escaped.replace("\\n", "\n").replace('\\"', '"')
            if "=" not in text or "{" in text.replace("{account_id}", "").replace("{partition}", ""):
                continue
            try:
                if tomllib.loads(text):
                    found.add(text)
            except tomllib.TOMLDecodeError:
                pass
    return found


def as_json(value: object) -> object:
    """As an editor hands it to a schema: moments are texts."""
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return value.isoformat() if isinstance(value, (datetime.date, datetime.datetime)) else value


def answer(text: str) -> str | None:
    """What the program says against a text; None where it takes it."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(text)
        file.flush()
        command = [ORGSWEEP, "policy", "--for", "session", "--config", file.name]
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return done.stderr if done.returncode else None


def main() -> None:
    verdicts = Verdicts()
    schema = json.loads(orgsweep("config", "schema"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    def mistakes(text: str) -> list[str]:
        return [error.message for error in validator.iter_errors(as_json(tomllib.loads(text)))]

    shown = examples()
    verdicts.check(len(shown) >= 2, f"{len(shown)} examples in the documentation")
    for text in shown:
        verdicts.check(not mistakes(text), f"an example of the documentation: {mistakes(text)}\n{text}")
    accepted = refused = 0
    for text in sorted(texts()):
        said = answer(text)
        if said is None:
            accepted += 1
            verdicts.check(not mistakes(text), f"the program takes this and the schema does not: {mistakes(text)}\n{text}")
        elif any(words in said for words in SHAPE):
            refused += 1
            verdicts.check(bool(mistakes(text)), f"the schema takes this and the program does not: {said}\n{text}")
    verdicts.check(accepted >= 10, f"{accepted} texts that the program takes")
    verdicts.check(refused >= 10, f"{refused} texts that it does not")
    for key in schema["properties"]:
        verdicts.check(bool(mistakes(f"{key}x = 1")), f"{key}x is no key")
    for check, settings in schema["properties"]["checks"]["properties"].items():
        verdicts.check(bool(mistakes(f"[checks.{check}x]")), f"{check}x is no check")
        verdicts.check(bool(mistakes(f"[checks.{check}]\nno-such-setting = 1")), f"{check} has no such setting")
        defaults = {name: setting["default"] for name, setting in settings["properties"].items()}
        valid = validator.is_valid({"checks": {check: defaults}})
        verdicts.check(valid, f"the defaults of {check}: {defaults}")
    verdicts.close()


main()
