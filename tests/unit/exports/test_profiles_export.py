"""Profiles as JSON lines and CSV, delivered whole and recorded."""

from __future__ import annotations

import csv
import io
import resource
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING

import orjson
import pytest
from sqlalchemy import select

from hub.audit.log import AuditEvent
from hub.core.errors import Unavailable
from hub.exports import profiles as export
from hub.exports.delivery import Delivery, Exported
from hub.exports.profiles import Form
from hub.store import bulk, schema
from hub.store.engine import Store

if TYPE_CHECKING:
    from tests.unit.exports.conftest import Customers


def deliver(store: Store, form: Form, target: Path | IO[bytes]) -> Exported:
    delivery = Delivery("export.profiles", form, "os:test", target)
    return delivery.deliver(store, lambda connection: export.content(connection, form))


def exported(store: Store, form: Form) -> bytes:
    target = io.BytesIO()
    deliver(store, form, target)
    return target.getvalue()


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def events(store: Store) -> list[AuditEvent]:
    with store.read() as connection:
        bodies = connection.execute(select(schema.audit_leaves.c.body)).scalars()
        return [AuditEvent.parse(body) for body in bodies]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The operating system refuses to let any file grow past ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_json_lines_are_the_stored_profiles_in_order_of_their_ids(customers: Customers) -> None:
    """Byte for byte, whatever order they were made in, so that two exports can be compared."""
    for golden_id in ("g2", "g1", "g3"):
        customers.add(golden_id, given_name=golden_id)
    customers.compose()

    data = exported(customers.store, "jsonl")

    with customers.store.read() as connection:
        query = select(schema.profiles.c.body).order_by(schema.profiles.c.golden_id)
        bodies = [bytes(body) for body in connection.execute(query).scalars()]
    assert data == b"".join(body + b"\n" for body in bodies)
    assert [orjson.loads(line)["golden_id"] for line in data.splitlines()] == ["g1", "g2", "g3"]


def test_csv_has_the_value_of_every_leaf(customers: Customers) -> None:
    """Columns are paths, in the order of the documented shape; phones stay as they are."""
    customers.add("g1", given_name="Zoë", phone="+61412345678", email="z@example.org")
    customers.number("g1", "net_spend", 123456)
    customers.compose()

    data = exported(customers.store, "csv")

    (row,) = table(data)
    assert row["golden_id"] == "g1"
    assert row["who.given_name"] == "Zoë"
    assert row["who.phone"] == "+61412345678"
    assert row["value.net_spend"] == "1234.56"
    assert row["risk.recent_return"] == "false"
    assert row["voice.nps"] == ""
    assert row["card.text"].startswith("Who: Zoë")
    sections = list(dict.fromkeys(name.partition(".")[0] for name in row if "." in name))
    assert sections == list(export.SECTIONS)


def test_columns_hold_what_only_a_later_customer_has(store: Store) -> None:
    """The header is made from all customers, not from the first."""
    bodies = [{"golden_id": "a", "who": {}}, {"golden_id": "b", "who": {"new": {"value": 1}}}]
    put_profiles(store, bodies)

    rows = table(exported(store, "csv"))

    assert [row["who.new"] for row in rows] == ["", "1"]


def test_lists_are_joined_and_structures_stay_json(store: Store) -> None:
    """A cell holds a list as people write it; anything deeper as the JSON it is."""
    who = {"emails": {"value": ["a@b.c", "d@e.f"]}, "deep": {"value": [{"k": 1}]}}
    put_profiles(store, [{"golden_id": "a", "who": who}])

    (row,) = table(exported(store, "csv"))

    assert (row["who.emails"], row["who.deep"]) == ("a@b.c; d@e.f", '[{"k":1}]')


def test_formula_in_a_name_is_disarmed_for_spreadsheets_only(customers: Customers) -> None:
    """The customer chose the name; the machine file must not change it."""
    customers.add("g1", given_name="=HYPERLINK(1)")
    customers.compose()

    machine, people = (table(exported(customers.store, form)) for form in ("csv", "spreadsheet"))

    assert machine[0]["who.given_name"] == "=HYPERLINK(1)"
    assert people[0]["who.given_name"] == "'=HYPERLINK(1)"


def test_spreadsheets_recognise_utf8(customers: Customers) -> None:
    """Without the mark Excel reads "Zoë" as "ZoÃ«"; programs get none."""
    machine, people = (exported(customers.store, form) for form in ("csv", "spreadsheet"))

    assert people.startswith(b"\xef\xbb\xbf")
    assert not machine.startswith(b"\xef\xbb\xbf")


def test_an_export_leaves_one_event_with_count_and_digest(
    customers: Customers, tmp_path: Path
) -> None:
    """The log can tell later whether a file that turned up is the one that was exported."""
    customers.add("g1", email="jane@example.org")
    customers.compose()
    target = tmp_path / "profiles.jsonl"

    done = deliver(customers.store, "jsonl", target)

    (event,) = events(customers.store)
    digest = sha256(target.read_bytes()).hexdigest()
    assert (event.kind, event.actor) == ("export.profiles", "os:test")
    assert event.what == {"format": "jsonl", "rows": 1, "sha256": digest, "to": "file"}
    assert done == Exported(1, digest)


def test_file_is_for_its_owner_only(customers: Customers, tmp_path: Path) -> None:
    """It is personal data, whatever the umask says."""
    deliver(customers.store, "jsonl", tmp_path / "profiles.jsonl")

    assert (tmp_path / "profiles.jsonl").stat().st_mode & 0o777 == 0o600


def test_full_disk_leaves_the_old_file_and_no_event(store: Store, tmp_path: Path) -> None:
    """Half an export would look like a business with half of its customers."""
    put_profiles(store, [{"golden_id": f"{n:05}", "pad": "x" * 1_000} for n in range(200)])
    target = tmp_path / "profiles.jsonl"
    target.write_bytes(b"old")

    with largest_file(100_000), pytest.raises(Unavailable, match="as it was before"):
        deliver(store, "jsonl", target)

    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
    assert events(store) == []


def test_memory_does_not_grow_with_the_number_of_customers(store: Store) -> None:
    """12 MB of profiles pass through less than 6 MB."""
    pad = "x" * 10_000
    put_profiles(store, [{"golden_id": f"{n:05}", "who": {"pad": pad}} for n in range(1_200)])
    with Path("/dev/null").open("wb") as nowhere:
        tracemalloc.start()

        done = deliver(store, "csv", nowhere)

        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert done.rows == 1_200
    assert peak < 6_000_000, peak


def put_profiles(store: Store, bodies: Sequence[Mapping[str, object]]) -> None:
    rows = [(str(body["golden_id"]), 1, orjson.dumps(body), b"", 0) for body in bodies]
    columns = ("golden_id", "revision", "body", "digest", "updated_at")
    with store.write() as connection:
        bulk.insert(connection, schema.profiles, columns, rows)
