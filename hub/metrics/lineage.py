"""A number with all it was made from, so that anybody can make it again without this hub.

The file holds the snapshot, the words of its definition, the parameters and every row that the
formula reads. People are numbers in it. To verify it:

1. Its content has the hash that it says.
2. This installation defines the metric in the same words; otherwise its formula proves nothing.
3. The formula, given the rows, gives the value, the interval, n, the worst part and the pair.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import orjson
from sqlalchemy import Connection, select

from hub.core.clock import from_micros
from hub.core.conversion import convert, from_json
from hub.core.errors import NotFound, TamperEvident
from hub.core.settings import MetricsSection
from hub.metrics import formulas, issues, orders, service, survey, tickets
from hub.metrics.contract import Contract, contracts
from hub.metrics.cost_to_serve import Touch, touches
from hub.metrics.definition import REGISTRY
from hub.metrics.formulas import Basis
from hub.metrics.issues import Issue
from hub.metrics.orders import Customer, Order
from hub.metrics.service_recovery import History, histories
from hub.metrics.snapshot import Measured
from hub.metrics.survey import Asked, Response
from hub.metrics.tickets import Handled
from hub.metrics.touchpoint_csat import Rated, rated
from hub.store.schema import metric_snapshots

FORMAT = "cxhub metric lineage 1"
CLOSE = 1e-6
"""Relative difference that another machine's floating point may make in a fitted model."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """The file. ``sha256`` is of the others, as JSON with sorted keys."""

    format: str
    snapshot: dict[str, Any]
    definition: dict[str, Any]
    parameters: dict[str, Any]
    columns: list[str]
    rows: list[list[Any]]
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Metrics that are made from rows of one kind.

    Args:
        row: The kind.
        collect: Reads the rows from the store.
        measure: The formulas.
        person: The field that says whose a row is.
        left_out: Fields that no formula of these reads, with what stands in their place.
    """

    row: type[Any]
    collect: Callable[[Connection, Basis], Iterable[Any]]
    measure: Callable[[Sequence[Any], Basis], Iterable[Measured]]
    person: str
    left_out: dict[str, object] = field(default_factory=dict)


def export(connection: Connection, snapshot_id: str, basis: Basis) -> bytes:
    """The lineage file of a snapshot.

    Raises:
        NotFound: If there is no such snapshot, or its rows have changed since: what it was made
            from is gone, and a file that does not verify proves nothing.
    """
    snapshot = _snapshot(connection, snapshot_id)
    metric = snapshot["metric"]
    family = FAMILIES.get(metric)
    if family is None:
        raise NotFound(f"{metric} keeps no lineage; these do: {', '.join(FAMILIES)}")
    rows = _anonymous(family, [r for r in family.collect(connection, basis) if _of(r, snapshot)])
    names = [each.name for each in fields(family.row)]
    parameters = {
        "reference": basis.reference,
        "time_zone": str(basis.zone),
        "settings": basis.settings.model_dump(mode="json"),
    }
    bare = Lineage(
        FORMAT, snapshot, asdict(REGISTRY[metric]), parameters, names, sorted(map(list, rows))
    )
    document = replace(bare, sha256=digest(bare))
    try:
        verify(orjson.dumps(asdict(document)))
    except TamperEvident as err:
        raise NotFound(
            f"the rows that snapshot {snapshot_id} was made from have changed since ({err});"
            " export the standing one: hub run, then hub metrics show " + metric
        ) from err
    return orjson.dumps(asdict(document), option=orjson.OPT_SORT_KEYS)


def verify(content: bytes) -> Lineage:
    """The file, if its rows give its value here.

    Raises:
        TamperEvident: With the first of the three steps that fails.
    """
    try:
        document = from_json(content, Lineage)
        measured = _checked(document)
    except (msgspec.ValidationError, msgspec.DecodeError, ValueError, KeyError, TypeError) as err:
        raise TamperEvident(f"no lineage file of this version: {type(err).__name__}") from err
    said = document.snapshot
    for name, here in measured.items():
        if not _same(said.get(name), here):
            raise TamperEvident(
                f"{said['metric']} {said['series']}: the rows give {name} {here}, the file says"
                f" {said.get(name)}"
            )
    return document


def _checked(document: Lineage) -> dict[str, object]:
    """Steps 1 and 2, then what the rows give."""
    if document.format != FORMAT:
        raise TamperEvident(f"the file is no {FORMAT}")
    if digest(document) != document.sha256:
        raise TamperEvident("the content does not have the hash that the file says")
    metric = document.snapshot["metric"]
    here = orjson.loads(orjson.dumps(asdict(REGISTRY[metric])))
    for name, words in document.definition.items():
        if here.get(name) != words:
            raise TamperEvident(f"{metric}: this hub defines its {name} otherwise")
    return _measure(document)


def _measure(document: Lineage) -> dict[str, object]:
    """Step 3: value, limits, n, the worst part and the pair, from the rows alone."""
    said, given = document.snapshot, document.parameters
    settings = MetricsSection.model_validate(given["settings"])
    basis = Basis(given["reference"], ZoneInfo(given["time_zone"]), settings)
    family = FAMILIES[said["metric"]]
    rows = [
        convert(dict(zip(document.columns, row, strict=True)), family.row) for row in document.rows
    ]
    found = [
        each
        for each in family.measure(rows, basis)
        if (each.metric, each.series) == (said["metric"], said["series"])
    ]
    estimate = found[0].estimate if found else None
    n = estimate.n if estimate else 0
    if estimate is None or found[0].told(settings.min_n) is None:
        return {"value": None, "low": None, "high": None, "n": n}
    worst, pair = found[0].worst, found[0].pair
    return {
        "value": estimate.value, "low": estimate.low, "high": estimate.high, "n": n,
        "worst": worst.share.value if worst else None, "pair": pair.share.value if pair else None,
    }  # fmt: skip


def _same(said: object, here: object) -> bool:
    if isinstance(said, int | float) and isinstance(here, int | float):
        return math.isclose(said, here, rel_tol=CLOSE, abs_tol=1e-9)
    return said == here


def digest(document: Lineage) -> str:
    """SHA-256, in hex, of everything in the file but the hash itself."""
    bare = replace(document, sha256="")
    return sha256(orjson.dumps(asdict(bare), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _snapshot(connection: Connection, snapshot_id: str) -> dict[str, Any]:
    query = select(metric_snapshots).where(metric_snapshots.c.snapshot_id == snapshot_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(
            f'there is no snapshot "{snapshot_id}"; hub metrics show METRIC tells their ids'
        )
    names = ("snapshot_id", "metric", "series", "value", "low", "high", "n", "status", "definition",
             "registry")  # fmt: skip
    body = orjson.loads(row["body"])
    worst, pair = body.get("worst"), body.get("pair")
    return {
        **{name: row[name] for name in names},
        "computed_at": from_micros(row["computed_at"]).isoformat(),
        "worst": worst["value"] if worst else None,
        "pair": pair["value"] if pair else None,
        "detail": body["detail"],
        "freshness": body["freshness"],
    }


def _of(row: object, snapshot: dict[str, Any]) -> bool:
    """Whether a row can be part of the snapshot's series."""
    if isinstance(row, Response):
        return bool(row.instrument == snapshot["metric"])
    if isinstance(row, Customer | Order):
        return bool(row.currency == snapshot["series"].partition(" ")[0])
    return True


def _anonymous(family: Family, rows: Iterable[Any]) -> list[tuple[Any, ...]]:
    """The rows with numbers in the place of people."""
    numbers: dict[str, str] = {}
    told = []
    for row in rows:
        number = numbers.setdefault(getattr(row, family.person), str(len(numbers) + 1))
        told.append(astuple(replace(row, **{family.person: number, **family.left_out})))
    return told


# --- the families ----------------------------------------------------------------------------


def _by_order(rows: Sequence[Order], basis: Basis) -> Iterable[Measured]:
    yield from formulas.by_order(rows, basis)
    yield from formulas.by_prediction(formulas.predictions(rows, basis), basis)


_CUSTOMERS = Family(
    Customer,
    lambda connection, basis: orders.customers(
        connection, basis.reference, basis.settings.churn_horizon
    ),
    formulas.by_customer,
    "golden_id",
    {"first_ref": ""},
)
_ORDERS = Family(Order, lambda connection, _: orders.each_order(connection), _by_order, "golden_id")
_ANSWERS = Family(
    Response,
    lambda connection, basis: survey.responses(connection, basis.settings.nps_window).answers,
    lambda rows, basis: formulas.by_answer(Asked(rows, {}, {}, {}), basis),
    "person",
)
_CONTRACTS = Family(
    Contract, lambda connection, _: contracts(connection), formulas.by_contract, "person"
)

_TICKETS = Family(
    Handled,
    lambda connection, basis: tickets.handled(service.load(connection), basis.settings),
    formulas.by_ticket,
    "person",
)
_ISSUES = Family(
    Issue,
    lambda connection, basis: issues.issues(service.load(connection), basis.settings),
    formulas.by_issue,
    "person",
)
_HISTORIES = Family(
    History,
    lambda connection, basis: histories(
        orders.each_order(connection),
        issues.issues(service.load(connection), basis.settings),
        basis.settings.fcr_window,
    ),
    formulas.by_history,
    "person",
)
_TOUCHES = Family(
    Touch,
    lambda connection, _: touches(orders.each_order(connection), service.load(connection)),
    formulas.by_touch,
    "person",
)
_RATED = Family(
    Rated,
    lambda connection, _: rated(service.load(connection), orders.each_order(connection)),
    formulas.by_rating,
    "person",
)

FAMILIES: dict[str, Family] = {
    **dict.fromkeys(("aov", "churn", "clv_historic", "repeat_rate"), _CUSTOMERS),
    **dict.fromkeys(("aov_median", "clv_predicted", "cohort_value", "retention"), _ORDERS),
    **dict.fromkeys(("ces", "csat", "nps"), _ANSWERS),
    **dict.fromkeys(("churn_contract", "churn_revenue", "trial_to_paid"), _CONTRACTS),
    **dict.fromkeys(("backlog", "first_reply_time", "full_resolution_time"), _TICKETS),
    **dict.fromkeys(("effort_index", "fcr", "handling_time"), _ISSUES),
    "service_recovery": _HISTORIES,
    "cost_to_serve": _TOUCHES,
    "csat_touchpoint": _RATED,
}
"""Which rows each overall metric is made from."""
