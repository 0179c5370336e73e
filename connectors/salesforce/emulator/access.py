"""Who may call: tokens of one external client app, by client credentials, signature or refresh.

Source: Salesforce Help, "OAuth 2.0 Client Credentials Flow", "JWT Bearer Flow" and "Refresh Token
Flow". Answers carry no ``expires_in``; a session simply ends.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from connectors.salesforce.emulator.ids import ORG
from connectors.salesforce.emulator.refusals import invalid_session
from hub.core.clock import Clock
from hub.emulation.oauth import App, TokenDesk, TokenRefused

SESSION_LIFE = timedelta(hours=2)
"""How long a session lasts unless the org says otherwise."""

TOKEN = f"{ORG[:15]}!emulated.session.of.the.integration.user"

APP = App(
    client_id="hub-consumer-key",
    client_secret="hub-consumer-secret",  # noqa: S106 - a made-up app of a made-up org
    refresh_token="hub-refresh-token",  # noqa: S106
    subject="integration@acme.example",
    audience="https://login.salesforce.com",
)


class Access:
    """The org's sessions.

    Args:
        clock: The org's time.
        app: The external client app.
        life: How long a session lasts; None: until it is ended.
        rotates: Whether a refresh token can be used once only.
    """

    def __init__(
        self,
        clock: Clock,
        app: App = APP,
        life: timedelta | None = SESSION_LIFE,
        rotates: bool = False,
    ) -> None:
        self.desk = TokenDesk(clock, app, life=life, rotates=rotates, scopes=frozenset({"api"}))
        self.desk.accept(TOKEN)

    def authenticate(self, authorization: str) -> str:
        """The token that the ``Authorization`` header carries.

        Raises:
            Refusal: 401.
        """
        scheme, _, token = authorization.partition(" ")
        try:
            if scheme.lower() not in ("bearer", "oauth"):
                raise TokenRefused("unknown")
            return self.desk.check(token).value
        except TokenRefused as refused:
            raise invalid_session() from refused

    def end(self, token: str) -> None:
        """End the session of ``token``, as a log-out does.

        Raises:
            Refusal: 401, always.
        """
        if token != TOKEN:  # the connection's only credential would be dead for good: fails once
            self.desk.expire(token)
        raise invalid_session()

    def grant(
        self, form: Mapping[str, str], authorization: str, base_url: str, user: str, now: datetime
    ) -> dict[str, object]:
        """The answer of the token endpoint.

        Raises:
            GrantRefused: If the request proves nothing.
        """
        token = self.desk.grant(_with_basic(form, authorization))
        identity = f"{base_url}/id/{ORG}/{user}"
        issued = str(int(now.timestamp() * 1000))
        answer: dict[str, object] = {
            "access_token": token.value,
            "signature": hashlib.sha256(f"{identity}{issued}".encode()).hexdigest(),
            "scope": "api",
            "instance_url": base_url,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued,
        }
        if token.refresh_token is not None:
            answer["refresh_token"] = token.refresh_token
        return answer


def _with_basic(form: Mapping[str, str], authorization: str) -> Mapping[str, str]:
    """The form with the client's name and secret, which may come in a header instead."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return form
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        return form  # it then names no client, which is the answer
    return {**form, "client_id": name, "client_secret": secret}
