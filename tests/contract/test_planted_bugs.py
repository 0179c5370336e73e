"""Every conformance check catches a bug that connectors really have; each is planted in turn."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from hub.core.connector import (
    Change,
    CheckItem,
    Connector,
    Context,
    Creator,
    Page,
    Row,
    RowResult,
    Since,
    State,
    Stream,
    Unsupported,
    Value,
    Writer,
)
from hub.core.errors import HubError, NeedsReauth, RetryLater, SkipRecord, StopRun
from hub.core.http import Response
from hub.core.pages import From, Rest
from hub.core.records import Order, Person
from hub.core.released import Released
from hub.core.tokens import TokenProvider
from hub.testing import CHECKS, Finding, Subject, conduct

pytestmark = pytest.mark.slow  # what every check catches changes with the checks alone

PACKAGE = Path(__file__).parents[1] / "third_party/hub_acme"
sys.path.insert(0, str(PACKAGE))

SOUND = Subject.of(import_module("hub_acme").hub_connector(), "hub_acme")
BY_ID = {check.id: check for check in CHECKS}

Reading = Callable[[Context, State, Stream], Iterator[Page]]


# --- how a bug is planted --------------------------------------------------------------------


def with_streams(change: Callable[[Stream], Stream]) -> Connector:
    streams = SOUND.connector.streams_for(None)
    return replace(SOUND.connector, streams=tuple(change(stream) for stream in streams))


def with_reader(reading: Reading) -> Connector:
    """Every stream read by ``reading``, which gets the sound stream to build on."""

    def planted(stream: Stream) -> Stream:
        return replace(stream, reader=lambda ctx, state: reading(ctx, state, stream))

    return with_streams(planted)


def with_map(change: Callable[[Row, Any], Any]) -> Connector:
    """Every row mapped by ``change``, which gets the row and its sound record."""
    return with_streams(
        lambda stream: replace(stream, map=lambda row: change(row, stream.map(row)))
    )


def with_writer(**changed: Any) -> Connector:
    (writer,) = SOUND.connector.writers_for(None)
    return replace(SOUND.connector, writers=(replace(writer, **changed),))


def with_http(**changed: Any) -> Connector:
    sound = SOUND.connector.http
    assert not isinstance(sound, Unsupported)
    return replace(SOUND.connector, http=lambda settings: replace(sound(settings), **changed))


def sound_writer() -> Writer:
    (writer,) = SOUND.connector.writers_for(None)
    return writer


# --- bugs of reading -------------------------------------------------------------------------


def first_page_only(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    yield next(stream.reader(ctx, state))


def saves_the_cursor_before_the_rows(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    pages = list(stream.reader(ctx, state))
    for page, following in zip(pages, [*pages[1:], pages[-1]], strict=True):
        yield replace(page, next_state=following.next_state)


def cursor_from_the_clock(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    for page in stream.reader(ctx, state):
        yield replace(page, next_state={"since": ctx.clock.now().isoformat()})


def checkpoint_with_an_object(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    for page in stream.reader(ctx, state):
        yield replace(page, next_state={"since": {ctx.clock.now(): 1}})


def swallows_errors(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    try:
        yield from stream.reader(ctx, state)
    except HubError:
        return


def pages_by_time_alone(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    """Asks for what is later than the last row's time: equal times beyond a page are lost."""
    since = state.get("since", "1970-01-01T00:00:00+00:00")
    while True:
        params = {"updated_since": since, "limit": 20}
        found = ctx.wire.get(f"/v1/{stream.name}", params=params).json["data"]
        fresh = [row for row in found if row["updated_at"] > since]
        if not fresh:
            return
        since = max(row["updated_at"] for row in fresh)
        yield Page(fresh, next_state={"since": since})


def pages_backwards(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    yield from reversed(list(stream.reader(ctx, state)))


def drops_deleted_rows(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    for page in stream.reader(ctx, state):
        yield replace(page, rows=[row for row in page.rows if not row.get("deleted")])


def expects_the_fields_of_yesterday(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    known: set[str] | None = None
    for page in stream.reader(ctx, state):
        known = known or set().union(*page.rows)
        yield replace(page, rows=[row for row in page.rows if row.keys() <= known])


def writes_while_reading(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    for page in stream.reader(ctx, state):
        seen = [{"id": row["id"], "values": {"updated_at": "2020-01-01T00:00:00+00:00"}}
                for row in page.rows[:1]]  # fmt: skip
        ctx.wire.patch(f"/v1/{stream.name}", json={"updates": seen}, idempotent=True)
        yield page


def stamps_rows_with_the_clock(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    for page in stream.reader(ctx, state):
        now = ctx.clock.now().isoformat()
        yield replace(page, rows=[{**row, "read_at": now} for row in page.rows])


def logs_its_rows(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    for page in stream.reader(ctx, state):
        ctx.log.debug("rows: %s", page.rows)
        yield page


def logs_its_secret(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    ctx.log.info("signing in with %s", ctx.config.client_secret.reveal())
    yield from stream.reader(ctx, state)


def waits_in_silence(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
    ctx.wait(1, "")
    yield from stream.reader(ctx, state)


def keeps_what_it_once_read() -> Connector:
    held: dict[str, Row] = {}

    def cached(ctx: Context, state: State, stream: Stream) -> Iterator[Page]:
        for page in stream.reader(ctx, state):
            rows = [held.setdefault(f"{stream.name}{row['id']}", row) for row in page.rows]
            yield replace(page, rows=rows)

    return with_reader(cached)


def numbers_its_rows() -> Connector:
    numbers = count()
    return with_streams(lambda stream: replace(stream, key=lambda row: str(next(numbers))))


def without_look_back() -> Connector:
    start = Since("updated_at", lookback=0)

    def plant(stream: Stream) -> Stream:
        assert isinstance(stream.reader, Rest)
        return replace(
            stream,
            cursor=start,
            reader=replace(stream.reader, since=From("updated_since", start)),
        )

    return with_streams(plant)


# --- bugs of mapping -------------------------------------------------------------------------


def edits_its_row(row: Row, record: Any) -> Any:
    row["email"] = "masked"
    return record


def needs_a_phone(row: Row, record: Any) -> Any:
    if not row.get("phone"):
        raise SkipRecord("no phone", reason="no-phone")
    return record


def forgets_the_zone(row: Row, record: Any) -> Any:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the bug
    return Person(updated_at=naive) if isinstance(record, Person) else record


def trusts_every_field(row: Row, record: Any) -> Any:
    return record if row["updated_at"].upper() else None


def trusts_types() -> Connector:
    def plant(stream: Stream) -> Stream:
        return replace(stream, map=lambda row: stream.map({**row, "phone": bare(row.get("phone"))}))

    def bare(phone: Any) -> str | None:
        return phone.strip() if phone else None

    return with_streams(plant)


def maps_to_something_else(row: Row, record: Any) -> Any:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Order(order_ref="1", at=at, currency="AUD", total_minor=1)


class StrictRow(BaseModel):
    """Refuses what the vendor adds."""

    model_config = ConfigDict(extra="forbid")

    id: str
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    loyalty_no: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


def refuses_new_fields() -> Connector:
    def plant(stream: Stream) -> Stream:
        if stream.name != "customers":
            return stream
        return replace(stream, model=StrictRow, map=lambda row: stream.map(row.model_dump()))

    return with_streams(plant)


def wrong_type_in_a_record(row: Row, record: Any) -> Any:
    return Person(given_name=7) if isinstance(record, Person) else record  # type: ignore[arg-type]


# --- bugs on the wire ------------------------------------------------------------------------


def hides_retry_after(response: Response) -> HubError | None:
    return RetryLater("busy", after=0.0) if response.status == 429 else None


def panics_at_503(response: Response) -> HubError | None:
    return StopRun("unavailable") if response.status == 503 else None


def takes_a_refused_client_for_a_hiccup(
    ctx: Context, state: State, stream: Stream
) -> Iterator[Page]:
    try:
        yield from stream.reader(ctx, state)
    except NeedsReauth as err:
        raise StopRun("not authorised") from err


def checks_nothing(ctx: Context) -> list[CheckItem]:
    return [CheckItem("all is well", ok=True)]


# --- bugs of writing -------------------------------------------------------------------------

Batch = Sequence[Released[Change]]


def claims_success(ctx: Context, batch: Batch) -> list[RowResult]:
    sound_writer().write(ctx, batch)
    return [RowResult(item.value.trace, ok=True) for item in batch]


def claims_success_whatever_happens(ctx: Context, batch: Batch) -> list[RowResult]:
    try:
        return list(sound_writer().write(ctx, batch))
    except HubError:
        return [RowResult(item.value.trace, ok=True) for item in batch]


def send(ctx: Context, updates: list[dict[str, Any]], *, idempotent: bool = True) -> Any:
    return ctx.wire.patch("/v1/customers", json={"updates": updates}, idempotent=idempotent).json[
        "results"
    ]


def results(batch: Batch, rows: Any) -> list[RowResult]:
    return [
        RowResult(item.value.trace, row["ok"], row.get("error", ""))
        for item, row in zip(batch, rows, strict=True)
    ]


def calls_a_lost_answer_failed(ctx: Context, batch: Batch) -> list[RowResult]:
    updates = [{"id": item.value.native_id, "values": item.value.values} for item in batch]
    try:
        return results(batch, send(ctx, updates, idempotent=False))
    except HubError:
        return [RowResult(item.value.trace, ok=False, error="failed") for item in batch]


def writes_to_a_neighbour(ctx: Context, batch: Batch) -> list[RowResult]:
    values = [item.value.values for item in batch]
    ids = [item.value.native_id for item in batch]
    turned = [*ids[1:], ids[0]]
    return results(
        batch, send(ctx, [{"id": i, "values": v} for i, v in zip(turned, values, strict=True)])
    )


def sends_nulls_for_what_is_absent(ctx: Context, batch: Batch) -> list[RowResult]:
    names = [field.name for field in sound_writer().fields]
    whole = [
        {"id": item.value.native_id, "values": {n: item.value.values.get(n) for n in names}}
        for item in batch
    ]
    return results(batch, send(ctx, whole))


def drops_nulls(ctx: Context, batch: Batch) -> list[RowResult]:
    kept = [
        {
            "id": item.value.native_id,
            "values": {n: v for n, v in item.value.values.items() if v is not None},
        }
        for item in batch
    ]
    return results(batch, send(ctx, kept))


def sends_one_by_one(ctx: Context, batch: Batch) -> list[RowResult]:
    return [result for item in batch for result in sound_writer().write(ctx, [item])]


def stamps_each_write() -> Connector:
    stamps = count()

    def write(ctx: Context, batch: Batch) -> list[RowResult]:
        stamped = [
            {
                "id": item.value.native_id,
                "values": {**item.value.values, "cxhub_golden_id": f"stamp {next(stamps)}"},
            }
            for item in batch
        ]
        return results(batch, send(ctx, stamped))

    return with_writer(write=write)


def sinks_the_batch(ctx: Context, batch: Batch) -> list[RowResult]:
    said = sound_writer().write(ctx, batch)
    if all(row.ok for row in said):
        return list(said)
    return [RowResult(row.trace, ok=False, error="the batch failed") for row in said]


def invents_records(
    ctx: Context, ids: Sequence[str], fields: Sequence[str]
) -> Mapping[str, Mapping[str, Value]]:
    held = sound_writer().read(ctx, ids, fields)
    return {key: held.get(key, {}) for key in ids}


def creates_again(ctx: Context, fields: Sequence[Any]) -> list[str]:
    for field in fields:
        ctx.wire.post(
            "/v1/customers/fields", json={"name": field.name, "type": field.type}, accept={409}
        )
    return [field.name for field in fields]


# --- bugs of handing over --------------------------------------------------------------------

DESK = Subject.installed("zendesk")
CRM = Subject.installed("salesforce")
Items = Sequence[Released[Any]]


def desks(kind: str) -> Creator[Any]:
    """How the sound help desk takes tasks, or notes."""
    found: Any = getattr(DESK.connector, kind)
    assert isinstance(found, Creator)
    return found


def with_creator(kind: str, **changed: Any) -> Callable[[Path], Subject]:
    """The help desk, its tasks or notes planted."""
    planted: Any = {kind: replace(desks(kind), **changed)}
    return lambda folder: replace(DESK, connector=replace(DESK.connector, **planted))


def makes_it_again(ctx: Context, batch: Items) -> list[RowResult]:
    made = []
    for item in batch:
        ticket = {"subject": item.value.subject, "comment": {"body": "x", "public": False}}
        held = {"external_id": item.value.key, "type": "task", "tags": ["cxhub_task"]}
        answer = ctx.wire.post("/api/v2/tickets", json={"ticket": {**ticket, **held}})
        reference = str(answer.json["ticket"]["id"])
        made.append(RowResult(item.value.key, ok=True, reference=reference))
    return made


def says_it_again(ctx: Context, batch: Items) -> list[RowResult]:
    said = []
    for item in batch:
        comment = {"body": f"{item.value.body} (cxhub:{item.value.key})", "public": False}
        path = f"/api/v2/tickets/{item.value.native_id}"
        answer = ctx.wire.put(path, json={"ticket": {"comment": comment}})
        reference = str(answer.json["audit"]["events"][0]["id"])
        said.append(RowResult(item.value.key, ok=True, reference=reference))
    return said


def finds_nothing(ctx: Context, items: Sequence[Any]) -> Mapping[str, str]:
    return {}


def finds_everything(ctx: Context, items: Sequence[Any]) -> Mapping[str, str]:
    return {item.key: "1" for item in items}


def never_is_over(ctx: Context, batch: Items) -> list[RowResult]:
    open_ones = [replace(each, value=replace(each.value, done=False)) for each in batch]
    return list(desks("tasks").write(ctx, open_ones))


def sinks_the_tasks(ctx: Context, batch: Items) -> list[RowResult]:
    said = desks("tasks").write(ctx, batch)
    if all(row.ok for row in said):
        return list(said)
    return [RowResult(row.trace, ok=False, error="the batch failed") for row in said]


def claims_every_task(ctx: Context, batch: Items) -> list[RowResult]:
    try:
        return list(desks("tasks").write(ctx, batch))
    except HubError:
        return [RowResult(item.value.key, ok=True) for item in batch]


def names_its_field_again(ctx: Context) -> list[str]:
    assert callable(CRM.connector.tasks)
    sound: Any = CRM.connector.tasks(ctx.config)
    sound.provision(ctx)
    return ["CXHub_Key__c"]


def crm_that_names_its_field_again(folder: Path) -> Subject:
    def tasks(settings: Any) -> Any:
        assert callable(CRM.connector.tasks)
        sound: Any = CRM.connector.tasks(settings)
        return replace(sound, provision=names_its_field_again)

    return replace(CRM, connector=replace(CRM.connector, tasks=tasks))


# --- bugs of the package ---------------------------------------------------------------------


class PlainSettings(BaseModel):
    client_id: str
    client_secret: str
    url: str


def moved_to(folder: Path) -> Subject:
    return replace(SOUND, folder=folder)


def heavy_module(folder: Path) -> Subject:
    (folder / "hub_heavy.py").write_text("import uvicorn\nfrom hub_acme import hub_connector\n")
    sys.path.append(str(folder))
    return replace(SOUND, module="hub_heavy")


# --- the table -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bug:
    """A planted bug, and the check that must catch it."""

    name: str
    caught_by: str
    subject: Callable[[Path], Subject]


def bug(name: str, caught_by: str, connector: Connector) -> Bug:
    return Bug(name, caught_by, lambda folder: replace(SOUND, connector=connector))


BUGS = [
    Bug("no manifest", "the-manifest-is-complete-and-true", moved_to),
    Bug("no README", "the-readme-helps", moved_to),
    Bug("imports a web server", "importing-is-cheap", heavy_module),
    Bug("a rule is still to do", "nothing-is-left-to-do", lambda folder: SOUND),
    bug("plain secret", "secrets-are-references", replace(SOUND.connector, config=PlainSettings)),
    bug("lax settings", "settings-are-strict-and-described",
        replace(SOUND.connector, config=PlainSettings)),
    bug("cannot, and says not why", "what-is-missing-is-declared",
        replace(SOUND.connector, erase=Unsupported(""))),
    bug("first page only", "every-record-arrives", with_reader(first_page_only)),
    bug("key by position", "keys-are-stable", numbers_its_rows()),
    bug("writes while reading", "reading-changes-nothing", with_reader(writes_while_reading)),
    bug("edits its row", "mapping-is-pure", with_map(edits_its_row)),
    bug("maps to another entity", "mapping-is-pure", with_map(maps_to_something_else)),
    bug("skips healthy rows", "clean-rows-map", with_map(needs_a_phone)),
    bug("time without zone", "instants-have-a-zone", with_map(forgets_the_zone)),
    bug("chokes on null", "nulls-are-harmless", with_map(trusts_every_field)),
    bug("chokes on another type", "wrong-types-are-harmless", trusts_types()),
    bug("refuses new fields", "unknown-fields-are-harmless", refuses_new_fields()),
    bug("checkpoint is no JSON", "checkpoints-are-json", with_reader(checkpoint_with_an_object)),
    bug("cursor saved before rows", "a-crash-loses-nothing",
        with_reader(saves_the_cursor_before_the_rows)),
    bug("cursor from the clock", "the-cursor-comes-from-the-records",
        with_reader(cursor_from_the_clock)),
    bug("no look-back", "late-commits-are-looked-back-for", without_look_back()),
    bug("pages by time alone", "a-plateau-is-passed", with_reader(pages_by_time_alone)),
    bug("keeps what it once read", "changes-while-paging-arrive", keeps_what_it_once_read()),
    bug("not in the declared order", "the-declared-order-is-true", with_reader(pages_backwards)),
    bug("misses deletes", "deletes-show-as-declared", with_reader(drops_deleted_rows)),
    bug("expects yesterday's fields", "schema-drift-is-survived",
        with_reader(expects_the_fields_of_yesterday)),
    bug("gives up at 429", "a-429-without-retry-after-is-waited-out", with_http(attempts=1)),
    bug("ignores Retry-After", "every-shape-of-retry-after-is-understood",
        with_http(translate=hides_retry_after)),
    bug("keeps asking on a spent day", "a-spent-day-stops-the-run",
        with_http(translate=hides_retry_after)),
    bug("swallowed 500", "a-server-error-is-not-an-empty-page", with_reader(swallows_errors)),
    bug("swallowed cut", "a-cut-answer-is-not-a-short-page", with_reader(swallows_errors)),
    bug("stops at a 503", "a-hiccup-costs-no-record", with_http(translate=panics_at_503)),
    bug("401 is no matter for a person", "a-wrong-credential-needs-a-person",
        with_reader(takes_a_refused_client_for_a_hiccup)),
    bug("secret in the log", "secrets-stay-out-of-errors-and-logs", with_reader(logs_its_secret)),
    bug("rows in the log", "personal-data-stays-out-of-errors-and-logs",
        with_reader(logs_its_rows)),
    bug("waits in silence", "waits-say-why", with_reader(waits_in_silence)),
    bug("checks nothing", "check-tells-what-is-wrong",
        replace(SOUND.connector, check=checks_nothing)),
    bug("writes to a neighbour", "a-write-reaches-its-record",
        with_writer(write=writes_to_a_neighbour)),
    bug("creates fields again", "provisioning-twice-creates-once",
        with_writer(provision=creates_again)),
    bug("one bad record sinks the batch", "one-bad-record-sinks-no-batch",
        with_writer(write=sinks_the_batch)),
    bug("partial failure called success", "partial-failure-is-reported",
        with_writer(write=claims_success)),
    bug("nulls overwrite", "what-is-not-sent-is-kept",
        with_writer(write=sends_nulls_for_what_is_absent)),
    bug("cannot clear", "none-clears", with_writer(write=drops_nulls)),
    bug("each write is another", "a-repeated-write-has-no-second-effect", stamps_each_write()),
    bug("lost answer called failed", "a-lost-answer-is-not-a-lost-write",
        with_writer(write=calls_a_lost_answer_failed)),
    bug("blind retry", "a-write-is-not-repeated-blindly", with_writer(idempotency="none")),
    bug("failure called success", "a-refused-write-is-never-success",
        with_writer(write=claims_success_whatever_happens)),
    bug("gives up a throttled write", "a-throttled-write-goes-through", with_http(attempts=1)),
    bug("invents records", "unknown-ids-are-left-out", with_writer(read=invents_records)),
    bug("one call per row", "batches-are-full", with_writer(write=sends_one_by_one)),
    bug("field without purpose", "every-field-has-a-purpose",
        with_writer(fields=tuple(replace(f, purpose="") for f in sound_writer().fields))),
    Bug("makes a task again", "what-is-handed-stands-once",
        with_creator("tasks", write=makes_it_again)),
    Bug("says a note again", "what-is-handed-stands-once",
        with_creator("notes", write=says_it_again)),
    Bug("cannot find its tasks", "a-lost-answer-is-found",
        with_creator("tasks", find=finds_nothing)),
    Bug("says a note again when the answer is lost", "a-lost-answer-is-found",
        with_creator("notes", write=says_it_again)),
    Bug("no task is ever over", "a-done-task-is-over", with_creator("tasks", write=never_is_over)),
    Bug("one bad task sinks the batch", "one-bad-item-sinks-no-batch",
        with_creator("tasks", write=sinks_the_tasks)),
    Bug("notes where there is no ticket", "one-bad-item-sinks-no-batch",
        with_creator("notes", write=lambda ctx, batch: [
            RowResult(item.value.key, ok=True) for item in batch])),
    Bug("refused task called success", "a-refused-item-is-never-success",
        with_creator("tasks", write=claims_every_task)),
    Bug("finds what is not there", "keys-that-are-not-there-are-not-found",
        with_creator("notes", find=finds_everything)),
    Bug("names its field again", "a-place-for-keys-is-made-once", crm_that_names_its_field_again),
    bug("wrong type in a record", "every-row-is-accounted-for", with_map(wrong_type_in_a_record)),
    bug("stamps rows with the clock", "an-unchanged-source-stores-nothing",
        with_reader(stamps_rows_with_the_clock)),
    bug("takes its echo for news", "the-hubs-own-writes-are-no-changes",
        with_streams(lambda stream: replace(stream, ignore=frozenset()))),
]  # fmt: skip


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finding]:
    """What the responsible check finds about each bug, examined side by side."""

    folders = [tmp_path_factory.mktemp("bug") for _ in BUGS]

    def found(planted: Bug, folder: Path) -> Finding:
        return conduct(BY_ID[planted.caught_by], planted.subject(folder))

    with ThreadPoolExecutor(8) as pool:
        found_out = list(pool.map(found, BUGS, folders))
    return {planted.name: finding for planted, finding in zip(BUGS, found_out, strict=True)}


@pytest.mark.parametrize("planted", BUGS, ids=lambda planted: planted.name)
def test_the_check_catches_the_bug(planted: Bug, findings: dict[str, Finding]) -> None:
    """The check that is responsible fails, for a reason that it can name."""
    finding = findings[planted.name]

    assert finding.outcome == "failed", finding
    assert finding.detail


def test_a_double_renewal_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each further renewal revokes the token before; here the hub itself is broken."""
    sound = TokenProvider.renew

    def twice(self: TokenProvider, refused: Mapping[str, str]) -> bool:
        sound(self, refused)
        self._held = None
        return True

    monkeypatch.setattr(TokenProvider, "renew", twice)

    finding = conduct(BY_ID["a-token-that-expires-is-renewed-once"], SOUND)

    assert finding.detail == "2 renewals for one expiry"


def test_every_check_catches_a_bug() -> None:
    """A check that never failed proves nothing."""
    proven = {planted.caught_by for planted in BUGS} | {"a-token-that-expires-is-renewed-once"}

    assert proven == BY_ID.keys()


def test_checks_are_distinct_and_say_what_they_promise() -> None:
    """Names are unique, promises are sentences."""
    assert len(BY_ID) == len(CHECKS) >= 50
    assert all(check.promise.endswith(".") for check in CHECKS)
