"""``connector.toml``: what a connector says about itself, and whether that is true.

name = "acme"
api = 1
summary = "Acme shop: customers and orders in, profiles out."

[rules]
deletes = "done"
erase = { status = "todo", reason = "Acme offers it since October" }
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hub.core.connector import Connector, Unsupported

MANIFEST = "connector.toml"

Status = Literal["done", "todo", "exempt"]


class Rule(BaseModel):
    """How a connector stands to one quality rule; anything but done has a reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Status
    reason: str = ""


def _written_short(value: object) -> object:
    return {"status": value} if isinstance(value, str) else value


AnyRule = Annotated[Rule, BeforeValidator(_written_short)]


class Rules(BaseModel):
    """The rules that every connector answers to.

    ``setup_docs`` and ``troubleshooting_docs`` are chapters of its README; ``real_account`` says
    that it ran against the vendor itself, not only against its emulator.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    deletes: AnyRule
    erase: AnyRule
    write_consent: AnyRule
    read_back: AnyRule
    webhooks: AnyRule
    emulator: AnyRule
    setup_docs: AnyRule
    troubleshooting_docs: AnyRule
    real_account: AnyRule

    def each(self) -> dict[str, Rule]:
        """Every rule by name."""
        return {name: getattr(self, name) for name in type(self).model_fields}


class Manifest(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    api: int
    summary: str = Field(min_length=10)
    rules: Rules
    homepage: str = ""
    vendor_api: str = ""


def read_manifest(folder: Path) -> Manifest:
    """The manifest in a connector's folder.

    Raises:
        ValueError: If it is missing, not TOML, or incomplete; the message says what to write.
    """
    try:
        return Manifest.model_validate(tomllib.loads((folder / MANIFEST).read_text("utf-8")))
    except FileNotFoundError:
        raise ValueError(f"{MANIFEST} is missing from {folder.name}/") from None
    except tomllib.TOMLDecodeError as err:
        raise ValueError(f"{MANIFEST} is not TOML: {err}") from err
    except ValidationError as err:
        places = [".".join(map(str, found["loc"])) + ": " + found["msg"] for found in err.errors()]
        raise ValueError(f"{MANIFEST}: {'; '.join(places)}") from err


def contradictions(manifest: Manifest, connector: Connector) -> list[str]:
    """Where the manifest says something else than the connector declares."""
    found = []
    if manifest.name != connector.name or manifest.api != connector.api:
        found.append(f"it is for {manifest.name} (api {manifest.api}), not {connector.name}")
    for name, rule in manifest.rules.each().items():
        if rule.status != "done" and not rule.reason:
            found.append(f"rule {name} is {rule.status} without a reason")
        declared: Any = getattr(connector, name, None)
        if rule.status == "done" and isinstance(declared, Unsupported):
            found.append(f"rule {name} is done, but the connector declares: {declared.reason}")
        if rule.status == "todo" and declared is not None and not isinstance(declared, Unsupported):
            found.append(f"rule {name} is todo, but the connector has it")
    return found
