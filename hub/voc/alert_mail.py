"""Alerts by e-mail: one message per run, with all that is new.

A message that was begun goes out with the same content and the same ``Message-ID`` until a server
takes it, so that a mailbox which gets it twice can tell. It names cases, never a customer.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from email.message import EmailMessage
from email.utils import format_datetime

import orjson

from hub.core.clock import from_micros
from hub.core.mail import MailServer
from hub.core.settings import EmailRoute
from hub.store.alerts import Alert

_log = logging.getLogger(__name__)
_FOOT = "Who it is about, and what they said, stands in the case. This message names nobody."


@dataclass(frozen=True, slots=True)
class Mailing:
    """Receivers of alerts by e-mail.

    Args:
        name: Of the route, for messages.
        settings: From whom, to whom.
        server: Takes the messages.
        zone: On whose clocks a case is due.
        business: Whose hub this is.
    """

    name: str
    settings: EmailRoute
    server: MailServer
    zone: tzinfo
    business: str

    def send(self, found: Sequence[Alert]) -> None:
        """Send one message about all of these.

        Raises:
            HubError: If the mail server took it for nobody.
        """
        refused = self.server.send(self.message(found))
        if refused:  # sent again, the others would get it twice
            of = len(self.settings.receivers)
            _log.warning("%s: the mail server refused %d of %d receivers", self.name, refused, of)

    def message(self, found: Sequence[Alert]) -> EmailMessage:
        """The message, the same whenever it is made of the same events."""
        told = [orjson.loads(each.body) for each in found]
        message = EmailMessage()
        message["From"], message["To"] = self.settings.sender, ", ".join(self.settings.receivers)
        message["Subject"] = f"{self.business}: {_subject(told)}"
        message["Date"] = format_datetime(from_micros(max(each.at for each in found)))
        domain = self.settings.sender.rpartition("@")[2]
        message["Message-ID"] = f"<{found[0].batch}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers
        message.set_content("\n".join([*map(self._line, told), "", _FOOT]))
        return message

    def _line(self, said: Mapping[str, str]) -> str:
        due = datetime.fromisoformat(said["due_at"]).astimezone(self.zone)
        whom = said.get("to") or said.get("owner") or said["team"]
        when = due.strftime("%Y-%m-%d %H:%M %Z")
        case = f"  hub cases show {said['case']}"
        return f"{said['what']}: {said['rule']}, {whom}, due {when}\n{case}"


def _subject(told: Sequence[Mapping[str, str]]) -> str:
    """How many cases were opened, escalated, …, in the order in which that began."""
    counts = Counter(each["what"] for each in told)
    return ", ".join(f"{number} {what}" for what, number in counts.items())
