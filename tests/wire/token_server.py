"""Google's token endpoint on loopback, and accounts that get their tokens there."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

PROJECT = "project-of-the-account"


@cache
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass
class TokenServer:
    """Gives `ya29.token-1`, `-2` and so on. `refusals` are answered first: a status and a body each. `claims`: what
    each request asked with."""

    url: str
    refusals: list[tuple[int, bytes]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    lifetime: int = 3600

    def account(self, **fields: Any) -> str:
        """A service account as Google writes it, with its token address here."""
        account = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "k-1",
            "private_key": private_key(),
            "client_email": "flemma@project.iam.gserviceaccount.com",
            "client_id": "1",
            "token_uri": f"{self.url}/token",
        }
        return json.dumps({name: value for name, value in (account | fields).items() if value is not None}, indent=2)

    def answer(self, form: dict[str, list[str]]) -> tuple[int, bytes]:
        payload = form["assertion"][0].split(".")[1]
        self.claims.append(json.loads(base64.urlsafe_b64decode(payload + "==")))
        if self.refusals:
            return self.refusals.pop(0)
        token = {"access_token": f"ya29.token-{len(self.claims)}", "expires_in": self.lifetime, "token_type": "Bearer"}
        return 200, json.dumps(token).encode()


@contextmanager
def token_server() -> Iterator[TokenServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            status, body = served.answer(form)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """The test tells what matters."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = TokenServer(f"http://127.0.0.1:{listening.server_port}")
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield served
    listening.shutdown()
    listening.server_close()
    thread.join()
