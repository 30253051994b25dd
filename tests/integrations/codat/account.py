"""An account at Codat for tests of single calls: ids, a link, and answers as its documents word them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.base import Link
from integrations.codat.client import Client
from integrations.http import Outbound
from tests.scripted import Answer, ScriptedServer, json_answer

COMPANY = "8a210b68-6988-11ed-a1eb-0242ac120002"
CONNECTION = "2e9d2c44-f675-40ba-8049-353bfcb5e171"
SYNC = "ad474a37-2003-478e-baee-9af9f1ec2fe3"
EARLIER_SYNC = "8220fc90-55b6-47bc-9417-48ac6ea93101"
KEY = "k3y/of+the=tests"
ENCODED_KEY = "azN5L29mK3RoZT10ZXN0cw=="
LINK_URL = f"https://link-api.codat.io/companies/{COMPANY}/connections/{CONNECTION}/start?otp=857846"
TOLD = {"company": COMPANY, "connection": CONNECTION, "platform": "gbol", "base_currency": "GBP", "status": "Linked"}
OUTBOUND = Outbound(allow_private=True)
IDS = {"company": COMPANY, "connection": CONNECTION}

SHOW = "GET /companies/COMPANY/connections/CONNECTION"
PLATFORM = "GET /integrations/gbol"
INFO = "GET /companies/COMPANY/connections/CONNECTION/payables/info"
STATUS = "GET /companies/COMPANY/dataStatus"
READ_INFO = "GET /companies/COMPANY/data/info"
QUEUE = "POST /companies/COMPANY/data/queue/company?connectionId=CONNECTION"

FEATURES = {"bills": ["Get", "Post"], "suppliers": ["Get"]}
SURVEYED = {
    "company": COMPANY,
    "connection": CONNECTION,
    "platform": "gbol",
    "platform_name": "Xero",
    "is_desktop": False,
    "features": FEATURES,
    "status": "Linked",
    "company_name": "Toft Stores Ltd",
    "base_currency": "GBP",
}
COMPANY_INFO = {
    "companyName": "Toft Stores Ltd",
    "companyLegalName": "Toft Stores Limited",
    "registrationNumber": "1234567890",
    "taxNumber": "GB123456789",
    "ledgerLockDate": "2026-09-30T00:00:00",
    "baseCurrency": "gbp",
}


def link(server: ScriptedServer, *, told: Mapping[str, Any] = TOLD, **settings: str) -> Link:
    """A link to the scripted server; `settings` replace what is usual."""
    usual = {"base_url": server.url, "platform": "gbol"}
    return Link(settings={**usual, **settings}, secrets={"api_key": KEY}, outbound=OUTBOUND, told=told)


def client(server: ScriptedServer, *, told: Mapping[str, Any] = TOLD) -> Client:
    return Client(link(server, told=told))


def asked(server: ScriptedServer) -> list[str]:
    """Method and path of each request so far, with Codat's ids by our names."""
    lines = (f"{one.method} {one.path}" for one in server.asked)
    return [line.replace(COMPANY, "COMPANY").replace(CONNECTION, "CONNECTION") for line in lines]


def refused(status: int, error: str = "No.") -> Answer:
    """A refusal in Codat's own shape."""
    body = {
        "statusCode": status,
        "service": "PublicApi",
        "error": error,
        "correlationId": "7eb9ecc68e1b4a0d8e6b4c3c2f1d0a9b",
        "validation": None,
        "canBeRetried": "Unknown",
        "detailedErrorCode": 0,
    }
    return json_answer(body, status=status)


def connection(status: str = "Linked", **changes: Any) -> dict[str, Any]:
    """A connection to Xero."""
    return {
        "id": CONNECTION,
        "integrationId": "fd321cb6-7963-4506-b873-e99593a45e30",
        "integrationKey": "gbol",
        "sourceId": "8a156a5a-39cb-4f9d-856e-76ef9b9a9607",
        "platformName": "Xero",
        "linkUrl": LINK_URL,
        "status": status,
        "created": "2026-11-20T09:53:29.000Z",
        "sourceType": "Accounting",
        **changes,
    }


def features(**by_type: tuple[str, ...]) -> list[dict[str, Any]]:
    """What can be done with each type of data, as Codat lists it."""
    return [
        {"dataType": name, "supportedFeatures": [{"featureType": one, "featureState": "Release"} for one in can]}
        for name, can in by_type.items()
    ]


def integration(**changes: Any) -> dict[str, Any]:
    """Xero, as the list of platforms tells it."""
    return {
        "key": "gbol",
        "logoUrl": "https://static.codat.io/public/officialLogos/Full/gbol.png",
        "name": "Xero",
        "enabled": True,
        "sourceId": "8a156a5a-39cb-4f9d-856e-76ef9b9a9607",
        "sourceType": "Accounting",
        "integrationId": "fd321cb6-7963-4506-b873-e99593a45e30",
        "isOfflineConnector": False,
        "isBeta": False,
        "datatypeFeatures": features(bills=("Get", "Post"), suppliers=("Get",)),
        **changes,
    }


def ago(seconds: float) -> str:
    """A moment so many seconds ago, as Codat writes it: seven digits and a Z."""
    moment = datetime.now(UTC) - timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}1Z"


def data_status(data_type: str, status: str | None = None, **more: str) -> Answer:
    """The status of one type of data among another; without `status` it was never fetched."""
    other = {"dataType": "invoices", "currentStatus": "Complete", "lastSuccessfulSync": ago(5), "latestSyncId": SYNC}
    here = {"dataType": data_type, **({"currentStatus": status} if status else {}), **more}
    return json_answer({"invoices": other, data_type: here, "items": None})


def reading(status: str, *, requested: str, completed: str | None = None, **more: Any) -> dict[str, Any]:
    """One reading of the suppliers."""
    return {
        "id": SYNC,
        "companyId": COMPANY,
        "connectionId": CONNECTION,
        "dataType": "suppliers",
        "status": status,
        "requested": requested,
        **({"completed": completed} if completed else {}),
        "progress": 10,
        "isCompleted": False,
        "isErrored": status.endswith("Error"),
        **more,
    }


def live(name: str = "Toft Stores Ltd", currency: str = "GBP") -> Answer:
    """Name and currency, asked for in the books themselves."""
    return json_answer({"companyName": name, "baseCurrency": currency})
