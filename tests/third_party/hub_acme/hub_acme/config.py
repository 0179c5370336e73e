"""What an admin writes under ``[connections.NAME.settings]``."""

from hub.core.secrets import Secret
from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Settings of one Acme account."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    client_id: str
    """Client id, from Settings > API > Clients."""
    client_secret: Secret
    """Secret of that client; Acme shows it once."""
    url: str = "https://api.acme.example"
    """Base URL of the interface."""
