"""What Codat has read of the books, and how it is asked to read anew: Codat answers from what it has read last.

Nothing in here changes the books: asking Codat to read is no write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

from integrations.codat.client import Client, NotFetched
from integrations.codat.statuses import DataWord, Phase, about, data_name, data_word, is_linked
from integrations.errors import Misconfigured, Missing, Rejected, Retryable, Unauthorised
from integrations.sentences import sentence

FRESH_SECONDS: Final = 3600
"""How old what Codat has read may be for reference data."""
ASK_AGAIN_SECONDS: Final = 60.0
_SHORTEST_REST_SECONDS: Final = 60.0
# After that it is no delay any more.
_USUAL_SECONDS: Final = 3600.0
_LONGEST_READING: Final = timedelta(days=1)
# What the refusal says where the set is being read already. The status of that answer is not documented.
_IN_PROGRESS: Final = "still in progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """What Codat has of one type of data. `status` is empty where it was never fetched; instants are aware UTC."""

    data_type: str
    status: str = ""
    succeeded_at: datetime | None = None
    latest: str = ""
    latest_success: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """One time that Codat read, or is to read, a type of data. Instants are aware UTC; `ended_at` None: not yet."""

    id: str
    data_type: str
    status: str
    connection: str = ""
    words: str = ""
    asked_at: datetime | None = None
    ended_at: datetime | None = None


def freshen(client: Client, data_type: str, *, asked_within: float | None = None) -> None:
    """Return once Codat has read a type of data within the last hour; else have it read, and raise.

    With `asked_within` (seconds) it is no matter when the reading ended, but that it was asked for so short ago: a
    lookup sees what was written before that.

    Raises `Retryable` until the data are there, and while a failed reading rests; `Unauthorised` where the connection
    is no longer linked over there, `Misconfigured` where whoever linked it may not read this, `Rejected` where the
    accounting software does not tell it. A wait that is usual is free; one that goes on for hours, or that can have no
    end, counts as a failure, so that a person gets to see it.
    """
    here = data_status(client).get(data_type, DataSet(data_type=data_type))
    word, is_usual = data_word(here.status), True
    if word.phase is Phase.UNDER_WAY:
        asked_at = _remembered(client, here.latest, here).asked_at
        raise _wait(data_type, is_usual=_age(asked_at) < _USUAL_SECONDS)
    if word.phase is Phase.COMPLETE:
        age, is_usual = _age_of(client, here, asked_within)
        if _is_of_these_books(client, here) and age < (FRESH_SECONDS if asked_within is None else asked_within):
            return
    elif word.phase is not Phase.NEVER:
        _insist_or_rest(client, here, word)
    queue(client, data_type)
    raise _wait(data_type, is_usual=is_usual)


def insist_on_these_books(client: Client, data_type: str) -> None:
    """Return where what Codat has of a type may be relied on for a document: it was asked for since somebody last went
    there to link. What is older may be another company's, in whose books the same code can be something else.

    A day after the visit nothing is asked any more. What was never read at all is left to whoever reads it. Raises as
    `freshen` where it has to be read first.
    """
    departed_at = instant(client.departed_at)
    if departed_at is None or datetime.now(UTC) > departed_at + _LONGEST_READING:
        return
    here = data_status(client).get(data_type, DataSet(data_type=data_type))
    if not _is_of_these_books(client, here):
        freshen(client, data_type)


def data_status(client: Client) -> Mapping[str, DataSet]:
    """What Codat has of each type of data of the company, by type. Raises as `Client.get`."""
    answer = client.get(f"companies/{client.company}/dataStatus")
    if not isinstance(answer, Mapping) or not all(isinstance(row, Mapping | None) for row in answer.values()):
        raise Retryable("Codat did not tell the status of its data. It will be asked again.")
    found = (_data_set(name, row) for name, row in answer.items() if isinstance(row, Mapping))
    return {one.data_type: one for one in found}


def queue(client: Client, data_type: str) -> Pull:
    """Have one type of data read from the accounting software. Raises `Retryable` where that is under way already,
    `Rejected` where Codat does not have this type for this software."""
    params = {"connectionId": client.connection} if client.connection else {}
    path = f"companies/{client.company}/data/queue/{data_type}"
    try:
        return _pull(client.send("POST", path, params=params, reads=True))
    except Missing as error:
        message = f"Codat does not read {data_name(data_type)} from this accounting software: {error.message}"
        raise Rejected(message) from error
    except (NotFetched, Rejected) as error:
        if isinstance(error, NotFetched) or _IN_PROGRESS in error.message:
            raise _wait(data_type) from error
        raise


def have_read(client: Client, data_type: str, *, since: datetime | None = None) -> None:
    """Have a type of data read; whether it is read already, or not told at all, what is known has to do meanwhile.

    With `since` (aware UTC, by Codat's clock) a reading that was asked for after that moment is enough, whatever became
    of it. Raises what `data_status` raises.
    """
    if since is not None and _was_asked_after(client, data_type, since):
        return
    try:
        queue(client, data_type)
    except (Retryable, Rejected):
        return


def queue_all(client: Client) -> None:
    """Have everything read that is set to be fetched when a company is first linked."""
    client.send("POST", f"companies/{client.company}/data/all", reads=True)


def history(client: Client, data_type: str = "") -> Iterator[Pull]:
    """Each time that Codat read the company's data, the latest first; of one type where it is given."""
    wanted = {"query": f"dataType={data_type}"} if data_type else {}
    rows = client.pages(f"companies/{client.company}/data/history", orderBy="-requested", **wanted)
    return (_pull(row) for row in rows)


def pull(client: Client, pull_id: str) -> Pull:
    """One of them. Raises `Missing` where there is none."""
    return _pull(client.get(f"companies/{client.company}/data/history/{pull_id}"))


def instant(value: object) -> datetime | None:
    """A time as Codat writes it, aware UTC; without a zone it is taken as UTC. None for what is none."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _is_of_these_books(client: Client, here: DataSet) -> bool:
    """Whether Codat was asked for it since somebody last went there to link: what is older may be another company's.

    A reading may end long after it was asked for; a day later nobody needs to look at that any more.
    """
    departed_at = instant(client.departed_at)
    if departed_at is None or here.succeeded_at is None or here.succeeded_at > departed_at + _LONGEST_READING:
        return True
    if here.succeeded_at < departed_at:
        return False
    asked_at = _remembered(client, here.latest_success, here).asked_at
    return asked_at is None or asked_at >= departed_at


def _age_of(client: Client, here: DataSet, asked_within: float | None) -> tuple[float, bool]:
    """The age that counts, in seconds, and whether another reading can be young enough when it ends."""
    if asked_within is None:
        return _age(here.succeeded_at), True
    last = _remembered(client, here.latest_success, here)
    took = (last.ended_at - last.asked_at).total_seconds() if last.asked_at and last.ended_at else 0.0
    return _age(last.asked_at), took + ASK_AGAIN_SECONDS < asked_within


def _was_asked_after(client: Client, data_type: str, moment: datetime) -> bool:
    """Whether the latest reading was, or one is under way, so that no other can be asked for yet."""
    here = data_status(client).get(data_type, DataSet(data_type=data_type))
    if data_word(here.status).phase is Phase.UNDER_WAY:
        return True
    asked_at = _remembered(client, here.latest, here).asked_at
    return asked_at is not None and asked_at > moment


def _insist_or_rest(client: Client, here: DataSet, word: DataWord) -> None:
    """Return where it is time to ask anew after a failure; else raise what it means.

    A status outlives its reason: after a new sign-in it still says that the old one was over, until the next reading.
    """
    if word.phase is Phase.SIGNED_OUT:
        _insist_on_link(client)
        return
    last = _remembered(client, here.latest, here)
    rest = word.again_seconds - _age(last.ended_at or last.asked_at)
    if rest > 0:
        _raise_failure(here, word, last, rest)


def _insist_on_link(client: Client) -> None:
    row = client.get(f"companies/{client.company}/connections/{client.connection}")
    if not isinstance(row, Mapping) or not is_linked(row.get("status")):
        raise Unauthorised("Codat has lost its access to the accounting software. Link the connection again.")


def _remembered(client: Client, pull_id: str, here: DataSet) -> Pull:
    """One reading; one that Codat has forgotten is as good as long ago."""
    forgotten = Pull(id=pull_id, data_type=here.data_type, status=here.status)
    if not pull_id:
        return forgotten
    try:
        return pull(client, pull_id)
    except Missing:
        return forgotten


def _raise_failure(here: DataSet, word: DataWord, last: Pull, rest: float) -> NoReturn:
    said = f"{about(here.data_type, here.status)}{': ' if last.words else ''}{last.words.rstrip('.')}."
    if word.phase is Phase.FORBIDDEN:
        raise Misconfigured(f"{said} Have an administrator of the accounting software link it again.")
    if word.phase is Phase.UNSUPPORTED:
        raise Rejected(f"{said} Switch its sync off.")
    message = f"{said} Codat is asked to fetch it again."
    raise Retryable(message, retry_after=max(rest, _SHORTEST_REST_SECONDS))


def _wait(data_type: str, *, is_usual: bool = True) -> Retryable:
    """Desktop software that is switched off lets Codat wait for ever."""
    name = data_name(data_type)
    long = "" if is_usual else " It takes long: see that desktop software is running and its connector online."
    message = f"Codat is fetching {name} from the accounting software.{long} It will be asked again."
    return Retryable(message, retry_after=ASK_AGAIN_SECONDS, free=is_usual)


def _age(moment: datetime | None) -> float:
    """In seconds; what has no moment is as old as can be."""
    return float("inf") if moment is None else (datetime.now(UTC) - moment).total_seconds()


def _data_set(name: str, row: Mapping[str, Any]) -> DataSet:
    return DataSet(
        data_type=_text(row, "dataType") or name,
        status=_text(row, "currentStatus"),
        succeeded_at=instant(row.get("lastSuccessfulSync")),
        latest=_text(row, "latestSyncId"),
        latest_success=_text(row, "latestSuccessfulSyncId"),
    )


def _pull(row: object) -> Pull:
    if not isinstance(row, Mapping) or not _text(row, "id"):
        raise Retryable("Codat did not tell what became of fetching data. It will be asked again.")
    said = row.get("errorMessage") or row.get("statusDescription")
    return Pull(
        id=_text(row, "id"),
        data_type=_text(row, "dataType"),
        status=_text(row, "status"),
        connection=_text(row, "connectionId"),
        words=sentence(said, otherwise=""),
        asked_at=instant(row.get("requested")),
        ended_at=instant(row.get("completed")),
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
