"""Secrets: references in hub.toml, revealed late, printed never.

hub.toml holds ``${env:NAME}``, ``${file:/path}`` or ``${keyring:SERVICE/USER}`` (the keyring of the
operating system, with the extra ``cxhub[keyring]``), never a literal. A reference becomes a
:class:`Secret` when the settings are validated; its value is read at the first ``reveal()``.
A :class:`Redactor` removes revealed values from any text, in each form a value takes on its way
into a log line: raw, base64, URL-escaped and JSON-escaped.
"""

from __future__ import annotations

import base64
import importlib
import json
import logging
import os
import re
import stat
from pathlib import Path
from typing import Literal, cast
from urllib.parse import quote, quote_plus

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from hub.core.errors import ConfigError

REFERENCE = re.compile(r"\$\{(env|file|keyring):([^${}]+)\}")
"""What a secret looks like in hub.toml."""

MASK = "***"

LITERAL_FIX = (
    'a reference: put the value into the environment and write "${env:NAME}", '
    'or into a file of mode 600 and write "${file:/path/to/file}"'
)
"""How to replace a literal secret; ends each message that refuses one."""


REFUSAL = "must not stand in hub.toml"
"""How every message about a literal secret ends."""


Kind = Literal["env", "file", "keyring", "given"]


class Secret:
    """A secret's reference; the value exists only inside ``reveal()`` and the redactor.

    >>> Secret("env", "HUBSPOT_TOKEN")
    Secret(${env:HUBSPOT_TOKEN})
    >>> print(Secret("env", "HUBSPOT_TOKEN"))
    ***
    """

    __slots__ = ("_kind", "_name", "_value")

    def __init__(self, kind: Kind, name: str) -> None:
        self._kind = kind
        self._name = name
        self._value: str | None = None

    @classmethod
    def parse(cls, text: str) -> Secret:
        """The secret that a reference such as ``${env:NAME}`` refers to.

        Raises:
            ValueError: If ``text`` is anything else; the message does not repeat it.
        """
        match = REFERENCE.fullmatch(text)
        if match is None:
            raise ValueError("not a reference")
        return cls(cast(Kind, match[1]), match[2])

    @classmethod
    def of(cls, value: str) -> Secret:
        """A secret whose value is already at hand: a token that a vendor just issued."""
        secret = cls("given", "value")
        secret._value = value
        return secret

    @property
    def reference(self) -> str:
        """The reference as it stands in hub.toml; safe to print."""
        return f"${{{self._kind}:{self._name}}}"

    @property
    def revealed(self) -> str | None:
        """The value if somebody revealed it in this process, else None."""
        return self._value

    def reveal(self) -> str:
        """The value, read once; a changed environment or file needs a restart.

        Raises:
            ConfigError: If the variable is not set, the keyring has no such entry, or the file
                cannot be read, is empty, or may be read by others than its owner.
        """
        if self._value is None:
            readers = {"env": self._from_env, "file": self._from_file}
            self._value = readers.get(self._kind, self._from_keyring)()
        return self._value

    def _from_env(self) -> str:
        value = os.environ.get(self._name, "")
        if not value:
            raise ConfigError(
                f"{self.reference}: the environment variable {self._name} is not set. "
                f"Set it where the hub is started, for example: export {self._name}=…",
                code="HUB-211",
            )
        return value

    def _from_file(self) -> str:
        path = Path(self._name).expanduser()
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            value = path.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as err:
            reason = err.strerror if isinstance(err, OSError) else "not UTF-8 text"
            raise ConfigError(
                f"{self.reference}: cannot read {path}: {reason}. "
                "Write the secret there as one line of text and run: chmod 600 " + str(path),
                code="HUB-212",
            ) from err
        if mode & 0o177:
            raise ConfigError(
                f"{self.reference}: {path} has mode {mode:03o}, so others may read it. "
                f"Run: chmod 600 {path}",
                code="HUB-213",
            )
        if not value:
            raise ConfigError(
                f"{self.reference}: {path} is empty. Write the secret there.", code="HUB-212"
            )
        return value

    def _from_keyring(self) -> str:
        service, _, user = self._name.rpartition("/")
        try:
            keyring = importlib.import_module("keyring")
        except ImportError as err:
            raise ConfigError(
                f"{self.reference}: the package keyring is not installed. Run: pip install"
                ' "cxhub[keyring]"',
                code="HUB-215",
            ) from err
        try:
            value = keyring.get_password(service, user)
        except keyring.errors.KeyringError as err:
            raise ConfigError(
                f"{self.reference}: the keyring does not open ({type(err).__name__}). Unlock it,"
                " or use a file of mode 600",
                code="HUB-215",
            ) from err
        if not value:
            raise ConfigError(
                f"{self.reference}: no such entry. Run: keyring set {service} {user}",
                code="HUB-215",
            )
        return str(value)

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({self.reference})"

    def __reduce__(self) -> tuple[type[Secret], tuple[str, str]]:
        """A pickle carries the reference, so that another process reads the value by itself."""
        if self._kind == "given":
            raise TypeError("a secret that has no reference stays in its process")
        return Secret, (self._kind, self._name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self._kind, self._name, self._value) == (
            other._kind,
            other._name,
            other._value,
        )

    def __hash__(self) -> int:
        return hash((self._kind, self._name))

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _from_settings,
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            "type": "string",
            "pattern": f"^{REFERENCE.pattern}$",
            "title": "Secret reference",
            "examples": ["${env:HUBSPOT_TOKEN}", "${file:/run/secrets/hubspot}"],
        }


def _from_settings(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("secret_type", "a secret is given as a reference in quotes")
    try:
        return Secret.parse(value)
    except ValueError:
        raise PydanticCustomError("literal_secret", f"a secret {REFUSAL}") from None


_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a HubSpot token", re.compile(r"\bpat-(?:na|eu|ap)\d-[0-9a-f-]{16,}", re.I)),
    ("a Shopify token", re.compile(r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{16,}")),
    ("a hub API key", re.compile(r"\bhub_[0-9a-z]+_[0-9A-Za-z_-]{32,}")),
    ("a Stripe-style key", re.compile(r"\b[sr]k_(?:live|test)_[0-9A-Za-z]{16,}")),
    ("an AWS access key", re.compile(r"\bAKIA[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\bgh[pousr]_[0-9A-Za-z]{30,}")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{16,}")),
    ("a JSON web token", re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("an authorization header", re.compile(r"\b(?:Bearer|Basic) [\w+/=.~-]{16,}")),
    ("a URL with a password", re.compile(r"\b[a-z][\w+.-]*://[^\s/:@]*:[^\s/@]+@", re.I)),
)


def kind_of_secret(text: str) -> str | None:
    """What kind of secret ``text`` looks like by its shape, or None.

    The shapes are prefixes that vendors chose so that scanners recognise them; a value without
    such a prefix is caught by its key (a secret field takes references only).

    >>> kind_of_secret("postgresql://hub:hunter2@db/hub")
    'a URL with a password'
    """
    bare = REFERENCE.sub("", text)
    return next((kind for kind, shape in _SHAPES if shape.search(bare)), None)


_SHORTEST = 4
"""Below this length, replacing a value in all text would shred it and protect nothing."""


class Redactor:
    """Removes every secret that was revealed in this process from text about to leave it."""

    def __init__(self) -> None:
        self._secrets: list[Secret] = []

    def add(self, secret: Secret) -> None:
        """Cover ``secret`` from the moment it is revealed."""
        self._secrets.append(secret)

    def filter(self, record: logging.LogRecord) -> bool:
        """Redacts a log record in place; this makes a redactor a filter of ``logging``."""
        record.msg, record.args = self.redact(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self.redact(logging.Formatter().formatException(record.exc_info))
        return True

    def redact(self, text: str) -> str:
        """``text`` with each form of each revealed secret replaced by ``***``."""
        values = {s.revealed for s in self._secrets if s.revealed is not None}
        forms = {form for value in values if len(value) >= _SHORTEST for form in _forms(value)}
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, MASK)
        return text


def _forms(value: str) -> set[str]:
    """The ways ``value`` is written when it travels: in headers, URLs, JSON and base64."""
    escaped = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    quoted = {quote(value), quote(value, safe=""), quote_plus(value)}
    return {value} | escaped | quoted | {q.lower() for q in quoted if "%" in q} | _base64(value)


def _base64(value: str) -> set[str]:
    """What is constant of base64 texts that contain ``value`` at each of the three alignments.

    ``Basic`` credentials encode ``user:password``, so the value starts anywhere in a group of
    three bytes; characters that also depend on its neighbours are cut off.
    """
    raw = value.encode()
    found: set[str] = set()
    for lead in range(3):
        encoded = base64.b64encode(b"\0" * lead + raw).decode()
        start = (lead * 8 + 5) // 6
        end = (lead + len(raw)) * 8 // 6
        core = encoded[start:end]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return {core for core in found if len(core) >= _SHORTEST}
