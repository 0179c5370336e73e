"""HTML and SVG as values: text is escaped when it goes in, so data can never become markup."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that was built here."""

    text: str


Node: TypeAlias = Html | str | int | None
Attribute: TypeAlias = str | int | float | bool | None

_VOID = frozenset({"meta", "br", "hr"})


def tag(name: str, /, *children: Node, **attributes: Attribute) -> Html:
    """An element; ``class_`` is class, ``aria_label`` is aria-label; None leaves one out.

    >>> tag("p", "1 < 2", class_="note").text
    '<p class="note">1 &lt; 2</p>'
    """
    opened = name + "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{opened}>")
    return Html(f"<{opened}>{together(*children).text}</{name}>")


def together(*nodes: Node) -> Html:
    """Nodes one after another, texts escaped."""
    return Html("".join(_text(node) for node in nodes))


def _text(node: Node) -> str:
    if node is None:
        return ""
    return node.text if isinstance(node, Html) else escape(str(node), quote=False)


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f" {name}" if value is True else f' {name}="{escape(text)}"'
