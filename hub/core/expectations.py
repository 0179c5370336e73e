"""What may stand at a path of a settings file, read off the model's JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from hub.core.positions import KeyPath

Node = Mapping[str, Any]
"""One node of a JSON Schema; a schema is JSON of any shape."""

_TYPES = {
    "string": "text in quotes",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
_MANY = 14
"""Longer lists of allowed names are not printed; the nearest one still is."""


@dataclass(frozen=True, slots=True)
class Expectations:
    """The JSON Schema of one model, asked by path."""

    schema: Node

    @classmethod
    @cache
    def of(cls, model: type[BaseModel]) -> Expectations:
        """What ``model`` accepts; its schema is built once."""
        return cls(model.model_json_schema())

    def at(self, path: KeyPath) -> str:
        """What may stand at ``path``, for the admin."""
        return self._text(self.node(path))

    def names(self, path: KeyPath) -> list[str]:
        """Keys that the table at ``path`` may hold, empty when it takes any."""
        node = self.node(path)
        return [*node.get("properties", ()), *node.get("propertyNames", {}).get("enum", ())]

    def key_form(self, path: KeyPath) -> str:
        """What a free key of the table at ``path`` looks like."""
        node = self.node(path)
        patterns = "".join(f"a name of the form {p}" for p in node.get("patternProperties", ()))
        return str(node.get("x-names") or patterns or one_of(self.names(path)))

    def choices(self, path: KeyPath) -> list[str]:
        """Values that the text at ``path`` may have, empty when it is free."""
        return [str(choice) for choice in self.node(path).get("enum", ())]

    def node(self, path: KeyPath) -> Node:
        """The schema node at ``path``; an empty one where the schema allows anything."""
        return self._walked(path)[1]

    def in_file(self, loc: KeyPath) -> KeyPath:
        """``loc`` of a validation error as a path of the file: without the names of branches.

        Where a setting takes one of several forms, pydantic puts the form's name into the location.
        """
        return self._walked(loc)[0]

    def fork(self, loc: KeyPath) -> KeyPath | None:
        """The first part of ``loc`` that ends at a setting of several forms, or None."""
        starts = (loc[:size] for size in range(len(loc)))
        return next((start for start in starts if _forms(self.node(start))), None)

    def _walked(self, loc: KeyPath) -> tuple[KeyPath, Node]:
        path, node = list[str | int](), self._resolved(self.schema)
        for step in loc:
            forms = _forms(node)
            if forms:
                node = next((n for n in map(self._resolved, forms) if _is_form(n, step)), {})
            else:
                path.append(step)
                node = self._resolved(self._child(node, step))
        return tuple(path), node

    def _child(self, node: Node, step: str | int) -> Node:
        if isinstance(step, int):
            return _as_node(node.get("items"))
        if step in node.get("properties", {}):
            return _as_node(node["properties"][step])
        for pattern, child in node.get("patternProperties", {}).items():
            if re.search(pattern, step):
                return _as_node(child)
        return _as_node(node.get("additionalProperties"))

    def _resolved(self, node: Node) -> Node:
        """``node`` behind its reference, without the null that an optional setting allows."""
        if "$ref" in node:
            name = str(node["$ref"]).removeprefix("#/$defs/")
            return self._resolved({**self.schema["$defs"][name], **_without(node, "$ref")})
        if len(_branches(node)) == 1:
            return self._resolved({**_branches(node)[0], **_without(node, "anyOf")})
        return node

    def _text(self, node: Node) -> str:
        if "x-expected" in node:
            return str(node["x-expected"])
        if "enum" in node:
            return one_of([str(choice) for choice in node["enum"]])
        if forms := _forms(node):
            return " or ".join(self._text(self._resolved(form)) for form in forms)
        kind = str(node.get("type", ""))
        if kind == "array":
            return self._list(node)
        return _TYPES.get(kind, "") + "".join(_limits(node))

    def _list(self, node: Node) -> str:
        items = self._text(self._resolved(_as_node(node.get("items"))))
        filled = "a list with at least one entry" if node.get("minItems") else "a list"
        return f"{filled}, each {items}" if items else filled


def _branches(node: Node) -> list[Node]:
    return [branch for branch in node.get("anyOf", ()) if branch.get("type") != "null"]


def _forms(node: Node) -> list[Node]:
    """The forms that a setting of several forms takes, else none."""
    return found if len(found := _branches(node)) > 1 else []


_TAGS = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "dict": "object",
    **dict.fromkeys(("list", "tuple", "set", "frozenset"), "array"),
}


def _is_form(node: Node, tag: str | int) -> bool:
    """Whether pydantic calls this form ``tag``: a model's name, or a type such as list[str]."""
    kind = re.split(r"\W", str(tag), maxsplit=1)[0]
    if "properties" in node or "title" in node:
        return tag == node.get("title")
    return _TAGS.get(kind) == node.get("type")


def one_of(names: list[str]) -> str:
    """``names`` as the end of a sentence, or a short form when they are many.

    >>> one_of(["every", "cron"])
    'one of every, cron'
    """
    if not names:
        return ""
    if len(names) == 1:
        return names[0]
    return "one of " + ", ".join(names[:_MANY]) + (", …" if len(names) > _MANY else "")


def _limits(node: Node) -> Iterator[str]:
    if "minimum" in node and "maximum" in node:
        yield f" from {node['minimum']} to {node['maximum']}"
    elif "minimum" in node:
        yield f", at least {node['minimum']}"
    elif "maximum" in node:
        yield f", at most {node['maximum']}"
    if "exclusiveMinimum" in node:
        yield f", more than {node['exclusiveMinimum']}"
    if "exclusiveMaximum" in node:
        yield f", less than {node['exclusiveMaximum']}"
    if node.get("minLength"):
        yield ", not empty"
    if "maxLength" in node:
        yield f", at most {node['maxLength']} characters"
    if "pattern" in node:
        yield f" of the form {node['pattern']}"


def _without(node: Node, key: str) -> dict[str, Any]:
    return {name: value for name, value in node.items() if name != key}


def _as_node(value: object) -> Node:
    return value if isinstance(value, Mapping) else {}
