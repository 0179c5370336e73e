"""The reports: the snapshots' formulas, month by month, told the same everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from shutil import copytree
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select

from hub.app import load
from hub.audit.checkpoint import newest
from hub.cli.main import run
from hub.core.clock import ManualClock
from hub.core.ids import IdSource
from hub.core.records import PartyRef, Ticket
from hub.core.settings import Settings, TextSection, ThemesSection
from hub.exports.report.agent import agent
from hub.exports.report.compliance import compliance
from hub.exports.report.customer_experience import _tones, customer_experience
from hub.exports.report.executive import at_risk, executive
from hub.exports.report.ground import Ground
from hub.exports.report.measured import standing
from hub.exports.report.model import (
    Average,
    Bars,
    Count,
    Report,
    Table,
    Words,
    document,
    numbers,
)  # fmt: skip
from hub.exports.report.month import month_named
from hub.exports.report.page import page
from hub.exports.report.words import value_text
from hub.journeys.files import read_all
from hub.metrics.interval import wilson
from hub.metrics.months import month_of
from hub.metrics.tone import Tone
from hub.metrics.voice import Voice
from hub.store import bulk, schema
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.schema import audit_leaves
from hub.voc import theme_run
from hub.voc.theme_run import Terms
from tests.unit.metrics.conftest import Business
from tests.unit.profile.stages import look

NOVEMBER, DECEMBER = datetime(2025, 11, 15, tzinfo=UTC), datetime(2025, 12, 15, tzinfo=UTC)
JANUARY, FEBRUARY = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
SETTINGS = Settings.model_validate({"metrics": {"min_n": 5}})


@pytest.fixture(scope="module")
def toml(tmp_path_factory) -> Path:
    """Twelve customers: content in November, divided in December; one of them complains."""
    path = tmp_path_factory.mktemp("reports") / "hub.toml"
    path.write_text('[hub]\ndata_dir = "."\n[metrics]\nmin_n = 5\n')
    clock = ManualClock(FEBRUARY)
    store = load(path, clock=clock).open_store()
    told(Business(store, clock, IdSource.seeded(clock, seed=1)))
    store.close()
    return path


def told(business: Business) -> None:
    with business.store.write() as connection:
        names = ("stream_id", "connection", "stream", "entity")
        bulk.insert(connection, schema.streams, names, [(1, "shop", "all", "person")])
    for rid in range(1, 13):
        business.customer(rid)
        business.order(rid, f"n{rid}", 1_000, NOVEMBER)
        business.answer(rid, "nps", 10, at=NOVEMBER)
        business.order(rid, f"d{rid}", 100 if rid <= 4 else 5_000, DECEMBER)
        business.answer(rid, "nps", 2 if rid <= 8 else 10, at=DECEMBER)
    for _ in range(4):
        business.answer(None, "nps", 9, at=JANUARY)
    ticket = Ticket(
        at=DECEMBER, party=PartyRef(id="1"), status="open", assignee="Robin",
        subject="The parcel has not arrived and nobody answers",
    )  # fmt: skip
    business.fact(1, DECEMBER, ticket)
    _left_over(business)
    business.measure(min_n=5)
    look(business.store)


def _left_over(business: Business) -> None:
    """A row in quarantine, and withdrawals: one waits, two have no place to go to."""
    bad = ("qid", "stream_id", "digest", "place", "reason", "message", "raw", "state", "first_at",
           "last_at", "run_id")  # fmt: skip
    due = ("withdrawal_id", "connection", "rid", "event_id", "golden_id", "purpose", "channel",
           "status", "attempts", "created_at", "updated_at")  # fmt: skip
    rows = [
        (number, "shop", number, "e", f"g{number}", "marketing", "email", status, 0, 0, 0)
        for number, status in enumerate(("pending", "not_held", "not_held"), 1)
    ]
    with business.store.write() as connection:
        row = (1, 1, b"d", "orders.csv:7", "bad-date", "no date", b"{}", "open", 0, 0, "r")
        bulk.insert(connection, schema.quarantine, bad, [row])
        bulk.insert(connection, schema.withdrawals, due, rows)


@pytest.fixture
def connection(toml) -> Iterator[Connection]:
    with closing(load(toml).open_store()) as store, store.read() as connection:
        yield connection


def ground(connection: Connection, month: str = "2025-12") -> Ground:
    maps = read_all(Path("/nowhere"), "*.toml")
    return Ground(connection, SETTINGS, maps, FEBRUARY, month_named(month))


def made(connection: Connection, month: str = "2025-12") -> Report:
    return executive(ground(connection, month))


def blocks(report: Report):
    return [block for section in report.sections for block in section.blocks]


def test_a_survey_of_a_month_is_that_month_of_its_snapshot(connection):
    """The report measures nothing of its own: value, interval and n are the snapshot's."""
    found = {number.metric: number for number in numbers(made(connection))}

    [snapshot] = standing(connection, "nps")
    months = snapshot.detail["months"]
    told = found["nps"].estimate
    assert isinstance(months, dict)
    assert told is not None
    assert months["2025-12"] == {
        "value": told.value, "low": told.low, "high": told.high, "n": told.n,
    }  # fmt: skip


def test_a_change_is_told_with_its_significance(connection):
    """NPS fell from 100 to -33 among twelve: that shows."""
    [nps] = [number for number in numbers(made(connection)) if number.metric == "nps"]

    assert nps.change is not None
    assert round(nps.change.value) == -133
    assert nps.change.significant


def test_every_average_stands_with_those_it_hides(connection):
    """Share at the bottom, open detractors, and what they have spent, on the page itself."""
    report = made(connection)

    [aov] = [b for b in blocks(report) if isinstance(b, Average) and b.number.metric == "aov"]
    card = page(report).split("Average order value (GBP)</h3>")[1].split('class="card"')[0]
    assert aov.beside.open_detractors == 8
    assert "customers below a quarter of the mean" in card
    assert "33.3\u00a0%" in card
    assert "open detractors</strong>: 8" in card
    # Eight detractors: 12 × 10.00 of November among eight, four small orders, four large ones.
    assert "value at risk</strong>: GBP 284.00" in card


def test_who_is_waiting_is_counted(connection):
    """One open ticket; eight customers who are unhappy and of whom nobody has heard again."""
    counts = {b.title: b.value for b in blocks(made(connection)) if isinstance(b, Count)}

    assert counts["Open tickets"] == 1
    assert counts["Open detractors"] == 8


def test_page_and_json_tell_the_same_numbers(connection):
    """Every number of the JSON stands on the page, rounded."""
    report = made(connection)

    text, document_ = page(report), json.loads(json.dumps(document(report)))
    values = [
        block["number"]
        for section in document_["sections"]
        for block in section["blocks"]
        if "number" in block and block["number"]["estimate"]
    ]
    assert [(v["metric"], v["estimate"]["value"]) for v in values] == [
        (n.metric, n.estimate.value) for n in numbers(report) if n.estimate
    ]
    for number in numbers(report):
        if number.estimate:
            assert value_text(number.estimate.value, number.unit, number.currency) in text


def test_page_document_and_command_tell_one_number(toml, capsys):
    """What stands over all data is the snapshot: ``hub metrics show`` has it to the last bit."""
    out = toml.parent / "same.html"
    assert run(["report", "executive", "--out", str(out), "--config", str(toml)]) == 0
    text, told = out.read_text(), written(toml, "executive")

    compared = 0
    for block in (b for section in told["sections"] for b in section["blocks"] if "number" in b):
        number = block["number"]
        estimate = number["estimate"] or {"n": number["n"]}
        if not number["when"].startswith("data until"):
            continue
        capsys.readouterr()
        assert run(["metrics", "show", number["metric"], "--json", "--config", str(toml)]) == 0
        shown = {each["series"]: each for each in json.loads(capsys.readouterr().out)}
        snapshot = shown[number["series"]]
        for key in ("value", "low", "high", "n"):
            assert snapshot[key] == estimate.get(key)
        assert snapshot["definition"] == block["definition"]
        if snapshot["value"] is not None:
            currency = number["series"] if block["unit"] == "money" else ""
            assert value_text(snapshot["value"], block["unit"], currency) in text
        compared += 1

    assert compared >= 2


def test_a_report_says_how_fresh_its_data_are(connection):
    """The newest order, answer and ticket; where they end before the month, that is said first."""
    report, late = made(connection), made(connection, "2026-03")

    assert report.newest == (
        ("order", "2025-12-15"), ("answer", "2026-01-15"), ("ticket", "2025-12-15"),
    )  # fmt: skip
    assert "The newest data: " in page(report)
    assert "Nothing is known of this month." not in page(report)
    assert "Nothing is known of this month." in page(late)
    assert document(report)["newest"] == dict(report.newest)


def test_a_hub_without_data_says_what_to_do(store):
    """Every report can be made of nothing, and its first line is the next step."""
    maps = read_all(Path("/nowhere"), "*.toml")
    with store.read() as connection:
        ground = Ground(connection, SETTINGS, maps, FEBRUARY, month_named("2025-12"))
        told = [page(kind(ground)) for kind in (executive, customer_experience, agent, compliance)]

    assert all("The hub has no data yet. Next: connect a system, then hub run." in t for t in told)


def test_of_two_hundred_touchpoints_the_worst_are_drawn():
    """A chart of twelve and a table of forty; the page says where the others are."""
    tones = [
        Tone(f"touchpoint {at}", 20, 20, 0, wilson(at % 20, 20, 0.95), None, 0.0, (), (), None)
        for at in range(200)
    ]

    bars, places, *_ = _tones(Voice(20, 20, {}, tones, [], [], []))

    assert isinstance(bars, Bars)
    assert isinstance(places, Table)
    assert (len(bars.rows), len(places.rows)) == (12, 40)
    assert places.says.endswith("The worst 40 of 200; all: hub text report.")
    assert bars.rows[0][1].estimate == wilson(19, 20, 0.95)


def test_too_little_data_is_said_in_words(connection):
    """A month in which nobody bought or answered has no number at all, and no nought either."""
    report = made(connection, "2025-10")

    assert all(number.estimate is None for number in numbers(report) if number.when == "2025-10")
    assert not any(number.metric in ("nps", "aov") for number in numbers(report))
    assert any(isinstance(b, Words) and "Net Promoter Score" in b.text for b in blocks(report))


def test_below_the_minimum_n_is_told_and_the_value_is_not(connection):
    """Four answers of January are four answers."""
    report = made(connection, "2026-01")

    [nps] = [number for number in numbers(report) if number.metric == "nps"]
    assert (nps.estimate, nps.n, nps.status) == (None, 4, "insufficient")
    assert 'insufficient data</div><p class="soft">n\u00a0=\u00a04, 2026-01; nps@2' in page(report)


def test_a_page_fetches_nothing_and_runs_nothing(connection):
    """No script, no address, no file beside it."""
    text = page(made(connection))

    assert "<script" not in text
    assert not any(word in text for word in ("http:", "https:", "src=", "url(", "@import", " on"))


def written(toml: Path, kind: str, *more: str) -> dict:
    """The report as its JSON on disk."""
    out = toml.parent / f"{kind}.json"
    arguments = ["report", kind, "--period", "2025-12", "--out", str(out), "--json"]
    assert run([*arguments, "--config", str(toml)]) == 0
    return json.loads(out.read_text())


def tables(told: dict) -> dict[str, list[list]]:
    return {
        block["title"]: block["rows"]
        for section in told["sections"]
        for block in section["blocks"]
        if block["block"] == "table"
    }


def test_the_cx_report_tells_surveys_tone_and_journeys(toml):
    """Who was asked, how they sound at each touchpoint, who goes on from each stage."""
    told = written(toml, "cx")

    found = tables(told)
    assert found["Who was asked, over all data"] == [
        ["Net Promoter Score (0-10)", 28, "100.0 %", 0]
    ]
    [place, customers, negative, *_] = found["By touchpoint"][0]
    assert (place, customers, negative["estimate"], negative["n"]) == ("ticket opened", 1, None, 1)
    stages = {row[0]: row[1] for row in found["Who goes on from each stage, over all data"]}
    assert stages["Get help"] == 1


def test_the_cx_report_tells_themes_beside_nps_csat_and_ces(tmp_path):
    """One page: each survey with its interval and worst boxes, then what customers speak of more.

    Thirteen weeks of five customers who write of parcels; in the last twenty of the label.
    """
    toml, end = tmp_path / "hub.toml", datetime(2026, 1, 31, tzinfo=UTC)
    toml.write_text('[hub]\ndata_dir = "."\n[metrics]\nmin_n = 5\n')
    clock = ManualClock(end)
    with closing(load(toml, clock=clock).open_store()) as store:
        business = Business(store, clock, IdSource.seeded(clock, seed=1))
        for rid in range(20):
            business.customer(rid)
        for week, rid in product(range(1, 14), range(5)):
            at = end - timedelta(weeks=week)
            business.answer(rid, "nps", 8, at=at, comment="Where is my parcel?")
        for rid in range(20):
            at = end - timedelta(days=8)
            business.answer(rid, "csat", 2, at=at, comment="The return label was missing")
            business.answer(rid, "ces", 3, at=at)
        business.measure(min_n=5)
        terms = Terms(ThemesSection(), 30 * 86_400, ZoneInfo("UTC"))
        theme_run.run(store, TextSection(), terms, Keys(b"k" * 32), actor="os:test")

        with store.read() as connection:
            maps = read_all(Path("/nowhere"), "*.toml")
            ground = Ground(connection, SETTINGS, maps, end, month_named("2026-01"))
            report = customer_experience(ground)

    told = {number.metric for number in numbers(report)}
    (themes,) = [
        b for b in blocks(report) if isinstance(b, Table) and b.title == "Themes that rose"
    ]
    assert told >= {"nps", "csat", "ces"}
    assert "return label" in [row[0] for row in themes.rows]
    assert "return label" in page(report)


def test_the_agent_report_is_about_customers_and_names_no_agent(toml):
    """Who waits comes first, the one with a ticket among them; the assignee is nowhere."""
    told = written(toml, "agent")

    [rows] = tables(told).values()
    assert len(rows) == 8
    assert [row[1] for row in rows].count("open ticket, unhappy answer") == 1
    assert "Robin" not in json.dumps(told)


def test_who_may_leave_is_named_with_the_reason_and_counted(toml, tmp_path):
    """A high risk comes before who waits, a medium one after; content and silent as they are."""
    folder = copytree(toml.parent, tmp_path / "hub")
    with closing(load(folder / "hub.toml").open_store()) as store:
        content = [row[0] for row in _bodies(store) if row[1]["voice"]["nps"]["value"] == 10]
        for golden_id, band, points in ((content[0], "medium", 35), (content[1], "high", 61)):
            _set_risk(store, golden_id, band, points)
        with store.read() as connection:
            told, leaders = (agent(ground(connection)), executive(ground(connection)))

    [people] = [block for block in blocks(told) if isinstance(block, Table)]
    [count] = [b for b in blocks(leaders) if isinstance(b, Count) and "high risk" in b.title]

    assert [row[1] for row in people.rows].index("may leave", 1) == 9 == len(people.rows) - 1
    assert people.rows[0][2] == "risk 61 of 100: comes less and less, a ticket is unresolved"
    assert (count.value, "1 medium" in count.says) == (1, True)


def _bodies(store: Store) -> list[tuple[str, dict[str, Any]]]:
    with store.read() as connection:
        rows = connection.execute(select(schema.profiles.c.golden_id, schema.profiles.c.body))
        return [(row.golden_id, json.loads(row.body)) for row in rows]


def _set_risk(store: Store, golden_id: str, band: str, points: int) -> None:
    """The profile as if the customer's risk had been found to be that."""
    body = dict(_bodies(store))[golden_id]
    why = ["comes less and less", "a ticket is unresolved", "and more"]
    for name, value in (("band", band), ("points", points), ("reasons", why)):
        body["risk"][name]["value"] = value
    with store.write() as connection:
        row = schema.profiles.c.golden_id == golden_id
        connection.execute(
            schema.profiles.update().where(row).values(body=json.dumps(body).encode())
        )


@pytest.mark.parametrize(
    ("bands", "value"),
    [({"unknown": 7}, None), ({"low": 3, "unknown": 7}, 0), ({"high": 2, "left": 1}, 2)],
)
def test_that_nobody_is_at_risk_is_said_only_where_it_is_known(
    bands: dict[str, int], value: int | None
) -> None:
    """A till tells nothing of who may leave: that is no zero."""
    [count] = at_risk(bands)

    assert count.value == value


def test_the_compliance_report_counts_consent_withdrawals_log_and_rows(toml):
    """Where nobody said anything it says so; the log's head is the one that was signed last."""
    written(toml, "agent")
    with closing(load(toml).open_store()) as store, store.read() as connection:
        signed = newest(connection)

    told = written(toml, "compliance")

    text = json.dumps(told)
    assert "Nobody ever said anything about: analytics by email" in text
    assert tables(told)["By system, since the beginning"] == [
        ["shop", 0, 1, 0, 0, 0, 2, 0],
    ]  # fmt: skip
    assert tables(told)["Open, now"] == [["shop", "all", "bad-date", 1]]
    assert signed is not None
    assert f"Signed root {signed.root.hex()}" in text


@pytest.mark.parametrize("kind", ["executive", "cx", "agent", "compliance"])
def test_every_report_is_whole_html_with_words_for_its_tables(toml, kind):
    """One heading, sections that are named, tables that are named and can be scrolled to."""
    out = toml.parent / f"{kind}.html"

    assert run(["report", kind, "--out", str(out), "--config", str(toml)]) == 0

    text = out.read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert text.count("<h1>") == 1
    assert text.count("<table ") == text.count('role="region"')
    for name in re.findall(r'aria-labelledby="([^"]+)"', text):
        assert all(f'id="{each}"' in text for each in name.split())


def test_the_command_writes_the_page_and_leaves_a_trace(toml, tmp_path, capsys):
    """Without a period it is the last whole month of the data; the log knows what left."""
    out = tmp_path / "report.html"

    code = run(["report", "executive", "--out", str(out), "--config", str(toml)])

    with load(toml).open_store().read() as connection:
        kinds = connection.execute(select(audit_leaves.c.kind)).scalars().all()
    assert code == 0
    assert "recorded in the audit log" in capsys.readouterr().err
    assert "Month 2025-12." in out.read_text()
    assert "export.report.executive" in kinds


def test_the_command_gives_programs_json(toml, capfdbinary):
    """The same report as one document."""
    code = run(["report", "executive", "--period", "2025-12", "--json", "--config", str(toml)])

    told = json.loads(capfdbinary.readouterr().out)
    assert code == 0
    assert (told["kind"], told["period"]) == ("executive", "2025-12")


@pytest.mark.parametrize("period", ["2025", "2025-13", "last", "2025-1", "12-2025"])
def test_what_is_no_month_is_refused(toml, capsys, period):
    """As a mistake of the command line, before anything is read."""
    code = run(["report", "executive", "--period", period, "--config", str(toml)])

    assert code == 2
    assert "is not a month such as 2026-10" in capsys.readouterr().err


def test_both_databases_give_the_same_report(store, clock, ids, connection):
    """The store on either database tells what SQLite tells."""
    clock.sleep((FEBRUARY - clock.now()).total_seconds())
    told(Business(store, clock, ids))

    with store.read() as other:
        assert document(made(other)) == document(made(connection))


def test_months_are_counted_on_the_clocks_of_the_business():
    """A name and an instant of the same month are the same number."""
    assert month_named("2025-12") == month_of(int(DECEMBER.timestamp() * 1e6), UTC)
