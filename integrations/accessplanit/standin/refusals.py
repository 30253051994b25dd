"""What the stand-in says no with: a status, and one sentence. The shape of the real one's errors is not known."""

from __future__ import annotations


class Refused(Exception):
    """A request that is not carried out."""

    def __init__(self, status: int, sentence: str, *, error: str = "", retry_after: int = 0) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.error, self.retry_after = status, sentence, error, retry_after
