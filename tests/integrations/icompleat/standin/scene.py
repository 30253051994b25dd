"""A receiver in the portal's place, the control interface, and a client that reads the API with its own eyes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from werkzeug.wrappers import Request, Response

from integrations.exact import from_json, to_json
from integrations.sandbox import Recorder
from tests.integrations.icompleat.bodies import COMPANY

TOKEN = "0123456789abcdef01234567"
OTHER = "3c1f0a52-7d0e-4b6c-9a35-51f6c2d8e704"
TENANT = "d025eedc-5ea0-4de8-be9f-f8873545add9"
STRANGER = "0f7a8d0e-7c26-4b0e-8a40-3f5a4f1c2b11"
KEY = "6f1c0d52-92fd-4b57-8d12-1b2a3c4d5e6f"


class Receiver:
    """Takes deliveries. `answer` decides what to say; as it stands, each new Id gets the next number."""

    def __init__(self) -> None:
        self.numbers: dict[str, str] = {}
        self.answer: Callable[[Request], Response] = self.numbered
        self.recorder = Recorder(Request.application(self.receive))

    def receive(self, request: Request) -> Response:
        return self.answer(request)

    def numbered(self, request: Request) -> Response:
        body = json.loads(request.get_data())
        key = body.get("Transaction", body)["Id"]
        number = self.numbers.setdefault(key, f"P-{len(self.numbers) + 1:06}")
        return Response(json.dumps({"JournalNumber": number}), mimetype="application/json")

    def bodies(self) -> list[Any]:
        """The transactions that came, unwrapped, with exact numbers."""
        told = [from_json(seen.body.decode()) for seen in self.recorder.seen]
        return [body.get("Transaction", body) for body in told]


def says(body: str, status: int = 200, **headers: str) -> Callable[[Request], Response]:
    return lambda request: Response(body, status=status, headers=headers, mimetype="application/json")


class Control:
    """The control interface, as the demo uses it."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/control"

    def put(self, path: str, body: object) -> Any:
        return self._json(requests.put(f"{self.url}/{path}", data=to_json(body), timeout=10))

    def post(self, path: str, body: object = None) -> Any:
        return self._json(requests.post(f"{self.url}/{path}", data=to_json(body) if body else None, timeout=10))

    def get(self, path: str) -> Any:
        return self._json(requests.get(f"{self.url}/{path}", timeout=10))

    def delete(self, path: str) -> Any:
        return self._json(requests.delete(f"{self.url}/{path}", timeout=10))

    def refused(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """The status and the sentence of a refusal."""
        data = None if body is None else to_json(body)
        response = requests.request(method, f"{self.url}/{path}", data=data, timeout=10)
        assert not response.ok, response.text
        return response.status_code, response.json()["error"]

    def faults(self, **values: object) -> None:
        self.put("faults", values)

    def transactions(self, company: str = COMPANY) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get(f"companies/{company}/transactions")["transactions"]
        return rows

    def of_kind(self, kind: str, number: int = 0) -> str:
        """The id of the company's first transaction of a kind."""
        found: str = [row["id"] for row in self.transactions() if row["kind"] == kind][number]
        return found

    def step(self, transaction: str, step: str, **body: object) -> dict[str, Any]:
        done: dict[str, Any] = self.post(f"transactions/{transaction}/{step}", body)
        return done

    def timeline(self, transaction: str) -> list[tuple[str, str, str]]:
        told = self.get(f"transactions/{transaction}")["timeline"]
        return [(each["user_name"], each["action"], each["comment"]) for each in told]

    def settled(self) -> None:
        """Wait until nothing is being delivered any more."""
        deadline = time.monotonic() + 10
        while self.get("deliveries")["under_way"]:
            assert time.monotonic() < deadline, "deliveries are still under way"

    @staticmethod
    def _json(response: requests.Response) -> Any:
        assert response.ok, (response.status_code, response.text)
        return from_json(response.text)


class Client:
    """Calls the API with a key. `call` gives the response as it is, `get` and the like the body of a 200."""

    def __init__(self, url: str, key: str = KEY) -> None:
        self.url = f"{url}/api"
        self.headers = {"x-api-compleat-key": key, "x-api-version": "1"}

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        data = None if body is None else to_json(body)
        chosen = self.headers if headers is None else headers
        return requests.request(method, f"{self.url}/{path}", data=data, headers=chosen, timeout=10)

    def get(self, path: str) -> Any:
        return self._told(self.call("GET", path))

    def post(self, path: str, body: object) -> Any:
        return self._told(self.call("POST", path, body))

    def put(self, path: str, body: object) -> Any:
        return self._told(self.call("PUT", path, body))

    def delete(self, path: str) -> Any:
        return self._told(self.call("DELETE", path))

    def refused(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """The code and sentence of a 400."""
        response = self.call(method, path, body)
        assert response.status_code == 400, (response.status_code, response.text)
        told = response.json()
        assert set(told) == {"ErrorCode", "ErrorMessage", "MetaData"}
        return told["ErrorCode"], told["ErrorMessage"]

    def refresh(self, noun: str, array: str, rows: list[Any], token: str = "") -> str:
        """One chunk; the token for the next."""
        path = f"{noun}/{TENANT}/{COMPANY}" if "/" not in noun else noun
        answer = self.post(path, {array: rows, "ContinuationToken": token})
        assert set(answer) == {"ContinuationToken", "MetaData"}
        new: str = answer["ContinuationToken"]
        return new

    @staticmethod
    def _told(response: requests.Response) -> Any:
        assert response.status_code == 200, (response.status_code, response.text)
        return from_json(response.text)


def suppliers(*codes: str) -> list[dict[str, Any]]:
    return [{"Code": code, "Name": f"Supplier {code}"} for code in codes]


def without_meta(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in answer if name != "MetaData"}


class Clock:
    """Seconds, as the test says."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now
