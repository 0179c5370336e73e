"""What the demo says of what happened: eighty columns, headlines only; ``--json`` has the rest."""

from __future__ import annotations

import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hub.cli.layout import counted, duration, table, tally, wrapped
from hub.metrics.definition import REGISTRY
from hub.profile.figures import major_units

STORY = (
    "A customer who says nothing. They log in every other day; then they are charged\n"
    "   twice, three agents take the ticket over, and nobody solves it. No complaint, no score."
)
_MONTH = re.compile(r"\b\d{4}-\d\d\b")
_HEADLINES: Final = (
    "nps", "csat", "ces", "repeat_rate", "aov", "churn", "fcr", "first_reply_time",
    "full_resolution_time", "backlog", "feedback_debt", "service_recovery",
)  # fmt: skip
_INDENT = "   "


def first_run(result: Mapping[str, Any]) -> str:
    """What came in, what was refused, and how well people were told apart."""
    counts, people, bad = result["counts"], result["people"], result["quarantine"]
    systems = ", ".join(f"{name} {n:,}" for name, n in result["records_in"].items())
    hub, baseline = people["hub"], people["exact_email_baseline"]
    lines = [
        f"records in: {systems}",
        f"{counts['read']:,} read = {counts['stored']:,} stored + {counts['unchanged']:,}"
        f" unchanged + {counts['quarantined']:,} quarantined",
        f"quarantine: {bad['found']} rows; {bad['planted']} were planted,"
        f" {bad['missed']} missed, {bad['false']} false",
        f"people: {people['records']:,} records of {people['truth']:,} people became"
        f" {people['golden']:,} golden records",
        f"pairs: precision {hub['precision']:.3f}, recall {hub['recall']:.3f},"
        f" F {hub['f1']:.3f} (exact e-mail alone: F {baseline['f1']:.3f})",
        *(f"FAILED {line}" for line in result["failed_streams"]),
    ]
    return _indented(lines)


def push(result: Mapping[str, Any]) -> str:
    """What was written where, what the gate withheld and why, and what else systems were told."""
    withheld: Counter[str] = Counter()
    rows = []
    for destination, planned in result["planned"].items():
        withheld.update(planned["withheld"])
        kept = sum(planned["withheld"].values())
        outcome = tally(dict(sorted(result["written"][destination].items())))
        rows.append((destination, planned["records"], planned["fields"], kept, outcome))
    head = ("to", "records", "fields", "withheld", "outcome")
    lines = [*table(head, rows)]
    lines += [f"withheld: {counted(n, 'field')}, {why}" for why, n in withheld.most_common()]
    refused = {name: tally(dict(sorted(n.items()))) for name, n in result["withdrawals"].items()}
    told = "; ".join(f"{name} {counts or 'none'}" for name, counts in refused.items())
    lines.append(wrapped(f"withdrawals of consent: {told}", _INDENT).strip())
    lines += [
        f"{place}: {tally(counts)}, for customers who wait for a word"
        for place, counts in result["handed"].items()
    ]
    lines.append(f"effects by the accounts' own logs: {_by_account(result['effects'])}")
    return _indented(lines)


def again(run: Mapping[str, Any]) -> str:
    """What a further run did."""
    return _indented(
        [
            f"{run['read']:,} read, {run['stored']} stored; effects: {_by_account(run['effects'])}",
            f"{run['new_rows_anywhere']} new rows in ledger, log, quarantine or snapshots",
        ]
    )


def silent_customer(story: Mapping[str, Any]) -> str:
    """What the hub said of them, day by day, and what it did."""
    lines: list[str] = []
    told: set[str] = set()
    for day, known in story["days"].items():
        who = f"{story['name']}: " if not lines else ""
        lines.append(f"day {day}: {who}risk {known['points']} of 100 ({known['band']})")
        lines += [f"  - {reason}" for reason in known["reasons"] if reason not in told]
        told.update(known["reasons"])
        if "case" in known:
            lines += [f"  {line}" for line in _case(known["case"], known["task"])]
    lines.append(f"next: {known['next_action']}")
    return _indented(lines)


def closing(result: Mapping[str, Any], keep: Path | None) -> str:
    """The metrics, the state of the log, and where to look on."""
    lines = ["\nMetrics", *(f"{_INDENT}{line}" for line in _headlines(result["metrics"]))]
    audit = result["audit"]
    lines.append(f"\nAudit log: {audit['size']:,} entries, signed root {audit['root'][:16]}...")
    lines.append(f"Done in {result['seconds']} s.")
    if keep is not None:
        lines.append(f"Kept in {keep}. Try: {_hub()} --config {keep / 'hub.toml'} status")
    else:
        lines.append(f"Look around in it yourself: {_hub()} demo --keep demo")
    return "\n".join(lines)


def _case(case: Mapping[str, Any], task: Mapping[str, Any]) -> Iterator[str]:
    yield f"case {case['id']}, {case['state']}, with {case['team']}"
    place = f"task {task['id']}" if task["id"] else f"task {task['state']}"
    yield f"{place} in {task['connection']}, where their staff work"


def _headlines(metrics: Sequence[Mapping[str, Any]]) -> list[str]:
    """The largest series of each headline; of the rest, how much there is."""
    now = [item for item in metrics if not _MONTH.search(item["series"])]
    known = [item for item in now if item["value"] is not None]
    largest: dict[str, Mapping[str, Any]] = {}
    for item in sorted(known, key=lambda item: -item["n"]):
        largest.setdefault(item["metric"], item)
    told = [largest[name] for name in _HEADLINES if name in largest]
    rows = [(item["metric"], item["series"], _number(item), item["n"]) for item in told]
    more = (
        f"and {len(known) - len(told)} series more, {len(metrics) - len(now)} by month or cohort;"
        f" {len(now) - len(known)} have too few observations"
    )
    return [*table(("metric", "series", "value", "n"), rows), more]


def _number(item: Mapping[str, Any]) -> str:
    values = [item["value"], item["low"], item["high"]]
    unit = REGISTRY[item["metric"]].unit
    if unit == "money":
        values = [v if v is None else major_units(v, item["series"]) for v in values]
    if unit == "duration":
        pair = item["pair"]
        return f"{duration(values[0])} ({pair['metric']} {pair['value']:.1f} %)"
    value, low, high = values
    sign = " %" if unit == "percent" else ""
    return f"{value:,.2f}{sign}" + ("" if low is None else f" [{low:,.2f}, {high:,.2f}]")


def _by_account(effects: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in effects.items())


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"{_INDENT}{line}" for line in lines)


def _hub() -> str:
    """How to call the hub from this shell: by its path, as after ``make demo``, or by its name."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "hub" and shutil.which("hub") is None else "hub"
