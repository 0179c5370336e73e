"""Batches of records to write, and what HubSpot says about each.

1. One call for the whole batch; each input carries a trace, which comes back with its result.
2. If HubSpot refuses the batch as a whole (400, 409), it is halved until the bad record stands
   alone, so that one bad record never costs the others.
3. A record that neither succeeded nor failed gets no result: the hub reads it back before it tries
   again. The same holds for a batch whose answer got lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from connectors.hubspot.api import Draft, Update, dicts
from connectors.hubspot.client import TEMPORARY, reason
from hub.core.connector import RowResult
from hub.core.http import Response
from hub.core.pages import dig

Input = TypeVar("Input", bound=Update | Draft)


def sent(
    inputs: Sequence[Input], send: Callable[[Sequence[Input]], Response], *, reference: str
) -> Iterator[RowResult]:
    """What HubSpot said about each input.

    Args:
        inputs: What is written.
        send: Sends a batch.
        reference: Field of a result that the receipt refers to.
    """
    answer = send(inputs)  # 1
    if answer.status < HTTPStatus.BAD_REQUEST:
        yield from _results(answer, inputs, reference)
    elif len(inputs) == 1:
        yield RowResult(inputs[0].object_write_trace_id, ok=False, error=reason(answer.json))
    else:  # 2
        middle = len(inputs) // 2
        yield from sent(inputs[:middle], send, reference=reference)
        yield from sent(inputs[middle:], send, reference=reference)


def _results(answer: Response, inputs: Sequence[Input], reference: str) -> Iterator[RowResult]:
    """One result per input that the answer mentions, by trace, else by record id."""
    traces = {each.id: each.object_write_trace_id for each in inputs if isinstance(each, Update)}
    open_traces = {each.object_write_trace_id for each in inputs}
    for result in dicts(dig(answer.json, "results")):
        trace = result.get("objectWriteTraceId") or traces.get(str(result.get("id")))
        if trace in open_traces:
            open_traces.remove(trace)
            yield RowResult(trace, ok=True, reference=str(result.get(reference) or ""))
    for error in dicts(dig(answer.json, "errors")):
        context = error.get("context") or {}
        named = [*context.get("objectWriteTraceId", ()), *map(traces.get, context.get("ids", ()))]
        for trace in dict.fromkeys(named):
            if trace in open_traces:
                open_traces.remove(trace)
                yield _failure(trace, error)


def _failure(trace: str, error: Mapping[str, Any]) -> RowResult:
    retryable = error.get("category") in TEMPORARY
    return RowResult(trace, ok=False, error=reason(error), retryable=retryable)
