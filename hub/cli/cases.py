"""``hub cases``: the customers who wait for a word, and what they were told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from hub.cli.customer import note_reading
from hub.cli.handovers import handover_document, handover_line
from hub.cli.instants import iso, micros
from hub.cli.layout import counted, entries, fitted, moment, some_of
from hub.cli.run import actor
from hub.cli.session import Session, Verbs, pass_session
from hub.cli.timeline import event_document, event_line
from hub.core.clock import to_micros

if TYPE_CHECKING:
    from hub.core.records import Feedback, Ticket
    from hub.store.cases import Case, Step
    from hub.store.handovers import Handover
    from hub.store.rises import Rise
    from hub.voc.case_desk import Opened
    from hub.voc.case_steps import Doer

STATES = ("open", "assigned", "informed", "closed", "suppressed")
UNSETTLED = STATES[:3]
_SHOWN = 12
"""Events of an episode that are printed; the document has all."""
_AT = click.option("--at", "when", metavar="TIME", help="When they were told.  [default: now]")
_SEVERAL = click.argument("case_ids", metavar="CASE...", nargs=-1, required=True)
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
_MESSAGE = click.option(
    "--message", required=True, help="Reference of the message, such as a ticket's or mail's id."
)


def _of_a_word(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of a word to a customer."""
    for option in (_DRY_RUN, _AT, _MESSAGE, click.argument("case_id", metavar="CASE")):
        command = option(command)
    return command


@click.group(cls=Verbs)
def cases() -> None:
    """Customers who wait for a word: list, assign, tell, close."""


@cases.command("list")
@click.option("--all", "everything", is_flag=True, help="Also closed and suppressed ones.")
@click.option("--state", type=click.Choice(STATES), multiple=True, help="May be repeated.")
@click.option("--team", help="Only this team's.")
@click.option("--overdue", is_flag=True, help="Only those who should have been told by now.")
@pass_session
def list_cases(
    session: Session, everything: bool, state: tuple[str, ...], team: str | None, overdue: bool
) -> None:
    """Print the cases that are not settled, the one that is due first at the top."""
    from hub.identity import customers
    from hub.store import cases as stored
    from hub.voc.case_desk import document

    with session.app().open_hub(actor()) as hub:
        now = to_micros(hub.clock.now())
        wanted = state or (() if everything else UNSETTLED)
        with hub.store.read() as connection:
            found = [
                (golden_id, case)
                for golden_id, case in stored.customers(connection, wanted)
                if (team is None or case.team == team)
                and (not overdue or (case.state in stored.WAITING and case.due_at < now))
            ]
            seen = list(dict.fromkeys(who for who, _ in found if who is not None))
            names = customers.names(connection, seen)
        customers.note_read(hub.store, seen, how="cases", actor=actor(), clock=hub.clock)
    rows = [
        (
            (moment(case.due_at), _state(case, now), fitted(names.get(who or "", "nobody"), 30)),
            f"{_where(case)} [{case.case_id}]{f' [{who}]' if who else ''}",
        )
        for who, case in found
    ]
    lines = entries(("due", "state", "customer, rule, team, owner [case] [customer]"), rows)
    closing = f"{counted(len(found), 'case')}; open one with: hub cases show CASE"
    session.show(
        [document(case, who) | {"name": names.get(who or "")} for who, case in found],
        "\n".join([*(lines if found else []), closing]),
    )


def _where(case: Case) -> str:
    return ", ".join(filter(None, (case.rule, case.team, case.owner)))


def _state(case: Case, now: int) -> str:
    from hub.store.cases import WAITING

    if case.state in WAITING and case.due_at < now:
        return f"{case.state}, overdue"
    return f"{case.state}: {case.reason}" if case.reason else case.state


@cases.command()
@click.argument("case_id", metavar="CASE")
@pass_session
def show(session: Session, case_id: str) -> None:
    """Print CASE with what it rests on and everything that happened to it."""
    from hub.store import handovers
    from hub.voc import case_desk

    with session.app().open_hub(actor()) as hub:
        with hub.store.read() as connection:
            found = case_desk.show(connection, case_id, hub.clock.now())
            handed = handovers.about(connection, case_id)
        note_reading(hub, "case", subject=found.case.party_rid, details={"case": case_id})
        now = to_micros(hub.clock.now())
    document = {
        **case_desk.document(found.case, found.golden_id),
        "answers": [_answer(key, said) for key, said in found.answers],
        "rises": [_rise(each) for each in found.rises],
        "episode": [event_document(event) for event in found.episode],
        "handovers": [handover_document(row) for row in handed],
        "events": [{**event, "at": iso(event["at"])} for event in found.events],
    }
    session.show(document, "\n".join(_lines(found, handed, now)))


def _answer(key: str, said: Feedback | Ticket) -> dict[str, object]:
    from hub.core.records import Ticket

    if isinstance(said, Ticket):
        told = {"subject": said.subject, "status": said.status, "reopens": said.reopens}
        return {"source": key, "at": said.at.isoformat(), "instrument": "ticket", **told}
    return {
        "source": key,
        "at": said.at.isoformat(),
        "instrument": said.instrument,
        "score": said.score,
        "scale": [said.scale_min, said.scale_max],
        "comment": said.comment,
    }


def _rise(found: Rise) -> dict[str, object]:
    from hub.voc.rise import why

    reasons = [
        {"signal": each.signal, "points": each.points, "says": each.says,
         "records": list(each.records)}
        for each in why(found)
    ]  # fmt: skip
    ended = None if found.ended_at is None else iso(found.ended_at)
    spell = {"at": iso(found.at), "since": iso(found.since), "ended_at": ended}
    return {**spell, "points": found.points, "reasons": reasons}


def _lines(found: Opened, handed: Sequence[Handover], now: int) -> list[str]:
    case = found.case
    lines = [
        f"case {case.case_id}: {_state(case, now)}",
        f"  customer  {found.golden_id or 'nobody answers for it any more'}",
        f"  rule      {case.rule}, with {case.team}{f', {case.owner}' if case.owner else ''}",
        f"  due       {moment(case.due_at)}",
    ]
    if case.informed_at is not None:
        lines.append(f"  told      {moment(case.informed_at)}, {case.message}")
    if case.joined_to is not None:
        lines.append(f"  goes on   in {case.joined_to}")
    lines += [f"  {handover_line(row)}" for row in handed]
    lines += [f"  {_said(said)} [{key}]{_words(said)}" for key, said in found.answers]
    lines += [f"  {line}" for rise in found.rises for line in _risen(rise)]
    lines += [f"  {line}" for line in _episode(found)]
    for event in found.events:
        said_of = {k: v for k, v in event.items() if k not in ("at", "kind", "actor") and v}
        details = "".join(f", {name} {value}" for name, value in said_of.items())
        lines.append(f"  {moment(event['at'])}  {event['kind']} by {event['actor']}{details}")
    return lines


def _risen(found: Rise) -> Iterator[str]:
    from hub.voc.rise import why

    over = "" if found.ended_at is None else f", until {moment(found.ended_at)}"
    yield f"risk {found.points} of 100 at {moment(found.at)}{over}"
    for each in why(found):
        yield f"{each.points:+5d}  {each.says}"
        yield f"         {each.signal} [{some_of(each.records)}]"


def _episode(found: Opened) -> Iterator[str]:
    """The latest of what happened to the customer since."""
    latest, more = found.episode[-_SHOWN:], len(found.episode) - _SHOWN
    if latest:
        yield f"since then{f', {more:,} before that: hub timeline CUSTOMER' * (more > 0)}"
    yield from (f"  {event_line(event)}" for event in latest)


def _said(said: Feedback | Ticket) -> str:
    from hub.core.records import Ticket
    from hub.voc.follow_up import handled

    at = moment(to_micros(said.at))
    if isinstance(said, Ticket):
        return f"ticket of {at}{handled(said)}"
    return f"{said.instrument} {'no score' if said.score is None else f'{said.score:g}'} at {at}"


def _words(said: Feedback | Ticket) -> str:
    words = getattr(said, "comment", None) or getattr(said, "subject", None)
    return f": {words}" if words else ""


@cases.command()
@_SEVERAL
@click.option("--to", "owner", required=True, help="Who has it from now on.")
@_DRY_RUN
@pass_session
def assign(session: Session, case_ids: tuple[str, ...], owner: str, dry_run: bool) -> None:
    """Give each CASE to somebody; all or none."""
    from hub.voc import case_steps

    _act(session, case_ids, lambda case, doer: case_steps.assign(case, owner, doer), dry_run)


@cases.command()
@_of_a_word
@pass_session
def inform(session: Session, case_id: str, message: str, when: str | None, dry_run: bool) -> None:
    """Note that the customer of CASE was told what came of their answer."""
    from hub.voc import case_steps

    def step(case: Case, doer: Doer) -> Step:
        return case_steps.inform(case, message, micros(when, session.zone, doer.now), doer)

    _act(session, (case_id,), step, dry_run)


@cases.command()
@_SEVERAL
@_DRY_RUN
@pass_session
def close(session: Session, case_ids: tuple[str, ...], dry_run: bool) -> None:
    """Close each CASE, whose customer was told; all or none."""
    from hub.voc import case_steps

    _act(session, case_ids, case_steps.close, dry_run)


@cases.command()
@_of_a_word
@pass_session
def decline(session: Session, case_id: str, message: str, when: str | None, dry_run: bool) -> None:
    """Close CASE with a message that explains why nothing will change."""
    from hub.voc import case_steps

    def step(case: Case, doer: Doer) -> Step:
        return case_steps.decline(case, message, micros(when, session.zone, doer.now), doer)

    _act(session, (case_id,), step, dry_run)


def _act(
    session: Session,
    case_ids: tuple[str, ...],
    step: Callable[[Case, Doer], Step],
    dry_run: bool,
) -> None:
    from hub.store.cases import customer_of
    from hub.voc import case_desk
    from hub.voc.case_steps import Doer

    with session.app().open_hub(actor()) as hub:
        doer = Doer(actor(), to_micros(hub.clock.now()))
        taken = case_desk.act(hub.store, case_ids, lambda case: step(case, doer), dry_run=dry_run)
        hub.notary.settle()
        with hub.store.read() as connection:
            documents = [
                case_desk.document(each.case, customer_of(connection, each.case.case_id))
                for each in taken
            ]
    would = "would be" if dry_run else "is"
    lines = [f"case {each.case.case_id} {would} {each.case.state}" for each in taken]
    lines.append("nothing was written" if dry_run else _next(taken[0].case))
    session.show(documents if len(case_ids) > 1 else documents[0], "\n".join(lines))


def _next(case: Case) -> str:
    return {
        "assigned": "next, once they were told: hub cases inform"
        f" {case.case_id} --message REFERENCE",
        "informed": f"next: hub cases close {case.case_id}",
    }.get(case.state, "next: hub cases list")
