"""`manage.py conformance`: asks before it sends, keeps secrets off the command line, writes a dated report."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.connections.models import Conformance, Connection
from portal.operations.management.commands import conformance
from portal.reference import rules
from tests.connections.conformance.conftest import rig, serve
from tests.connections.conformance.rig import TOKEN, Open, Rig, with_key_life
from tests.factories import DemoConnectionFactory, LedgerConnectionFactory

__all__ = ["rig", "serve"]
pytestmark = pytest.mark.django_db
CODES = ("--account-code", "7504", "--tax-code", "T0", "--late-seconds", "0")
BY_HAND = ("--setting", "company_id=harbour-street", "--secret", "token=env:CONFORMANCE_TEST_TOKEN")


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFORMANCE_TEST_TOKEN", TOKEN)


@pytest.fixture
def connection(rig: Rig) -> Connection:
    linked: Connection = DemoConnectionFactory.create(settings=rig.settings, secrets={"token": TOKEN})
    return linked


def command(*words: str) -> str:
    out = io.StringIO()
    call_command("conformance", *words, stdout=out)
    return out.getvalue()


def refused(*words: str) -> str:
    with pytest.raises(CommandError) as caught:
        command(*words)
    return str(caught.value)


class Terminal(io.StringIO):
    """Somebody sits there."""

    def isatty(self) -> bool:
        return True


def test_a_connection_is_checked_reported_and_trusted(
    connection: Connection, rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_key_life(monkeypatch)
    said = command("demo", "--connection", str(connection.pk), *CODES, "--yes", "--out", str(tmp_path / "deep" / "run"))
    assert said.startswith("This posts some ten documents of 1.00 GBP and at most one of 2.00 GBP into Harbour Street")
    assert "passed        Lost answer to write 1 (1 there)" in said
    assert "Every check passed: the key may be relied on." in said
    told: dict[str, Any] = json.loads((tmp_path / "deep" / "run.json").read_text())
    assert (told["trusted"], told["connection"], told["key_seconds"]) == (True, str(connection.pk), 3600)
    assert [one["outcome"] for one in told["checks"]] == ["passed"] * 5
    text = (tmp_path / "deep" / "run.md").read_text()
    assert "| Double send | Passed | 1 | The first time document BILL-000002" in text
    assert "POST http://127.0.0.1" in text
    assert "Idempotency" not in text.split("## Double send")[0]
    assert TOKEN not in text + json.dumps(told) + said
    assert Conformance.objects.get().trusted
    assert rig.amounts() == ["1.00"] * 5


def test_codes_that_are_not_given_are_the_defaults_of_the_mapping(
    connection: Connection, rig: Rig, tmp_path: Path
) -> None:
    words = ("demo", "--connection", str(connection.pk), "--late-seconds", "0", "--yes", "--out", str(tmp_path / "run"))
    with pytest.raises(CommandError, match="Not every check passed"):
        command(*words)
    assert rig.amounts() == []
    connection.mapping = rules.to_json(rules.defaults(account="7504", tax="T0"))
    connection.save()
    command(*words)
    assert {line["account_code"] for one in rig.books.latest("harbour-street", 100) for line in one["lines"]} == {
        "7504"
    }
    assert rig.amounts() == ["1.00"] * 5


def test_credentials_by_hand_come_from_the_environment_or_a_file(rig: Rig, tmp_path: Path) -> None:
    base = ("demo", *CODES, "--yes", "--setting", f"base_url={rig.url}", "--setting", "company_id=harbour-street")
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    for secret in ("token=env:CONFORMANCE_TEST_TOKEN", f"token=file:{tmp_path / 'token'}"):
        said = command(*base, "--secret", secret, "--out", str(tmp_path / "run.md"))
        assert "no connection may rely on it" in said or "takes no idempotency key" in said
    assert {one.connection for one in Conformance.objects.all()} == {None}
    assert (tmp_path / "run.md").exists()
    assert (tmp_path / "run.json").exists()


def test_a_system_that_fails_ends_with_an_error_and_a_report(serve: Open, tmp_path: Path) -> None:
    rig = serve("trust_keys=no")
    words = ("demo", "--setting", f"base_url={rig.url}", *BY_HAND, *CODES, "--yes", "--out", str(tmp_path / "run"))
    assert refused(*words) == "Not every check passed."
    assert "| Double send | Failed | 2 |" in (tmp_path / "run.md").read_text()
    assert not Conformance.objects.get().trusted


def test_the_ledger_needs_none() -> None:
    assert command("ledger", "--connection", str(LedgerConnectionFactory.create().pk)) == (
        "Postroom ledger needs no such check: it books in our own transaction, where the database lets no key be used "
        "twice.\n"
    )
    assert Conformance.objects.count() == 0


@pytest.mark.parametrize("answer", ["", "n", "what?"])
def test_without_consent_nothing_is_sent(
    connection: Connection, rig: Rig, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n"))
    assert refused("demo", "--connection", str(connection.pk), *CODES) == "Nothing was sent."
    assert (rig.amounts(), Conformance.objects.count()) == ([], 0)


def test_consent_may_be_typed(
    connection: Connection, rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    command("demo", "--connection", str(connection.pk), *CODES, "--out", str(tmp_path / "run"))
    assert len(rig.amounts()) == 5


def test_a_script_has_to_agree_in_advance(connection: Connection, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert "--yes" in refused("demo", "--connection", str(connection.pk), *CODES)
    assert rig.amounts() == []


def test_a_secret_that_is_missing_is_asked_for_without_showing_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    def ask(label: str) -> str:
        asked.append(label)
        return TOKEN

    monkeypatch.setattr("sys.stdin", Terminal(""))
    monkeypatch.setattr(conformance, "prompt", ask)
    setting = ("--setting", f"base_url={rig.url}", "--setting", "company_id=harbour-street")
    command("demo", *setting, *CODES, "--yes", "--out", str(tmp_path / "run"))
    assert asked == ["Access token"]


@pytest.mark.parametrize(
    "words,said",
    [
        (("nothing",), "No accounting system 'nothing' is installed. Installed are: ledger, demo"),
        (("demo", "--connection", "17"), "There is no connection 17."),
        (("demo", "--connection", "00000000-0000-0000-0000-000000000000"), "There is no connection 0000"),
        (("demo", "--setting", "company_id=x"), "Demo Books needs --setting base_url=…"),
        (("demo", "--setting", "colour=red"), "“colour” is not known here. Known are: base_url, company_id."),
        (("demo", "--setting", "token=visible"), "“token” is not known here."),
        (("demo", "--setting", "base_url=x", *BY_HAND[:2]), "The secret token is missing. Give it as env:NAME"),
        (
            ("demo", "--setting", "base_url=x", *BY_HAND[:2], "--secret", "token=visible"),
            "token was not found. Give it",
        ),
        (("demo", "--setting", "base_url=x", *BY_HAND[:2], "--secret", "token=env:NO_SUCH"), "token was not found."),
        (("demo", "--setting", "base_url=x", *BY_HAND[:2], "--secret", "token=file:/no/such"), "could not be read: No"),
        (("demo", "--setting", "base_url=x", *BY_HAND), "The address of the system is not a web address."),
        (("demo", "--kind", "receipt"), "Demo Books takes no receipt."),
        (("demo", "--late-seconds", "3600"), "The vendor forgets a key after 3600 s: use --beyond-key-life"),
    ],
)
def test_what_cannot_be_is_said(words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_key_life(monkeypatch)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    told = refused(*words)
    assert said in told
    assert "visible" not in told


def test_a_life_that_nobody_knows_cannot_be_outlived(monkeypatch: pytest.MonkeyPatch) -> None:
    with_key_life(monkeypatch, None)
    assert "does not say how long Demo Books remembers a key" in refused("demo", "--beyond-key-life")


def test_a_connection_is_checked_with_its_own_credentials_and_its_own_connector(connection: Connection) -> None:
    assert "leave out" in refused("demo", "--connection", str(connection.pk), "--setting", "base_url=x")
    other = LedgerConnectionFactory.create()
    assert "leads to ledger, and not to demo" in refused("demo", "--connection", str(other.pk))
