"""CDNOW: the published oracle of BG/NBD and Gamma-Gamma, read from the shared data sets.

The summary has no values, so the 1/10 sample is looked up in the master file: within a day its
customers stand in the order of the master's numbers, which leaves one customer for each but 30.
For those the file that the project lifetimes publishes with values
(``cdnow_customers_summary_with_transactions.csv``) tells which of the candidates it is.

Source: Fader, Hardie and Lee 2005 (1/10 sample, 39 weeks to 30 September 1997).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date

import numpy as np

from benchmarks.retail import SHARED
from hub.metrics.clv.bg_nbd import Purchases, Vector

SUMMARY = SHARED.with_name("cdnow_customers_summary.csv")
MASTER = SHARED.with_name("CDNOW_master.txt")
END = date(1997, 9, 30)
WEEK = 7

NOT_SAMPLED = frozenset(
    f"{number:05}"
    for number in (
        286, 443, 1048, 1600, 2209, 4779, 5715, 6542, 9013, 9170, 9216, 9500, 12082, 12175, 12231,
        12371, 12397, 12546, 12553, 12960, 15095, 15356, 15746, 16166, 16936, 18686, 19114, 20457,
        21338, 21991, 23200,
    )
)  # fmt: skip
"""Customers with the same history as their neighbour in the sample."""

History = tuple[int, float, float]


def purchases() -> Purchases:
    """The 2,357 customers of the summary, in weeks."""
    table = np.array(_summary())
    return Purchases(table[:, 0], table[:, 1], table[:, 2])


def values() -> tuple[Vector, Vector]:
    """Repeat purchases and their mean value in dollars, of the 946 who came back."""
    waiting: dict[float, list[tuple[History, float]]] = defaultdict(list)
    for history, value in _master():
        waiting[history[2]].append((history, value))
    found = []
    for history in _summary():
        same_day = waiting[history[2]]
        while same_day[0][0] != history:
            same_day.pop(0)
        _, value = same_day.pop(0)
        if history[0]:
            found.append((float(history[0]), value))
    table = np.array(found)
    return table[:, 0], table[:, 1]


def _summary() -> list[History]:
    with SUMMARY.open(encoding="utf-8", newline="") as file:
        return [
            (int(row["frequency"]), float(row["recency"]), float(row["T"]))
            for row in csv.DictReader(file)
        ]


def _master() -> Iterator[tuple[History, float]]:
    """History and mean repeat value by customer number; purchases of one day are one."""
    days: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    for line in MASTER.read_text(encoding="ascii").splitlines():
        parts = line.split()
        if len(parts) != 4 or not parts[0].isdigit() or parts[0] in NOT_SAMPLED:
            continue
        on = date.fromisoformat(parts[1])
        if on <= END:
            days[parts[0]][on] += float(parts[3])
    for _, bought in sorted(days.items()):
        first, last, x = min(bought), max(bought), len(bought) - 1
        repeats = sum(value for on, value in bought.items() if on > first)
        weeks = [round(span.days / WEEK, 2) for span in (last - first, END - first)]
        yield (x, weeks[0], weeks[1]), repeats / x if x else 0.0
