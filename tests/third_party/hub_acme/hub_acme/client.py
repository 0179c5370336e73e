"""How to reach Acme: credential, limits, and its errors in the hub's words."""

from hub.core.auth import ClientCredentials, OAuth
from hub.core.errors import HubError, NeedsReauth
from hub.core.http import Http, Response
from hub.core.limits import HeaderMeter, Limits

from hub_acme.config import Settings

MINUTE = HeaderMeter("minute", remaining="x-ratelimit-remaining", limit="x-ratelimit-limit")


def http(settings: Settings) -> Http:
    """The interface of one account."""
    grant = ClientCredentials(settings.client_id, settings.client_secret)
    limits = Limits(meters=(MINUTE,))
    return Http(settings.url, OAuth("/token", grant), limits=limits, translate=translate)


def translate(response: Response) -> HubError | None:
    """What Acme's own error codes mean; None leaves the answer to its status."""
    match response.json:
        case {"error": "invalid_token"}:
            return NeedsReauth("the client is not known. Make a new one: Settings > API > Clients")
    return None
