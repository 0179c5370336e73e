"""The reference pages that are written from code, so that they cannot say anything else.

`python -m docs.generate` writes them; a test holds them equal to the code.
"""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from pydantic import BaseModel

from hub.cli.explain_codes import CODES
from hub.cli.main import cli
from hub.core import connector, errors, hookspecs
from hub.core.durations import duration_text
from hub.core.expectations import Expectations, Node
from hub.core.positions import KeyPath
from hub.core.settings import Settings
from hub.journeys import kinds
from hub.journeys.definition import Journey, Pain, Stage, Touchpoint
from hub.metrics.definition import METRICS, registry_hash
from hub.profile.shape import SHAPE
from hub.segments import checking
from hub.segments.definition import Segment
from hub.segments.fields import DERIVED, FIELDS
from hub.segments.files import shipped as shipped_segments
from hub.store.views import VIEWS
from hub.voc.health import FLOOR as HEALTH_FLOOR
from hub.voc.health import PARTS
from hub.voc.health import VERSION as HEALTH_VERSION
from hub.voc.pattern import Pattern
from hub.voc.pattern_files import shipped
from hub.voc.register import Entry
from hub.voc.risk import FLOOR, SIGNALS
from hub.voc.risk import VERSION as RISK_VERSION

REFERENCE = Path(__file__).parent / "reference"
CAPABILITIES = Path(__file__).parent / "capabilities.toml"
WIDTH = 92
"""Columns of the help texts, whatever the terminal of the one who generates."""


def main() -> None:
    """Write every page."""
    REFERENCE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")


def capabilities() -> str:
    """Every capability row with its state and what shows it."""
    rows = tomllib.loads(CAPABILITIES.read_text(encoding="utf-8"))
    documents = rows.pop("documents")
    states = Counter(row["state"] for table in rows.values() for row in table.values())
    counts = ", ".join(f"{states[state]} {state}" for state in ("done", "partial", "none"))
    lines = [f"{states.total()} rows: {counts}. A row is done when its check has been run."]
    for document, table in rows.items():
        lines += [
            f"\n## {document}: {documents[document]}\n",
            "| Row | What | Kind | State | Check |",
        ]
        lines.append("|---|---|---|---|---|")
        for name, row in table.items():
            check = f"`{row['check']}`" if row["check"] else ""
            lines.append(f"| {name} | {row['title']} | {row['kind']} | {row['state']} | {check} |")
    return _page("Capabilities", "docs/capabilities.toml", "\n".join(lines))


def commands() -> str:
    """What `--help` prints for every command."""
    sections = [
        f"## {context.command_path}\n\n```text\n{context.command.get_help(context)}\n```"
        for context in _commands(cli, "hub", None)
    ]
    return _page("Commands", "hub/cli", "\n\n".join(sections))


def _commands(
    command: click.Command, name: str, parent: click.Context | None
) -> Iterator[click.Context]:
    """A context for ``command`` and, after it, for each command inside it."""
    context = click.Context(
        command,
        parent,
        info_name=name,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        **command.context_settings,
    )
    yield context
    if isinstance(command, click.Group):
        for child_name in command.list_commands(context):
            child = command.get_command(context, child_name)
            assert child is not None, child_name
            yield from _commands(child, child_name, context)


def configuration() -> str:
    """Every key of hub.toml: what it means, what it may be, what it is if left out."""
    expectations = Expectations.of(Settings)
    sections = [
        section
        for name in Settings.model_fields
        for section in _tables(expectations, (name,), name)
    ]
    return _page("Configuration", "hub/core/settings/", "\n\n".join(sections))


def _tables(expectations: Expectations, path: KeyPath, title: str) -> Iterator[str]:
    """The table at ``path`` and, after it, the tables inside it."""
    node = expectations.node(path)
    if "properties" not in node:  # a table with keys of the admin's choice
        if expectations.node((*path, "name")).get("properties"):
            yield from _tables(expectations, (*path, "name"), f"{title}.NAME")
        return
    lines = [f"## [{title}]\n\n{_cell(node.get('description', ''))}\n"]
    lines += ["| Key | What | Expected | Default |", "|---|---|---|---|"]
    for key in node["properties"]:
        child = expectations.node((*path, key))
        what = _cell(child.get("description", ""))
        expected = _cell(expectations.at((*path, key)))
        lines.append(f"| `{key}` | {what} | {expected} | {_default(node, key, child, expected)} |")
    yield "\n".join(lines)
    for key in node["properties"]:
        child = expectations.node((*path, key))
        if "properties" in child or "additionalProperties" in child or "patternProperties" in child:
            yield from _tables(expectations, (*path, key), f"{title}.{key}")


def _default(table: Node, key: str, node: Node, expected: str) -> str:
    value = node.get("default")
    if key in table.get("required", ()):
        return "required"
    if value is None or isinstance(value, dict) or value == []:
        return ""
    if expected.startswith("a duration"):
        value = duration_text(value)
    return f"`{json.dumps(value)}`"


def connector_contract() -> str:
    """Every type of the connector contract, in the order of its table of contents."""
    names = [name for name in connector.__all__ if inspect.isclass(getattr(connector, name))]
    introduction = inspect.getdoc(connector) or ""
    hooks = [
        f"## Hook: {name}\n\n{_prose(hook)}"
        for name, hook in vars(hookspecs.ConnectorSpec).items()
        if not name.startswith("_")
    ]
    version = f"This is version {connector.HUB_API} of the contract (`HUB_API`)."
    sections = [f"## {name}\n\n{_prose(getattr(connector, name))}" for name in names]
    return _page(
        "Connector contract",
        "hub/core/connector.py, hub/core/contract/ and hub/core/hookspecs.py",
        "\n\n".join([_fenced_drawing(introduction), version, *hooks, *sections]),
    )


def _prose(named: object) -> str:
    """A docstring as Markdown: the blocks `Args:` and `Raises:` become lists."""
    lines = []
    for line in (inspect.getdoc(named) or "").splitlines():
        entry = re.fullmatch(r"    (\w+): (.*)", line)
        if re.fullmatch(r"[A-Z]\w+:", line):
            lines += [f"**{line}**", ""]
        elif entry:
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        else:
            lines.append(re.sub(r"^        ", "  ", line))
    return "\n".join(lines).replace("``", "`")


def _fenced_drawing(text: str) -> str:
    """``text`` with its indented drawing inside a fence."""
    drawing = re.compile(r"((?:^    .*\n)+)", re.MULTILINE)
    return drawing.sub(r"```text\n\1```\n", text.replace("``", "`"))


def error_types() -> str:
    """Every error type with its code, its exit code and what the engine does next."""
    lines = ["## Types\n", "| Error | Code | Exit | Meaning |", "|---|---|---|---|"]
    for error in _error_tree(errors.HubError):
        meaning = (inspect.getdoc(error) or "").splitlines()[0]
        row = (f"`{error.__name__}`", error.default_code, str(error.exit_code), meaning)
        lines.append("| " + " | ".join(row) + " |")
    lines += [
        "\n## Codes\n",
        "What `hub explain HUB-nnn` prints.\n",
        "| Code | Meaning |",
        "|---|---|",
    ]
    lines += [f"| {code} | {_cell(meaning)} |" for code, meaning in CODES.items()]
    return _page("Errors", "hub/core/errors.py and hub/cli/explain_codes.py", "\n".join(lines))


def views() -> str:
    """Every SQL view with its columns."""
    sections = [_VIEWS_PREFACE]
    for view in VIEWS:
        lines = [f"## {view.name}\n\n{view.says}\n", "| Column | Kind | What |", "|---|---|---|"]
        lines += [f"| `{c.name}` | {c.kind} | {_cell(c.says)} |" for c in view.columns]
        sections.append("\n".join(lines))
    return _page("SQL views", "hub/store/views.py", "\n\n".join(sections))


_VIEWS_PREFACE = """What BI tools read, on SQLite and on PostgreSQL alike. Within `v1` columns
are only added, never changed or removed; the tables below may change with any version and are not
an interface.

Kinds: *instant* is ISO 8601 text in UTC, which sorts as it is and casts to a timestamp; *list* is
a JSON array as text; *hash* is hex text; *boolean* is 0 or 1 on SQLite. An empty cell means that
nothing is known.

The views hold personal data, and the hub does not see who reads them. Give a BI tool an account of
its own that may read these views and nothing else:

```sql
CREATE ROLE bi LOGIN;
GRANT SELECT ON v1_profiles, v1_consent, v1_metrics, v1_segments TO bi;
```"""


def metrics() -> str:
    """Every metric of the registry, in full."""
    sections = []
    for metric in METRICS:
        facts = {
            "Definition": f"`{metric.key}`",
            "Unit": metric.unit,
            "Formula": metric.formula,
            "Population": metric.population,
            "Inputs": ", ".join(metric.inputs),
            "Grain": ", ".join(metric.grain),
            "Limits": metric.limits,
            "Source": metric.source,
            "Owner": metric.owner,
        }
        lines = [f"| {name} | {_cell(text)} |" for name, text in facts.items()]
        sections.append("\n".join([f"## {metric.title}", "", "| | |", "|---|---|", *lines]))
    intro = (
        f"Registry `{registry_hash()}`: stored with every snapshot. Below `metrics.min_n`"
        ' observations a metric says "insufficient data"; late data supersede a snapshot, which'
        " stays."
    )
    return _page("Metrics", "hub/metrics/definition.py", "\n\n".join([intro, *sections]))


def unified_profile() -> str:
    """Every field of unified_profile_v1."""
    lines = [
        "One shape for every door. A field is an object with `value`, `source` (a source key,"
        " `metric:id@version`, `consent:event` or `hub`), `at`, `confidence` and `purpose`; one"
        " without data has `value: null` and a `status` that says why. `confidence` is the share of"
        " records that say so; one that as many records contradict has `contested: true`.",
        "",
        "| Field | Meaning |",
        "|---|---|",
        *(f"| `{path}` | {_cell(meaning)} |" for path, meaning in SHAPE.items()),
        "| `permission.PURPOSE_CHANNEL` | State of one permission: unknown, pending, granted,"
        " denied, withdrawn, objected, expired, restricted. |",
    ]
    return _page("Unified profile", "hub/profile/shape.py", "\n".join(lines))


def journeys() -> str:
    """Every kind of event on a timeline, and every key of a journey file."""
    lines = ["## Kinds of event\n", "| Kind | What happened | Touchpoint |", "|---|---|---|"]
    for kind, meaning in kinds.MEANINGS.items():
        lines.append(f"| `{kind}` | {meaning} | {'no' if kind in kinds.INTERNAL else 'yes'} |")
    parts: dict[str, type[BaseModel]] = {
        "the file": Journey, "stages": Stage, "stages.touchpoints": Touchpoint,
        "stages.pains": Pain,
    }  # fmt: skip
    tables = [
        section
        for title, model in parts.items()
        for section in _tables(Expectations.of(model), (), title)
    ]
    intro = "`hub timeline` prints the kinds, and journey files are drawn in them."
    body = "\n\n".join([intro, "\n".join(lines), *tables])
    return _page("Timelines and journeys", "hub/journeys/kinds.py and definition.py", body)


def risk() -> str:
    """Every signal and shipped pattern with its weight, and every key of the two kinds of file."""
    head = "| Signal | Points | Cap | Half-life | Sees |\n|---|---|---|---|---|"
    rows = [(s.id, s.points, s.cap, s.half_life, inspect.getdoc(s.find) or "") for s in SIGNALS]
    rows += [(p.id, p.points, p.points, p.half_life / 86_400, p.says) for p in shipped()]
    table = [
        f"| `{name}` | {points:+g} | {cap:+g} | {_days(half_life)} | {_cell(sees)} |"
        for name, points, cap, half_life, sees in rows
    ]
    parts: dict[str, type[BaseModel]] = {"patterns": Pattern, "decisions": Entry}
    tables = [
        section
        for title, model in parts.items()
        for section in _tables(Expectations.of(model), (), title)
    ]
    intro = (
        f"`{RISK_VERSION}`: points add up, 0 to 100. Below {FLOOR} % coverage, or the floor that"
        " the business has set, they are unknown. Patterns stand in files, signals in the hub."
    )
    body = "\n\n".join([intro, "\n".join([head, *table]), _health(), *tables])
    return _page("Risk", "hub/voc/risk.py, health.py, patterns.toml and register.py", body)


def _health() -> str:
    """Every part of health with its weight."""
    head = "| Part | Weight | Half-life | Sees |\n|---|---|---|---|"
    rows = [
        f"| `{part.id}` | {part.weight} | {_days(part.half_life)} |"
        f" {_cell(inspect.getdoc(part.see) or '')} |"
        for part in PARTS
    ]
    intro = (
        f"## Health\n\n`{HEALTH_VERSION}`: the mean by weight of the parts that are seen, 0 to 100."
        f" Below {HEALTH_FLOOR} % of all weight it is unknown."
    )
    return "\n".join([f"{intro}\n", head, *rows])


def segments() -> str:
    """The shipped segments, the fields and functions of rules, and every key of a segment file."""
    rows = ["| Segment | Title | Group | What makes one a member |", "|---|---|---|---|"]
    for each in shipped_segments().defined:
        said = each.segment
        event = (
            said.event and f"; {', '.join(said.event.kinds)} in {duration_text(said.event.within)}"
        )
        rule = f"`{_cell(said.rule or '')}`{event or ''}"
        rows.append(f"| `{said.id}` | {said.title} | {said.exclusive_group or ''} | {rule} |")
    meanings = {**SHAPE, **DERIVED}
    fields = ["## Fields of rules", "", "| Field | Type | Meaning |", "|---|---|---|"]
    fields += [f"| `{p}` | {k} | {_cell(meanings[p])} |" for p, k in sorted(FIELDS.items())]
    fields.append("| `permission.PURPOSE_CHANNEL` | text | State of one permission |")
    language = f"## Rules\n\n{_fenced_drawing(inspect.getdoc(checking) or '')}"
    tables = list(_tables(Expectations.of(Segment), (), "segments"))
    intro = (
        "The segments that apply until there are files of your own, and what files may say. Of a"
        " group, a customer is in the first that fits."
    )
    body = "\n\n".join([intro, "\n".join(rows), language, "\n".join(fields), *tables])
    return _page("Segments", "hub/segments", body)


def _days(number: float | None) -> str:
    return "none" if number is None else f"{number:g} days"


def _error_tree(error: type[errors.HubError]) -> Iterator[type[errors.HubError]]:
    yield error
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _error_tree(child)


def _page(title: str, source: str, body: str) -> str:
    note = f"<!-- Written by `make docs` from {source}; edit that. -->"
    return f"{note}\n# {title}\n\n{body.rstrip()}\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("``", "`")


PAGES: dict[str, Callable[[], str]] = {
    "capabilities.md": capabilities,
    "commands.md": commands,
    "configuration.md": configuration,
    "connector-contract.md": connector_contract,
    "errors.md": error_types,
    "journeys.md": journeys,
    "metrics.md": metrics,
    "risk.md": risk,
    "segments.md": segments,
    "unified-profile.md": unified_profile,
    "views.md": views,
}

if __name__ == "__main__":
    main()
