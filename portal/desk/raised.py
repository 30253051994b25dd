"""What a company's page says of the transactions that were raised from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from integrations.documents import Stage
from portal.desk.access import Place
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.raising import at_source, services
from portal.raising.models import Raised
from portal.tones import CLOSED, PERSON, POSTED, UNDER_WAY, WAITING, tone

STAGE_TONES: Final[dict[str, str]] = {
    "": WAITING,
    Stage.DRAFT: WAITING,
    Stage.SUBMITTED: UNDER_WAY,
    Stage.APPROVED: POSTED,
    Stage.DENIED: PERSON,
    Stage.DELETED: CLOSED,
    Stage.OTHER: UNDER_WAY,
}


@dataclass(frozen=True)
class RaisedRow:
    """One of them."""

    raised: Raised

    @property
    def posting(self) -> Posting:
        """Our duty to create it there."""
        return self.raised.posting

    @property
    def asked(self) -> Transaction:
        """What was asked for."""
        return self.raised.posting.transaction

    @property
    def there(self) -> SafeString:
        """Where it stands at iCompleat: as it was created, until somebody has looked."""
        if self.raised.stage_there:
            return tone(STAGE_TONES[self.raised.stage_there], str(self.raised.get_stage_there_display()))
        if self.posting.state == State.POSTED:
            return tone(WAITING, str(self.raised.get_wish_display()))
        return tone(WAITING, "Not there yet")


def raised_of(place: Place) -> QuerySet[Raised]:
    """What was raised for the company, with all that the list shows."""
    return services.listing(place.company)


def obstacles(place: Place) -> dict[str, list[str]]:
    """What stands in the way of raising anything for the company, and what its people should know."""
    found = list(at_source.problems(place.company, at_source.raising_connection(place.company), ()))
    return {
        "obstacles": [each.message for each in found if not each.is_warning],
        "warnings": [each.message for each in found if each.is_warning],
    }
