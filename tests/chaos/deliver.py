"""One delivery over the network: as it should be, hung up before the answer, byte by byte, or begun and never ended."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from tests.chaos.papers import Manner, Sent, Told

ANSWER_WITHIN_SECONDS = 10.0
HANGS_UP_WITHIN_SECONDS = 0.4
SLOW_SECONDS, SLOW_PIECES = 3.0, 12
HALF_SECONDS = 4.0
# Sentences of the portal: what arrived before with other content, and what a 503 says that promises something.
CONTESTED = "already taken as"
NOTHING_WAS_BOOKED = "Nothing was booked"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes out, where to, and how. The first of `addresses` that takes the connection gets it."""

    addresses: tuple[str, ...]
    path: str
    headers: Mapping[str, str]
    content: bytes
    manner: Manner


def deliver(parcel: Parcel, sent: Sent, dice: random.Random) -> None:
    """Deliver it; `sent` gets what came of it, and when that was."""
    connection: HTTPConnection | None = None
    try:
        connection = _connected(parcel.addresses)
        WAYS[parcel.manner](connection, parcel, sent, dice)
    except (OSError, HTTPException) as error:
        sent.text = f"{type(error).__name__}: {error}"
    finally:
        sent.ended = time.time()
        if connection is not None:
            connection.close()


def _connected(addresses: tuple[str, ...]) -> HTTPConnection:
    """A connection that is open: nothing was sent where it was refused."""
    for address in addresses:
        connection = HTTPConnection(address, timeout=ANSWER_WITHIN_SECONDS)
        try:
            connection.connect()
        except ConnectionRefusedError:
            continue
        return connection
    raise ConnectionRefusedError("by all of them")


def _plainly(connection: HTTPConnection, parcel: Parcel, sent: Sent, _: random.Random) -> None:
    connection.request("POST", parcel.path, parcel.content, dict(parcel.headers))
    _read(connection, sent)


def _hung_up(connection: HTTPConnection, parcel: Parcel, sent: Sent, dice: random.Random) -> None:
    connection.request("POST", parcel.path, parcel.content, dict(parcel.headers))
    time.sleep(dice.uniform(0, HANGS_UP_WITHIN_SECONDS))
    sent.text = "Hung up before the answer."


def _slowly(connection: HTTPConnection, parcel: Parcel, sent: Sent, _: random.Random) -> None:
    _head(connection, parcel)
    for piece in _pieces(parcel.content, SLOW_PIECES):
        connection.send(piece)
        time.sleep(SLOW_SECONDS / SLOW_PIECES)
    _read(connection, sent)


def _half(connection: HTTPConnection, parcel: Parcel, sent: Sent, dice: random.Random) -> None:
    """Half of the head, or the head and half of the body, and then nothing until the patience of a slow-loris ends."""
    if dice.random() < 0.5:
        sock: socket.socket = connection.sock
        sock.sendall(f"POST {parcel.path} HTTP/1.1\r\nHost: {parcel.addresses[0]}\r\nContent-Le".encode())
    else:
        _head(connection, parcel)
        connection.send(parcel.content[: len(parcel.content) // 2])
    time.sleep(HALF_SECONDS)
    sent.text = "Never ended."


WAYS: Mapping[Manner, Callable[[HTTPConnection, Parcel, Sent, random.Random], None]] = {
    Manner.PLAIN: _plainly,
    Manner.FORGED: _plainly,
    Manner.HUNG_UP: _hung_up,
    Manner.SLOW: _slowly,
    Manner.HALF: _half,
}


def _head(connection: HTTPConnection, parcel: Parcel) -> None:
    connection.putrequest("POST", parcel.path)
    for name, value in {**parcel.headers, "Content-Length": str(len(parcel.content))}.items():
        connection.putheader(name, value)
    connection.endheaders()


def _pieces(content: bytes, count: int) -> Iterator[bytes]:
    length = -(-len(content) // count)
    for start in range(0, len(content), length):
        yield content[start : start + length]


def _read(connection: HTTPConnection, sent: Sent) -> None:
    response = connection.getresponse()
    status, text = response.status, response.read().decode(errors="replace")
    sent.text = text
    if status == 200:
        sent.number = str(json.loads(text)["JournalNumber"])
    sent.status, sent.told = status, _told(status, text)


def _told(status: int, text: str) -> Told:
    """A 5xx says nothing for certain, unless it says in so many words that nothing was booked."""
    if status == 200:
        return Told.TAKEN
    if status >= 500:
        return Told.FAILED if NOTHING_WAS_BOOKED in text else Told.LOST
    return Told.CONTESTED if CONTESTED in text else Told.FAILED
