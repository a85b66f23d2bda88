"""Hands an e-mail to the county's mail server. Blocking: it runs in a thread of its own.

Python's own smtplib does all that is needed here (TLS from the first byte, STARTTLS, plain on this machine,
LOGIN and PLAIN), so no further library is.
"""

import smtplib
import ssl
from email.message import EmailMessage

from karez_gateway.config.alarms import Mail
from karez_gateway.errors import ConfigError
from karez_gateway.notify.webhook import NotDelivered


def send(settings: Mail, one: EmailMessage) -> None:
    """Deliver one message. Raises NotDelivered saying why it did not go."""
    try:
        context = ssl.create_default_context(cafile=None if settings.ca is None else str(settings.ca))
        with _connected(settings, context) as server:
            if settings.user:
                server.login(settings.user, settings.secret("alarms.mail"))
            server.send_message(one)
    except smtplib.SMTPRecipientsRefused as error:
        codes = ", ".join(f"{who}: {_answer(code, text)}" for who, (code, text) in error.recipients.items())
        raise NotDelivered(f"the mail server refuses {codes}") from None
    except smtplib.SMTPResponseException as error:
        raise NotDelivered(f"the mail server said {_answer(error.smtp_code, error.smtp_error)}") from None
    except (smtplib.SMTPException, OSError, ValueError, ConfigError) as error:
        raise NotDelivered(f"{settings.host}:{settings.port}: {error or type(error).__name__}") from None


def _connected(settings: Mail, context: ssl.SSLContext) -> smtplib.SMTP:
    if settings.security == "tls":
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout_s, context=context)
    server = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_s)
    if settings.security == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


def _answer(code: int, text: bytes | str) -> str:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(said.split())[:200]}"
