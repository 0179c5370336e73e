"""Entities: what a text names, with its value in one form."""

from datetime import UTC, date, datetime

import pytest

from hub.core.records import Order, OrderItem, OrderLine, Product
from hub.text.entities import Entity, catalogue, entities
from hub.text.tokens import tokenise

TODAY = date(2026, 3, 15)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def found(text: str, known=None, today: date | None = TODAY) -> list[tuple[str, str]]:
    known = known or catalogue([])
    return [(e.kind, e.value) for e in entities(text, tokenise(text), known, today)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$1,249.90", "124990 AUD"),
        ("US$20", "2000 USD"),
        ("20 dollars", "2000 AUD"),
        ("1.249,90 €", "124990 EUR"),
        ("EUR 12", "1200 EUR"),
        ("¥1500", "1500 JPY"),
        ("5 pounds", "500 GBP"),
        ("£0.50", "50 GBP"),
    ],
)
def test_money_is_minor_units_and_currency(text, value):
    """Signs, codes and words; thousands and decimals by either custom."""
    assert found(f"It cost {text} in all") == [("money", value)]


@pytest.mark.parametrize("text", ["room 20", "20 items", "A$AP", "v1.2", "20% off"])
def test_numbers_that_are_no_money(text):
    """A number alone is nobody's money."""
    assert found(text) == []


def test_a_bare_dollar_is_a_dollar_of_the_business():
    """For a business in euros it is an American one, since that is who writes it so."""
    assert found("$5", catalogue([], currency="NZD")) == [("money", "500 NZD")]
    assert found("$5", catalogue([], currency="EUR")) == [("money", "500 USD")]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-02-28", "2026-02-28"),
        ("3/4/2026", "2026-04-03"),
        ("12/25/2025", "2025-12-25"),
        ("2nd of May", "2026-05-02"),
        ("December 30", "2025-12-30"),
        ("Mar 3, 2024", "2024-03-03"),
        ("yesterday", "2026-03-14"),
    ],
)
def test_dates_are_iso(text, day):
    """Days without a year are the nearest ones; figures are day first unless that is no date."""
    assert found(f"sent {text} by post") == [("date", day)]


@pytest.mark.parametrize("text", ["31/02/2026", "30 February 2026", "version 3.4.20261", "10-12"])
def test_what_is_no_day_is_no_date(text):
    """The calendar decides, not the form."""
    assert found(text) == []


def test_without_a_day_of_writing_relative_words_say_nothing():
    """*Yesterday* without a today would be a guess."""
    assert found("yesterday and 3 May", today=None) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("order number: 10023", "10023"),
        ("Order #so-1002-b", "SO-1002-B"),
        ("#1001", "1001"),
        ("invoice INV-2044", "INV-2044"),
        ("booking ref ZX9981", "ZX9981"),
    ],
)
def test_order_numbers(text, number):
    """What stands after a word for an order, or after the sign."""
    assert found(text) == [("order", number)]


@pytest.mark.parametrize("text", ["order 2 kettles", "in order to 100", "phone 0412 345 678", "#1"])
def test_other_numbers_are_no_orders(text):
    """Quantities, ranks and phones are left alone."""
    assert found(text) == []


def test_products_come_from_products_orders_and_lines():
    """Whatever a source knows of what is sold is looked for, by name, short name and code."""
    item = OrderItem(sku="B-20", name="Oak Side Table (large)")
    known = catalogue(
        [
            Product(sku="A-1000", name="Wool Rug - Red / 2 m"),
            Order(order_ref="1", at=AT, currency="AUD", total_minor=1, items=[item]),
            OrderLine(order_ref="2", at=AT, currency="AUD", sku="85123A", name="HANGING HEART"),
        ]
    )

    assert found("two wool rugs, an oak side table and 85123a", known) == [
        ("product", "Wool Rug"),
        ("product", "Oak Side Table"),
        ("product", "HANGING HEART"),
    ]


def test_variants_share_a_short_name_and_keep_their_codes():
    """A customer who writes the name may mean any of them, so all codes are told."""
    known = catalogue(
        [Product(sku=f"MUG-{colour}", name=f"Camp Mug - {colour}") for colour in ("Red", "Blue")]
    )

    (entity,) = entities("my camp mug", tokenise("my camp mug"), known)

    assert entity == Entity("product", "Camp Mug", 3, 11, ("MUG-Red", "MUG-Blue"))


@pytest.mark.parametrize("name", ["Delivery", "POST", "Gift", "The", "M", ""])
def test_everyday_words_are_no_products(name):
    """Tills have lines called *postage*; customers who write of postage mean the service."""
    assert found(f"about the {name} of it", catalogue([Product(sku="1", name=name)])) == []


@pytest.mark.parametrize("sku", ["2026", "12", "M", "RED"])
def test_what_may_be_a_year_or_a_word_is_no_code(sku):
    """A till that numbers its goods 1 to 3000 would make a product of every year."""
    assert found(f"since {sku} or so", catalogue([Product(sku=sku, name="Oak Side Table")])) == []


def test_the_longest_name_is_found():
    """*Trail Backpack Pro* is not *Trail Backpack*."""
    known = catalogue([Product(name="Trail Backpack"), Product(name="Trail Backpack Pro")])

    assert found("my trail backpack pro", known) == [("product", "Trail Backpack Pro")]


def test_competitors_are_told_as_the_settings_spell_them():
    """One spelling in reports, whatever customers type."""
    known = catalogue([], ["Kettle & Co"])

    assert found("at KETTLE & CO it is cheaper", known) == [("competitor", "Kettle & Co")]
