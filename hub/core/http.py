"""HTTP for connectors: reused connections, credentials, limits, safe retries, telling errors.

What happens to one request:

1. the limiter lets it go, slows it, makes it wait, or stops the run for today
2. the token provider gives the headers; the guarded transport sends them to a checked address
3. 401: the token is renewed once, then the credential needs a person
4. the connector's ``translate`` has the first word on what an answer means
5. what is left is judged by status; only a request that is safe to repeat is sent again

An answer that is cut, is not JSON, or failed is an error, never an empty page.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx
import orjson
import tenacity

from hub.core.answers import Answers, Params, Request, Response, Translate, no_translation
from hub.core.auth import Auth, Legacy
from hub.core.clock import Clock, Wait
from hub.core.errors import (
    BudgetExhausted,
    ConfigError,
    HubError,
    NeedsReauth,
    RetryLater,
    StopRun,
)
from hub.core.limiter import Limiter, Limiters
from hub.core.limits import Limits
from hub.core.outbound import (
    AddressRefused,
    GuardedTransport,
    Resolve,
    names_loopback,
    origin,
    system_resolve,
)
from hub.core.secrets import Redactor
from hub.core.tokens import MemoryTokenStore, TokenAnswer, TokenProvider, TokenStore

__all__ = ["Http", "HttpClient", "Params", "Response", "Translate"]

_BACKOFF = 1.0
_BACKOFF_MOST = 60.0
_SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Http:
    """How to reach a system: what a connector declares for given settings.

    Args:
        base: Base URL; https, or http to a literal loopback address (an emulator).
        auth: The credential.
        limits: What the vendor allows.
        translate: The vendor's errors in the hub's words.
        headers: Sent with every request.
        timeout: Seconds without a byte before a request is given up.
        attempts: How often a request is sent at most.
        json_only: Whether a success whose body is anything but JSON was cut short.
    """

    base: str
    auth: Auth
    limits: Limits = field(default_factory=Limits)
    translate: Translate = no_translation
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 60.0
    attempts: int = 5
    json_only: bool = True


class HttpClient:
    """A connection's way to its system. Threads share it.

    Args:
        connection: Name for messages.
        http: What the connector declared.
        clock: Source of time.
        wait: Waits and tells progress why.
        limiters: Registry of limiters, so that connections with one credential share one.
        redactor: Removes secrets from messages.
        store: Keeps rotated refresh tokens.
        chance: Source of jitter.
        resolve: Host to addresses.

    Raises:
        ConfigError: If the base URL is neither https nor a literal loopback address.
    """

    def __init__(
        self,
        connection: str,
        http: Http,
        *,
        clock: Clock,
        wait: Wait,
        limiters: Limiters | None = None,
        redactor: Redactor | None = None,
        store: TokenStore | None = None,
        chance: random.Random | None = None,
        resolve: Resolve = system_resolve,
    ) -> None:
        self.connection = connection
        self._http = http
        self._clock = clock
        self._wait = wait
        self._redactor = redactor or Redactor()
        self._chance = chance or random.Random()  # noqa: S311 - jitter, not a secret
        self._origin = origin(self._checked(http.base))
        self._limiter = _limiter_of(http, limiters or Limiters(clock))
        self._answers = Answers(
            connection,
            http.translate,
            self._limiter,
            clock,
            http.limits.patience,
            json_only=http.json_only,
        )
        self._wire = httpx.Client(
            transport=GuardedTransport(
                loopback=names_loopback(http.base),
                connections=http.limits.parallel,
                resolve=resolve,
            ),
            headers={"User-Agent": "cxhub", "Accept": "application/json", **http.headers},
            timeout=httpx.Timeout(http.timeout, connect=min(10.0, http.timeout), pool=None),
        )
        self._tokens = TokenProvider(
            connection,
            http.auth,
            post=self._post_form,
            clock=clock,
            redactor=self._redactor,
            store=store or MemoryTokenStore(),
        )

    def notice(self) -> str | None:
        """What an admin should know of the credential before it stops working, or None."""
        auth = self._http.auth
        return auth.warning(self._clock.now().date()) if isinstance(auth, Legacy) else None

    def get(
        self,
        path: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
    ) -> Response:
        """The answer to GET; sent again as long as that can help. See :meth:`send`."""
        return self.send("GET", path, params=params, headers=headers, accept=accept)

    def post(
        self,
        path: str,
        *,
        json: Any = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool = False,
        accept: Collection[int] = (),
    ) -> Response:
        """The answer to POST; see :meth:`send`."""
        return self.send(
            "POST",
            path,
            json=json,
            params=params,
            headers=headers,
            idempotent=idempotent,
            accept=accept,
        )

    def patch(
        self, path: str, *, json: Any, idempotent: bool = False, accept: Collection[int] = ()
    ) -> Response:
        """The answer to PATCH; see :meth:`send`."""
        return self.send("PATCH", path, json=json, idempotent=idempotent, accept=accept)

    def put(
        self, path: str, *, json: Any, idempotent: bool = False, accept: Collection[int] = ()
    ) -> Response:
        """The answer to PUT; see :meth:`send`."""
        return self.send("PUT", path, json=json, idempotent=idempotent, accept=accept)

    def delete(
        self, path: str, *, idempotent: bool = False, accept: Collection[int] = ()
    ) -> Response:
        """The answer to DELETE; see :meth:`send`."""
        return self.send("DELETE", path, idempotent=idempotent, accept=accept)

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        accept: Collection[int] = (),
    ) -> Response:
        """The answer to one request.

        Args:
            method: HTTP method.
            path: Path under the base URL, or an absolute URL of the same origin.
            params: Query parameters; None values are left out.
            json: Body.
            headers: Further headers.
            idempotent: Whether a second send has no second effect. GET and HEAD have none; anything
                else is sent again only if declared, or if the first send surely had no effect
                (429, 401, connection refused).
            accept: Error statuses (4xx) that are returned instead of raised.

        Raises:
            RetryLater: The system is out of reach or asked for patience; trying later can help.
            OutcomeUnknown: The answer to a write that must not be repeated got lost.
            BudgetExhausted: The vendor's budget is spent for today.
            NeedsReauth: The credential was refused, also after one renewal.
            StopRun: The request was refused for another reason.
        """
        request = Request(
            method,
            path,
            {k: v for k, v in params.items() if v is not None} if params else None,
            json,
            headers or {},
            idempotent or method in _SAFE,
            accept,
        )
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._http.attempts),
            retry=tenacity.retry_if_exception_type(RetryLater),
            wait=self._pause,
            before_sleep=self._tell_and_wait,
            sleep=lambda seconds: None,  # before_sleep waits: it knows the reason, sleep does not
            reraise=True,
        )
        try:
            return retrying(self._attempt, request)
        except HubError as err:
            if err.args:
                err.args = (self._redactor.redact(str(err)), *err.args[1:])
            raise

    def authenticate(self) -> None:
        """Fetch the token now, if there is none or its time has come, not with the next request.

        Raises:
            NeedsReauth: If the vendor refuses the grant.
            RetryLater: If the token endpoint is out of reach.
        """
        self._tokens.headers()

    def close(self) -> None:
        """Close the kept-alive connections, and let go of the credential."""
        self._wire.close()
        self._tokens.close()

    # One attempt, in the steps of the module docstring.

    def _attempt(self, request: Request) -> Response:
        refused = self._tokens.headers()
        response = self._exchange(request, refused)
        if response.status == HTTPStatus.UNAUTHORIZED and self._tokens.renew(refused):
            response = self._exchange(request, self._tokens.headers())
        try:
            return self._answers.judge(request, response)
        except NeedsReauth as err:
            if (notice := self.notice()) is not None:
                err.args = (f"{err} Note: {notice}", *err.args[1:])
            raise

    def _exchange(self, request: Request, credential: Mapping[str, str]) -> Response:
        self._await_turn(request)
        try:
            response = self._receive(request, credential)
        finally:
            self._limiter.done(request.path)
        self._limiter.learn(response.headers, response.json)
        return response

    def _await_turn(self, request: Request) -> None:
        while True:
            verdict = self._limiter.ask(request.path)
            if verdict.action == "stop":
                raise BudgetExhausted(
                    f"{self.connection}: {verdict.reason}, renewed in {verdict.seconds:.0f} s. "
                    "The checkpoint is kept; the next run goes on from there.",
                    resets_in=verdict.seconds,
                )
            if verdict.seconds > 0:
                self._wait(verdict.seconds, f"{self.connection}: {verdict.reason}")
            if verdict.action != "wait":
                return

    def _receive(self, request: Request, credential: Mapping[str, str]) -> Response:
        try:
            raw = self._wire.request(
                request.method,
                self._url(request.path),
                params=request.params or None,
                content=None if request.json is None else orjson.dumps(request.json),
                headers={
                    **({} if request.json is None else {"Content-Type": "application/json"}),
                    **request.headers,
                    **credential,
                },
            )
        except AddressRefused as err:
            raise ConfigError(f"{self.connection}: {err}, and the hub does not go there") from err
        except (httpx.ConnectError, httpx.ConnectTimeout) as err:
            raise RetryLater(
                f"{self.connection}: no connection for {request} at {self._origin}."
                " Check the network and the address in hub.toml; the next run resumes"
            ) from err
        except httpx.RequestError as err:
            self._answers.lost(request, f"no answer ({type(err).__name__})", err)
        return self._answers.parsed(request, raw)

    # Waiting.

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Seconds before the next attempt: what the vendor asked for, or backoff, with jitter."""
        ceiling = min(_BACKOFF_MOST, _BACKOFF * 2 ** (state.attempt_number - 1))
        jittered: float = ceiling * (0.5 + self._chance.random() / 2)
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, RetryLater) else None
        return jittered if not asked else asked + jittered * 0.1

    def _tell_and_wait(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0.0
        self._wait(seconds, self._redactor.redact(str(error)))

    # Addresses.

    def _checked(self, base: str) -> str:
        secure = base.startswith("https://")
        if secure or (base.startswith("http://") and names_loopback(base)):
            return base
        raise ConfigError(
            f"{self.connection}: the base URL must start with https:// "
            "(http:// is for emulators on 127.0.0.1)"
        )

    def _url(self, path: str) -> str:
        """The absolute URL; credentials go to the base URL's origin and nowhere else."""
        if "://" not in path:
            return self._http.base.rstrip("/") + "/" + path.lstrip("/")
        if origin(path) != self._origin:
            raise StopRun(f"{self.connection}: a link points to another host, {origin(path)}")
        return path

    def _post_form(self, url: str, form: Mapping[str, str]) -> TokenAnswer:
        target = url if "://" in url else self._url(url)
        try:
            raw = self._wire.post(self._checked(target), data=dict(form))
        except AddressRefused as err:
            raise ConfigError(f"{self.connection}: {err}, and the hub does not go there") from err
        except httpx.RequestError as err:
            raise RetryLater(f"{self.connection}: the token endpoint is out of reach") from err
        try:
            return TokenAnswer(raw.status_code, orjson.loads(raw.content))
        except orjson.JSONDecodeError:
            return TokenAnswer(raw.status_code, None)


def _limiter_of(http: Http, limiters: Limiters) -> Limiter:
    return limiters.of(f"{origin(http.base)} {http.auth.name}", http.limits)
