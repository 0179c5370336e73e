"""Alerts over HTTP and by e-mail: at least once, under one name, whatever is dead or killed."""

from __future__ import annotations

import base64
import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.core.clock import ManualClock
from hub.core.errors import ConfigError, NeedsReauth, RetryLater, StopRun
from hub.core.mail import MailServer
from hub.core.secrets import Secret
from hub.core.settings import AlertsSection, LoopSection, Settings
from hub.store import alerts as store_alerts
from hub.store.engine import Store
from hub.voc.alerts import REFUSALS, Told, deliver, routes
from tests.conftest import Databases
from tests.unit.voc.complaints import Complaints
from tests.unit.voc.receivers import Pager, Postbox, certificate, listening, open_postbox

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One database: what is asked of it is an insert, an update and a delete by key."""
    return sqlite_databases


@pytest.fixture
def desk(store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Complaints:
    """Three detractors with a case each."""
    monkeypatch.setenv("PAGER_SECRET", SECRET)
    monkeypatch.setenv("MAIL_PASSWORD", Postbox().password)
    desk = Complaints(store, clock, escalate_to="Kim")
    for rid in (1, 2, 3):
        desk.customer(rid)
        desk.answer(rid, 2)
        clock.sleep(60)
    desk.run()
    return desk


@pytest.fixture
def pager() -> Iterator[Pager]:
    """A receiver over HTTP."""
    with listening(Pager(KEY)) as pager:
        yield pager


@pytest.fixture
def box() -> Iterator[Postbox]:
    """A mail server on this machine."""
    with open_postbox(Postbox()) as box:
        yield box


def hook(url: str, **more: object) -> dict[str, object]:
    return {"url": url, "secret": "${env:PAGER_SECRET}", **more}


def mail(port: int, **more: object) -> dict[str, object]:
    return {
        "host": "127.0.0.1", "port": port, "tls": "none", "user": "hub",
        "password": "${env:MAIL_PASSWORD}", "from": "hub@example.net",
        "receivers": ["care@example.net"], **more,
    }  # fmt: skip


def run(
    desk: Complaints, file: Path | None = None, **sections: dict[str, dict[str, object]]
) -> dict[str, Told]:
    """What the end of a run does with these routes."""
    settings = Settings.model_construct(
        loop=LoopSection.model_construct(alerts=file), alerts=AlertsSection.model_validate(sections)
    )
    return {each.route: each for each in deliver(desk.store, routes(settings, desk.clock))}


def killed_after(desk: Complaints, monkeypatch: pytest.MonkeyPatch, go: Callable[[], Any]) -> None:
    """The process dies when the receiver has taken the alert and nobody has noted it."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(store_alerts, "arrived", die)
        with pytest.raises(KeyboardInterrupt):
            go()


def unused_port() -> int:
    """A port that nobody listens on."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_webhook_gets_each_event_once_signed_and_without_a_word_of_the_customers(
    desk: Complaints, pager: Pager
) -> None:
    """Type, time and the case; the second run has nothing to send."""
    hooks = {"pager": hook(pager.url)}

    first, second = run(desk, webhooks=hooks), run(desk, webhooks=hooks)

    assert first["webhooks.pager"] == Told("webhooks.pager", 3, 0, None)
    assert second["webhooks.pager"].sent == 0
    names = [name for name, _ in pager.got]
    assert len(names) == len(set(names)) == 3
    name, told = pager.got[0]
    assert told["type"] == "case.opened"
    assert set(told["data"]) == {  # type: ignore[call-overload]
        "event", "at", "what", "by", "case", "customer", "rule", "team", "due_at",
    }  # fmt: skip
    assert told["data"]["event"] == name  # type: ignore[index]


def test_a_route_is_sent_the_events_that_it_asked_for(desk: Complaints, pager: Pager) -> None:
    """Escalated only; and what happened long before a route was set is history."""
    asked = {"pager": hook(pager.url, events=["escalated"])}
    desk.clock.sleep(49 * 3_600)
    desk.run()
    run(desk, webhooks=asked)
    assert [said["type"] for _, said in pager.got] == ["case.escalated"] * 3

    desk.customer(4)
    desk.answer(4, 1)
    desk.run()
    desk.clock.sleep(8 * 86_400)
    run(desk, webhooks={"pager": hook(pager.url)})

    assert len(pager.got) == 3


def test_a_wrong_secret_is_told_and_nothing_is_lost(
    desk: Complaints, pager: Pager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver refuses the signature; with the right secret all three arrive."""
    monkeypatch.setenv("PAGER_SECRET", "whsec_" + base64.b64encode(b"x" * 32).decode())
    hooks = {"pager": hook(pager.url)}

    failed = run(desk, webhooks=hooks)["webhooks.pager"]

    assert (failed.sent, failed.waiting, pager.got) == (0, 3, [])
    assert isinstance(failed.error, NeedsReauth)
    assert "hub check --connect alerts.webhooks.pager" in str(failed.error)
    monkeypatch.setenv("PAGER_SECRET", SECRET)
    assert run(desk, webhooks=hooks)["webhooks.pager"].sent == 3


@pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", "hunter2", "whsec_%%%"])
def test_a_secret_that_is_no_key_is_refused_before_anything_is_sent(
    desk: Complaints, pager: Pager, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    """Too short, or not of the form that receivers' libraries expect."""
    monkeypatch.setenv("PAGER_SECRET", secret)

    failed = run(desk, webhooks={"pager": hook(pager.url)})["webhooks.pager"]

    assert isinstance(failed.error, ConfigError)
    assert failed.error.code == "HUB-216"
    assert (pager.asked, failed.waiting) == (0, 3)
    assert secret == "whsec_" or secret not in str(failed.error)


def test_a_dead_receiver_holds_up_nobody_and_loses_nothing(
    desk: Complaints, pager: Pager, box: Postbox, tmp_path: Path
) -> None:
    """One request is tried; file, mail and the other receiver are told; later it gets them all."""
    dead = unused_port()
    hooks = {"dead": hook(f"http://127.0.0.1:{dead}/"), "pager": hook(pager.url)}

    told = run(desk, tmp_path / "a.jsonl", webhooks=hooks, emails={"care": mail(box.port)})

    assert {name: (each.sent, each.waiting) for name, each in told.items()} == {
        "file": (3, 0), "webhooks.dead": (0, 3), "webhooks.pager": (3, 0), "emails.care": (3, 0),
    }  # fmt: skip
    assert isinstance(told["webhooks.dead"].error, RetryLater)
    risen = {"dead": hook(pager.url), "pager": hook(pager.url)}
    assert run(desk, webhooks=risen)["webhooks.dead"].sent == 3


def test_what_is_refused_waits_behind_what_is_not(desk: Complaints, pager: Pager) -> None:
    """One event is refused for good: the others pass it, and each run tries it once."""
    hooks = {"pager": hook(pager.url)}
    pager.status = 503
    run(desk, webhooks=hooks)
    assert (pager.asked, pager.got) == (1, [])
    with desk.store.read() as connection:
        first = store_alerts.due(connection, "webhooks.pager")[0].event
    pager.status, pager.answers = 200, {first: 422}

    told = [run(desk, webhooks=hooks)["webhooks.pager"] for _ in range(2)]

    assert [(each.sent, each.waiting) for each in told] == [(2, 1), (0, 1)]
    assert all(isinstance(each.error, StopRun) for each in told)
    assert pager.asked == 1 + 3 + 1
    pager.answers.clear()
    assert run(desk, webhooks=hooks)["webhooks.pager"].waiting == 0


def test_a_receiver_that_refuses_everything_is_left_alone(desk: Complaints, pager: Pager) -> None:
    """After three refusals there is no fourth request in this run."""
    for rid in range(10, 20):
        desk.customer(rid)
        desk.answer(rid, 0)
    desk.run()
    pager.status = 404

    told = run(desk, webhooks={"pager": hook(pager.url)})["webhooks.pager"]

    assert (pager.asked, told.waiting) == (REFUSALS, 13)


def test_a_slow_receiver_holds_up_the_run_for_half_a_minute(desk: Complaints, pager: Pager) -> None:
    """Twenty seconds for each answer: the third event waits for the next run."""
    pager.dawdle = lambda: desk.clock.sleep(20)
    hooks = {"pager": hook(pager.url)}

    first, second = run(desk, webhooks=hooks), run(desk, webhooks=hooks)

    assert first["webhooks.pager"] == Told("webhooks.pager", 2, 1, None)
    assert second["webhooks.pager"].sent == 1


def test_a_kill_between_post_and_note_sends_again_under_the_same_name(
    desk: Complaints, pager: Pager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: the receiver sees one event twice, and knows it by webhook-id."""
    hooks = {"pager": hook(pager.url)}
    killed_after(desk, monkeypatch, lambda: run(desk, webhooks=hooks))
    assert len(pager.got) == 1

    run(desk, webhooks=hooks)

    names = [name for name, _ in pager.got]
    assert (len(names), len(set(names))) == (4, 3)
    assert pager.got[0] == pager.got[1]


def test_a_mail_tells_all_that_is_new_and_names_nobody(desk: Complaints, box: Postbox) -> None:
    """One message per run, with case, rule and due time; no customer, no golden id, no word."""
    emails = {"care": mail(box.port, receivers=["care@example.net", "lead@example.net"])}

    run(desk, emails=emails)
    run(desk, emails=emails)
    desk.clock.sleep(49 * 3_600)
    desk.run()
    run(desk, emails=emails)

    opened, late = box.got
    assert (opened["Subject"], late["Subject"]) == ("cxhub: 3 opened", "cxhub: 3 escalated")
    assert (opened["To"], opened["Auto-Submitted"]) == (
        "care@example.net, lead@example.net", "auto-generated",
    )  # fmt: skip
    text = bytes(late.get_payload(decode=True)).decode()
    cases = desk.cases()
    assert all(f"hub cases show {case.case_id}" in text for case in cases)
    assert "Kim, due 2026-01-03" in text
    assert not any(golden_id in text for golden_id in ("g1", "g2", "g3"))
    assert opened["Message-ID"] != late["Message-ID"]


def test_a_kill_between_mail_and_note_sends_the_same_message_again(
    desk: Complaints, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same Message-ID and the same content, although more has happened since."""
    emails = {"care": mail(box.port)}
    killed_after(desk, monkeypatch, lambda: run(desk, emails=emails))
    desk.customer(4)
    desk.answer(4, 1)
    desk.run()

    run(desk, emails=emails)

    first, again, new = box.got
    assert first.as_string() == again.as_string()
    assert (new["Subject"], new["Message-ID"] != first["Message-ID"]) == ("cxhub: 1 opened", True)


@pytest.mark.parametrize(
    ("trouble", "error"),
    [({"password": "another"}, NeedsReauth), ({"refuses": 550}, StopRun),
     ({"refuses": 451}, RetryLater)],
)  # fmt: skip
def test_what_a_mail_server_refuses_stays_on_its_way(
    desk: Complaints, box: Postbox, trouble: dict[str, Any], error: type[Exception]
) -> None:
    """A wrong password, a message refused for good, or for now; no address in what is told."""
    for name, value in trouble.items():
        setattr(box, name, value)
    emails = {"care": mail(box.port)}

    failed = run(desk, emails=emails)["emails.care"]

    assert type(failed.error) is error
    assert (failed.waiting, box.got, "example" in str(failed.error)) == (3, [], False)
    box.password, box.refuses = Postbox().password, 0
    assert run(desk, emails=emails)["emails.care"].sent == 3
    assert len(box.got) == 1


def test_mail_travels_encrypted_to_a_server_that_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STARTTLS before the log-in; a certificate that nobody vouches for ends it."""
    monkeypatch.setenv("MAIL_PASSWORD", Postbox().password)
    ours, trust = certificate(tmp_path)
    password = Secret.parse("${env:MAIL_PASSWORD}")
    with open_postbox(Postbox(tls=ours)) as box:
        server = MailServer("m", "127.0.0.1", box.port, "starttls", "hub", password, trust)
        server.check()
        stranger = MailServer("m", "127.0.0.1", box.port, "starttls", "hub", password)

        with pytest.raises(ConfigError, match="no certificate that this machine trusts"):
            stranger.check()


def test_mail_may_be_encrypted_from_the_first_byte_on(tmp_path: Path) -> None:
    """The port that speaks TLS and nothing else."""
    ours, trust = certificate(tmp_path)
    with open_postbox(Postbox(tls=ours, implicit=True)) as box:
        secret = Secret.of(box.password)

        MailServer("m", "127.0.0.1", box.port, "implicit", "hub", secret, trust).check()


def test_a_receiver_that_the_server_does_not_know_is_told_once(
    desk: Complaints, box: Postbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The others have the message, so it is not sent again; the log names no address."""
    box.unknown = "gone@"
    emails = {"care": mail(box.port, receivers=["care@example.net", "gone@example.net"])}

    first, second = run(desk, emails=emails), run(desk, emails=emails)

    assert (first["emails.care"].sent, second["emails.care"].sent, len(box.got)) == (3, 0, 1)
    assert "refused 1 of 2 receivers" in caplog.text
    assert "gone@" not in caplog.text


def test_who_is_not_to_be_contacted_is_not_named(desk: Complaints, pager: Pager) -> None:
    """The case is suppressed, and its alert has no golden id."""
    desk.refuses(1)
    desk.run()

    run(desk, webhooks={"pager": hook(pager.url, events=["suppressed", "opened"])})

    told = [said["data"] for _, said in pager.got]
    assert {each["case"]: each["customer"] for each in told} == {  # type: ignore[index]
        case.case_id: None if case.state == "suppressed" else f"g{case.party_rid}"
        for case in desk.cases()
    }
    assert [each["what"] for each in told].count("suppressed") == 1  # type: ignore[index]


def test_mail_is_not_sent_in_the_clear_to_a_server_without_tls(box: Postbox) -> None:
    """A server that offers no STARTTLS gets neither password nor message."""
    server = MailServer("m", "127.0.0.1", box.port, "starttls", "hub", Secret.of("secret-word"))

    with pytest.raises(ConfigError, match="offers no such encryption"):
        server.check()


def test_a_route_that_is_gone_keeps_nothing_on_its_way(desk: Complaints, pager: Pager) -> None:
    """What was waiting for it is forgotten; the others are told as before."""
    hooks = {"dead": hook(f"http://127.0.0.1:{unused_port()}/")}
    run(desk, webhooks=hooks)

    run(desk)

    with desk.store.read() as connection:
        assert store_alerts.waiting(connection) == {}
