"""What an answer means: the connector's translation first, then the rules of HTTP.

An answer that never came whole is evidence of nothing: a request that is safe to repeat is then
tried again, any other ends in ``OutcomeUnknown``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NoReturn, Protocol

import httpx
import orjson

from hub.core.clock import Clock
from hub.core.errors import (
    BudgetExhausted,
    HubError,
    NeedsReauth,
    OutcomeUnknown,
    RetryLater,
    StopRun,
)
from hub.core.limiter import Limiter
from hub.core.limits import retry_after

Scalar = str | int | float | bool | None
Params = Mapping[str, Scalar | Sequence[Scalar]]

LOOK_AGAIN = 900.0
"""Seconds until a spent budget is asked for again, where the vendor does not say."""

SPENT = "the system's budget is used up"

_TEMPORARY = frozenset({408, 425, 500, 502, 503, 504, *range(520, 528)})


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, headers (names in lower case) and the parsed JSON (None if empty)."""

    status: int
    headers: Mapping[str, str]
    json: Any = field(repr=False)
    request: str = ""


class Translate(Protocol):
    """The vendor's own errors in the hub's words; None leaves the answer to the status rules.

    It sees every answer, since some vendors report failure with 200. Its messages name no personal
    data; the client puts the connection in front.
    """

    def __call__(self, response: Response, /) -> HubError | None:
        """What ``response`` means, or None."""


def no_translation(response: Response) -> HubError | None:
    """None: the status says it all."""
    return None


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``safe`` says that a second send has no second effect."""

    method: str
    path: str
    params: Params | None
    json: Any
    headers: Mapping[str, str]
    safe: bool
    accept: Collection[int]

    def __str__(self) -> str:
        return f"{self.method} {masked_path(self.path)}"


class Answers:
    """Judges the answers of one connection.

    Args:
        connection: Name for messages.
        translate: The connector's own reading of an answer.
        limiter: Held while the vendor asks for patience.
        clock: Source of time.
        patience: Longest wait in seconds; a vendor that asks for more has spent the day's budget.
    """

    def __init__(
        self,
        connection: str,
        translate: Translate,
        limiter: Limiter,
        clock: Clock,
        patience: float,
        *,
        json_only: bool = True,
    ) -> None:
        self._connection = connection
        self._translate = translate
        self._limiter = limiter
        self._clock = clock
        self._patience = patience
        self._json_only = json_only

    def parsed(self, request: Request, raw: httpx.Response) -> Response:
        """The answer with its JSON.

        Raises:
            RetryLater: If a success has a body that is not JSON: an answer cut short.
            OutcomeUnknown: The same, after a write that must not be repeated.
        """
        body: Any = None
        try:
            body = orjson.loads(raw.content) if raw.content else None
        except orjson.JSONDecodeError as err:
            if (
                raw.is_success and self._json_only
            ):  # else the error page of a proxy, whose status says enough
                self.lost(request, f"{raw.status_code} with a body that is not JSON", err)
        return Response(raw.status_code, raw.headers, body, str(request))

    def judge(self, request: Request, response: Response) -> Response:
        """The answer, if it is one that the caller asked for.

        Raises:
            HubError: What the answer means; see :meth:`hub.core.http.HttpClient.send`.
        """
        if response.status in request.accept:
            return response
        error = self._translate(response)
        if error is not None:
            self._raise_translated(request, response, error)
        if response.status < HTTPStatus.MULTIPLE_CHOICES:
            return response
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._throttled(request, response)
        if response.status in _TEMPORARY:
            after = retry_after(response.headers, self._clock.now())
            self.lost(request, f"answered {response.status}", after=after)
        raise self._refusal(request, response)

    def _raise_translated(self, request: Request, response: Response, error: HubError) -> NoReturn:
        message = f"{self._connection}: {request}: {error}"
        if isinstance(error, BudgetExhausted):
            spent_for = error.resets_in if error.resets_in is not None else LOOK_AGAIN
            self._limiter.hold(spent_for, SPENT, request.path, stops=True)
        if not isinstance(error, RetryLater):
            error.args = (message, *error.args[1:])
            raise error
        if response.status in _TEMPORARY and not request.safe:
            raise OutcomeUnknown(message) from error
        asked = retry_after(response.headers, self._clock.now())
        after = asked if error.after is None else error.after
        self._asked_for_patience(request, message, after)

    def _throttled(self, request: Request, response: Response) -> NoReturn:
        asked = retry_after(response.headers, self._clock.now())
        message = f"{self._connection}: {request}: too many requests (429)"
        after = self._limiter.renewed_in(request.path) if asked is None else asked
        self._asked_for_patience(request, message, after)

    def _asked_for_patience(self, request: Request, message: str, after: float | None) -> NoReturn:
        """Raise for a refusal that had no effect; every thread of the credential waits with it."""
        if after:
            self._stop_if_too_long(request, message, after)
            self._limiter.hold(after, "the system asked for patience", request.path)
        raise RetryLater(message, after=after)

    def _stop_if_too_long(self, request: Request, message: str, after: float) -> None:
        if after > self._patience:
            self._limiter.hold(after, SPENT, request.path, stops=True)
            raise BudgetExhausted(
                f"{message}; it asks for {after:.0f} s of patience. The checkpoint is kept; the "
                "next run goes on from there.",
                resets_in=after,
            )

    def lost(
        self,
        request: Request,
        what: str,
        cause: Exception | None = None,
        *,
        after: float | None = None,
    ) -> NoReturn:
        """Raise for an answer that never came whole: the request may have had its effect."""
        message = f"{self._connection}: {request}: {what}"
        if request.safe:
            if after is not None:
                self._stop_if_too_long(request, message, after)
            raise RetryLater(message, after=after) from cause
        raise OutcomeUnknown(f"{message}; it may have taken effect") from cause

    def _refusal(self, request: Request, response: Response) -> HubError:
        told = f"{self._connection}: {request} was refused with {response.status}"
        check = f"then run: hub check --connect {self._connection}"
        if response.status == HTTPStatus.UNAUTHORIZED:
            return NeedsReauth(f"{told}: the credential is not valid. Renew it, {check}")
        if response.status == HTTPStatus.FORBIDDEN:
            return StopRun(f"{told}: the credential lacks a scope. Grant it, {check}")
        if response.status < HTTPStatus.BAD_REQUEST:
            return StopRun(f"{told}: it redirects, so the base URL is not right. Fix it, {check}")
        return StopRun(told)


_PERSONAL = re.compile(r"@|%40|^\+|^%2B", re.IGNORECASE)


def masked_path(path: str) -> str:
    """``path`` without its query and without segments that hold an e-mail address or phone.

    >>> masked_path("/statuses/ada@example.org?channel=EMAIL")
    '/statuses/***'
    """
    bare = path.split("?")[0].split("#")[0]
    return "/".join("***" if _PERSONAL.search(part) else part for part in bare.split("/"))
