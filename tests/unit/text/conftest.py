"""A small shop: its catalogue, its competitors, sixty texts that were labelled by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from hub.core.records import Product
from hub.text.annotation import Annotation, annotate
from hub.text.entities import Catalogue, catalogue
from hub.text.reading import Models

LABELLED = Path(__file__).parent / "data" / "labelled_tickets.jsonl"
"""Written and labelled by the authors before the first run.

Five entries of the lexicon were mended after it, so the figures for sentiment are not blind.
"""
TODAY = date(2026, 3, 15)
PRODUCTS = (
    Product(sku="KT-4410", name="Aurora Kettle - Steel"),
    Product(sku="MT-2201", name="Merino Throw"),
    Product(sku="EM-7750", name="Espresso Maker Pro - Black / 220V"),
    Product(sku="TB-3300", name="Trail Backpack"),
)


@dataclass(frozen=True)
class Labelled:
    """One text with what a person reads in it, and what the hub does."""

    text: str
    sentiment: str
    aspects: frozenset[tuple[str, str]]
    emotions: frozenset[str]
    entities: frozenset[tuple[str, str]]
    told: Annotation


@pytest.fixture(scope="package")
def shop() -> Catalogue:
    """Four products and three competitors."""
    return catalogue(PRODUCTS, ["HomeMart", "Kettle & Co", "BrewBarn"])


@pytest.fixture(scope="package")
def labelled(shop: Catalogue) -> list[Labelled]:
    """Every labelled text, annotated."""
    found = []
    for line in LABELLED.read_text("utf-8").splitlines():
        row = json.loads(line)
        found.append(
            Labelled(
                row["text"],
                row["sentiment"],
                _pairs(row["aspects"]),
                frozenset(row["emotions"]),
                _pairs(row["entities"]),
                annotate(row["text"], Models(), shop, TODAY),
            )
        )
    return found


def _pairs(rows: Iterable[Iterable[str]]) -> frozenset[tuple[str, str]]:
    return frozenset((first, second) for first, second in rows)
