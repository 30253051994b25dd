"""Getting in: TokenGet by the credentials of the Integration Application, TokenRefresh by what it gave before."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from integrations.accountsiq.soap.addresses import Address, address_of
from integrations.accountsiq.soap.answers import Answer, answered
from integrations.accountsiq.soap.envelopes import CONTENT_TYPE, NAMESPACE, Parts, bare_envelope, escaped
from integrations.accountsiq.soap.refusals import Known, meaning, words
from integrations.base import Link
from integrations.errors import IntegrationError, Misconfigured, Unauthorised
from integrations.http import Exchange, Http
from integrations.linking import Token
from integrations.redaction import HIDDEN, Redactor

# What came cannot be known before, so it is hidden by its name; an answer may be cut within a token.
_TOKENS: Final = re.compile(r"(<(?:\w+:)?(?:Access|Refresh)Token(?:\s[^<>]*)?>)[^<]+")


def obtain(link: Link, previous: Token | None) -> Token:
    """A fresh access token: by the refresh token of `previous`, and where that is not accepted by the credentials.

    Raises `Unauthorised` for a final refusal, `Misconfigured` for credentials that are missing, `Retryable`.
    """
    credentials = [("clientId", _given(link.settings.get("client_id", ""), "client_id", "client ID"))]
    credentials.append(("clientSecret", _given(link.secrets.get("client_secret", ""), "client_secret", "secret")))
    if previous is not None and previous.refresh:
        answer = _asked(link, "TokenRefresh", [*credentials, ("refreshToken", previous.refresh)])
        # A refresh token that was used up by an answer that got lost is no reason to send a person: the id and the
        # secret of the application open the door just as well.
        if answer.is_good:
            return _token(answer)
    answer = _asked(link, "TokenGet", credentials)
    if not answer.is_good:
        raise _refused(answer, Redactor(map(str, dict(credentials).values()), {}))
    return _token(answer)


def _given(value: str, field: str, name: str) -> str:
    if value.strip():
        return value.strip()
    raise Misconfigured(f"The {name} of the Integration Application in AccountsIQ is missing. Enter it.", field=field)


def _asked(link: Link, operation: str, parts: Parts) -> Answer:
    """Asking for a token changes nothing in the books, so it is a read."""
    address: Address = address_of(link.settings)
    secrets = {str(value) for name, value in parts if name != "clientId"}
    secrets |= {escaped(one) for one in secrets}
    http = Http(
        address.base,
        replace(link.outbound, record=_without_tokens(link.outbound.record)),
        headers={"Accept": "text/xml", "Content-Type": CONTENT_TYPE},
        secrets=secrets,
    )
    headers = {"SOAPAction": f"{NAMESPACE}{operation}"}
    reply = http.post(address.path, body=bare_envelope(operation, parts), headers=headers, reads=True)
    return answered(reply, operation)


def _token(answer: Answer) -> Token:
    """It stands in the result, and in the sample answers beside it as well. How long it lives is not told."""
    for place in (answer.result, answer.beside):
        if place is not None and (access := place.text("AccessToken")):
            return Token(access=access, refresh=place.text("RefreshToken"))
    raise answer.reply.unclear("no access token")


def _refused(answer: Answer, redactor: Redactor) -> IntegrationError:
    found, said = meaning(answer.code), redactor.text(words(answer))
    if found.known is Known.SETTING:
        return Misconfigured(said, field=found.field)
    if found.known is Known.UNCLEAR and not answer.code.startswith("OAUTH"):
        return answer.reply.unclear(f"{answer.status} and {answer.code[:100] or 'no code'}")
    return Unauthorised(f"{said} Check the client ID and its secret, and link the connection again.")


def _without_tokens(record: Callable[[Exchange], None]) -> Callable[[Exchange], None]:
    return lambda one: record(replace(one, response_body=_TOKENS.sub(rf"\g<1>{HIDDEN}", one.response_body)))
