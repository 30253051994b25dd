"""AccountsIQ's SOAP interface as a script: envelopes as they go out, and answers as they come back, written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from integrations.base import Link
from integrations.errors import Unauthorised
from integrations.http import Outbound
from integrations.linking import Access
from tests.contract import Step
from tests.scripted import Answer, answer

NAMESPACE = "http://www.visorsoftware.com/visor/accountsiq/dashboard/Integration/"
PATH = "/system/dashboard/integration/integration_2_0.asmx"
ENTITY = "NORTHGATE01"
TOKEN = "access-token-of-the-tests"
SECRET = "client-secret-of-the-tests"
HEADERS = {"Content-Type": "text/xml; charset=utf-8"}


class Given:
    """An `Access` with one token, or with one after the other. After the last there is no other."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = [*(tokens or (TOKEN,))]
        self.refused: list[str] = []

    def token(self) -> str:
        """The first."""
        return self.tokens[0]

    def renewed(self, refused: str) -> str:
        """The next."""
        self.refused.append(refused)
        if len(self.tokens) == 1:
            raise Unauthorised("There is no other token. Link the connection again.")
        self.tokens.pop(0)
        return self.tokens[0]


def link(
    url: str,
    *,
    access: Access | None = None,
    outbound: Outbound | None = None,
    settings: Mapping[str, str] | None = None,
) -> Link:
    """A connection over SOAP to a server of the test."""
    return Link(
        settings={
            "transport": "soap20",
            "base_url": f"{url}{PATH}",
            "company_ref": ENTITY,
            "client_id": "client-of-the-tests",
            "order_item": "PURCHASE",
            **(settings or {}),
        },
        secrets={"client_secret": SECRET},
        outbound=outbound or Outbound(allow_private=True),
        access=access or Given(),
    )


# --- what goes out ---------------------------------------------------------------------------------------------------


def sent(operation: str, inside: str = "", *, token: str = TOKEN) -> bytes:
    """A whole envelope."""
    header = (
        f'<soap:Header><AiqSoapHeader xmlns="{NAMESPACE}"><Entity>{ENTITY}</Entity>'
        f"<AccessToken>{token}</AccessToken></AiqSoapHeader></soap:Header>"
    )
    return enveloped(header, f'<{operation} xmlns="{NAMESPACE}">{inside}</{operation}>')


def enveloped(header: str, call: str) -> bytes:
    """What is around each call."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{header}<soap:Body>{call}</soap:Body></soap:Envelope>"
    ).encode()


# --- what comes back -------------------------------------------------------------------------------------------------


def came(operation: str, result: str, beside: str = "") -> str:
    """The XML of an answer: what stands within `...Result`, and beside it."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
        f'<soap:Body><{operation}Response xmlns="{NAMESPACE}"><{operation}Result>{result}</{operation}Result>{beside}'
        f"</{operation}Response></soap:Body></soap:Envelope>"
    )


def good(operation: str, result: str | None = None, beside: str = "", *, status: str = "Success") -> Answer:
    """A success; without a result the element is left out, as the server does where there is nothing."""
    told = "" if result is None else f"<Result>{result}</Result>"
    inside = f"<Status>{status}</Status><ErrorCode>SUCCESS</ErrorCode><HasExpired>false</HasExpired>{told}"
    return answer(body=came(operation, inside, beside), headers=HEADERS)


def bad(
    operation: str, code: str, message: str = "", beside: str = "", *, status: str = "Failure", expired: bool = False
) -> Answer:
    """A failure, on an HTTP 200 as all of them are. Control characters come as references, as .NET writes them."""
    text = "".join(one if one.isprintable() or one in "\r\n\t" else f"&#x{ord(one):X};" for one in escape(message))
    inside = (
        f"<Status>{status}</Status><ErrorCode>{code}</ErrorCode><ErrorMessage>{text}</ErrorMessage>"
        f"<HasExpired>{'true' if expired else 'false'}</HasExpired>"
    )
    return answer(body=came(operation, inside, beside), headers=HEADERS)


def step(
    operation: str, inside: str = "", result: str | None = None, beside: str = "", *, writes: bool = False
) -> Step:
    """One call that goes well."""
    return Step(
        method="POST",
        path=PATH,
        body=sent(operation, inside),
        answer=good(operation, result, beside, status="Created" if writes else "Success"),
        writes=writes,
    )


def elements(values: Mapping[str, Any]) -> str:
    """One element for each member; None is left out."""
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items() if value is not None)
