"""Named scenarios: the troubles that break connectors most often, for any vendor's emulator.

They name no path, so that they fit every vendor: trouble in the data is staged in the emulator's
leading kind of record (contacts, users, customers), trouble on the wire strikes whatever comes.
A file says more: see ``hub.emulation.faults``.

Source: recurring failures of public connectors for the four vendors, by their issue threads (read
November 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.emulation.faults import Fault, Scenario


class Named(NamedTuple):
    """A scenario with what it stages, in one line."""

    says: str
    faults: tuple[Fault, ...]


NAMED: Mapping[str, Named] = {
    "plateau": Named(
        "10,000 records get one time of change, as a bulk edit gives them",
        (Fault(kind="plateau", at=(2,), count=10_000),),
    ),
    "late_commit": Named(
        "records show now under a time of change five minutes past, five times",
        (Fault(kind="late_commit", every=4, times=5, count=3, seconds=300),),
    ),
    "token_expiry": Named(
        "the access token ends in the middle of a listing, five times",
        (Fault(kind="expired_token", every=6, times=5),),
    ),
    "throttled": Named(
        "429 in every form: without Retry-After, zero, seconds, a date",
        (
            Fault(kind="rate_limited", at=(3,), retry_after="absent"),
            Fault(kind="rate_limited", at=(6,), retry_after="zero"),
            Fault(kind="rate_limited", at=(9,), retry_after="seconds", seconds=2),
            Fault(kind="rate_limited", at=(12,), retry_after="date", seconds=2),
        ),
    ),
    "server_errors": Named(
        "500, 502 and 503 now and then",
        tuple(
            Fault(kind="server_error", probability=0.05, times=5, status=status)
            for status in (500, 502, 503)
        ),
    ),
    "cut_answers": Named(
        "answers that end half-way, and connections that are reset",
        (
            Fault(kind="cut", probability=0.05, times=4),
            Fault(kind="reset", probability=0.05, times=4),
        ),
    ),
    "partial_batch": Named(
        "one record of every second batch write is refused",
        (Fault(kind="partial_failure", every=2, count=1),),
    ),
    "schema_drift": Named(
        "a field appears while a listing is being read",
        (Fault(kind="schema_drift", at=(2,), field="cxhub_drift"),),
    ),
}


def named(name: str, seed: int = 0) -> Scenario:
    """The scenario of that name; chance draws from ``seed``.

    Raises:
        KeyError: If there is none.
    """
    return Scenario(name=name, seed=seed, faults=NAMED[name].faults)
