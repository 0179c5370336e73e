"""What systems are told of a customer: a return, a tier, a score; from till to vendor."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.hubspot.emulator import create as hubspot_account
from connectors.zendesk.emulator import create as zendesk_account
from hub import pipeline
from hub.app import load
from hub.cli.demo.stage import demo_toml
from hub.core.clock import ManualClock
from hub.core.ids import IdSource
from hub.emulation.server import serve
from hub.pipeline import Hub, Lane, PipelineReport

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TILL = """
[metrics]
min_n = 1

[connections.till]
connector = "csv"
settings.folder = "files"

[connections.till.settings.streams.customers]
files = "customers.csv"
entity = "person"
key = ["id"]
columns = { given_name = "first", family_name = "last", emails = ["email"] }

[connections.till.settings.streams.lines]
files = "lines.csv"
entity = "order_line"
key = ["receipt", "line"]
timezone = "UTC"
constants = { currency = "AUD" }
columns = { order_ref = "receipt", at = "at", party = "who", quantity = "pieces", amount = "sum" }

[connections.till.settings.streams.points]
files = "points.csv"
entity = "loyalty_entry"
key = ["no"]
timezone = "UTC"
columns = { at = "at", party = "who", points = "points", tier = "tier" }

[connections.till.settings.streams.answers]
files = "answers.csv"
entity = "feedback"
key = ["no"]
timezone = "UTC"
constants = { instrument = "nps", scale_min = "0", scale_max = "10" }
columns = { at = "at", party = "who", score = "score" }
"""
HEADS = {
    "customers": "id,first,last,email",
    "lines": "receipt,line,at,who,pieces,sum",
    "points": "no,at,who,points,tier",
    "answers": "no,at,who,score",
}


@dataclass
class Business:
    """A till whose files grow, and one system that is told.

    ``told`` reads what stands there about Ada, by the name of a profile field.
    """

    folder: Path
    clock: ManualClock
    told: Callable[[str], Any]
    effects: Callable[[], int]
    rows: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in HEADS})

    def note(self, file: str, *cells: object) -> None:
        """Another line in one of the till's files."""
        self.rows[file].append(",".join(str(cell) for cell in cells))
        text = "\n".join([HEADS[file], *self.rows[file], ""])
        (self.folder / "files" / f"{file}.csv").write_text(text)

    def now(self) -> str:
        return self.clock.now().isoformat()

    def run(self) -> PipelineReport:
        """One cycle: read everything, and tell what changed."""
        with self._opened() as (hub, lanes):
            report = pipeline.run(hub, lanes, actor="test")
        assert report.exit_code == 0
        return report

    def begin(self) -> None:
        """The first cycle, after which an admin approves what is to be written."""
        self.run()
        with self._opened() as (hub, lanes):
            places = {place.key: place for lane in lanes for place in lane.destinations}
            for place in places.values():
                plan = hub.pusher("test").plan(place)
                hub.pusher("test").approve(plan.plan_id, places)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[Hub, list[Lane]]]:
        app = load(self.folder / "hub.toml", clock=self.clock, ids=IdSource(self.clock))
        with app.open_hub("test") as hub, app.lanes() as lanes:
            yield hub, lanes


@pytest.fixture
def open_business(tmp_path: Path) -> Iterator[Callable[..., Business]]:
    """Opens a business with five buyers, of whom Ada Byron is known to one vendor, too."""
    with contextlib.ExitStack() as stack:

        def start(name: str, people: str, emulator: Any, told: Callable[[str], Any]) -> Business:
            url = stack.enter_context(serve(emulator))
            toml = demo_toml(tmp_path, {name: emulator.settings(url)}, ())
            connection = toml[toml.index(f"[connections.{name}]") :].replace(
                'mode = "sync"', f'mode = "sync"\nstreams = ["{people}"]'
            )
            (tmp_path / "files").mkdir()
            (tmp_path / "hub.toml").write_text(f'[hub]\ndata_dir = "var"\n{TILL}\n{connection}')
            business = Business(tmp_path, emulator.clock, told, lambda: len(emulator.effects))
            for number, first in enumerate(("Ada", "Bob", "Cy", "Dora", "Eve"), start=1):
                business.note("customers", number, first, "Byron", f"{first.lower()}@example.org")
                business.note("lines", f"r{number}", 1, business.now(), number, 1, 60 - 10 * number)
            business.note("points", 1, business.now(), 1, 500, "gold")
            business.note("answers", 1, business.now(), 2, 9)
            business.clock.sleep(3_600)  # until search shows them, and exports
            return business

        yield start


@pytest.fixture
def crm(open_business: Callable[..., Business]) -> Business:
    """The business with a HubSpot account, where marketing is done."""
    emulator = hubspot_account(clock=ManualClock(START), plan="unmetered")
    person = {"email": "ada@example.org", "firstname": "Ada", "lastname": "Byron"}
    made = emulator.mutate({"op": "create", "object": "contacts", "properties": person})

    def told(name: str) -> Any:
        contact = emulator.account.tables["contacts"].records[str(made["id"])]
        return contact.properties.get(f"cxhub_{name}")

    return open_business("crm", "contacts", emulator, told)


@pytest.fixture
def desk(open_business: Callable[..., Business]) -> Business:
    """The business with a Zendesk account, where tickets are routed.

    Its admin has made the value band a drop-down field, which triggers can compare.
    """
    emulator = zendesk_account(clock=ManualClock(START))
    bands = ("top", "high", "middle", "low", "lowest", "none")
    drop_down = {
        "key": "cxhub_value_band",
        "title": "Value band",
        "type": "dropdown",
        "custom_field_options": [{"name": band, "value": band} for band in bands],
    }
    emulator.account.fields["users"].add(drop_down, 1, "")
    person = {"name": "Ada Byron", "email": "ada@example.org"}
    made = emulator.mutate({"op": "create", "object": "users", "properties": person})

    def told(name: str) -> Any:
        user = emulator.account.record("users", int(str(made["id"])))
        return user.body["user_fields"].get(f"cxhub_{name}")

    return open_business("desk", "users", emulator, told)


def test_a_return_holds_marketing_within_one_cycle_and_is_forgotten(crm: Business) -> None:
    """The next run after the return sets the flags with a reason; after 14 days one clears them."""
    crm.begin()
    before = crm.told("hold_marketing"), crm.told("hold_reason")
    crm.clock.sleep(86_400)
    crm.note("lines", "r1", 2, crm.now(), 1, -1, -50)

    crm.run()
    after = [crm.told(n) for n in ("recent_return", "hold_marketing", "hold_reason")]
    crm.clock.sleep(13 * 86_400)
    crm.run()
    on_the_last_day = crm.told("recent_return")
    crm.clock.sleep(86_400)
    crm.run()

    assert before == ("false", "none")
    assert after == ["true", "true", "something came back on 2026-03-03"]
    assert on_the_last_day == "true"
    names = ("recent_return", "hold_marketing", "hold_reason")
    assert [crm.told(name) for name in names] == ["false", "false", "none"]


def test_routing_follows_value_and_risk_within_one_cycle(desk: Business) -> None:
    """Tier and value band stand at the user before a ticket is routed, and go down with them."""
    desk.begin()
    before = desk.told("tier"), desk.told("value_band"), desk.told("risk_band")
    desk.clock.sleep(86_400)
    desk.note("points", 2, desk.now(), 1, -500, "silver")
    for who in range(2, 6):
        desk.note("lines", f"s{who}", 1, desk.now(), who, 1, 500)

    desk.run()

    assert before == ("gold", "top", "unknown")
    assert (desk.told("tier"), desk.told("value_band")) == ("silver", "lowest")


@pytest.mark.slow
def test_days_that_pass_are_no_news_to_a_system(crm: Business) -> None:
    """A risk that decays and a ticket that ages move the profile, and nothing is sent for it."""
    crm.note("answers", 2, crm.now(), 1, 2)
    crm.begin()
    crm.clock.sleep(86_400)
    crm.run()
    before = crm.effects()

    crm.clock.sleep(86_400)
    report = crm.run()

    assert report.profiled.written > 0
    assert crm.effects() == before
    crm.clock.sleep(3_600)
    assert crm.run().profiled.written == 0
