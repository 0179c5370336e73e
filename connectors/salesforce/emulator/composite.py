"""The endpoint that answers up to 25 requests at once, each with a status of its own.

Source: Salesforce REST API, "Composite"; recorded composite answers. Left out, and refused with
501: ``allOrNone`` and references from one request to the result of another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.refusals import Refusal, bad_json, invalid
from connectors.salesforce.emulator.wire import Answer, Call

MOST = 25
Perform = Callable[[Org, str, str, Call], Answer]


class SubRequest(BaseModel):
    """One request of several."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    url: str = Field(pattern=r"^/services/data/v\d+\.0/")
    reference_id: str = Field(alias="referenceId", pattern=r"^[A-Za-z]\w*$")
    body: Any = None
    http_headers: dict[str, str] = Field(alias="httpHeaders", default_factory=dict)


class CompositeRequest(BaseModel):
    """Several requests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    composite_request: list[SubRequest] = Field(alias="compositeRequest")
    all_or_none: bool = Field(alias="allOrNone", default=False)
    collate_subrequests: bool = Field(alias="collateSubrequests", default=False)


def composite(org: Org, call: Call, perform: Perform) -> Answer:
    """One answer per request, in order.

    Raises:
        Refusal: 400 if there are too many, or two of the same name.
    """
    try:
        wanted = CompositeRequest.model_validate(call.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise bad_json(f"compositeRequest: {first['msg']}") from error
    requests = wanted.composite_request
    if len(requests) > MOST:
        raise invalid(
            "LIMIT_EXCEEDED", f"The limit is {MOST} subrequests, there are {len(requests)}"
        )
    if len({request.reference_id for request in requests}) < len(requests):
        raise invalid("BAD_REQUEST", "a referenceId is used more than once")
    if wanted.all_or_none or any("@{" in str(request) for request in requests):
        raise Refusal(501, "NOT_EMULATED", "allOrNone and references are left out here")
    answers = [_answer(org, call, perform, request) for request in requests]
    return Answer({"compositeResponse": answers})


def _answer(org: Org, call: Call, perform: Perform, request: SubRequest) -> dict[str, object]:
    parts = urlsplit(request.url)
    version, _, rest = parts.path.removeprefix("/services/data/").partition("/")
    query = dict(parse_qsl(parts.query))
    inner = Call(version, {}, query, request.http_headers, request.body, call.base_url)
    try:
        answer = perform(org, request.method, f"/{rest}", inner)
    except Refusal as refusal:
        answer = Answer(refusal.body(), refusal.status)
    return {
        "body": answer.body,
        "httpHeaders": {},
        "httpStatusCode": answer.status,
        "referenceId": request.reference_id,
    }
