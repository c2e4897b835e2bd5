"""Whose credentials are used: orgsweep signs with the key that botocore signs with, from the same files and variables.

A key of the server says by whom and how it was asked for, so two programs that end with one key went one way. orgsweep
asks it who the caller is; the key in that request's signature is compared with botocore's. What is expected stands beside
each form of profile too: a mistake that both make would show.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from unittest import mock

HOME = tempfile.TemporaryDirectory()
# botocore looks up the home folder when it is imported.
os.environ["HOME"] = HOME.name

import botocore.exceptions
import botocore.loaders
import botocore.session

from judge import ORGSWEEP, Verdicts
from profile_server import CONTAINER, FUTURE, INSTANCE, REFUSED, ROLE, Server, key


def assumed(source: str, role: str, *more: str) -> str:
    return key("AssumeRole", source, ROLE + role, *more)


WEB = key("web", ROLE + "Web", "token of the profile")
WEB_OF_ENVIRONMENT = key("web", ROLE + "Pod", "token of the pod")
LEGACY = key("sso", "legacy token", "111122223333", "Audit")
SESSION = key("sso", "session token", "111122223333", "Audit")
ENVIRONMENT = "AKIAENVIRONMENT00000"


def pair(name: str) -> str:
    return f"aws_access_key_id = AKIA{name.upper():0<16}\naws_secret_access_key = secret of {name}\n"


def static(name: str) -> str:
    return f"AKIA{name.upper():0<16}"


def process(name: str) -> str:
    given = json.dumps({"Version": 1, "AccessKeyId": static(name), "SecretAccessKey": "secret", "SessionToken": "token"})
    path = pathlib.Path(HOME.name, f"process-{name}")
    path.write_text(f"#!/bin/sh\necho '{given}'\n")
    path.chmod(0o755)
    return f"credential_process = {path} --for '{name} and more'\n"


SSO_LEGACY = """sso_start_url = https://legacy.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Audit
"""
SSO = "sso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Audit\n"


def role(name: str, **more: str) -> str:
    return f"role_arn = {ROLE}{name}\n" + "".join(f"{option} = {value}\n" for option, value in more.items())


def web() -> str:
    return role("Web", web_identity_token_file=f"{HOME.name}/token")


# The environments: variables, how the profile is named, and whether the environment's own credentials come before it.
KEYS = {"AWS_ACCESS_KEY_ID": ENVIRONMENT, "AWS_SECRET_ACCESS_KEY": "secret of the environment"}
POD = {"AWS_WEB_IDENTITY_TOKEN_FILE": f"{HOME.name}/pod", "AWS_ROLE_ARN": ROLE + "Pod"}
ENVIRONMENTS = [
    ("--profile", {}),
    ("--profile", KEYS),
    ("AWS_PROFILE", {}),
    ("AWS_PROFILE", POD),
    ("--profile", POD),
    ("--profile", {"AWS_PROFILE": "base2", **KEYS}),
    ("AWS_PROFILE", KEYS),
    ("AWS_DEFAULT_PROFILE", {"AWS_PROFILE": "base2"}),
    ("default", {}),
    ("default", KEYS),
    ("default", POD),
]


@dataclass
class Form:
    """A profile called "chosen", and what it should come to when it is asked for."""

    name: str
    config: str
    wanted: str
    credentials: str = ""
    # Other profiles of both files.
    others: str = ""
    other_credentials: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    # Why orgsweep refuses what botocore uses.
    departs: str = ""
    # How many of the environments it is tried in.
    environments: int = len(ENVIRONMENTS)


NOT_THE_MACHINE = (
    "a profile without credentials is refused: botocore goes on to the role of the machine, and the scan would be of "
    "whatever organization that belongs to"
)
NO_CODE = "nobody can be asked for a code: a scan runs unattended, and botocore asks on the terminal"
BASE = "[profile base]\n" + pair("base")
BASE_KEY = static("base")


def forms() -> list[Form]:
    machine = {"AWS_EC2_METADATA_DISABLED": "false"}
    given = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{server}/container"}
    found = [
        Form("keys in the configuration", pair("config"), static("config")),
        Form("keys in the credentials file", "", static("file"), credentials=pair("file")),
        Form("keys in both files", pair("config"), static("file"), credentials=pair("file")),
        Form("keys with a session token", pair("session") + "aws_session_token = t\n", static("session")),
        Form("a key without its secret", "aws_access_key_id = AKIAHALF000000000000\n", REFUSED),
        Form(
            "a key in one file and its secret in the other",
            "aws_secret_access_key = s\n",
            REFUSED,
            credentials="aws_access_key_id = AKIAHALF000000000000\n",
        ),
        Form("role", role("A", source_profile="base"), assumed(BASE_KEY, "A"), others=BASE),
        Form(
            "role with everything that a profile may say of it",
            role("A", source_profile="base", external_id="outside", role_session_name="me", duration_seconds="1800"),
            assumed(BASE_KEY, "A", "outside", "me", "1800"),
            others=BASE,
        ),
        Form(
            "role with a duration that is no number",
            role("A", source_profile="base", duration_seconds="long"),
            assumed(BASE_KEY, "A"),
            others=BASE,
        ),
        Form(
            "role over a role",
            role("B", source_profile="middle"),
            assumed(assumed(BASE_KEY, "A"), "B"),
            others="[profile middle]\n" + role("A", source_profile="base") + BASE,
        ),
        Form(
            "role over two roles",
            role("C", source_profile="upper"),
            assumed(assumed(assumed(BASE_KEY, "A"), "B"), "C"),
            others="[profile upper]\n" + role("B", source_profile="middle")
            + "[profile middle]\n" + role("A", source_profile="base") + BASE,
        ),
        Form("role of the profile's own keys", role("A", source_profile="{name}") + pair("own"), assumed(static("own"), "A")),
        Form("role that needs itself", role("A", source_profile="{name}"), REFUSED),
        Form(
            "roles in a circle",
            role("A", source_profile="other"),
            REFUSED,
            others="[profile other]\n" + role("B", source_profile="{name}"),
        ),
        Form("role of a missing profile", role("A", source_profile="bass"), REFUSED, others=BASE),
        Form("role without a source", role("A"), REFUSED),
        Form("role with two sources", role("A", source_profile="base", credential_source="Environment"), REFUSED, others=BASE),
        Form("role and keys, without a source", role("A") + pair("own"), REFUSED),
        Form(
            "role of a profile without credentials",
            role("A", source_profile="empty"),
            REFUSED,
            others="[profile empty]\nregion = eu-west-1\n",
            variables=machine,
        ),
        Form("role of the instance", role("A", credential_source="Ec2InstanceMetadata"), assumed(INSTANCE, "A"), variables=machine),
        Form("role of the container", role("A", credential_source="EcsContainer"), assumed(CONTAINER, "A"), variables=given),
        Form("role of a container that is none", role("A", credential_source="EcsContainer"), REFUSED),
        Form("role of the environment", role("A", credential_source="Environment"), "keys of the environment, then A"),
        Form("role of an unknown source", role("A", credential_source="Environmental"), REFUSED),
        Form("a source without a role", "credential_source = Environment\n", INSTANCE, variables=machine, departs=NOT_THE_MACHINE),
        Form(
            "role over the container's role",
            role("B", source_profile="middle"),
            assumed(assumed(CONTAINER, "A"), "B"),
            others="[profile middle]\n" + role("A", credential_source="EcsContainer"),
            variables=given,
        ),
        Form("process", process("process"), static("process")),
        Form("process that fails", "credential_process = false\n", REFUSED),
        Form("process that says nothing", "credential_process = true\n", REFUSED),
        Form("single sign-on, legacy", SSO_LEGACY, LEGACY),
        Form("single sign-on, session", SSO, SESSION),
        Form("single sign-on, session and the same words", SSO + "sso_region = us-east-1\n", SESSION),
        Form("single sign-on, session and other words", SSO + "sso_region = us-west-2\n", REFUSED),
        Form("single sign-on without a login", SSO_LEGACY.replace("legacy", "nobody"), REFUSED),
        # With nothing else set: botocore makes no client at all with such a file, whoever signs.
        Form("single sign-on, missing session", SSO.replace("corp", "cork"), REFUSED, environments=3),
        Form("single sign-on, half", "sso_session = corp\nsso_account_id = 111122223333\n", REFUSED),
        Form("single sign-on for tokens only", "sso_session = corp\n", INSTANCE, variables=machine, departs=NOT_THE_MACHINE),
        Form("single sign-on for tokens, and keys", "sso_session = corp\n" + pair("own"), static("own")),
        Form("web identity", web(), WEB),
        Form("web identity without a role", f"web_identity_token_file = {HOME.name}/token\n", REFUSED),
        Form("web identity whose token is missing", role("Web", web_identity_token_file="/nowhere"), REFUSED),
        Form("login", "login_session = arn:aws:iam::111122223333:user/me\n", REFUSED),
        Form("no credentials", "region = eu-west-1\n", INSTANCE, variables=machine, departs=NOT_THE_MACHINE),
        Form("no credentials in a container", "region = eu-west-1\n", CONTAINER, variables=given, departs=NOT_THE_MACHINE),
        Form(
            "role with a code",
            role("A", source_profile="base", mfa_serial="arn:aws:iam::111122223333:mfa/me"),
            assumed(BASE_KEY, "A", "code"),
            others=BASE,
            departs=NO_CODE,
        ),
        Form(
            "role over a role with a code",
            role("B", source_profile="middle"),
            assumed(assumed(BASE_KEY, "A", "code"), "B"),
            others="[profile middle]\n" + role("A", source_profile="base", mfa_serial="arn:aws:iam::111122223333:mfa/me") + BASE,
            departs=NO_CODE,
        ),
        Form(
            "role of keys whose own role needs a code",
            role("B", source_profile="middle"),
            assumed(static("middle"), "B"),
            others="[profile middle]\n" + role("A", source_profile="base", mfa_serial="mfa/me") + pair("middle") + BASE,
        ),
        Form("keys with a code for others", pair("own") + "mfa_serial = arn:aws:iam::111122223333:mfa/me\n", static("own")),
        Form("web identity with a code", web() + "mfa_serial = mfa/me\n", WEB),
    ]
    combined = orders()
    for form in combined:
        form.environments = 4
    return found + combined


def orders() -> list[Form]:
    """Profiles that hold several kinds: which one wins, in the selected profile and in a source profile further down."""
    # In botocore's order, with the file that they stand in.
    kinds = [
        ("web identity", web(), "", WEB),
        ("single sign-on", SSO, "", SESSION),
        ("keys in the credentials file", "", pair("file"), static("file")),
        ("process", process("order"), "", static("order")),
        ("keys in the configuration", pair("config"), "", static("config")),
    ]
    found = []
    for place, (first, config, credentials, wanted) in enumerate(kinds):
        for second, below, below_credentials, _ in kinds[place + 1 :]:
            both = {"config": config + below, "credentials": credentials + below_credentials}
            # The configuration's keys are hidden by the credentials file's of the same name, as in "keys in both files".
            found.append(Form(f"{first} and {second}", wanted=wanted, **both))
            found.append(
                Form(
                    f"role of {first} and {second}",
                    role("Top", source_profile="lower"),
                    assumed(wanted, "Top"),
                    others="[profile lower]\n" + both["config"],
                    other_credentials="[lower]\n" + both["credentials"],
                )
            )
    for name, config, credentials, wanted in kinds[1:]:
        found.append(
            Form(f"role and {name}", role("A", source_profile="base") + config, assumed(BASE_KEY, "A"), credentials, BASE)
        )
        keys = name.startswith("keys")
        found.append(
            Form(
                f"role of a role and {name}",
                role("Top", source_profile="lower"),
                # Further down, keys of any kind let the role be.
                assumed(wanted if keys else assumed(BASE_KEY, "A"), "Top"),
                others="[profile lower]\n" + role("A", source_profile="base") + config + BASE,
                other_credentials="[lower]\n" + credentials,
            )
        )
    found.append(
        Form(
            "role of a role, single sign-on and keys",
            role("Top", source_profile="lower"),
            assumed(SESSION, "Top"),
            others="[profile lower]\n" + role("A", source_profile="base") + SSO + pair("config") + BASE,
        )
    )
    found.append(
        Form(
            "role of a source that is never asked",
            role("Top", source_profile="lower"),
            REFUSED,
            others="[profile lower]\ncredential_source = Environment\n",
        )
    )
    return found


def write_tokens() -> None:
    """What `aws sso login` leaves, and the tokens of web identities."""
    cache = pathlib.Path(HOME.name, ".aws/sso/cache")
    cache.mkdir(parents=True)
    for name, token, url in [
        ("https://legacy.awsapps.com/start", "legacy token", "https://legacy.awsapps.com/start"),
        ("corp", "session token", "https://corp.awsapps.com/start"),
    ]:
        path = cache / f"{hashlib.sha1(name.encode()).hexdigest()}.json"
        path.write_text(json.dumps({"startUrl": url, "region": "us-east-1", "accessToken": token, "expiresAt": FUTURE}))
    pathlib.Path(HOME.name, "token").write_text("token of the profile\n")
    pathlib.Path(HOME.name, "pod").write_text("token of the pod")


@dataclass
class Question:
    """One form of profile in one environment."""

    form: Form
    place: str
    extra: dict[str, str]
    folder: pathlib.Path
    server: Server

    @property
    def name(self) -> str:
        return "default" if self.place == "default" else "chosen"

    def variables(self) -> dict[str, str]:
        """The environment of both programs; also writes its files."""
        section = "[default]" if self.place == "default" else "[profile chosen]"
        config = self.form.config.replace("{name}", self.name)
        others = self.form.others.replace("{name}", self.name)
        session = "[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n"
        (self.folder / "config").write_text(f"{section}\n{config}\n{others}\n[profile base2]\n{pair('base2')}\n{session}")
        credentials = f"[{self.name}]\n{self.form.credentials}\n" if self.form.credentials else ""
        (self.folder / "credentials").write_text(credentials + self.form.other_credentials)
        url = f"{self.server.url}/{self.folder.name}"
        machine = {name: value.replace("{server}", self.server.url) for name, value in self.form.variables.items()}
        named = {self.place: self.name} if self.place.startswith("AWS_") else {}
        return {
            "HOME": HOME.name,
            "PATH": os.environ["PATH"],
            "AWS_CONFIG_FILE": str(self.folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": url,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.server.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            **machine,
            **named,
            **self.extra,
        }

    def used(self) -> str:
        """The key that orgsweep signed with."""
        keys = set(self.server.signed.get(self.folder.name, []))
        assert len(keys) <= 1, f"{self}: signed with several keys: {keys}"
        return keys.pop() if keys else REFUSED

    def wanted(self) -> str:
        """What a reader of the documentation expects, where the environment has its own say."""
        named_by_option = self.place == "--profile"
        by_role = "role_arn" in self.form.config and "web_identity_token_file" not in self.form.config
        if not named_by_option and "AWS_ACCESS_KEY_ID" in self.extra:
            return ENVIRONMENT
        if not named_by_option and "AWS_ROLE_ARN" in self.extra and not by_role:
            return WEB_OF_ENVIRONMENT
        if self.form.name == "role of the environment":
            return assumed(ENVIRONMENT, "A") if "AWS_ACCESS_KEY_ID" in self.extra else REFUSED
        return self.form.wanted

    def departs(self, botocores: str) -> str:
        """Why orgsweep refuses here."""
        is_forms_own = botocores == self.form.wanted
        # Without a name there is nothing that the machine's role could be mistaken for.
        if self.form.departs == NOT_THE_MACHINE and self.place == "default":
            return ""
        return self.form.departs if is_forms_own else ""

    def __str__(self) -> str:
        return f"{self.form.name}, by {self.place}, with {', '.join(self.extra) or 'nothing'} set"


# Reads the descriptions of services once.
LOADER = botocore.loaders.create_loader()


def ask_botocore(question: Question) -> str:
    with mock.patch.dict(os.environ, question.variables(), clear=True), mock.patch(
        "getpass.getpass", return_value="123456"
    ):
        try:
            session = botocore.session.Session(profile="chosen" if question.place == "--profile" else None)
            session.register_component("data_loader", LOADER)
            # The prompt is bound when the provider is made.
            provider = session.get_component("credential_provider").get_provider("assume-role")
            provider._prompter = lambda _: "123456"
            return session.get_credentials().get_frozen_credentials().access_key
        except (botocore.exceptions.BotoCoreError, OSError, ValueError):
            return REFUSED


def ask_orgsweep(question: Question) -> subprocess.CompletedProcess[str]:
    asked = ["--profile", "chosen"] if question.place == "--profile" else []
    return subprocess.run(
        [ORGSWEEP, "scan", "--plan", *asked],
        env=question.variables(),
        capture_output=True,
        text=True,
        check=False,
        cwd=question.folder,
    )


def judge(verdicts: Verdicts, question: Question, said: subprocess.CompletedProcess[str], departures: set[str]) -> None:
    botocores = ask_botocore(question)
    wanted = question.wanted()
    verdicts.check(botocores == wanted, f"{question}: botocore signs with {botocores}, expected {wanted}")
    ours = question.used()
    reason = question.departs(botocores)
    if reason:
        departures.add(reason)
        verdicts.check(ours == REFUSED, f"{question}: listed as refused ({reason}), but signs with {ours}")
    else:
        verdicts.check(ours == botocores, f"{question}: signs with {ours}, botocore with {botocores}: {said.stderr}")
    if reason == NO_CODE:
        verdicts.check("aws configure export-credentials" in said.stderr, f"{question}: no way out: {said.stderr}")
    if ours == REFUSED:
        told = said.returncode == 3 and said.stderr.count("error:") == 1
        verdicts.check(told, f"{question}: exit {said.returncode}, one error expected: {said.stderr}")
    warned = "warning:" in said.stderr
    passed_over = question.place.startswith("AWS_") and ours in (ENVIRONMENT, WEB_OF_ENVIRONMENT)
    verdicts.check(warned == passed_over, f"{question}: warned {warned}, expected {passed_over}: {said.stderr}")


def unknown_profiles(verdicts: Verdicts, server: Server, folder: pathlib.Path) -> None:
    """A name that is in neither file is refused by both, whatever the environment has."""
    form = Form("unknown", pair("own"), REFUSED)
    for place, variables in ENVIRONMENTS:
        if place == "default":
            continue
        named = {} if place == "--profile" else {place: "chosem"}
        question = Question(form, "unknown", {**variables, **named}, folder, server)
        with mock.patch.dict(os.environ, question.variables(), clear=True):
            try:
                session = botocore.session.Session(profile="chosem" if place == "--profile" else None)
                session.create_client("sts")
                refused = False
            except botocore.exceptions.ProfileNotFound:
                refused = True
        asked = ["--profile", "chosem"] if place == "--profile" else []
        done = subprocess.run(
            [ORGSWEEP, "scan", "--plan", *asked],
            env=question.variables(),
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
        )
        verdicts.check(refused, f"botocore uses an unknown profile by {place} {variables}")
        verdicts.check(question.used() == REFUSED, f"an unknown profile by {place} {variables} is used")
        named_all = all(word in done.stderr for word in ("chosem", '"chosen"', str(folder / "config")))
        verdicts.check(done.returncode == 3 and named_all, f"unknown by {place} {variables}: {done.stderr}")


def main() -> None:
    verdicts = Verdicts()
    server = Server()
    write_tokens()
    root = pathlib.Path(HOME.name)
    questions = []
    for form in forms():
        for place, variables in ENVIRONMENTS[: form.environments]:
            folder = root / f"q{len(questions)}"
            folder.mkdir()
            questions.append(Question(form, place, variables, folder, server))
    with ThreadPoolExecutor(max_workers=4) as pool:
        answers = list(pool.map(ask_orgsweep, questions))
    departures: set[str] = set()
    for question, said in zip(questions, answers, strict=True):
        judge(verdicts, question, said, departures)
    folder = root / "unknown"
    folder.mkdir()
    unknown_profiles(verdicts, server, folder)
    verdicts.check(departures == {NOT_THE_MACHINE, NO_CODE}, f"a departure is listed that was not met: {departures}")
    print(f"{len(questions)} questions; departures: {len(departures)}")
    verdicts.close()


if __name__ == "__main__":
    main()
