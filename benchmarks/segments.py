"""What it costs to put a customer into their segments, by the rules that the hub ships."""

from __future__ import annotations

import random
import sys
import time
from datetime import UTC, date
from pathlib import Path
from typing import Any

from benchmarks.results import Finding
from hub.segments.evaluation import Ground, of
from hub.segments.files import shipped
from hub.segments.rule import Day, known

PEOPLE = 50_000
STATES = ("lead", "new", "active", "dormant", "churned")


def measure(folder: Path, shrink: int) -> Finding:
    """Microseconds per customer, and what the first rule waits for."""
    began = time.perf_counter()
    on = Ground(shipped(), Day(date(2026, 1, 1), UTC))
    read = time.perf_counter() - began
    evaluator = "cel" not in sys.modules
    began = time.perf_counter()
    of("", _profile(random.Random(0)), on)
    first = time.perf_counter() - began
    people = [_profile(random.Random(number)) for number in range(PEOPLE // shrink)]
    began = time.perf_counter()
    found = [of("", profile, on) for profile in people]
    whole = time.perf_counter() - began
    began = time.perf_counter()
    for profile in people:
        known(profile, on.segments.paths, on.day)
    seen = time.perf_counter() - began
    states = [name for names in found for name in names if name in STATES]
    expected = [profile["relationship"]["lifecycle"]["value"] for profile in people]
    assert states == expected
    each = 1e6 / len(people)
    return Finding(
        f"{len(people):,} profiles in memory, {len(on.segments.defined)} shipped segments,"
        f" {len(on.segments.paths)} fields; one process, no database.",
        ("", "microseconds a customer"),
        (
            ("all segments", f"{whole * each:.0f}"),
            ("of that, handing the profile to the evaluator", f"{seen * each:.0f}"),
        ),
        (
            f"Reading and checking the rules: {read * 1e3:.0f} ms; the first rule, with the import"
            f" of its evaluator{'' if evaluator else ' (already there)'}: {first * 1e3:.0f} ms.",
            "Checked: each customer is in the one stage of the life cycle that they were made for.",
        ),
    )


def _profile(chance: random.Random) -> dict[str, Any]:
    orders = chance.randrange(6)
    score = [str(chance.randrange(1, 6)) for _ in range(3)]
    leaves: dict[str, dict[str, object]] = {
        "who": {"source_records": ["shop/customers/1"]},
        "relationship": {"lifecycle": chance.choice(STATES)},
        "value": {"orders": orders, "rfm": "-".join(score) if orders else None},
        "voice": {"nps": chance.choice((None, 3, 8, 10))},
        "risk": {"band": chance.choice(("low", "medium", "high"))},
        "suppress": {"marketing": chance.random() < 0.1},
        "permission": {"do_not_contact": False},
    }
    return {
        group: {name: {"value": value} for name, value in fields.items()}
        for group, fields in leaves.items()
    }
