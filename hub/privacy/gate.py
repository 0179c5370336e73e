"""The release gate: every outbound field × destination × purpose, decided when it is sent.

The only maker of ``Released[T]``. What a purpose allows:

    legal_obligation     always
    contract             unless the person restricted processing (GDPR Art. 18)
    legitimate_interest  unless they objected or restricted (GDPR Art. 21)
    consent              only while a grant stands, for the address that the value is

A field that may leave stays all the same while its value is in doubt (``hub.profile.quality``).

A decision names the policy and the ledger position it was made under, so that ``hub why`` can
replay it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import NamedTuple

import orjson

from hub.core.connector import Change, ConsentChange, Item, OutField, Task
from hub.core.errors import ConfigError
from hub.core.released import Released, claim_release_key
from hub.core.settings import PurposeSection, QualitySection
from hub.privacy.permissions import Permissions

_KEY = claim_release_key(__name__)
AS_SHIPPED = QualitySection()

Points = tuple[bytes, ...]
"""Keyed hashes of the e-mails and phones that a value is made of; empty for any other value."""


class Verdict(NamedTuple):
    """Whether one field may go to one destination, and why.

    Args:
        field: Destination field.
        source: Path in the profile.
        purpose: Purpose of the mapping.
        basis: The purpose's lawful basis.
        allowed: The answer.
        reason: In words, without a personal value.
        event: Ledger event that decided, or None.
        doubted: Whether it may leave, but its value is not fit to.
    """

    field: str
    source: str
    purpose: str
    basis: str
    allowed: bool
    reason: str
    event: str | None = None
    doubted: bool = False


class _Ruling(NamedTuple):
    """What holds for every field of one purpose."""

    allowed: bool
    reason: str
    event: str | None = None
    doubted: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdicts for one person and one destination at one moment."""

    decision_id: str
    golden_id: str
    destination: str
    policy: str
    ledger: str
    verdicts: tuple[Verdict, ...]

    @property
    def allowed(self) -> frozenset[str]:
        """Destination fields that may be sent."""
        return frozenset(verdict.field for verdict in self.verdicts if verdict.allowed)

    @property
    def withheld(self) -> tuple[Verdict, ...]:
        """What may not, and why."""
        return tuple(verdict for verdict in self.verdicts if not verdict.allowed)


class Gate:
    """Judges and releases under the purposes of ``hub.toml``.

    Args:
        purposes: Purpose id to its basis and channels.
        quality: How sure and how fresh a value must be; part of the policy.
    """

    def __init__(
        self, purposes: Mapping[str, PurposeSection], quality: QualitySection = AS_SHIPPED
    ) -> None:
        self._purposes = purposes
        self.quality = quality
        named = {name: purpose.model_dump(mode="json") for name, purpose in purposes.items()}
        policy = [named, quality.model_dump(mode="json")]
        encoded = orjson.dumps(policy, option=orjson.OPT_SORT_KEYS)
        self.policy = blake2b(encoded, digest_size=8).hexdigest()

    def admit(self, connection: str, fields: Sequence[OutField]) -> None:
        """Check a mapping before anything is planned with it.

        Raises:
            ConfigError: If a field names a purpose that ``hub.toml`` does not have.
        """
        for field in fields:
            if field.purpose not in self._purposes:
                raise ConfigError(
                    f"{connection}: field {field.name} is mapped under purpose {field.purpose!r},"
                    f" which [purposes] does not have. Add [purposes.{field.purpose}], or give the"
                    f" field another purpose under [connections.{connection}.push.fields]",
                    code="HUB-231",
                )

    def terms(self, field: OutField) -> str:
        """Purpose and lawful basis under which a field is disclosed, as the register names them."""
        return f"{field.purpose}/{self._purposes[field.purpose].basis}"

    def judge(
        self,
        golden_id: str,
        destination: str,
        fields: Sequence[OutField],
        permissions: Permissions,
        points: Mapping[str, Points] | None = None,
        doubts: Mapping[str, str] | None = None,
    ) -> Decision:
        """The verdict on every field.

        Args:
            golden_id: Whose data.
            destination: Connection it would go to.
            fields: Mapping in force.
            permissions: What the person said.
            points: For fields whose value is made of e-mails or phones, their keyed hashes.
            doubts: For fields whose value is not fit to leave, why, without the value.
        """
        named, unfit = points or {}, doubts or {}
        rulings: dict[tuple[str, Points], _Ruling] = {}
        verdicts: list[Verdict] = []
        for f in fields:
            asked = (f.purpose, named.get(f.name, ()))
            if asked not in rulings:  # many fields, few purposes
                rulings[asked] = self._rule(*asked, permissions)
            ruling = rulings[asked]
            if ruling.allowed and f.name in unfit:
                ruling = _Ruling(False, unfit[f.name], doubted=True)
            basis = self._purposes[f.purpose].basis
            verdicts.append(Verdict(f.name, f.source, f.purpose, basis, *ruling))
        position = permissions.position()
        digest = blake2b(digest_size=12)
        for part in (self.policy, position, golden_id, destination, repr(verdicts)):
            digest.update(part.encode() + b"\0")
        return Decision(
            digest.hexdigest(), golden_id, destination, self.policy, position, tuple(verdicts)
        )

    def release(self, change: Change, decision: Decision) -> Released[Change]:
        """The change with the fields that may leave; it may be empty, never more."""
        allowed = decision.allowed
        values = {name: value for name, value in change.values.items() if name in allowed}
        return Released(replace(change, values=values), decision.decision_id, _KEY)

    def restore(self, change: Change) -> Released[Change]:
        """A change that only gives a system its own earlier values back; no one learns anything."""
        return Released(change, "restore", _KEY)

    def withdraw(self, change: ConsentChange, because: str) -> Released[ConsentChange]:
        """A withdrawal, which may always leave to a system that holds the record.

        Args:
            change: The withdrawal.
            because: Ledger event of the customer's refusal.

        Raises:
            PermissionError: If it is anything else: an opt-in is the customer's own act.
        """
        if change.decision != "withdraw":
            raise PermissionError("only withdrawals are written into systems, never opt-ins")
        return Released(change, because, _KEY)

    def hand_over(self, item: Item, decision: Decision) -> Released[Item]:
        """A task or a note that was built of the parts that may leave.

        Raises:
            PermissionError: If the first of its parts, without which nothing leaves, may not.
        """
        if not decision.verdicts[0].allowed:
            raise PermissionError(f"decision {decision.decision_id} lets nothing leave")
        return Released(item, decision.decision_id, _KEY)

    def take_back(self, item: Item) -> Released[Item]:
        """A task that only says that it is over, for the system that holds it; nobody learns more.

        Raises:
            PermissionError: If there is still something to do, or it is no task.
        """
        if not (isinstance(item, Task) and item.done):
            raise PermissionError("only a task that is over may leave without a decision")
        return Released(item, "over", _KEY)

    def _rule(self, purpose_id: str, points: Points, permissions: Permissions) -> _Ruling:
        purpose = self._purposes[purpose_id]
        if purpose.basis == "legal_obligation":
            return _Ruling(True, "legal obligation")
        by_channel = [permissions.answers(purpose_id, c, points) for c in purpose.channels]
        answers = [answer for channel in by_channel for answer in channel]
        restricted = [answer for answer in answers if answer.state == "restricted"]
        if restricted:
            return _Ruling(False, "processing is restricted", restricted[0].because)
        if purpose.basis == "contract":
            return _Ruling(True, "needed for the contract")
        if purpose.basis == "legitimate_interest":
            refused = [a for a in answers if a.state in ("objected", "withdrawn", "denied")]
            if refused:
                return _Ruling(False, "the person objected", refused[0].because)
            return _Ruling(True, "legitimate interest, no objection")
        # A value made of addresses needs a grant for each; any other one a purpose that is alive.
        enough = all if points else any
        for channel in by_channel:
            if enough(answer.state == "granted" for answer in channel):
                given = next(answer for answer in channel if answer.state == "granted")
                return _Ruling(True, "consent given", given.because)
        refused = [a for a in answers if a.because is not None and a.state != "granted"]
        if not refused:
            return _Ruling(False, "no consent on record")
        return _Ruling(False, f"consent is {refused[0].state}", refused[0].because)
