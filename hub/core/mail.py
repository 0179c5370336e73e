"""Handing a message to a mail server, with errors in the hub's words.

No error repeats what the server said: it may name an address.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final, Literal

from hub.core.errors import ConfigError, HubError, NeedsReauth, RetryLater, StopRun
from hub.core.secrets import Secret

TIMEOUT: Final = 10.0
"""Seconds without a word from the server after which it counts as out of reach."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server that takes mail.

    Args:
        name: For messages to the admin.
        host: Its host.
        port: Its TCP port.
        tls: How the way there is encrypted.
        user: Name to log in with, or None.
        password: Its password.
        trust: Certificates to trust; the machine's by default.
    """

    name: str
    host: str
    port: int
    tls: Literal["starttls", "implicit", "none"]
    user: str | None = None
    password: Secret | None = None
    trust: ssl.SSLContext | None = None

    def send(self, message: EmailMessage) -> int:
        """Hand over a message; returns how many of its receivers the server refused.

        Raises:
            HubError: If the server took it for nobody: RetryLater if trying later can help.
        """
        with self._session() as session:
            return len(session.send_message(message))

    def check(self) -> None:
        """Connect, encrypt and log in; no mail is sent.

        Raises:
            HubError: If that does not work.
        """
        with self._session() as session:
            session.noop()

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        password = None if self.password is None else self.password.reveal()
        try:
            with self._connected() as session:
                if self.user is not None and password is not None:
                    session.login(self.user, password)
                yield session
        except (smtplib.SMTPException, OSError) as err:
            raise self._told(err) from None  # what the server said may name an address

    def _connected(self) -> smtplib.SMTP:
        trust = self.trust or ssl.create_default_context()
        # Named here, since the machine's own name may take a look-up that nobody answers.
        if self.tls == "implicit":
            return smtplib.SMTP_SSL(
                self.host, self.port, "localhost", timeout=TIMEOUT, context=trust
            )
        session = smtplib.SMTP(self.host, self.port, "localhost", timeout=TIMEOUT)
        if self.tls == "starttls":
            try:
                session.starttls(context=trust)
            except BaseException:
                session.close()
                raise
        return session

    def _told(self, err: smtplib.SMTPException | OSError) -> HubError:
        where = f"{self.name}: the mail server {self.host}:{self.port}"
        if isinstance(err, smtplib.SMTPAuthenticationError):
            return NeedsReauth(f"{where} refused user and password. Renew the password there")
        if isinstance(err, smtplib.SMTPNotSupportedError):
            return ConfigError(f'{where} offers no such encryption or log-in. Try tls = "implicit"')
        if isinstance(err, ssl.SSLError):
            return ConfigError(f"{where} has no certificate that this machine trusts")
        if isinstance(err, smtplib.SMTPRecipientsRefused):
            codes = [code for code, _ in err.recipients.values()]
            return self._refused(where, "every receiver", min(codes, default=550))
        if isinstance(err, smtplib.SMTPResponseException):
            return self._refused(where, "the message", err.smtp_code)
        return RetryLater(f"{where} is out of reach ({type(err).__name__})")

    @staticmethod
    def _refused(where: str, what: str, code: int) -> HubError:
        told = f"{where} refused {what} ({code})"
        return RetryLater(told) if 400 <= code < 500 else StopRun(told)
