"""``hub themes``: what more customers speak of than usual, and what is done about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from hub.cli.customer import note_reading
from hub.cli.instants import iso, micros
from hub.cli.layout import counted, moment, table
from hub.cli.run import actor
from hub.cli.session import Session, Verbs, pass_session
from hub.core.clock import to_micros

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.pipeline import Hub
    from hub.store.themes import Improvement, Step
    from hub.voc.case_steps import Doer

    Take = Callable[[Hub, Connection, Improvement, Doer], Step]

STATES = ("found", "owned", "acted", "told", "remeasured", "declined", "withdrawn")
_ONE = click.argument("improvement_id", metavar="IMPROVEMENT")
_SEVERAL = click.argument("improvement_ids", metavar="IMPROVEMENT...", nargs=-1, required=True)
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
_MESSAGE = click.option(
    "--message", required=True, help="Reference of the message, such as a campaign's id."
)
_CUSTOMERS = click.option(
    "--customers",
    type=click.IntRange(1),
    help="How many were told.  [default: all who spoke of it and may be told]",
)
_AT = click.option("--at", "when", metavar="TIME", help="When it was.  [default: now]")


def _of_a_word(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of a word to customers."""
    for option in (_DRY_RUN, _AT, _CUSTOMERS, _MESSAGE, _ONE):
        command = option(command)
    return command


@click.group(cls=Verbs)
def themes() -> None:
    """Themes that rose: list, own, act, tell customers, measure again."""


@themes.command("list")
@click.option("--all", "everything", is_flag=True, help="Also settled and withdrawn ones.")
@click.option("--state", type=click.Choice(STATES), multiple=True, help="May be repeated.")
@pass_session
def list_themes(session: Session, everything: bool, state: tuple[str, ...]) -> None:
    """Print the themes that rose and are not settled, the newest week first."""
    import orjson

    from hub.store.themes import UNSETTLED, listed
    from hub.voc.theme_desk import document

    with session.app().open_hub(actor()) as hub, hub.store.read() as connection:
        found = listed(connection, state or (() if everything else UNSETTLED))
    rows = []
    for held in found:
        said = orjson.loads(held.evidence)
        usual = said["usual_customers"] / said["usual_weeks"]
        rows.append((held.improvement_id, held.theme, held.state, moment(held.week)[:10],
                     said["customers"], f"{usual:.1f}", held.owner))  # fmt: skip
    head = ("improvement", "theme", "state", "week of", "customers", "usual", "owner")
    closing = f"{counted(len(found), 'theme')} that rose; look: hub themes show IMPROVEMENT"
    lines = [*(table(head, rows) if found else []), closing]
    session.show([document(held) for held in found], "\n".join(lines))


@themes.command()
@_ONE
@click.option("--customers", "who", is_flag=True, help="Also who spoke of it and may be told.")
@pass_session
def show(session: Session, improvement_id: str, who: bool) -> None:
    """Print IMPROVEMENT with its numbers and everything that happened to it."""
    from hub.store.themes import events
    from hub.voc import theme_desk

    with session.app().open_hub(actor()) as hub:
        with hub.store.read() as connection:
            held = theme_desk.get(connection, improvement_id)
            happened = events(connection, improvement_id)
            heard = _audience(hub, connection, held)
            beside = theme_desk.together(connection, held)
        if who:
            note_reading(hub, "theme", details={"improvement": improvement_id})
    document: dict[str, Any] = {
        **theme_desk.document(held),
        "events": [{**event, "at": iso(event["at"])} for event in happened],
        "with": [
            {"improvement": other.improvement_id, "theme": other.theme, "customers": shared}
            for other, shared in beside
        ],
        "may_be_told": len(heard.golden_ids),
        "refused_contact": heard.refused,
        **({"customers": list(heard.golden_ids)} if who else {}),
    }
    session.show(document, "\n".join(_lines(document, happened)))


@themes.command()
@_SEVERAL
@click.option("--to", "owner", required=True, help="Who has it from now on.")
@click.option("--due", required=True, metavar="TIME", help="When something is to be changed.")
@_DRY_RUN
@pass_session
def own(
    session: Session, improvement_ids: tuple[str, ...], owner: str, due: str, dry_run: bool
) -> None:
    """Give IMPROVEMENT to somebody, who owes a change until then."""
    from hub.voc import theme_steps

    by = micros(due, session.zone, 0)
    _act(
        session, improvement_ids,
        lambda _hub, _connection, held, doer: theme_steps.own(held, owner, by, doer), dry_run,
    )  # fmt: skip


@themes.command()
@_ONE
@click.option("--action", required=True, help="What was changed.")
@_AT
@_DRY_RUN
@pass_session
def act(
    session: Session, improvement_id: str, action: str, when: str | None, dry_run: bool
) -> None:
    """Note what was changed because of IMPROVEMENT."""
    from hub.voc import theme_steps

    _act(
        session, (improvement_id,),
        lambda _hub, _connection, held, doer: theme_steps.act(
            held, action, micros(when, session.zone, doer.now), doer
        ),
        dry_run,
    )  # fmt: skip


@themes.command()
@_of_a_word
@pass_session
def tell(session: Session, /, improvement_id: str, **word: Any) -> None:
    """Note that customers who spoke of it were told what was changed."""
    from hub.voc import theme_steps

    _tell(session, improvement_id, theme_steps.tell, **word)


@themes.command()
@_of_a_word
@pass_session
def decline(session: Session, /, improvement_id: str, **word: Any) -> None:
    """End IMPROVEMENT with a message to customers why nothing will change."""
    from hub.voc import theme_steps

    _tell(session, improvement_id, theme_steps.decline, **word)


@themes.command()
@_ONE
@_DRY_RUN
@pass_session
def remeasure(session: Session, improvement_id: str, dry_run: bool) -> None:
    """Compare how many customers speak of it before and after the change."""
    from dataclasses import asdict

    from hub.voc import theme_desk, theme_steps

    settings = session.app().settings

    def take(_hub: Hub, connection: Connection, held: Improvement, doer: Doer) -> Step:
        found = theme_desk.again(connection, held, settings.metrics, settings.hub.zone, doer.now)
        return theme_steps.remeasure(held, asdict(found), doer)

    _act(session, (improvement_id,), take, dry_run)


# ---------------------------------------------------------------------------------------------


def _tell(
    session: Session,
    improvement_id: str,
    step: Callable[[Improvement, str, int, int, Doer], Step],
    *,
    message: str,
    customers: int | None,
    when: str | None,
    dry_run: bool,
) -> None:
    def take(hub: Hub, connection: Connection, held: Improvement, doer: Doer) -> Step:
        may = len(_audience(hub, connection, held).golden_ids)
        if customers is not None and customers > may:
            raise click.UsageError(
                f"{counted(may, 'customer')} spoke of it and may be told, not {customers}"
            )
        told = may if customers is None else customers
        return step(held, message, told, micros(when, session.zone, doer.now), doer)

    _act(session, (improvement_id,), take, dry_run)


def _audience(hub: Hub, connection: Connection, held: Improvement) -> Any:
    from hub.voc import theme_desk

    given, now = hub.settings, to_micros(hub.clock.now())
    return theme_desk.audience(connection, held, given.loop, given.purposes, now)


def _act(session: Session, improvement_ids: tuple[str, ...], take: Take, dry_run: bool) -> None:
    from hub.voc import theme_desk
    from hub.voc.case_steps import Doer

    with session.app().open_hub(actor()) as hub:
        doer = Doer(actor(), to_micros(hub.clock.now()))
        taken = theme_desk.act(
            hub.store,
            improvement_ids,
            lambda connection, held: take(hub, connection, held, doer),
            dry_run=dry_run,
        )
        hub.notary.settle()
    found = [theme_desk.document(step.improvement) for step in taken]
    would = "would be" if dry_run else "is"
    lines = [
        line
        for each in found
        for line in (
            f"improvement {each['improvement']} ({each['theme']}) {would} {each['state']}",
            *_result(each["result"]),
        )
    ]
    lines.append("nothing was written" if dry_run else f"next: {_next(found[0])}")
    session.show(found if len(improvement_ids) > 1 else found[0], "\n".join(lines))


def _next(held: Mapping[str, object]) -> str:
    name = held["improvement"]
    return {
        "owned": f'once something was changed: hub themes act {name} --action "..."',
        "acted": f"hub themes show {name} --customers, tell them, then: hub themes tell {name}"
        " --message REFERENCE",
        "told": f"in some weeks: hub themes remeasure {name}",
    }.get(str(held["state"]), "hub themes list")


def _lines(told: Mapping[str, Any], happened: list[dict[str, Any]]) -> Iterator[str]:
    said = told["evidence"]
    usual = said["usual_customers"] / said["usual_weeks"]
    yield f"improvement {told['improvement']}: {told['theme']}, {told['state']}"
    yield f"  rose      in the week of {told['week'][:10]}"
    yield (
        f"  spoke     {counted(said['customers'], 'customer')} of {said['wrote']:,} who wrote;"
        f" usually {usual:.1f} of {said['usual_wrote'] / said['usual_weeks']:.1f}"
    )
    for other in told["with"]:
        shared = f"{other['customers']:,} of the same customers"
        yield f"  with      {other['theme']} ({shared}), {other['improvement']}"
    yield f"  to tell   {told['may_be_told']:,}; {told['refused_contact']:,} refused contact"
    for name in ("owner", "due_at", "action", "message", "customers_told"):
        if told[name] is not None:
            yield f"  {name.replace('_', ' '):<9} {told[name]}"
    yield from _result(told["result"])
    for event in happened:
        yield f"  {moment(event['at'])}  {event['kind']} by {event['actor']}"
    yield from (f"  {golden_id}" for golden_id in told.get("customers", ()))


def _result(result: Any) -> Iterator[str]:
    if result is None:
        return
    for name in ("usual", "before", "after"):
        share = result[name]
        if share["low"] is not None:
            yield (
                f"  {name:<9} {share['value']:.1f} % [{share['low']:.1f}, {share['high']:.1f}]"
                f" of {share['n']:,} who wrote"
            )
    again = "; as usual again" if result["usual_again"] else ""
    yield f"  verdict   {result['verdict']}{again}"
