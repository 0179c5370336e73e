"""What texts are read with, as the store and the settings have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, func, select

from hub.core.records import AnyRecord, decode
from hub.core.settings import HubSection, TextSection
from hub.store.records import chunks
from hub.store.schema import order_entries, source_records
from hub.text import registry
from hub.text.aspects import aspect_phrases
from hub.text.entities import Catalogue, catalogue
from hub.text.reading import Models

_MONTH_FIRST = frozenset({"US"})


def load_models(connection: Connection, settings: TextSection) -> Models:
    """The promoted models, and the business's own aspects."""
    by_language = registry.in_use(connection)
    return Models(by_language, settings.language, aspect_phrases(settings.aspects))


def load_catalogue(
    connection: Connection, business: HubSection, settings: TextSection
) -> Catalogue:
    """What is sold, by products where a source has them and by what was ordered, and by whom else.

    Of each SKU one order is read: that is enough for its name.
    """
    products = select(source_records.c.rid).where(
        source_records.c.entity == "product", source_records.c.deleted_at.is_(None)
    )
    sold = (
        select(func.min(order_entries.c.rid))
        .where(order_entries.c.kind == "sale", order_entries.c.sku.is_not(None))
        .group_by(order_entries.c.sku)
    )
    rids = [
        *connection.execute(products.order_by(source_records.c.rid)).scalars(),
        *sorted(connection.execute(sold).scalars()),
    ]
    return catalogue(
        _records(connection, rids),
        settings.competitors,
        currency=business.currency,
        day_first=business.region not in _MONTH_FIRST,
    )


def _records(connection: Connection, rids: Iterable[int]) -> Iterator[AnyRecord]:
    column = source_records.c
    for chunk in chunks(list(rids)):
        query = select(column.canonical).where(column.rid.in_(chunk)).order_by(column.rid)
        yield from (decode(body) for body in connection.execute(query).scalars() if body)
