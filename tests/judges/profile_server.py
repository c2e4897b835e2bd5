"""A server on loopback that plays STS, IAM Identity Center, a container's and an instance's credentials.

Every key that it gives says by whom and how it was asked for.
"""

from __future__ import annotations

import datetime
import hashlib
import http.server
import json
import ssl
import threading
import urllib.parse

FUTURE = "2099-01-01T00:00:00Z"
ROLE = "arn:aws:iam::111122223333:role/"
REFUSED = "refused"


def key(*parts: str) -> str:
    """The key that comes of these parts."""
    return "ASIA" + hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16].upper()


INSTANCE = key("instance")
CONTAINER = key("container")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        if tls:
            # The handshake is each connection's own: one that fails must not end the server.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_port}"
        # The keys that sts:GetCallerIdentity was signed with, by the path that the endpoint ends with.
        self.signed: dict[str, list[str]] = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """Who does not trust the certificate hangs up."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: str, kind: str = "application/json") -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self) -> str:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()

    def signer(self) -> str:
        return self.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]

    def do_PUT(self) -> None:
        self.body()
        self.send_response(200)
        self.send_header("X-aws-ec2-metadata-token-ttl-seconds", "21600")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"token")

    def do_GET(self) -> None:
        address = urllib.parse.urlsplit(self.path)
        if address.path.endswith("/federation/credentials"):
            query = dict(urllib.parse.parse_qsl(address.query))
            token = self.headers["x-amz-sso_bearer_token"]
            given = key("sso", token, query["account_id"], query["role_name"])
            expires = int(datetime.datetime.fromisoformat(FUTURE).timestamp() * 1000)
            names = {"accessKeyId": given, "secretAccessKey": "s", "sessionToken": "t", "expiration": expires}
            return self.answer(200, json.dumps({"roleCredentials": names}))
        if "/latest/meta-data/iam/security-credentials" in address.path:
            if address.path.endswith("/Machine"):
                return self.answer(200, self.of_machine(INSTANCE))
            return self.answer(200, "Machine", "text/plain")
        if address.path.endswith("/container"):
            return self.answer(200, self.of_machine(CONTAINER))
        return self.answer(404, "")

    def of_machine(self, given: str) -> str:
        names = {"AccessKeyId": given, "SecretAccessKey": "s", "Token": "t", "Expiration": FUTURE}
        return json.dumps({"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z", **names})

    def do_POST(self) -> None:
        asked = dict(urllib.parse.parse_qsl(self.body()))
        action = asked.get("Action", "")
        if action == "GetCallerIdentity":
            self.server.signed.setdefault(self.path.strip("/"), []).append(self.signer())
            inside = "<Arn>arn:aws:iam::111122223333:user/me</Arn><UserId>AIDA</UserId><Account>111122223333</Account>"
        elif action == "AssumeRole":
            # Only what a profile says; each program has a name and a duration of its own.
            more = [asked["ExternalId"], asked["RoleSessionName"], asked["DurationSeconds"]] if "ExternalId" in asked else []
            code = ["code"] if "TokenCode" in asked else []
            inside = self.credentials(key("AssumeRole", self.signer(), asked["RoleArn"], *more, *code))
        elif action == "AssumeRoleWithWebIdentity":
            assert not self.signer(), "a web identity is not signed for"
            inside = self.credentials(key("web", asked["RoleArn"], asked["WebIdentityToken"].strip()))
        elif "X-Amz-Target" in self.headers:
            return self.answer(400, json.dumps({"__type": "AccessDeniedException", "Message": "not played here"}))
        else:
            error = "<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not played here</Message></Error>"
            return self.answer(403, f"<ErrorResponse>{error}</ErrorResponse>", "text/xml")
        text = f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{inside}'
        text += f"</{action}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
        return self.answer(200, text, "text/xml")

    def credentials(self, given: str) -> str:
        names = {"AccessKeyId": given, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": FUTURE}
        user = f"<AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>{ROLE.replace(':iam:', ':sts:')}x/x</Arn>"
        inside = "".join(f"<{name}>{value}</{name}>" for name, value in names.items())
        return f"<Credentials>{inside}</Credentials>{user}</AssumedRoleUser>"
