"""How Salesforce says no: status, ``errorCode`` and body of every error this emulator gives.

A refused request is answered with a list of errors; a refused item of a batch carries the same
error under ``statusCode`` while the whole is a 200. Codes are what client programs branch on, so
they are exact; prose is as quoted in public threads.

Source: Salesforce REST API Developer Guide, "Status Codes and Error Responses" (read November
2026); recorded composite answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.responses import JSONResponse, Response

_CHECK_SPELLING = (
    " If you are attempting to use a custom field, be sure to append the '__c' after the custom"
    " field name. Please reference your WSDL or the describe call for the appropriate names."
)


@dataclass(eq=False)
class Refusal(Exception):
    """An error answer, or the error of one record of a batch.

    Args:
        status: HTTP status when it is the whole answer.
        code: Salesforce's code, such as ``INVALID_FIELD``.
        message: Salesforce's prose.
        fields: Names of the fields concerned; None leaves the key out of a whole answer.
        headers: Further response headers.
        page: Body of an answer that a proxy gives instead of Salesforce; it is not JSON.
    """

    status: int
    code: str
    message: str
    fields: Sequence[str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    page: str = ""

    def body(self) -> list[dict[str, object]]:
        """The error as a whole answer."""
        error: dict[str, object] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = list(self.fields)
        return [error]

    def item(self) -> dict[str, object]:
        """The error as it stands in the result of one record."""
        fields = list(self.fields or ())
        return {"statusCode": self.code, "message": self.message, "fields": fields}

    def response(self) -> Response:
        """The error as a whole HTTP answer."""
        headers = dict(self.headers)
        if self.page:
            return Response(self.page, self.status, headers, media_type="text/html")
        return JSONResponse(self.body(), self.status, headers)


# --- the request as such ----------------------------------------------------------------------


def not_found(message: str = "The requested resource does not exist") -> Refusal:
    """404: no such path, version or object."""
    return Refusal(404, "NOT_FOUND", message)


def gone(version: str) -> Refusal:
    """410: an API version that Salesforce retired."""
    return Refusal(410, "UNSUPPORTED_API_VERSION", f"API version {version} is retired")


def method_not_allowed(method: str, allowed: str) -> Refusal:
    """405: the path exists, the method does not."""
    message = f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
    return Refusal(405, "METHOD_NOT_ALLOWED", message, headers={"Allow": allowed})


def uri_too_long() -> Refusal:
    """414: the request line does not fit."""
    return Refusal(414, "", "", page="<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>")


def headers_too_large() -> Refusal:
    """431: request line and headers together do not fit."""
    page = "<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>"
    return Refusal(431, "", "", page=page)


def unsupported_media() -> Refusal:
    """415: the body is not declared as JSON."""
    return Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Content type for the request is not supported")


def bad_json(message: str) -> Refusal:
    """400: the body does not parse as what the endpoint takes."""
    return Refusal(400, "JSON_PARSER_ERROR", message)


def invalid_session() -> Refusal:
    """401: no token, an unknown one, or one whose session is over."""
    return Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")


def request_limit(policy: str, headers: Mapping[str, str] | None = None) -> Refusal:
    """403: too many requests, in a day (``TotalRequests``) or at once."""
    message = f"{policy} Limit exceeded."
    return Refusal(403, "REQUEST_LIMIT_EXCEEDED", message, headers=headers or {})


def server_error(status: int) -> Refusal:
    """5xx: Salesforce's own body for 500 and 503, the proxy's page for the rest."""
    codes = {500: "UNKNOWN_EXCEPTION", 503: "SERVER_UNAVAILABLE"}
    page = "" if status in codes else f"<html><body><h1>{status}</h1></body></html>"
    message = "An unexpected error occurred. Please include this ErrorId if you contact support"
    return Refusal(status, codes.get(status, ""), message, page=page)


# --- queries -----------------------------------------------------------------------------------


def malformed_query(message: str) -> Refusal:
    """400: not SOQL."""
    return Refusal(400, "MALFORMED_QUERY", message)


def invalid_type(name: str, excerpt: str = "") -> Refusal:
    """400: the org has no object of that name, or the user may not see it."""
    message = (
        f"{excerpt}sObject type '{name}' is not supported. If you are attempting to use a custom"
        " object, be sure to append the '__c' after the entity name. Please reference your WSDL or"
        " the describe call for the appropriate names."
    )
    return Refusal(400, "INVALID_TYPE", message)


def no_such_column(column: str, entity: str, excerpt: str = "") -> Refusal:
    """400: the object has no field of that name, or the user may not read it."""
    message = f"{excerpt}No such column '{column}' on entity '{entity}'.{_CHECK_SPELLING}"
    return Refusal(400, "INVALID_FIELD", message)


def no_such_relationship(name: str, excerpt: str) -> Refusal:
    """400: the path walks over a field that leads nowhere."""
    message = (
        f"{excerpt}Didn't understand relationship '{name}' in field path. If you are attempting to"
        " use a custom relationship, be sure to append the '__r' after the custom relationship"
        " name. Please reference your WSDL or the describe call for the appropriate names."
    )
    return Refusal(400, "INVALID_FIELD", message)


def unusable_field(name: str, use: str) -> Refusal:
    """400: long texts and addresses cannot be filtered or sorted by."""
    return Refusal(400, "INVALID_FIELD", f"field '{name}' can not be {use} in a query call")


def wrong_literal(name: str, wanted: str, quoted: bool) -> Refusal:
    """400: a literal of another type than the field."""
    how = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
    message = f"value of filter criterion for field '{name}' must be of type {wanted} and {how}"
    return Refusal(400, "INVALID_FIELD", message)


def invalid_filter(message: str) -> Refusal:
    """400: the operator does not go with the field or the literal."""
    return Refusal(400, "INVALID_QUERY_FILTER_OPERATOR", message)


def invalid_locator() -> Refusal:
    """400: a page that was never opened, or whose cursor is gone."""
    return Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")


def query_timeout() -> Refusal:
    """400: the query was given up."""
    return Refusal(400, "QUERY_TIMEOUT", "Your query request was running for too long.")


def too_many_ids() -> Refusal:
    """400: the answer would name more ids than Salesforce lists."""
    return Refusal(400, "EXCEEDED_ID_LIMIT", "Too many IDs; choose a shorter time span")


def invalid_replication_date(message: str) -> Refusal:
    """400: a time span that cannot be asked for."""
    return Refusal(400, "INVALID_REPLICATION_DATE", message)


# --- records -----------------------------------------------------------------------------------


def no_such_record(key: str) -> Refusal:
    """404: no live record has that id, or that value of an external id."""
    message = f"Provided external ID field does not exist or is not accessible: {key}"
    return Refusal(404, "NOT_FOUND", message)


def entity_is_deleted() -> Refusal:
    """404: the record is in the recycle bin."""
    return Refusal(404, "ENTITY_IS_DELETED", "entity is deleted", ())


def delete_failed(name: str, children: str) -> Refusal:
    """400: records hang on it that would lose their parent."""
    message = (
        f"Your attempt to delete {name} could not be completed because it is associated with the"
        f" following {children}."
    )
    return Refusal(400, "DELETE_FAILED", message, ())


def invalid(code: str, message: str, *fields: str) -> Refusal:
    """400: a value was refused."""
    return Refusal(400, code, message, fields)


def unknown_field(name: str, entity: str) -> Refusal:
    """400: a record names a field that does not exist or that the user may not see."""
    message = f"No such column '{name}' on sobject of type {entity}"
    return Refusal(400, "INVALID_FIELD", message)


def not_writable(names: Sequence[str]) -> Refusal:
    """400: the fields exist and are read-only, or read-only for this user."""
    message = (
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of"
        " this field and verify that it is read/write for your profile or permission set."
    )
    return Refusal(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, tuple(names))


def duplicates_detected() -> Refusal:
    """400: a duplicate rule of the org blocks the record."""
    return Refusal(400, "DUPLICATES_DETECTED", "Use one of these records?", ())


def locked_row() -> Refusal:
    """400: another transaction holds the record or its parent; the same again may succeed."""
    message = "unable to obtain exclusive access to this record or 1 records"
    return Refusal(400, "UNABLE_TO_LOCK_ROW", message, ())


def rolled_back() -> Refusal:
    """The record was sound, but another one of an all-or-none batch was not."""
    message = (
        "Record rolled back because not all records were valid and the request was using AllOrNone"
        " header"
    )
    return Refusal(400, "ALL_OR_NONE_OPERATION_ROLLED_BACK", message, ())
