"""Names of source records in the audit log: random, so that nothing leads back once they are gone.

Source: CONSENT_AUDIT.md, section 3: bodies carry no personal value; the pseudonym dies with the
person's key, and the log stays whole.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import Connection, select

from hub.store import bulk
from hub.store.records import chunks
from hub.store.schema import pseudonyms


def of(connection: Connection, rids: Sequence[int]) -> dict[int, str]:
    """The pseudonym of each source record, made on first use."""
    found = _known(connection, rids)
    missing = sorted(set(rids) - set(found))
    if missing:
        rows = [(rid, secrets.token_hex(8)) for rid in missing]
        bulk.insert_new(connection, pseudonyms, ("rid", "pseudonym"), rows)
        found |= _known(connection, missing)  # another process may have been faster
    return found


def _known(connection: Connection, rids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for chunk in chunks(list(rids)):
        query = select(pseudonyms.c.rid, pseudonyms.c.pseudonym)
        for rid, name in connection.execute(query.where(pseudonyms.c.rid.in_(chunk))):
            found[rid] = name
    return found
