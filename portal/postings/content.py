"""From a transaction's stored content to the document that a connector gets."""

from __future__ import annotations

from typing import Final

from integrations.content import from_json
from integrations.documents import Document
from portal.postings.models import Posting
from portal.postings.settled_first import with_what_is_posted
from portal.postings.states import State
from portal.reference.tables import codes_for

# In these nothing is about to be sent: what may be over there already is asked for, found, or shown.
NOT_BEFORE_SENDING: Final = frozenset(State) - {State.READY, State.SENDING}


def document_of(posting: Posting) -> Document:
    """The document of a posting in the accounting system's codes, by the connection's mapping as it is now.

    The stored content stays as the source said it, so that mending the mapping and retrying is enough. A memo entry is
    kept in the source's own codes. Raises `Misconfigured` for a code that has none over there while the posting is due
    to be sent; a lookup goes on without that code.
    """
    document = with_what_is_posted(from_json(posting.transaction.content), posting)
    if posting.kept:
        return document
    codes = codes_for(posting.connection, document)
    return codes.as_far_as_known(document) if posting.state in NOT_BEFORE_SENDING else codes.mapped(document)
