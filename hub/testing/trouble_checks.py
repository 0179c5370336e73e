"""Promises about trouble on the wire: nothing is lost, nothing leaks, nothing is hammered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hub.core.auth import OAuth
from hub.core.connector import Stream, Unsupported
from hub.core.errors import (
    BudgetExhausted,
    HubError,
    NeedsReauth,
    StopRun,
    Unavailable,
)
from hub.core.secrets import Secret
from hub.emulation.faults import Fault
from hub.testing.check import Checks, Grade
from hub.testing.rig import NotApplicable, Rig, Subject, Violation, rig

TROUBLE = Checks()
_NINE_HOURS = 32_400.0
_PATIENCE = 900.0


@TROUBLE.check(Grade.BRONZE)
def a_429_without_retry_after_is_waited_out(subject: Subject) -> None:
    """A refusal for haste that names no time costs a wait and no record."""
    _costs_nothing(subject, Fault(kind="rate_limited", retry_after="absent", times=2))


@TROUBLE.check(Grade.SILVER)
def every_shape_of_retry_after_is_understood(subject: Subject) -> None:
    """Zero, seconds and an HTTP date: the pass waits at least that long, and goes on."""
    for shape, seconds in (("zero", 0.0), ("seconds", 20.0), ("date", 20.0)):
        fault = Fault(kind="rate_limited", retry_after=shape, seconds=seconds, times=1)  # type: ignore[arg-type]
        waited = _costs_nothing(subject, fault)
        if waited < seconds - 1:  # an HTTP date has whole seconds
            raise Violation(f"Retry-After ({shape}) of {seconds:g} s, waited {waited:.1f} s")


@TROUBLE.check(Grade.SILVER)
def a_spent_day_stops_the_run(subject: Subject) -> None:
    """A vendor that asks for nine hours gets a run that stops, resumable, not one that waits."""
    fault = Fault(kind="rate_limited", retry_after="seconds", seconds=_NINE_HOURS, policy="DAILY")
    with rig(subject) as bench:
        error = bench.failure(_first(bench), fault)
        if not isinstance(error, BudgetExhausted | StopRun):
            raise Violation(f"it ended in {type(error).__name__}, not in BudgetExhausted")
        if sum(bench.waits.seconds) > _PATIENCE:
            raise Violation(f"it waited {sum(bench.waits.seconds):.0f} s")


@TROUBLE.check(Grade.BRONZE)
def a_server_error_is_not_an_empty_page(subject: Subject) -> None:
    """A source that answers nothing but 500 ends the pass with an error, never with fewer rows."""
    with rig(subject) as bench:
        for stream in bench.streams:
            error = bench.failure(stream, Fault(kind="server_error", status=500))
            if not isinstance(error, Unavailable | StopRun):
                raise Violation(f"{stream.name}: it ended in {type(error).__name__}")


@TROUBLE.check(Grade.BRONZE)
def a_cut_answer_is_not_a_short_page(subject: Subject) -> None:
    """An answer that breaks off is read again; if all do, the pass fails."""
    _costs_nothing(subject, Fault(kind="cut", times=1))
    with rig(subject) as bench:
        bench.failure(_first(bench), Fault(kind="cut"))


@TROUBLE.check(Grade.SILVER)
def a_hiccup_costs_no_record(subject: Subject) -> None:
    """A 503 and a connection reset in the middle of a pass are read over."""
    for fault in (Fault(kind="server_error", status=503, times=1), Fault(kind="reset", times=1)):
        _costs_nothing(subject, fault)


@TROUBLE.check(Grade.BRONZE)
def a_token_that_expires_is_renewed_once(subject: Subject) -> None:
    """An access token that dies in the middle of a pass is renewed, once, and the pass goes on."""
    with rig(subject) as bench:
        stream, oauth = _first(bench), _oauth(bench)
        clean = bench.drain(stream)
        before = _token_calls(bench, oauth)
        expiry = Fault(kind="expired_token", times=1)
        struck = bench.drain(stream, trouble=expiry, after=1 if len(clean.pages) > 1 else 0)
        renewals = _token_calls(bench, oauth) - before
        if struck.ids != clean.ids:
            raise Violation(f"{len(clean.ids - struck.ids)} records lost")
        if renewals != 1:
            raise Violation(f"{renewals} renewals for one expiry")


@TROUBLE.check(Grade.BRONZE)
def a_wrong_credential_needs_a_person(subject: Subject) -> None:
    """A refused credential is NeedsReauth with the next step, tried no more than twice."""
    with _locked_out(subject) as bench:
        before = len(bench.emulator.calls)
        error = _any_failure(bench)
        if not isinstance(error, NeedsReauth):
            raise Violation(f"it ended in {type(error).__name__}: {error}")
        if len(bench.emulator.calls) - before > 3:
            raise Violation("it kept on knocking with a refused credential")


@TROUBLE.check(Grade.BRONZE)
def secrets_stay_out_of_errors_and_logs(subject: Subject) -> None:
    """No error, no cause of one and no log line holds a secret, whatever goes wrong."""
    with _locked_out(subject) as bench:
        _assert_clean(bench, _any_failure(bench))
    for fault in (
        Fault(kind="server_error", status=500),
        Fault(kind="reset"),
        Fault(kind="cut"),
        Fault(kind="rate_limited", retry_after="seconds", seconds=_NINE_HOURS),
    ):
        with rig(subject) as bench:
            _assert_clean(bench, bench.failure(_first(bench), fault))


@TROUBLE.check(Grade.SILVER)
def personal_data_stays_out_of_errors_and_logs(subject: Subject) -> None:
    """Reading logs no e-mail address, and no error repeats one."""
    with rig(subject) as bench:
        told = [str(bench.failure(stream, Fault(kind="server_error"))) for stream in bench.streams]
        for stream in bench.streams:
            bench.drain(stream)
        for line in (*bench.log, *told):
            if "@" in line:
                raise Violation("a log line or an error holds an e-mail address")


@TROUBLE.check(Grade.SILVER)
def waits_say_why(subject: Subject) -> None:
    """Every wait is announced with a reason, so that progress never just stands still."""
    with rig(subject) as bench:
        fault = Fault(kind="rate_limited", retry_after="seconds", seconds=5, times=1)
        bench.struck(_first(bench), fault)
        if not bench.waits.told or not all(reason for _, reason in bench.waits.told):
            raise Violation("it waited without saying why")


@TROUBLE.check(Grade.SILVER)
def check_tells_what_is_wrong(subject: Subject) -> None:
    """``hub check --connect`` is green on a sound account, red with a fix on a locked one."""
    with rig(subject) as bench:
        items = subject.connector.check(bench.ctx)
        if not items or not all(item.ok for item in items):
            raise Violation("check finds fault with a sound account, or looks at nothing")
    with _locked_out(subject) as bench:
        try:
            items = subject.connector.check(bench.ctx)
        except NeedsReauth:
            return
        if all(item.ok for item in items) or not all(item.fix for item in items if not item.ok):
            raise Violation("check passes, or names no fix, with a refused credential")


# --- how they look ---------------------------------------------------------------------------


def _costs_nothing(subject: Subject, fault: Fault) -> float:
    """Seconds waited by passes that met ``fault`` and must bring all that clean ones do."""
    waited = []
    with rig(subject) as bench:
        for stream in bench.streams:
            before = sum(bench.waits.seconds)
            clean, struck = bench.struck(stream, fault)
            waited.append(sum(bench.waits.seconds) - before)
            if clean.ids != struck.ids:
                raise Violation(f"{stream.name}: {fault.kind} lost {len(clean.ids - struck.ids)}")
    return min(waited)


def _first(bench: Rig) -> Stream:
    """The stream with the most pages: trouble in the middle needs a middle."""
    return max(bench.streams, key=lambda stream: len(bench.drain(stream).pages))


def _oauth(bench: Rig) -> OAuth:
    declared = bench.subject.connector.http
    if isinstance(declared, Unsupported):
        raise NotApplicable("no wire")
    auth = declared(bench.ctx.config).auth
    if not isinstance(auth, OAuth):
        raise NotApplicable("the credential does not expire")
    return auth


def _token_calls(bench: Rig, oauth: OAuth) -> int:
    path = "/" + oauth.url.split("://")[-1].split("/", 1)[-1].lstrip("/")
    return sum(count for call, count in bench.emulator.calls.counts().items() if path in call)


@contextmanager
def _locked_out(subject: Subject) -> Iterator[Rig]:
    """A rig whose every secret is a wrong one."""
    with rig(subject) as honest:
        names = [name for name, value in honest.settings.items() if isinstance(value, Secret)]
    if not names:
        raise NotApplicable("the settings hold no secret")
    wrong = {name: Secret.of(f"wrong-{name}-7d1f4c0e9b52a836") for name in names}
    with rig(subject, settings=wrong) as bench:
        yield bench


def _any_failure(bench: Rig) -> HubError:
    try:
        for stream in bench.streams:
            bench.drain(stream)
    except HubError as err:
        return err
    raise Violation("a pass with a refused credential ended as if all were well")


def _assert_clean(bench: Rig, error: BaseException) -> None:
    told = [*bench.log, *(text for cause in _causes(error) for text in (str(cause), repr(cause)))]
    for secret in bench.secrets:
        if any(secret in text for text in told):
            raise Violation(f"{type(error).__name__} or the log holds a secret")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
