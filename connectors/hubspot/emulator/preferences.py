"""Endpoints of communication preferences: subscription types and what addresses said to them.

A text that is no address, or one change twice, sinks the batch that it stands in; a subscription
type that does not exist fails alone. HubSpot documents a list of errors beside the results, but not
which mistakes go there: so this much is unconfirmed.
"""

from __future__ import annotations

from connectors.hubspot.emulator.account import Account
from connectors.hubspot.emulator.bodies import (
    AddressBatch,
    StatusBatch,
    StatusChange,
    check_batch_size,
    check_no_duplicates,
    parse,
)
from connectors.hubspot.emulator.refusals import Refusal, invalid, not_processed
from connectors.hubspot.emulator.subscriptions import Status
from connectors.hubspot.emulator.values import is_email, stamp
from connectors.hubspot.emulator.wire import Answer, Call, batch_answer


def list_definitions(account: Account, call: Call) -> Answer:
    """The account's subscription types."""
    types = [kind.json() for kind in account.subscriptions.types.values()]
    if call.version == "v3":
        return Answer({"subscriptionDefinitions": types})
    return batch_answer(account, call, types)


def read_statuses(account: Account, call: Call) -> Answer:
    """One address's status for each subscription type."""
    _check_channel(call)
    return batch_answer(account, call, _statuses(account, _address(call.path["email"])))


def write_status(account: Account, call: Call) -> Answer:
    """The address's new status for one subscription type."""
    change = parse(StatusChange, call.body)
    written = _write(account, _address(call.path["email"]), change)
    return batch_answer(account, call, [written])


def batch_read_statuses(account: Account, call: Call) -> Answer:
    """The statuses of up to 100 addresses; the ones that an injected fault spoils are errors."""
    _check_channel(call)
    emails = _addresses(call)
    results = [
        {"subscriberIdString": email, "statuses": _statuses(account, email)}
        for email in emails[call.spoiled :]
    ]
    return batch_answer(account, call, results, [not_processed() for _ in emails[: call.spoiled]])


def batch_write_statuses(account: Account, call: Call) -> Answer:
    """The new statuses; refused ones are listed as errors."""
    inputs = parse(StatusBatch, call.body).inputs
    check_batch_size(inputs)
    emails = [_address(change.subscriber_id_string) for change in inputs]
    check_no_duplicates(f"{e} {c.subscription_id}" for e, c in zip(emails, inputs, strict=True))
    results: list[dict[str, object]] = []
    errors: list[Refusal] = []
    for position, (email, change) in enumerate(zip(emails, inputs, strict=True)):
        try:
            if position < call.spoiled:
                raise not_processed()
            results.append(_write(account, email, change))
        except Refusal as refusal:
            errors.append(refusal)
    return batch_answer(account, call, results, errors)


def read_opt_out(account: Account, call: Call) -> Answer:
    """Whether one address refused everything; no results if it did not."""
    _check_channel(call)
    return batch_answer(account, call, _wide_statuses(account, _address(call.path["email"])))


def write_opt_out(account: Account, call: Call) -> Answer:
    """The address's refusal of everything."""
    _check_channel(call)
    email = _address(call.path["email"])
    account.opt_out(email, actor="api")
    return batch_answer(account, call, _statuses(account, email))


def batch_read_opt_outs(account: Account, call: Call) -> Answer:
    """Which of up to 100 addresses refused everything."""
    _check_channel(call)
    results = [
        {"subscriberIdString": email, "wideStatuses": _wide_statuses(account, email)}
        for email in _addresses(call)
    ]
    return batch_answer(account, call, results)


def batch_write_opt_outs(account: Account, call: Call) -> Answer:
    """The refusals of up to 100 addresses."""
    _check_channel(call)
    emails = _addresses(call)
    for email in emails:
        account.opt_out(email, actor="api")
    results = [{"subscriberIdString": e, "statuses": _statuses(account, e)} for e in emails]
    return batch_answer(account, call, results)


def _write(account: Account, email: str, change: StatusChange) -> dict[str, object]:
    if change.subscription_id not in account.subscriptions.types:
        raise invalid(f"Subscription {change.subscription_id} does not exist")
    if change.status_state == "SUBSCRIBED" and _said_no(account, email, change.subscription_id):
        raise invalid("The contact unsubscribed; only the contact can subscribe again")
    status = Status(
        change.status_state,
        change.legal_basis,
        change.legal_basis_explanation,
        timestamp=stamp(account.now()),
    )
    account.set_status(email, change.subscription_id, status, actor="api")
    return _status_json(account, email, change.subscription_id)


def _said_no(account: Account, email: str, type_id: int) -> bool:
    status = account.subscriptions.status(email, type_id)
    by_person = status.by_person or email in account.subscriptions.opted_out
    return status.state == "UNSUBSCRIBED" and by_person


def _statuses(account: Account, email: str) -> list[dict[str, object]]:
    return [_status_json(account, email, type_id) for type_id in account.subscriptions.types]


def _status_json(account: Account, email: str, type_id: int) -> dict[str, object]:
    status = account.subscriptions.status(email, type_id)
    return {
        "channel": "EMAIL",
        "subscriberIdString": email,
        "subscriptionId": type_id,
        "subscriptionName": account.subscriptions.types[type_id].name,
        "status": status.state,
        "source": "PUBLIC_STATUS_PAGE" if status.by_person else "PUBLIC_API",
        "legalBasis": status.legal_basis,
        "legalBasisExplanation": status.explanation,
        "timestamp": status.timestamp or None,
    }


def _wide_statuses(account: Account, email: str) -> list[dict[str, object]]:
    since = account.subscriptions.opted_out.get(email)
    if since is None:
        return []
    return [
        {
            "channel": "EMAIL",
            "subscriberIdString": email,
            "status": "UNSUBSCRIBED",
            "wideStatusType": "PORTAL_WIDE",
            "timestamp": since,
        }
    ]


def _addresses(call: Call) -> list[str]:
    inputs = parse(AddressBatch, call.body).inputs
    check_batch_size(inputs)
    return [_address(text) for text in inputs]


def _address(text: str) -> str:
    address = text.strip().lower()
    if not is_email(address):
        raise invalid("subscriberIdString is not an email address")
    return address


def _check_channel(call: Call) -> None:
    if call.version != "v3" and call.query.get("channel") != "EMAIL":
        raise invalid("channel must be EMAIL")
