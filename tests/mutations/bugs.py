"""Ways to lose or to double a posting, or to break a vendor's limit, as changes of the product's text."""

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
        text = self.fits(tree)
        (tree / self.path).write_text(text.replace(self.before, self.after), encoding="utf-8")

    def fits(self, tree: Path) -> str:
        """The text of the file that it changes. Raises `DoesNotFit`."""
        text = (tree / self.path).read_text(encoding="utf-8")
        if text.count(self.before) != 1:
            raise DoesNotFit(f"{self.path} holds this {text.count(self.before)} times, not once:\n{self.before}")
        return text


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
            "until = now + timedelta(seconds=abilities(posting.connection).quiet_seconds)",
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
    "settle in one statement without the lease token": (
        Change("portal/postings/one_statement.py", "AND lease_token = %(lease)s::uuid\n", "\n"),
        Change(
            "portal/postings/one_statement.py",
            "AND (state = 'sending') IS TRUE ",
            "AND state IN ('sending', 'checking') ",
        ),
    ),
    "a claim in one statement does not see new content": (
        Change("portal/postings/one_statement.py", "AND p.next_attempt_at = seen.next_attempt_at ", ""),
    ),
    "a claim in one statement takes what may be in the books": (
        Change("portal/postings/one_statement.py", "AND NOT p.kept AND NOT p.may_exist\n", "AND NOT p.kept\n"),
    ),
    "a claim in one statement without its attempt": (
        Change(
            "portal/postings/one_statement.py", "FROM taken RETURNING id\n", "FROM taken WHERE false RETURNING id\n"
        ),
        Change(
            "portal/postings/one_statement.py",
            "SELECT attempt.id, taken.* FROM taken, attempt\n",
            "SELECT 0, taken.* FROM taken\n",
        ),
    ),
    "who was replaced while it asked forgets the operation": (
        Change(
            "portal/postings/moves.py",
            'could settle.")\n        return False\n',
            'could settle.")\n'
            "        forgotten = fields.get('operation', posting.operation)\n"
            "        Posting.objects.filter(pk=posting.pk).update(operation=forgotten)\n"
            "        return False\n",
        ),
    ),
    "more calls at once than the vendor allows": (
        Change(
            "portal/connections/places.py",
            "if any(len(self._held[scope.name]) >= scope.at_once ",
            "if any(len(self._held[scope.name]) > scope.at_once ",
        ),
    ),
    "the number outside of the transaction": (
        Change(
            "portal/postings/accept.py",
            "    with turn(destination.company_id), atomic():\n"
            "        acceptance = _accept(document, destination, received_at, may_amend)\n",
            "    with atomic():\n"
            '        number = "" if _taken(document, destination).exists() else next_number(destination.company_id)\n'
            "    with turn(destination.company_id), atomic():\n"
            "        acceptance = _accept(document, destination, received_at, may_amend, number)\n",
        ),
        Change(
            "portal/postings/accept.py",
            "def _accept(document: Document, destination: Destination, received_at: datetime, may_amend: bool) "
            "-> Acceptance:",
            "def _accept(document, destination, received_at, may_amend, number):",
        ),
        Change(
            "portal/postings/accept.py",
            "posting = posting or _insert(document, destination, received_at)\n",
            "posting = posting or _insert(document, destination, received_at, number)\n",
        ),
        Change(
            "portal/postings/accept.py",
            "def _insert(document: Document, destination: Destination, received_at: datetime) -> Posting | None:",
            "def _insert(document, destination, received_at, number):",
        ),
        Change("portal/postings/accept.py", "number=next_number(destination.company_id),\n", "number=number,\n"),
    ),
    "the number outside of the one statement": (
        Change(
            "portal/postings/new.py",
            "        with turn(destination.company_id), prepared.refusable():\n",
            "        with prepared.refusable():\n"
            "            prepared.run(COUNT_FIRST, values)\n"
            "        with turn(destination.company_id), prepared.refusable():\n",
        ),
        Change(
            "portal/postings/new.py",
            "class New(NamedTuple):\n",
            'COUNT_FIRST = """\n'
            "UPDATE postings_numberseries SET last = last + 1 WHERE company_id = %(company_id)s AND NOT EXISTS (\n"
            "    SELECT FROM postings_transaction WHERE company_id = %(company_id)s AND source = %(source)s\n"
            "        AND kind = %(kind)s AND identity = %(identity)s)\n"
            'RETURNING last\n"""\n\n\n'
            "class New(NamedTuple):\n",
        ),
        Change(
            "portal/postings/statements.py",
            "        UPDATE postings_numberseries\n        SET last = last + 1\n",
            "        SELECT 'P-' || lpad(last::text, 6, '0') AS number FROM postings_numberseries\n",
        ),
        Change(
            "portal/postings/statements.py",
            "        RETURNING 'P-' || lpad(last::text, greatest(6, length(last::text)), '0') AS number\n",
            "",
        ),
    ),
    "an answer before the commit": (
        Change(
            "portal/intake/receive.py",
            "from django.utils import timezone\n",
            "from contextlib import suppress\n\nfrom django.db.transaction import atomic\n"
            "from django.utils import timezone\n",
        ),
        Change(
            "portal/intake/receive.py",
            "            return take(delivery, document, _destination(endpoint, document.kind), ring)\n",
            "            with suppress(OperationalError), atomic():\n"
            "                answer = take(delivery, document, _destination(endpoint, document.kind), ring)\n"
            "            return answer\n",
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
