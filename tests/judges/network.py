"""Which certificates are trusted, and which proxy is asked: AWS_CA_BUNDLE, ca_bundle of the profile and HTTPS_PROXY, as
botocore reads them.

A server on loopback speaks TLS with a certificate of an authority that no machine knows. Both programs ask it who they
are; each file, variable and profile has to come to the same in both.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import pathlib
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
from unittest import mock

import botocore.config
import botocore.exceptions
import botocore.session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from judge import ORGSWEEP, Verdicts
from profile_server import Server

KEY = "AKIAPROFILE000000000"
START = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
ONCE = botocore.config.Config(retries={"total_max_attempts": 1})


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + datetime.timedelta(days=36500))
    )


def authority(subject: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    made = builder(subject, subject, key).add_extension(x509.BasicConstraints(True, None), True).add_extension(usage, True)
    return key, made.sign(key, hashes.SHA256())


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def write_files(folder: pathlib.Path) -> ssl.SSLContext:
    """The bundles, and what the server shows."""
    key, ours = authority("Example Corporation Root")
    _, other = authority("Another Root")
    server_key = ec.generate_private_key(ec.SECP256R1())
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = builder("server", "Example Corporation Root", server_key).add_extension(address, False)
    certificate = certificate.add_extension(x509.BasicConstraints(False, None), True).sign(key, hashes.SHA256())
    (folder / "good.pem").write_bytes(pem(ours))
    (folder / "other.pem").write_bytes(pem(other))
    (folder / "both.pem").write_bytes(b"# Another Root\n" + pem(other) + b"\n# Example\n" + pem(ours))
    (folder / "empty.pem").write_bytes(b"")
    (folder / "text.pem").write_bytes(b"no certificate\n")
    (folder / "server.pem").write_bytes(
        pem(certificate)
        + server_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


# What AWS_CA_BUNDLE is, what ca_bundle of the profile is, and whether the server is trusted.
CASES = [
    (None, None, False),
    ("good.pem", None, True),
    ("both.pem", None, True),
    ("other.pem", None, False),
    ("missing.pem", None, False),
    ("empty.pem", None, False),
    ("text.pem", None, False),
    (None, "good.pem", True),
    (None, "other.pem", False),
    (None, "missing.pem", False),
    ("good.pem", "other.pem", True),
    ("good.pem", "missing.pem", True),
    ("other.pem", "good.pem", False),
    ("missing.pem", "good.pem", False),
]


class Proxy(socketserver.ThreadingTCPServer):
    """Connects whoever asks, to the server alone, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self, server: Server) -> None:
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.server = server
        self.address = f"127.0.0.1:{self.server_address[1]}"
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Tunnel(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        head = []
        while line := self.rfile.readline().strip():
            head.append(line.decode())
        secret = [line.partition(": ")[2] for line in head if line.lower().startswith("proxy-authorization")]
        self.server.asked.append(" ".join([head[0].partition(" ")[0], *secret]))
        with socket.create_connection(("127.0.0.1", self.server.server.server_port)) as far:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=relay, args=(far, self.connection), daemon=True).start()
            relay(self.connection, far)


def relay(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


# Variables, and what the proxy is asked; None: nobody is reached.
PROXIES = [
    ({}, []),
    ({"HTTPS_PROXY": "http://{proxy}"}, ["CONNECT"]),
    ({"https_proxy": "http://{proxy}"}, ["CONNECT"]),
    ({"HTTPS_PROXY": "{proxy}"}, ["CONNECT"]),
    ({"HTTPS_PROXY": "http://me:secret@{proxy}"}, ["CONNECT Basic bWU6c2VjcmV0"]),
    ({"https_proxy": "http://{proxy}", "HTTPS_PROXY": "http://127.0.0.1:1"}, ["CONNECT"]),
    ({"HTTPS_PROXY": "http://{proxy}", "NO_PROXY": "127.0.0.1"}, []),
    ({"HTTPS_PROXY": "http://{proxy}", "NO_PROXY": "example.com"}, ["CONNECT"]),
    ({"HTTP_PROXY": "http://{proxy}"}, []),
    ({"HTTPS_PROXY": "http://127.0.0.1:1"}, None),
]


def proxies(verdicts: Verdicts, server: Server, folder: pathlib.Path) -> None:
    (folder / "config").write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = secret\n")
    proxy = Proxy(server)
    for place, (variables, wanted) in enumerate(PROXIES):
        given = {name: value.replace("{proxy}", proxy.address) for name, value in variables.items()}
        common = {**environment(folder), "AWS_CA_BUNDLE": str(folder / "good.pem"), **given}
        for who in ("botocore", "orgsweep"):
            proxy.asked.clear()
            told = ask(who, {**common, "AWS_ENDPOINT_URL": f"{server.url}/{who}-proxy-{place}"}, None, folder)
            reached = server.signed.get(f"{who}-proxy-{place}", []) == [KEY]
            verdicts.check(reached == (wanted is not None), f"{variables}: {who} reaches the server: {reached}: {told}")
            # orgsweep asks more than one question afterwards, over one connection or several.
            asked = sorted(set(proxy.asked))
            verdicts.check(asked == (wanted or []), f"{variables}: {who} asks the proxy {asked}, expected {wanted}")


def environment(folder: pathlib.Path) -> dict[str, str]:
    return {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
    }


def ask(who: str, variables: dict[str, str], profile: str | None, folder: pathlib.Path) -> str:
    if who == "botocore":
        ask_botocore(variables, profile)
        return ""
    return ask_orgsweep(variables, profile, folder).stderr


def ask_orgsweep(
    variables: dict[str, str], profile: str | None, folder: pathlib.Path
) -> subprocess.CompletedProcess[str]:
    asked = ["--profile", profile] if profile else []
    return subprocess.run(
        [ORGSWEEP, "scan", "--plan", *asked], env=variables, capture_output=True, text=True, check=False, cwd=folder
    )


def ask_botocore(variables: dict[str, str], profile: str | None) -> None:
    with mock.patch.dict(os.environ, variables, clear=True):
        try:
            session = botocore.session.Session(profile=profile)
            session.create_client("sts", config=ONCE).get_caller_identity()
        except (botocore.exceptions.BotoCoreError, OSError):
            pass


def main() -> None:
    verdicts = Verdicts()
    folder = pathlib.Path(tempfile.mkdtemp())
    server = Server(write_files(folder))
    for place, (variable, profile, trusted) in enumerate(CASES):
        for named in ("chosen", "default"):
            section = "[profile chosen]" if named == "chosen" else "[default]"
            bundle = f"ca_bundle = {folder / profile}\n" if profile else ""
            keys = f"aws_access_key_id = {KEY}\naws_secret_access_key = secret\n"
            (folder / "config").write_text(f"{section}\n{keys}{bundle}")
            path = f"{place}-{named}"
            variables = environment(folder)
            if variable:
                variables["AWS_CA_BUNDLE"] = str(folder / variable)
            case = f"AWS_CA_BUNDLE {variable}, ca_bundle {profile}, profile {named}"
            asked = "chosen" if named == "chosen" else None
            ask_botocore({**variables, "AWS_ENDPOINT_URL": f"{server.url}/botocore-{path}"}, asked)
            done = ask_orgsweep({**variables, "AWS_ENDPOINT_URL": f"{server.url}/orgsweep-{path}"}, asked, folder)
            for who in ("botocore", "orgsweep"):
                reached = server.signed.get(f"{who}-{path}", []) == [KEY]
                verdicts.check(reached == trusted, f"{case}: {who} trusts: {reached}, expected {trusted}: {done.stderr}")
            if not trusted:
                verdicts.check(done.returncode == 3, f"{case}: exit {done.returncode}: {done.stderr}")
            used = variable or profile
            if used in ("missing.pem", "empty.pem", "text.pem"):
                names = ["AWS_CA_BUNDLE" if variable else f'ca_bundle of profile "{named}"', str(folder / used)]
                verdicts.check(all(part in done.stderr for part in names), f"{case}: not named: {done.stderr}")
    proxies(verdicts, server, folder)
    verdicts.close()


if __name__ == "__main__":
    main()
