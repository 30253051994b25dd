"""Eight ways to lose or to double a posting, as changes of the product's text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class DoesNotFit(Exception):
    """The product's text has changed: the bug must be written anew."""


@dataclass(frozen=True)
class Change:
    """`before` stands exactly once in the file at `path`; `after` takes its place."""

    path: str
    before: str
    after: str

    def apply(self, tree: Path) -> None:
        """Write the bug into a copy of the repository. Raises `DoesNotFit`."""
        file = tree / self.path
        text = file.read_text(encoding="utf-8")
        if text.count(self.before) != 1:
            raise DoesNotFit(f"{self.path} holds this {text.count(self.before)} times, not once:\n{self.before}")
        file.write_text(text.replace(self.before, self.after), encoding="utf-8")


BUGS: dict[str, tuple[Change, ...]] = {
    "no lease check": (
        Change(
            "portal/postings/claim.py",
            "if self.clock() - self.claimed_at > SEND_WITHIN_SECONDS:",
            "if self.clock() < 0:",
        ),
    ),
    "no quiet period": (
        Change(
            "portal/postings/quiet.py",
            "until = now + timedelta(seconds=accounting_system(posting.connection.integration).can.quiet_seconds)",
            "until = now + timedelta(seconds=0)",
        ),
    ),
    "select-then-insert": (
        Change(
            "portal/postings/accept.py",
            "    except IntegrityError:\n        return None\n",
            "    finally:\n        pass\n",
        ),
        Change(
            "portal/postings/models.py",
            '            models.UniqueConstraint(fields=("company", "source", "kind", "identity"), '
            'name="one_transaction_for_ever"),\n',
            "",
        ),
        Change(
            "portal/postings/migrations/0001_initial.py",
            """        migrations.AddConstraint(
            model_name="transaction",
            constraint=models.UniqueConstraint(
                fields=("company", "source", "kind", "identity"), name="one_transaction_for_ever"
            ),
        ),
""",
            "",
        ),
    ),
    "settle without the lease token": (
        Change(
            "portal/postings/changes.py",
            '    if before in LEASED:\n        guards["lease_token"] = posting.lease_token\n',
            "",
        ),
    ),
    "the number outside of the transaction": (
        Change(
            "portal/postings/accept.py",
            "    with atomic():\n        posting = _taken(document, connection).first()\n",
            "    with atomic():\n"
            '        number = "" if _taken(document, connection).exists() else next_number(connection.company_id)\n'
            "    with atomic():\n        posting = _taken(document, connection).first()\n",
        ),
        Change(
            "portal/postings/accept.py",
            "posting = _insert(document, connection, kept, received_at)\n",
            "posting = _insert(document, connection, kept, received_at, number)\n",
        ),
        Change(
            "portal/postings/accept.py",
            "kept: bool, received_at: datetime) -> Posting | None:",
            "kept, received_at, number):",
        ),
        Change("portal/postings/accept.py", "number=next_number(connection.company_id),\n", "number=number,\n"),
    ),
    "an answer before the commit": (
        Change(
            "portal/intake/receive.py",
            "from django.utils import timezone\n",
            "from contextlib import suppress\n\nfrom django.db import OperationalError\n"
            "from django.db.transaction import atomic\nfrom django.utils import timezone\n",
        ),
        Change(
            "portal/intake/receive.py",
            "            acceptance = accept(document, connection, kept=kept, received_at=delivery.received_at)\n"
            "            answer = _answer(source, endpoint, delivery, acceptance, ring, started)\n",
            "            with suppress(OperationalError), atomic():\n"
            "                acceptance = accept(document, connection, kept=kept, received_at=delivery.received_at)\n"
            "                answer = _answer(source, endpoint, delivery, acceptance, ring, started)\n",
        ),
    ),
    "a new key for each try": (
        Change(
            "portal/postings/inside.py",
            "return IdempotencyKey(str(posting.idempotency_key), posting.generation)",
            'return IdempotencyKey(str(__import__("uuid").uuid4()), posting.generation)',
        ),
    ),
    "a read time-out is retried blindly": (
        Change(
            "portal/postings/rules.py",
            "        (Retryable, _retry_later),\n        (OutcomeUnknown, _unknown),\n",
            "        (Retryable, _retry_later),\n        (OutcomeUnknown, _ready_at_once),\n",
        ),
    ),
}
