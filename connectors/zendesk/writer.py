"""Writes profile fields into users and organizations, by id.

1. One bulk update for the whole batch; it queues a job.
2. The job is asked after until it is over; its results name the records one by one.
3. If Zendesk refuses the request as a whole (400, 422), it is halved, and the last few records go
   one by one: one bad record never costs the others. Of 100 records, one costs about 15 requests
   more, and 100 bad ones 163 in all.
4. Where bulk import is off (403), every record is updated by itself, now and for the rest of the
   run: Zendesk switches it on for an account whose owner asks for it. Each has its own result, and
   trouble of the moment (409, 5xx) is tried once more after the others; only what ten records in a
   row meet is no matter of the records, and ends the run.
5. A record without a result, and all of them when the job is forgotten or takes too long, is
   ambiguous: the hub reads it back before it tries again.

``skip_verify_email`` stands in every update of a user: without it, customers get e-mails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from connectors.zendesk.api import BATCH, Api, Job, Owner, job_of
from connectors.zendesk.client import reason, translate
from connectors.zendesk.fields import (
    FIELDS,
    ORGANIZATION_FIELDS,
    definition,
    kept_value,
)
from connectors.zendesk.rows import KEY
from hub.core.connector import Change, Context, OutField, RowResult, Value, Writer
from hub.core.errors import RetryLater
from hub.core.http import Response
from hub.core.released import Released

FIRST_POLL = 1.0
SLOWEST_POLL = 15.0
PATIENCE = 600.0
"""Seconds: before a job is first asked after, between two questions at most, in all."""

FEW = 5
"""Records of a refused request that go one by one instead of being halved once more."""
ALIKE = 10
"""Records in a row that may meet the same trouble before it counts as everybody's."""
_PAUSE = 5.0

_TEMPORARY = frozenset({"InternalError", "DatabaseConflict", "RecordLocked", "TooManyRequests"})


class Updates:
    """Updates of one kind of record, in bulk as long as the account permits it.

    Args:
        kind: ``users`` or ``organizations``.
    """

    def __init__(self, kind: Owner) -> None:
        self._kind: Owner = kind
        self._own = f"{kind.removesuffix('s')}_fields"
        self._one_by_one = False

    def write(self, ctx: Context, batch: Sequence[Released[Change]]) -> list[RowResult]:
        """What Zendesk said about each change."""
        return self.send(ctx, [released.value for released in batch])

    def send(self, ctx: Context, changes: Sequence[Change]) -> list[RowResult]:
        """What Zendesk said about each change that was released."""
        known = [change for change in changes if change.native_id.isdecimal()]
        strange = [change for change in changes if not change.native_id.isdecimal()]
        refused = [RowResult(item.trace, ok=False, error="no Zendesk id") for item in strange]
        return [*refused, *(self._sent(ctx, known) if known else ())]

    def _sent(self, ctx: Context, changes: Sequence[Change]) -> Iterator[RowResult]:
        api = Api.of(ctx)
        if self._one_by_one:
            yield from self._singly(ctx, api, changes)
            return
        answer = api.update_many(self._kind, [self._record(item) for item in changes])  # 1
        if answer.status < HTTPStatus.BAD_REQUEST:
            yield from _results(_finished(ctx, api, job_of(answer)), changes)  # 2
        elif answer.status == HTTPStatus.FORBIDDEN:  # 4
            self._one_by_one = True
            ctx.log.warning("bulk import is off for this account: updates go one by one")
            yield from self._singly(ctx, api, changes)
        elif len(changes) <= FEW:
            yield from self._singly(ctx, api, changes)
        else:  # 3
            middle = len(changes) // 2
            yield from self._sent(ctx, changes[:middle])
            yield from self._sent(ctx, changes[middle:])

    def _record(self, change: Change) -> dict[str, Any]:
        record: dict[str, Any] = {KEY: int(change.native_id), self._own: dict(change.values)}
        return record | ({"skip_verify_email": True} if self._kind == "users" else {})

    def _singly(self, ctx: Context, api: Api, changes: Sequence[Change]) -> Iterator[RowResult]:
        """4. Each record by itself, those that met trouble of the moment once more."""
        met_trouble = []
        for change, answer in self._answers(api, changes):
            if _is_of_the_moment(answer):
                met_trouble.append(change)
            else:
                yield _verdict(answer, change)
        if met_trouble:
            ctx.wait(_PAUSE, "Zendesk was busy with some records")
        for change, answer in self._answers(api, met_trouble):
            yield _verdict(answer, change)

    def _answers(self, api: Api, changes: Sequence[Change]) -> Iterator[tuple[Change, Response]]:
        """What Zendesk said to each update.

        Raises:
            StopRun: If it permits ten in a row to nobody.
            RetryLater: If it fails at ten in a row.
        """
        in_a_row = 0
        for change in changes:
            values = {name: value for name, value in self._record(change).items() if name != KEY}
            answer = api.update(self._kind, change.native_id, values)
            in_a_row = in_a_row + 1 if _may_be_everybodys(answer) else 0
            if in_a_row == ALIKE:
                told = f"{answer.request}: {ALIKE} records in a row were answered {answer.status}"
                raise translate(answer) or RetryLater(told)
            yield change, answer

    def read(
        self, ctx: Context, ids: Sequence[str], names: Sequence[str]
    ) -> Mapping[str, Mapping[str, Value]]:
        """What the records hold now; ids that no longer exist are left out."""
        api, held = Api.of(ctx), {}
        for row in api.read(self._kind, ids):
            if row.get("active") is not False:
                own = row.get(self._own)
                values = own if isinstance(own, dict) else {}
                held[str(row[KEY])] = {name: kept_value(values.get(name)) for name in names}
        return held

    def provision(self, ctx: Context, fields: Sequence[OutField]) -> Sequence[str]:
        """Keys of the custom fields that were missing and now exist."""
        api = Api.of(ctx)
        present = api.fields(self._kind)
        missing = [field for field in fields if field.name not in present]
        return [field.name for field in missing if api.create_field(self._kind, definition(field))]


def _finished(ctx: Context, api: Api, job: Job) -> Job | None:
    """2. The job once it is over; None if it is forgotten or takes too long."""
    pause, waited, found = FIRST_POLL, 0.0, job
    while not found.is_over:
        if waited >= PATIENCE:
            return None
        ctx.wait(pause, "Zendesk is working on a bulk update")
        waited, pause = waited + pause, min(2 * pause, SLOWEST_POLL)
        asked = api.job(job.id)
        if asked is None:
            return None
        found = asked
    return found


def _results(job: Job | None, changes: Sequence[Change]) -> Iterator[RowResult]:
    waiting = dict(enumerate(changes))
    for result in job.results if job else ():
        change = waiting.pop(_place(result, waiting), None)
        if change is not None:
            yield _result(result, change)
    told = "the bulk update was queued, and Zendesk told no more of it"
    for change in waiting.values():  # 5
        yield RowResult(change.trace, ok=False, error=told, ambiguous=True)


def _place(result: Mapping[str, Any], waiting: Mapping[int, Change]) -> int:
    """Which change a result answers: by its position, else the first one of its record."""
    position = result.get("index")
    if isinstance(position, int):
        return position
    native_id = str(result.get(KEY))
    return next((place for place, item in waiting.items() if item.native_id == native_id), -1)


def _is_of_the_moment(answer: Response) -> bool:
    return answer.status == HTTPStatus.CONFLICT or _has_failed(answer)


def _may_be_everybodys(answer: Response) -> bool:
    return answer.status == HTTPStatus.FORBIDDEN or _has_failed(answer)


def _has_failed(answer: Response) -> bool:
    return answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _verdict(answer: Response, change: Change) -> RowResult:
    """What one update came to; one at which Zendesk itself failed may have taken effect."""
    if answer.status < HTTPStatus.BAD_REQUEST:
        return RowResult(change.trace, ok=True)
    busy = _is_of_the_moment(answer)
    told = f"answered {answer.status}" if busy else reason(answer.json)
    failed = _has_failed(answer)
    return RowResult(change.trace, ok=False, error=told, retryable=busy, ambiguous=failed)


def _result(result: Mapping[str, Any], change: Change) -> RowResult:
    if result.get("success") is True and not result.get("error"):
        return RowResult(change.trace, ok=True)
    told = reason(result)
    return RowResult(change.trace, ok=False, error=told, retryable=told in _TEMPORARY)


def writers() -> tuple[Writer, ...]:
    """The writers of one run; whether bulk import is off, they find out once."""
    users, organizations = Updates("users"), Updates("organizations")
    return (
        _writer("profiles", "users", FIELDS, users),
        _writer("organizations", "organizations", ORGANIZATION_FIELDS, organizations),
    )


def _writer(name: str, stream: str, fields: tuple[OutField, ...], updates: Updates) -> Writer:
    return Writer(
        name=name,
        stream=stream,
        fields=fields,
        batch=BATCH,
        write=updates.write,
        read=updates.read,
        provision=updates.provision,
        idempotency="native",  # the same values again change nothing
    )
