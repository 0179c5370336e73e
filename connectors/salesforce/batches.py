"""Sends up to 200 records in one request, and tells what became of each.

1. One call for the whole batch, ``allOrNone`` false; the results come in the order of the records,
   with 200 also when some failed.
2. If Salesforce refuses the request as a whole (a number field that gets text, say), it is halved
   until the bad record stands alone, so that one bad record never costs the others.
3. A record that is locked by somebody else may be tried again later; so says its result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from connectors.salesforce.client import FieldNotVisible, reason, translate
from hub.core.connector import RowResult
from hub.core.errors import RetryLater
from hub.core.http import Response

Send = Callable[[Sequence[Mapping[str, object]]], Response]
"""Sends records in one request."""

_TEMPORARY = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION"})


def sent(send: Send, records: Mapping[str, Mapping[str, object]]) -> Iterator[RowResult]:
    """What Salesforce said of each record; ``records`` are by trace.

    Raises:
        FieldNotVisible: If the records name a field that is not there for the hub's user.
    """
    if not records:
        return
    answer = send(list(records.values()))  # 1
    if answer.status < HTTPStatus.BAD_REQUEST:
        yield from _results(answer, list(records))
        return
    error = translate(answer)
    if isinstance(error, FieldNotVisible):
        raise error  # for every record: halving would not cure it
    traces = list(records)
    if len(traces) == 1:
        patience = isinstance(error, RetryLater)
        yield RowResult(traces[0], ok=False, error=reason(answer.json), retryable=patience)
        return
    middle = len(traces) // 2  # 2
    for half in (traces[:middle], traces[middle:]):
        yield from sent(send, {trace: records[trace] for trace in half})


def _results(answer: Response, traces: Sequence[str]) -> Iterator[RowResult]:
    """One result per record: the answer has them in the order of the records."""
    said = answer.json
    if not isinstance(said, list) or len(said) != len(traces):
        return  # nobody can say which is which: no result means failed, and is read back
    for trace, result in zip(traces, said, strict=True):
        if isinstance(result, dict):
            yield _result(trace, result)


def _result(trace: str, result: Mapping[str, Any]) -> RowResult:
    if result.get("success") is True:
        return RowResult(trace, ok=True, reference=str(result.get("id") or ""))
    errors = result.get("errors")
    codes = {e.get("statusCode") for e in errors or () if isinstance(e, dict)}
    return RowResult(
        trace,
        ok=False,
        error=reason(errors),
        retryable=bool(codes) and codes <= _TEMPORARY,  # 3
    )
