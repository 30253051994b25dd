"""The calls that write asynchronously, and that ask what became of a write."""

from __future__ import annotations

from werkzeug.wrappers import Response

from integrations.codat.standin.answers import Refusal, object_of, told
from integrations.codat.standin.asked import Asked
from integrations.codat.standin.booking import VALIDATORS
from integrations.codat.standin.files import upload
from integrations.codat.standin.pushing import TYPES, Counter, shown
from integrations.codat.standin.querying import page


def get_options(asked: Asked) -> Response:
    """The push model of a data type."""
    connection, data_type = asked.connection(), asked.values["type"]
    if data_type not in VALIDATORS:
        raise Refusal(404, f"Datatype {data_type} not supported by platform(s) {asked.platform().name}")
    return told(200, Counter(asked.memory, connection).options(data_type))


def create(asked: Asked) -> Response:
    """Take a new record: 200, although nothing is written yet."""
    counter, data_type = Counter(asked.memory, asked.connection()), _type(asked)
    body, minutes = object_of(asked.request), _minutes(asked)
    return told(200, shown(counter.create(data_type, body, minutes=minutes, moved=asked.moves_date)))


def change(asked: Asked) -> Response:
    """Take a change."""
    counter, row = Counter(asked.memory, asked.connection()), asked.values["row"]
    return told(200, shown(counter.change(_type(asked), row, object_of(asked.request), _minutes(asked))))


def delete(asked: Asked) -> Response:
    """Take a deletion."""
    counter = Counter(asked.memory, asked.connection())
    return told(200, shown(counter.delete(_type(asked), asked.values["row"])))


def attach(asked: Asked) -> Response:
    """Take a file for a bill."""
    counter, file = Counter(asked.memory, asked.connection()), upload(asked.request, asked.platform())
    return told(200, shown(counter.attach("bills", asked.values["row"], file.about(), file.content)))


def list_pushes(asked: Asked) -> Response:
    """Every write that there was, by page."""
    company = asked.company()["id"]
    rows = [shown(one) for one in asked.memory.every("push", company)]
    return told(200, page(asked.request, rows, path=f"/companies/{company}/push"))


def get_push(asked: Asked) -> Response:
    """What became of one write."""
    company, key = asked.company()["id"], asked.values["push"]
    found = asked.memory.get("push", key)
    if found is None or found["companyId"] != company:
        raise Refusal(404, f"No push operation was found with ID {key}")
    return told(200, shown(found))


def _type(asked: Asked) -> str:
    name = asked.values["type"]
    data_type = TYPES.get(name, name)
    if data_type not in VALIDATORS:
        raise Refusal(404, f"Datatype {name} not supported by platform(s) {asked.platform().name}")
    return data_type


def _minutes(asked: Asked) -> int | None:
    given = asked.request.args.get("timeoutInMinutes")
    if given is None:
        return None
    if not given.isdecimal() or int(given) < 1:
        raise Refusal(400, "Error processing request - timeoutInMinutes is not valid.")
    return int(given)
