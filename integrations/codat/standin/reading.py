"""The calls that read: what Codat has in its cache, how old that is, and how to have it read again."""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from integrations.codat.standin import files
from integrations.codat.standin.answers import Refusal, body_of, told
from integrations.codat.standin.asked import Asked
from integrations.codat.standin.datasets import Datasets, shown
from integrations.codat.standin.memory import Memory
from integrations.codat.standin.platforms import PLATFORMS
from integrations.codat.standin.pushing import TYPES
from integrations.codat.standin.querying import page
from integrations.codat.standin.records import Records

_EVERY_TYPE: Final = frozenset(name for one in PLATFORMS.values() for name in one.features)


def rows(memory: Memory, company: str, data_type: str) -> list[dict[str, Any]]:
    """What the cache has of a data type. Raises `Refusal`: 404, or 409 before it was ever read."""
    datasets = Datasets(memory, company)
    found = datasets.supporting(data_type)
    datasets.demand(data_type)
    return [row for connection, _ in found for row in Records(memory, connection["id"]).cached(data_type)]


def list_data(asked: Asked) -> Response:
    """One page of a data type."""
    company, name = asked.company()["id"], asked.values["type"]
    data_type = _type(name)
    return told(
        200, page(asked.request, rows(asked.memory, company, data_type), path=f"/companies/{company}/data/{name}")
    )


def _type(name: str) -> str:
    data_type = TYPES.get(name, name)
    if data_type not in _EVERY_TYPE or name in TYPES.values():
        raise Refusal(404, f"Datatype {name} not supported by platform(s) any")
    return data_type


def get_data(asked: Asked) -> Response:
    """One row."""
    data_type = _type(asked.values["type"])
    for row in rows(asked.memory, asked.company()["id"], data_type):
        if row["id"] == asked.values["row"]:
            return told(200, _with_children(asked, row) if data_type == "trackingCategories" else row)
    raise Refusal(404, f"No data available for {asked.values['type']} for ID {asked.values['row']}")


def _with_children(asked: Asked, row: dict[str, Any]) -> dict[str, Any]:
    every = rows(asked.memory, asked.company()["id"], "trackingCategories")
    return {**row, "subCategories": [one for one in every if one.get("parentId") == row["id"]]}


def get_info(asked: Asked) -> Response:
    """The legal entity behind the books."""
    (found,) = rows(asked.memory, asked.company()["id"], "company")[:1] or [{}]
    hidden = {"id", "modifiedDate", "sourceModifiedDate", "metadata"}
    return told(200, {name: value for name, value in found.items() if name not in hidden})


def get_status(asked: Asked) -> Response:
    """How old each data type is."""
    return told(200, Datasets(asked.memory, asked.company()["id"]).status())


def queue_all(asked: Asked) -> Response:
    """Read everything again that is read at first."""
    Datasets(asked.memory, asked.company()["id"]).queue_all()
    return told(204)


def queue_one(asked: Asked) -> Response:
    """Read one data type again."""
    company, data_type = asked.company()["id"], asked.values["type"]
    if data_type not in _EVERY_TYPE:
        raise Refusal(404, f"Datatype {data_type} not supported by platform(s) any")
    connection = asked.request.args.get("connectionId", "")
    return told(200, shown(Datasets(asked.memory, company).queue(data_type, connection)))


def refresh_product(asked: Asked) -> Response:
    """Read several data types again, as the newer product names them."""
    datasets, body = Datasets(asked.memory, asked.company()["id"]), body_of(asked.request) or {}
    for data_type in body.get("dataTypes") or datasets.first_types():
        datasets.queue(data_type)
    return told(202)


def list_pulls(asked: Asked) -> Response:
    """Every reading that there was, by page."""
    company = asked.company()["id"]
    found = [shown(one) for one in asked.memory.every("pull", company)]
    return told(200, page(asked.request, found, path=f"/companies/{company}/data/history"))


def get_pull(asked: Asked) -> Response:
    """One reading."""
    return told(200, shown(_pull(asked)))


def get_validation(asked: Asked) -> Response:
    """What was odd in a reading: nothing ever is."""
    _pull(asked)
    return told(200, {"errors": [], "warnings": []})


def _pull(asked: Asked) -> dict[str, Any]:
    company, identity = asked.company()["id"], asked.values["pull"]
    found = asked.memory.get("pull", identity)
    if found is None or found["companyId"] != company:
        raise Refusal(404, f"No dataset was found with ID {identity}")
    return found


def list_files(asked: Asked) -> Response:
    """The files of a bill, in one object."""
    return told(200, {"attachments": files.listed(asked.memory, asked.connection()["id"], _bill(asked))})


def get_file(asked: Asked) -> Response:
    """One file, without its content."""
    return told(200, _file(asked))


def download_file(asked: Asked) -> Response:
    """Its content."""
    return files.download(asked.memory, _file(asked))


def _file(asked: Asked) -> dict[str, Any]:
    return files.one(asked.memory, asked.connection()["id"], _bill(asked), asked.values["file"])


def _bill(asked: Asked) -> str:
    bill = asked.values["row"]
    if Records(asked.memory, asked.connection()["id"]).get("bills", bill) is None:
        raise Refusal(404, f"No data available for bills for ID {bill}")
    return bill
