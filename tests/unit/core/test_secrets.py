"""Secrets: references in, masks out."""

import base64
import json
import logging
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from hub.core.errors import ConfigError
from hub.core.secrets import MASK, Redactor, Secret, kind_of_secret

CANARY = 'c4nary/+"ü&=secret?'


class Credentials(BaseModel):
    token: Secret


def test_environment_reference_reveals_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """${env:NAME} is the value of NAME in the hub's environment."""
    monkeypatch.setenv("SHOP_TOKEN", CANARY)

    secret = Secret.parse("${env:SHOP_TOKEN}")

    assert secret.revealed is None
    assert secret.reveal() == CANARY


def test_unset_variable_names_itself_and_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which variable is missing and how to set it."""
    monkeypatch.delenv("SHOP_TOKEN", raising=False)

    with pytest.raises(ConfigError, match=r"SHOP_TOKEN is not set.*export SHOP_TOKEN=") as caught:
        Secret.parse("${env:SHOP_TOKEN}").reveal()

    assert caught.value.code == "HUB-211"


def test_file_reference_reveals_its_line(tmp_path: Path) -> None:
    """${file:…} is the file's text without the line end that editors add."""
    path = tmp_path / "token"
    path.write_text(CANARY + "\n")
    path.chmod(0o600)

    assert Secret.parse(f"${{file:{path}}}").reveal() == CANARY


class KeyringError(Exception):
    """What the package keyring raises."""


class Keyring:
    """What the package keyring offers, over a dictionary."""

    errors = SimpleNamespace(KeyringError=KeyringError)

    def __init__(self, held: dict[tuple[str, str], str], locked: bool = False) -> None:
        self.held = held
        self.locked = locked

    def get_password(self, service: str, user: str) -> str | None:
        if self.locked:
            raise KeyringError(CANARY)
        return self.held.get((service, user))


def test_keyring_reference_reveals_its_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """${keyring:SERVICE/USER} is that user's password for that service."""
    monkeypatch.setitem(sys.modules, "keyring", Keyring({("cxhub/shop", "token"): CANARY}))

    assert Secret.parse("${keyring:cxhub/shop/token}").reveal() == CANARY


@pytest.mark.parametrize(
    ("keyring", "told"),
    [
        (None, r"pip install \"cxhub\[keyring\]\""),
        (Keyring({}), "Run: keyring set cxhub token"),
        (Keyring({}, locked=True), "does not open"),
    ],
    ids=["not installed", "no entry", "locked"],
)
def test_a_keyring_that_gives_nothing_names_the_next_step(
    monkeypatch: pytest.MonkeyPatch, keyring: Keyring | None, told: str
) -> None:
    """Install it, fill it or unlock it; the backend's own words stay out."""
    monkeypatch.setitem(sys.modules, "keyring", keyring)

    with pytest.raises(ConfigError, match=told) as caught:
        Secret.parse("${keyring:cxhub/token}").reveal()

    assert caught.value.code == "HUB-215"
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o700], ids=oct)
def test_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """A secret's file has mode 600; the message spells out the command."""
    path = tmp_path / "token"
    path.write_text(CANARY)
    path.chmod(mode)

    with pytest.raises(ConfigError, match=f"chmod 600 {path}") as caught:
        Secret.parse(f"${{file:{path}}}").reveal()

    assert caught.value.code == "HUB-213"
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"], ids=["absent", "empty", "binary"])
def test_unusable_secret_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    """Absent, empty and undecodable files end in a message with the path, not a traceback."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)

    with pytest.raises(ConfigError, match=str(path)) as caught:
        Secret.parse(f"${{file:{path}}}").reveal()

    assert caught.value.code == "HUB-212"


def test_nothing_that_prints_a_secret_shows_it() -> None:
    """str, repr, format, JSON and the repr of a model that holds one all mask the value."""
    model = Credentials(token=Secret.of(CANARY))

    shown = [str(model.token), repr(model.token), f"{model.token}", repr(model), str(model)]

    assert not [text for text in shown if CANARY in text]
    assert model.model_dump_json() == f'{{"token":"{MASK}"}}'


def test_literal_in_a_secret_field_is_refused_without_repeating_it() -> None:
    """Neither the validation error nor its text holds the literal."""
    with pytest.raises(ValidationError) as caught:
        Credentials.model_validate({"token": 5})

    assert caught.value.errors()[0]["type"] == "secret_type"

    with pytest.raises(ValidationError) as caught:
        Credentials.model_validate_json(json.dumps({"token": CANARY}))

    assert caught.value.errors()[0]["type"] == "literal_secret"
    assert CANARY not in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    "text", ["plain", "${vault:x}", "${env:}", "${env:A}x", "x${env:A}", "${env:A}${env:B}", "$A"]
)
def test_only_a_whole_reference_is_a_reference(text: str) -> None:
    """A reference stands alone: a mixture would carry a literal part."""
    with pytest.raises(ValueError, match="not a reference"):
        Secret.parse(text)


def test_redactor_waits_until_a_secret_was_revealed() -> None:
    """Adding a reference reads nothing; a value that nobody read cannot have leaked."""
    redactor = Redactor()

    redactor.add(Secret.parse("${env:NOT_SET_ANYWHERE}"))

    assert redactor.redact("text") == "text"


FORMS = {
    "raw": CANARY,
    "in a sentence": f"token {CANARY}, refused",
    "URL path": quote(CANARY),
    "URL component": quote(CANARY, safe=""),
    "form": quote_plus(CANARY),
    "lower-case escapes": quote(CANARY, safe="")
    .replace("%2F", "%2f")
    .replace("%C3", "%c3")
    .lower(),
    "JSON": json.dumps({"token": CANARY}),
    "JSON, not ASCII": json.dumps({"token": CANARY}, ensure_ascii=False),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_every_written_form_is_redacted(text: str) -> None:
    """However a value is escaped on its way into a line, no form of it survives."""
    redactor = Redactor()
    redactor.add(Secret.of(CANARY))

    clean = redactor.redact(text)

    assert MASK in clean
    assert "nary" not in clean


@given(
    before=st.binary(max_size=7),
    value=st.text(st.characters(codec="utf-8"), min_size=8, max_size=40),
    after=st.binary(max_size=7),
)
def test_base64_of_a_text_that_contains_the_secret_is_redacted(
    before: bytes, value: str, after: bytes
) -> None:
    """Basic credentials encode user:password: the value is found at every alignment."""
    redactor = Redactor()
    redactor.add(Secret.of(value))
    raw = before + value.encode() + after

    for encoded in (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()):
        kept = redactor.redact(encoded).split(MASK)

        assert len(kept) >= 2
        assert sum(map(len, kept)) <= len(encoded) - len(value.encode()) * 4 // 3 + 4


def test_redactor_filters_log_records(caplog: pytest.LogCaptureFixture) -> None:
    """As a logging filter, it cleans message and arguments alike."""
    redactor = Redactor()
    redactor.add(Secret.of(CANARY))
    log = logging.getLogger("test_redactor_filters_log_records")
    log.addFilter(redactor)

    log.warning("sent %s to %s", CANARY, "shop")

    assert caplog.messages == [f"sent {MASK} to shop"]


def test_redactor_filters_tracebacks(caplog: pytest.LogCaptureFixture) -> None:
    """An exception's own text may quote the secret; what is logged of it is clean."""
    redactor = Redactor()
    redactor.add(Secret.of(CANARY))
    log = logging.getLogger("test_redactor_filters_tracebacks")
    log.addFilter(redactor)

    try:
        raise ValueError(f"401 for {CANARY}")
    except ValueError:
        log.exception("reading failed")

    assert CANARY not in caplog.text
    assert "ValueError: 401 for ***" in caplog.text


def test_very_short_value_does_not_shred_the_text() -> None:
    """A one-letter password would mask every such letter; that tells more than it hides."""
    redactor = Redactor()
    redactor.add(Secret.of("a"))

    assert redactor.redact("a banana") == "a banana"


LOOKS = {
    "pat-na1-8e2f01d5-6ec1-4a8a-b6ab-0123456789ab": "a HubSpot token",
    "shpat_0123456789abcdef0123456789abcdef": "a Shopify token",
    "postgresql://hub:hunter2@db/hub": "a URL with a password",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE": "a private key",
    "Bearer abcdefghijklmnopqrstuvwxyz": "an authorization header",
    "Basic description of our service": None,
    "postgresql://hub@db/hub": None,
    "https://example.net:8080/a@b": None,
    "${env:HUBSPOT_TOKEN}": None,
    "pattern-na1": None,
}


@pytest.mark.parametrize(("text", "kind"), LOOKS.items())
def test_secret_is_recognised_by_its_shape(text: str, kind: str | None) -> None:
    """Vendors' own prefixes give a token away; ordinary text and references do not."""
    assert kind_of_secret(text) == kind


def test_pickle_carries_the_reference_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker process gets the reference and reads the value by itself."""
    monkeypatch.setenv("SHOP_TOKEN", CANARY)
    secret = Secret.parse("${env:SHOP_TOKEN}")
    secret.reveal()

    pickled = pickle.dumps(secret)

    assert CANARY.encode() not in pickled
    assert pickle.loads(pickled).reveal() == CANARY
    with pytest.raises(TypeError):
        pickle.dumps(Secret.of(CANARY))
