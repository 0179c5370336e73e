"""``hub text``: what reads customers' words, how good it is, and what it says of one text."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from hub.cli.layout import table, wrapped
from hub.cli.run import actor
from hub.cli.session import Session, Verbs, pass_session

if TYPE_CHECKING:
    from hub.metrics.interval import Estimate
    from hub.metrics.tone import Tone
    from hub.metrics.voice import Heard, Voice
    from hub.text.annotation import Annotation
    from hub.text.registry import Held
    from hub.text.training import Card, TooFew, Trained


@click.group(cls=Verbs)
def text() -> None:
    """Train, list and try what reads customers' words. Nothing leaves the machine."""


@text.command()
@pass_session
def train(session: Session) -> None:
    """Train a model per language on the business's own scores and comments.

    A model is used only if it tells comments that it has not seen better than the lexicon does,
    by an interval that excludes zero; otherwise the lexicon stays in use.
    """
    from hub.text.registry import train_all

    app = session.app()
    with closing(app.open_store()) as store:
        results = train_all(store, app.settings.text, actor=actor())
    lines = [_verdict(result) for result in results] or [
        "no comment with a score is stored yet; sync a source of feedback, then train again"
    ]
    session.show([_result(each) for each in results], "\n".join([*lines, "See: hub text models"]))


@text.command()
@pass_session
def models(session: Session) -> None:
    """List the trained models with what was measured of them, newest first per language."""
    from hub.text.registry import listing

    with closing(session.app().open_store()) as store, store.read() as connection:
        held = listing(connection)
    lines = [line for each in held for line in _card_lines(each)] or [
        "no model is trained; English texts are scored by the lexicon. Train one: hub text train"
    ]
    document = [_card(each.model_id, each.card) | {"in_use": each.in_use} for each in held]
    session.show(document, "\n".join(lines))


@text.command()
@click.argument("words", metavar="[TEXT]", required=False)
@pass_session
def score(session: Session, words: str | None) -> None:
    """Say what is read in TEXT, or in standard input; the text is not stored."""
    from hub.text.annotation import annotate
    from hub.text.sources import load_catalogue, load_models

    written = words or sys.stdin.buffer.read().decode(errors="replace")
    app = session.app()
    settings = app.settings
    with closing(app.open_store()) as store, store.read() as connection:
        read_with = load_models(connection, settings.text)
        catalogue = load_catalogue(connection, settings.hub, settings.text)
    today = app.clock.now().astimezone(settings.hub.zone).date()
    told = annotate(written, read_with, catalogue, today)
    session.show(_told(written, told), "\n".join(_told_lines(written, told)))


@text.command()
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Only what was written on this day or later.",
)
@pass_session
def report(session: Session, since: datetime | None) -> None:
    """Print how customers sound by touchpoint, aspect and competitor, and what they speak of.

    A customer counts once per group. Groups of fewer customers than ``[metrics] min_n`` show
    their count only.
    """
    from dataclasses import asdict

    from hub.metrics.voice import gather

    settings = session.app().settings
    zone = settings.hub.zone
    start = since.replace(tzinfo=zone) if since else None
    voice = gather(
        _heard(session, start),
        min_customers=settings.metrics.min_n,
        confidence=settings.metrics.confidence,
    )
    session.show(asdict(voice), "\n".join(_voice_lines(voice)))


def _heard(session: Session, since: datetime | None) -> Iterator[Heard]:
    """The texts of every customer."""
    from hub.metrics.hearing import heard

    app = session.app()
    with closing(app.open_store()) as store, store.read() as connection:
        yield from heard(connection, app.settings, since)


def _verdict(result: Trained | TooFew) -> str:
    from hub.text.training import Trained

    if not isinstance(result, Trained):
        return f"{result.language}: insufficient data: {result.reason}"
    card, verdict = result.card, "in use from now on"
    if not card.promoted:
        verdict = f"not used: {card.rival} is not beaten for sure"
    return f"{card.language}: {result.model.model_id}, {_measured(card)}; {verdict}"


def _measured(card: Card) -> str:
    return (
        f"macro-F1 {card.model.macro_f1:.3f} on {card.n:,} comments unseen, {card.rival}"
        f" {card.rival_quality.macro_f1:.3f}, difference {card.gain.value:+.3f}"
        f" [{card.gain.low:+.3f}, {card.gain.high:+.3f}]"
    )


def _card_lines(held: Held) -> Sequence[str]:
    card = held.card
    labels = ", ".join(f"{card.labels[label]:,} {label}" for label in sorted(card.labels))
    return (
        f"{card.language} {held.model_id} ({'in use' if held.in_use else 'not in use'})",
        wrapped(_measured(card)),
        wrapped(
            f"accuracy {card.model.accuracy:.3f}, recall of negatives"
            f" {card.model.recall_negative:.3f}; {labels}; {card.folds} folds"
        ),
        wrapped(f"trained {card.trained_at[:19]} on snapshot {card.snapshot[:16]}"),
    )


def _result(result: Trained | TooFew) -> dict[str, Any]:
    from hub.text.training import Trained

    if isinstance(result, Trained):
        return _card(result.model.model_id, result.card)
    return {"language": result.language, "labels": result.labels, "insufficient": result.reason}


def _card(model_id: str, card: Card) -> dict[str, Any]:
    import msgspec

    return {"model_id": model_id, **msgspec.to_builtins(card)}


def _told(written: str, told: Annotation) -> dict[str, Any]:
    from dataclasses import asdict

    document = asdict(told)
    places = [*document["sentiment"]["evidence"], *document["aspects"], *document["entities"]]
    for place in [*places, *document["emotions"]]:
        place["text"] = written[place["start"] : place["end"]]
    return document


def _told_lines(written: str, told: Annotation) -> Sequence[str]:
    feeling, evidence = told.sentiment, told.sentiment.evidence
    polarity = "" if feeling.polarity is None else f" {feeling.polarity:+.2f}"
    words = [f'"{written[s.start : s.end]}" {s.weight:+.2f}' for s in evidence]
    aspects = [f"{each.name} {each.label}" for each in told.aspects]
    named = [f"{each.kind} {each.value}" for each in told.entities]
    rows = {
        "language": told.language,
        "sentiment": f"{feeling.label}{polarity}, confidence {feeling.confidence}"
        f" ({feeling.method})",
        "evidence": ", ".join(words),
        "aspects": ", ".join(aspects),
        "emotions": ", ".join(each.feeling for each in told.emotions),
        "names": ", ".join(named),
        "keyphrases": ", ".join(told.keyphrases),
    }
    return [f"{name:<11}{value}" for name, value in rows.items() if value]


def _voice_lines(voice: Voice) -> Iterator[str]:
    yield f"{voice.texts:,} texts of {voice.customers:,} customers"
    if not voice.texts:
        yield "no customer has written anything yet; sync tickets, messages or feedback"
        return
    spoken = ", ".join(f"{count:,} {name}" for name, count in voice.languages.items())
    yield f"  languages: {spoken}"
    yield from _tone_lines("by touchpoint", voice.touchpoints)
    yield from _tone_lines("by aspect", voice.aspects)
    yield from _tone_lines("texts that name a competitor", voice.competitors)
    themes = ", ".join(f"{theme.phrase} ({theme.customers:,})" for theme in voice.themes)
    yield wrapped(f"themes: {themes or 'none that enough customers share'}")


def _tone_lines(title: str, tones: Sequence[Tone]) -> Iterator[str]:
    yield f"  {title}:" if tones else f"  {title}: none"
    rows = [
        (
            tone.group,
            f"{tone.customers:,}",
            f"{tone.texts:,}",
            _share(tone.negative),
            _share(tone.positive),
            tone.withheld or f"{100 * tone.low_confidence:.0f} % by the lexicon",
        )
        for tone in tones
    ]
    head = ("group", "customers", "texts", "sound negative", "sound positive", "read")
    if tones:
        yield from (f"    {line}" for line in table(head, rows))


def _share(share: Estimate | None) -> str:
    return "" if share is None else f"{share.value:.0f} % [{share.low:.0f}, {share.high:.0f}]"
