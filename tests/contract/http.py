"""What every connector that speaks HTTP has to do, played from a script in place of the outside system."""

from __future__ import annotations

from tests.contract.answers import AnswerCases
from tests.contract.attaching import AttachingCases
from tests.contract.reading import ReadingCases
from tests.contract.sending import SendingCases


class HttpCases(SendingCases, AnswerCases, ReadingCases, AttachingCases):
    """All of them. A subclass gives what `Conversations` says."""
