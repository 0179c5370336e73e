"""Why records are, or are not, one customer: the evidence behind every link and every field.

Evidence is taken as it was stored with the link; a pair that was never linked is scored now under
the epoch in force, so the answer to "why not?" is as exact as that to "why?".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import orjson
from sqlalchemy import Connection, select

from hub.core.conversion import from_json
from hub.core.errors import NotFound
from hub.core.ids import GoldenId, Rid, SourceKey
from hub.core.records import one_line
from hub.identity import epochs, golden_ids, stewardship
from hub.identity.blocking import keys
from hub.identity.clusters import Constraint
from hub.identity.component import Grounds, worth
from hub.identity.guards import judge
from hub.identity.parties import Parties
from hub.store.records import chunks, find, source_keys
from hub.store.schema import cluster_members, golden_records, links


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall: what one comparison added, in bits."""

    comparison: str
    level: str
    weight: float
    adjustment: float


@dataclass(frozen=True, slots=True)
class LinkExplained:
    """One scored pair.

    Args:
        verdict: ``auto``, ``review``, ``must`` or ``none``.
        joined: Whether both records are one customer today.
        guard: The guard that held the pair back, if one did.
    """

    a: str
    b: str
    verdict: str
    joined: bool
    weight: float
    guard: str | None
    waterfall: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class DecisionExplained:
    """A steward's decision that concerns the records."""

    decision: str
    kind: str
    a: str
    b: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to ``hub explain A [B]``.

    Args:
        subjects: What was asked about, with the golden id that answers for it today.
        records: The source records looked at.
        same: Whether A and B are one customer; None when only A was given.
        links: Scored pairs among the records, strongest first.
        decisions: Steward decisions among the records.
        fields: Fields of the golden record, for a single id: value, source, time, rule, losers.
    """

    subjects: dict[str, GoldenId | None]
    records: tuple[str, ...]
    same: bool | None
    links: tuple[LinkExplained, ...]
    decisions: tuple[DecisionExplained, ...]
    fields: dict[str, dict[str, object]] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """The explanation as plain values, for JSON."""
        return asdict(self)


def explain(connection: Connection, a: str, b: str | None = None) -> Explanation:
    """Why ``a`` is what it is, or why ``a`` and ``b`` are or are not one customer.

    Each is a golden id, living or not, or a source key ``connection/stream/id``.

    Raises:
        NotFound: If one of them is unknown.
    """
    sides = [_side(connection, name) for name in (a, b) if name is not None]
    rids = {rid for side in sides for rid in side.rids}
    names = {Rid(rid): str(key) for rid, key in source_keys(connection, rids).items()}
    found = _stored(connection, names)
    same = None
    if len(sides) == 2:
        one, two = sides
        same = one.golden_id is not None and one.golden_id == two.golden_id
        across = {_pair(names[x], names[y]) for x in one.rids for y in two.rids if x != y}
        found = [link for link in found if (link.a, link.b) in across]
        found = found or _scored_now(connection, one.rids, two.rids)
    known = set(names.values())
    decided = [c for c in stewardship.active(connection) if {c.a, c.b} <= known]
    return Explanation(
        subjects={side.name: side.golden_id for side in sides},
        records=tuple(sorted(known)),
        same=same,
        links=tuple(sorted(found, key=lambda link: (-link.weight, link.a, link.b))),
        decisions=tuple(_decision(constraint) for constraint in decided),
        fields=_fields(connection, sides[0].golden_id) if b is None else {},
    )


@dataclass(frozen=True, slots=True)
class _Side:
    name: str
    golden_id: GoldenId | None
    rids: frozenset[Rid]


def _side(connection: Connection, name: str) -> _Side:
    table = cluster_members.c
    if "/" not in name:
        where = golden_ids.find(connection, GoldenId(name))
        query = select(table.rid).where(table.golden_id == where.golden_id)
        return _Side(name, where.golden_id, frozenset(connection.execute(query).scalars()))
    rid = find(connection, SourceKey.parse(name)) if name.count("/") >= 2 else None
    if rid is None:
        raise NotFound(f"there is no record {name}; a key is connection/stream/id")
    held = select(table.golden_id).where(table.rid == rid)
    return _Side(name, connection.execute(held).scalar_one_or_none(), frozenset({rid}))


def _stored(connection: Connection, names: Mapping[Rid, str]) -> list[LinkExplained]:
    """The links among the records, as they were stored."""
    together = _clusters(connection, names)
    found = []
    for part in chunks(sorted(names)):
        for row in connection.execute(select(links).where(links.c.rid_a.in_(part))):
            if row.rid_b in names:
                grounds = from_json(row.evidence, Grounds)
                joined = together.get(row.rid_a) == together.get(row.rid_b)
                pair = names[row.rid_a], names[row.rid_b]
                found.append(_link(*pair, row.verdict, joined, row.weight, grounds))
    return found


def _scored_now(
    connection: Connection, one: Iterable[Rid], two: Iterable[Rid]
) -> list[LinkExplained]:
    """The strongest pair between two sides that no stored link connects."""
    epoch = epochs.current(connection)
    if epoch is None:
        return []
    parties = Parties(epoch.shape.region)
    left = parties.load(connection, one).values()
    right = parties.load(connection, two).values()
    contact = {key for party in left for key in keys(party)}
    _, shared = worth(connection, contact, epoch.shape.max_shared_by)
    found = []
    for x in left:
        for y in right:
            if x.rid != y.rid and x.kind == y.kind:
                judged = judge(epoch.model.compare(x, y, shared), epoch.thresholds)
                grounds = Grounds.of(judged)
                found.append(_link(x.key, y.key, judged.verdict, False, judged.weight, grounds))
    return [max(found, key=lambda link: link.weight)] if found else []


def _link(
    a: str, b: str, verdict: str, joined: bool, weight: float, grounds: Grounds
) -> LinkExplained:
    steps = tuple(Step(*evidence) for evidence in grounds.evidence)
    return LinkExplained(*_pair(a, b), verdict, joined, weight, grounds.guard, steps)


def _pair(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


def _clusters(connection: Connection, rids: Iterable[Rid]) -> dict[Rid, GoldenId]:
    table = cluster_members.c
    found: dict[Rid, GoldenId] = {}
    for part in chunks(sorted(rids)):
        query = select(table.rid, table.golden_id).where(table.rid.in_(part))
        found.update((rid, golden_id) for rid, golden_id in connection.execute(query))
    return found


def _decision(constraint: Constraint) -> DecisionExplained:
    kind = "must_link" if constraint.must else "cannot_link"
    return DecisionExplained(constraint.name, kind, constraint.a, constraint.b)


def _fields(connection: Connection, golden_id: GoldenId | None) -> dict[str, dict[str, object]]:
    query = select(golden_records.c.body).where(golden_records.c.golden_id == golden_id)
    body = connection.execute(query).scalar_one_or_none()
    found: dict[str, dict[str, object]] = orjson.loads(body)["fields"] if body else {}
    return found


def render(explanation: Explanation) -> str:
    """The explanation as text for a terminal."""
    lines = [f"{name} is {now or 'nobody any more'}" for name, now in explanation.subjects.items()]
    if explanation.same is not None:
        lines.append("one customer" if explanation.same else "two customers")
    lines += ["", "Records", *(f"  {key}" for key in explanation.records)]
    for link in explanation.links:
        lines += ["", *_render_link(link)]
    for decided in explanation.decisions:
        lines.append(f"Decision {decided.decision}: {decided.kind} {decided.a} {decided.b}")
    if explanation.fields:
        lines += ["", "Fields"]
    for name, said in sorted(explanation.fields.items()):
        lines += _render_field(name, said)
    return "\n".join(lines)


def _render_link(link: LinkExplained) -> Sequence[str]:
    state = "joined" if link.joined else "not joined"
    guard = f", held back by guard {link.guard}" if link.guard else ""
    bars = [f"  {s.comparison:<12}{s.level:<12}{_bits(s)}" for s in link.waterfall]
    head = f"{link.a} — {link.b}: {link.verdict}, {state}{guard}"
    return [head, *bars, f"  {'total':<24}{link.weight:+7.1f} bits"]


def _bits(step: Step) -> str:
    adjusted = f"  ({step.adjustment:+.1f} by frequency or sharing)" if step.adjustment else ""
    return f"{step.weight + step.adjustment:+7.1f}{adjusted}"


def _render_field(name: str, said: Mapping[str, object]) -> list[str]:
    when = f" at {said['at']}" if said["at"] else ""
    lines = [f"  {name:<14}{one_line(said['value'])}  [{said['rule']}: {said['source']}{when}]"]
    losers = said["losers"]
    assert isinstance(losers, list)
    return lines + [f"  {'':<14}not {one_line(lo['value'])}  [{lo['source']}]" for lo in losers]
