"""Real receivers of alerts on loopback: one over HTTP, one that speaks SMTP."""

from __future__ import annotations

import base64
import contextlib
import hmac
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Pager:
    """Takes signed POSTs, and refuses those that are not signed with its key.

    Args:
        key: What the signatures are made with.
        answers: Status by webhook-id, where it is not 200.
        status: Status of everything else that is rightly signed.
        got: webhook-id and content of what it took.
        asked: Number of requests.
        dawdle: Called before each answer.
    """

    key: bytes
    answers: dict[str, int] = field(default_factory=dict)
    status: int = 200
    got: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    asked: int = 0
    dawdle: Callable[[], None] = lambda: None
    url: str = ""

    def take(self, headers: Message, body: bytes) -> int:
        """The status for one delivery, after the receiver's side of Standard Webhooks."""
        self.asked += 1
        self.dawdle()
        name, stamp = headers["webhook-id"], headers["webhook-timestamp"]
        digest = hmac.digest(self.key, f"{name}.{stamp}.".encode() + body, "sha256")
        if headers["webhook-signature"] != "v1," + base64.b64encode(digest).decode():
            return 401
        status = self.answers.get(name, self.status)
        if status < 300:
            self.got.append((name, orjson.loads(body)))
        return status


@contextlib.contextmanager
def listening(pager: Pager) -> Iterator[Pager]:
    """The pager behind a real HTTP server, which answers in plain text as many do."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(pager.take(self.headers, body))
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        pager.url = f"http://127.0.0.1:{server.server_port}/hook"
        with _running(server):
            yield pager


@dataclass
class Postbox:
    """A mail server that asks for a log-in, and keeps what it takes.

    Args:
        password: The only one that it knows.
        tls: What it encrypts with after STARTTLS; without it, it offers none.
        implicit: Whether it encrypts from the first byte on.
        refuses: Status with which it turns down every message, or 0.
        unknown: A receiver that it does not know.
        got: What it took.
    """

    password: str = "a-long-password"
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    refuses: int = 0
    unknown: str = "nobody@"
    got: list[Message] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    port: int = 0


@contextlib.contextmanager
def open_postbox(box: Postbox) -> Iterator[Postbox]:
    """The mail server behind a real socket. Source: RFC 5321, 3207 (STARTTLS), 4954 (AUTH)."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.known = self.hidden = False
            if box.tls and box.implicit:
                self.hide(box.tls)
            self.say("220 box")
            while line := self.heard():
                verb = line.decode().split()[0].upper()
                if verb == "QUIT":
                    self.say("221 bye")
                    return
                self.answer(verb, line.decode().strip())

        def heard(self) -> bytes:
            with contextlib.suppress(OSError):
                return self.rfile.readline()
            return b""

        def answer(self, verb: str, line: str) -> None:
            if verb == "EHLO":
                offers = [
                    "box",
                    "AUTH PLAIN",
                    *(["STARTTLS"] if box.tls and not self.hidden else []),
                ]
                self.say(*(f"250-{each}" for each in offers), "250 8BITMIME")
            elif verb == "STARTTLS" and box.tls:
                self.say("220 go on")
                self.hide(box.tls)
            elif verb == "AUTH":
                said = base64.b64decode(line.split()[2]).decode().split("\0")
                self.known = said[1:] == ["hub", box.password]
                self.say("235 welcome" if self.known else "535 no such user")
            elif verb == "DATA":
                self.say("354 go on")
                self.keep()
            elif verb == "MAIL" and (box.refuses or not self.known):
                self.say(f"{box.refuses or 530} not ada@example.org")
            elif verb == "RCPT" and box.unknown in line:
                self.say("550 no such mailbox")
            else:
                self.say("250 ok")

        def hide(self, tls: ssl.SSLContext) -> None:
            plain, self.hidden = self.request, True
            self.rfile.close()
            self.wfile.close()
            self.request = tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
            self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb")
            with contextlib.suppress(ssl.SSLError):  # a client that does not trust us hangs up
                self.request.do_handshake()

        def finish(self) -> None:
            with contextlib.suppress(OSError):
                super().finish()
            self.request.close()

        def keep(self) -> None:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            box.got.append(message_from_bytes(b"".join(lines)))
            box.encrypted.append(self.hidden)
            self.say("250 kept")

        def say(self, *lines: str) -> None:
            self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())
            self.wfile.flush()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        box.port = server.server_address[1]
        with _running(server):
            yield box


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate for 127.0.0.1, as its server and as one who trusts it use it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=True
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "box.pem").write_bytes(private + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "box.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


@contextlib.contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
