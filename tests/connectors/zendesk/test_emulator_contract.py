"""What the emulator takes and gives, held against Zendesk's own OpenAPI file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Literal

import httpx
import pytest
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from starlette.routing import compile_path

from connectors.zendesk.emulator import ZendeskEmulator, create
from connectors.zendesk.emulator.account import OWNER_ID
from connectors.zendesk.emulator.api import ENDPOINTS, ROOT
from hub.core.clock import ManualClock
from hub.emulation.world import World

if TYPE_CHECKING:
    from tests.connectors.zendesk.conftest import Wire

pytestmark = pytest.mark.shared

ABSENT = "/api/v2/guide/survey_responses"
"""The file is of March 2024 and does not know it."""


def _every_field_is_nullable(spec: dict[str, Any]) -> None:
    """Real answers hold nulls that the file does not know of: 8 of 8 tickets, 13 of 13 users."""
    for schema in spec["components"]["schemas"].values():
        _make_nullable(schema)


def _make_nullable(schema: Any) -> None:
    if isinstance(schema, dict):
        for field in schema.get("properties", {}).values():
            if "$ref" not in field:
                field["nullable"] = True
        for part in schema.values():
            _make_nullable(part)
    elif isinstance(schema, list):
        for part in schema:
            _make_nullable(part)


def _a_cursor_needs_no_start(spec: dict[str, Any]) -> None:
    """The file wants ``start_time`` on pages where the real API wants nothing but the cursor."""
    spec["components"]["parameters"]["IncrementalUnixTime"]["required"] = False


def _bearer_tokens_exist(spec: dict[str, Any]) -> None:
    """The file knows basic authentication alone."""
    spec["components"]["securitySchemes"]["bearer"] = {"type": "http", "scheme": "bearer"}
    spec["security"].append({"bearer": []})


def _exports_show_deleted_tickets(spec: dict[str, Any]) -> None:
    """Exports give deleted tickets a status of their own."""
    spec["components"]["schemas"]["TicketObject"]["properties"]["status"]["enum"].append("deleted")


def _jobs_have_failures(spec: dict[str, Any]) -> None:
    """The file shows results of records that went well only."""
    spec["components"]["schemas"]["UpdateResourceResult"]["required"].remove("id")


def _organization_fields_may_be_unset_or_ticked(spec: dict[str, Any]) -> None:
    """The file lets them be text or numbers only, though it knows of checkboxes elsewhere."""
    fields = spec["components"]["schemas"]["OrganizationObject"]["properties"]
    values = fields["organization_fields"]["additionalProperties"]["oneOf"]
    values.append({"type": "boolean", "nullable": True})


MENDS: tuple[Callable[[dict[str, Any]], None], ...] = (
    _every_field_is_nullable,
    _a_cursor_needs_no_start,
    _bearer_tokens_exist,
    _exports_show_deleted_tickets,
    _jobs_have_failures,
    _organization_fields_may_be_unset_or_ticked,
)
"""The file's known faults, each mended; nothing else is forgiven."""


class Contract:
    """Zendesk's OpenAPI file, to hold requests and answers against.

    Args:
        spec: The file as loaded; it is left as it is.
        mends: Faults of the file to mend first.
    """

    def __init__(
        self, spec: Mapping[str, Any], mends: tuple[Callable[[dict[str, Any]], None], ...] = MENDS
    ) -> None:
        mended = deepcopy(dict(spec))
        for mend in mends:
            mend(mended)
        self._api = OpenAPI.from_dict(mended, config=Config(spec_validator_cls=None))

    def request_faults(self, request: httpx.Request) -> list[str]:
        """What is wrong with a request."""
        return [_told(error) for error in self._api.iter_request_errors(_asked(request))]

    def response_faults(self, response: httpx.Response) -> list[str]:
        """What is wrong with an answer, field by field."""
        answer = MockResponse(
            response.content,
            response.status_code,
            headers=dict(response.headers),
            content_type=response.headers["content-type"],
        )
        errors = self._api.iter_response_errors(_asked(response.request), answer)
        return [told for error in errors for told in _fields_of(error)]


def _asked(request: httpx.Request) -> MockRequest:
    url = request.url
    return MockRequest(
        "https://emulated.zendesk.com",
        request.method.lower(),
        url.path.removesuffix(".json"),
        args=dict(url.params.multi_items()),
        headers=dict(request.headers),
        data=request.content or None,
        content_type=request.headers.get("content-type", "application/json"),
    )


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error.__cause__ or error}"


def _fields_of(error: Exception) -> list[str]:
    found = getattr(error.__cause__, "schema_errors", None)
    if found is None:
        return [_told(error)]
    return [f"{'.'.join(map(str, one.absolute_path))}: {one.message[:80]}" for one in found]


@pytest.fixture(scope="module")
def contract(openapi_file: Mapping[str, Any]) -> Contract:
    """The vendor's contract with its known faults mended."""
    return Contract(openapi_file)


@pytest.fixture(scope="module")
def unmended(openapi_file: Mapping[str, Any]) -> Contract:
    """The vendor's contract as it is written."""
    return Contract(openapi_file, ())


# --- what is held against it ----------------------------------------------------------------


@pytest.fixture(scope="module")
def exchanges(
    world: World, open_wire: Callable[[ZendeskEmulator], Wire]
) -> Sequence[httpx.Response]:
    """Every endpoint asked for something that it gives, on an account with each kind of CSAT."""
    found: list[httpx.Response] = []
    kinds: tuple[Literal["legacy", "surveys"], ...] = ("legacy", "surveys")
    for feedback in kinds:
        clock = ManualClock(world.end)
        emulator = create(clock=clock, plan="unmetered", feedback=feedback)
        emulator.seed(world)
        wire = open_wire(emulator)
        found += [*reads(wire, world), *writes(wire), *departures(wire, world)]
    assert [answer for answer in found if not answer.is_success] == []
    return found


def reads(wire: Wire, world: World) -> list[httpx.Response]:
    ticket = world.of("zendesk", world.tickets)[0].ticket_id
    first = wire.get("/incremental/users/cursor?start_time=0&per_page=20")
    legacy = wire.emulator.account.feedback == "legacy"
    paths = [
        f"/incremental/users/cursor?cursor={first.json()['after_cursor']}",
        "/incremental/tickets/cursor.json?start_time=0&include=metric_sets",
        "/incremental/organizations?start_time=0",
        "/incremental/ticket_events?start_time=0&include=comment_events",
        "/users?page[size]=10",
        "/users?page=2&per_page=10",
        "/users/me",
        "/users/10001",
        "/users/show_many?ids=10001,10002",
        "/organizations?page[size]=5",
        "/organizations/30001",
        "/organizations/show_many?ids=30001",
        "/tickets",
        f"/tickets/{ticket}",
        f"/tickets/show_many?ids={ticket}",
        f"/tickets/{ticket}/comments",
        "/satisfaction_ratings" if legacy else "/guide/survey_responses?page[size]=9",
    ]
    return [first, *(wire.get(path) for path in paths)]


def writes(wire: Wire) -> list[httpx.Response]:
    field = {"key": "tier", "title": "Tier", "type": "text"}
    quiet = {"skip_verify_email": True}
    ann = {"user": {"name": "Ann", "email": "ann@new.example", **quiet}}
    found = [
        wire.post("/user_fields", {"user_field": field}),
        wire.get("/user_fields"),
        wire.post("/organization_fields", {"organization_field": field}),
        wire.get("/organization_fields?page[size]=100"),
        wire.put(
            "/users/update_many",
            {"users": [{"id": 10001, "user_fields": {"tier": "x"}}, {"id": 999, "notes": "x"}]},
        ),
        wire.put("/organizations/update_many", {"organizations": [{"id": 30001, "notes": "x"}]}),
        wire.put("/organizations/30001", {"organization": {"notes": "y"}}),
        wire.post("/users/create_or_update", ann),
        wire.post("/users/create_or_update", ann),
        wire.post("/users/create_or_update_many", {"users": [{**ann["user"], "name": "Anna"}]}),
        wire.post("/users", {"user": {"name": "Bob", "email": "bob@new.example", **quiet}}),
        wire.put("/users/10001", {"user": {"notes": "x"}}),
        *ticket_writes(wire),
    ]
    jobs = [answer.json()["job_status"]["id"] for answer in found if "job_status" in answer.text]
    asked = [wire.get(f"/job_statuses/{job}") for job in jobs]
    wire.emulator.clock.sleep(5)
    asked += [wire.get(f"/job_statuses/{job}") for job in jobs]
    asked += [wire.get("/job_statuses"), wire.get(f"/job_statuses/show_many?ids={jobs[0]}")]
    return [*found, *asked]


def ticket_writes(wire: Wire) -> list[httpx.Response]:
    said = {"body": "Call back.", "public": False}
    work = {"subject": "Call", "type": "task", "due_at": "2026-12-01T09:00:00Z", "comment": said}
    made = wire.post("/tickets", {"ticket": {**work, "external_id": "case-1", "priority": "low"}})
    path = f"/tickets/{made.json()['ticket']['id']}"
    return [
        made,
        wire.get("/tickets?external_id=case-1"),
        wire.put(path, {"ticket": {"comment": said}}),
        wire.put(path, {"ticket": {"status": "solved", "assignee_id": OWNER_ID}}),
        wire.get(f"{path}/comments"),
    ]


def departures(wire: Wire, world: World) -> list[httpx.Response]:
    found = [
        wire.put("/users/10002/merge", {"user": {"id": 10001}}),
        wire.send("DELETE", "/users/10003"),
        wire.send("DELETE", "/deleted_users/10003"),
        wire.send("DELETE", "/users/10004"),
        wire.get("/deleted_users"),
        wire.get("/deleted_users/10004"),
    ]
    ticket = world.of("zendesk", world.tickets)[0].ticket_id
    wire.emulator.mutate({"op": "archive", "object": "tickets", "id": ticket})
    wire.emulator.clock.sleep(61)
    after = ("/incremental/tickets/cursor?start_time=0", "/incremental/users/cursor?start_time=0")
    return [*found, *map(wire.get, after)]


def known(exchanges: Sequence[httpx.Response]) -> list[httpx.Response]:
    """Those whose endpoint the file has."""
    return [answer for answer in exchanges if answer.request.url.path != ABSENT]


def test_accepted_requests_are_the_contracts(
    exchanges: Sequence[httpx.Response], contract: Contract
) -> None:
    """Nothing that the emulator takes breaks the vendor's file, once that is mended."""
    asked = known(exchanges)

    faults = [fault for answer in asked for fault in contract.request_faults(answer.request)]

    print(f"{len(asked)} of {len(exchanges)} requests held against the file: {len(faults)} faults")
    assert faults == []


def test_answers_are_the_contracts(
    exchanges: Sequence[httpx.Response], contract: Contract, unmended: Contract
) -> None:
    """Every field of every answer has the type that the file gives it, or is null."""
    answers = known(exchanges)

    faults = [fault for answer in answers for fault in contract.response_faults(answer)]

    as_written = Counter(bool(unmended.response_faults(answer)) for answer in answers)
    print(
        f"{len(answers)} answers held against the file: {len(faults)} faults; "
        f"as it is written, {as_written[True]} answers break it"
    )
    assert faults == []


def test_the_one_endpoint_that_the_file_lacks(
    exchanges: Sequence[httpx.Response], contract: Contract
) -> None:
    """If a newer file has it, it should be held against that."""
    answers = [answer for answer in exchanges if answer.request.url.path == ABSENT]

    faults = {fault.split(":")[0] for a in answers for fault in contract.request_faults(a.request)}

    assert faults == {"PathNotFound"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/users/10001", {"user": {"id": "10001", "name": "Ann"}}, id="id-is-text"),
        pytest.param("/tickets/1", {"ticket": {"id": 1, "requester_id": "x"}}, id="wrong-type"),
        pytest.param("/tickets/1", {"ticket": {"id": 1}}, id="no-requester"),
        pytest.param(
            "/tickets/1", {"ticket": {"requester_id": 1, "status": "lost"}}, id="no-such-status"
        ),
        pytest.param("/job_statuses/1", {"job_status": {"results": [{"x": 1}]}}, id="no-result"),
    ],
)
def test_the_contract_is_not_blind(contract: Contract, path: str, body: object) -> None:
    """A planted fault is found, mends or no mends."""
    request = httpx.Request("GET", f"http://zendesk.test/api/v2{path}")
    answer = httpx.Response(200, json=body, request=request)

    assert contract.response_faults(answer)


def test_a_wrong_request_is_found(contract: Contract) -> None:
    """Of requests the file knows less: parameters' types, and that a user has to be one."""
    headers = {"authorization": "Bearer x"}
    bad = [
        httpx.Request("GET", "http://z.test/api/v2/users/ann", headers=headers),
        httpx.Request("POST", "http://z.test/api/v2/users", json={"name": "A"}, headers=headers),
        httpx.Request("GET", "http://z.test/api/v2/users"),
    ]

    assert all(contract.request_faults(request) for request in bad)


def test_the_tour_leaves_no_endpoint_out(exchanges: Sequence[httpx.Response]) -> None:
    """Every endpoint of the emulator was asked."""
    asked = [(a.request.method, a.request.url.path.removesuffix(".json")) for a in exchanges]

    left_out = [
        endpoint.path
        for endpoint in ENDPOINTS
        if not any(
            method == endpoint.method and compile_path(ROOT + endpoint.path)[0].match(path)
            for method, path in asked
        )
    ]

    assert left_out == []
