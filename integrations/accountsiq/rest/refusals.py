"""The closed table of refusals over REST: by the code that stands in the answer, whatever its status.

The codes are those of AccountsIQ's own enumeration (SUBJECT_FIELD_CONDITION), of which the end tells what is wrong. The
same words without underscores are taken, too, since the interface we were given names none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from integrations.errors import IntegrationError, Misconfigured, Missing, Rejected, Unauthorised
from integrations.reply import Reply
from integrations.sentences import sentence

_NO_REASON: Final = "AccountsIQ refused the request and gave no reason."
_FINE: Final = frozenset({"", "SUCCESS", "0"})
# Statuses of the envelope that are no success. What is still under way, or unknown, proves nothing.
_FAILED: Final = frozenset({"FAILURE", "NOTCREATED", "CONFLICTED"})
_OPEN: Final = frozenset({"UNKNOWN", "INPROGRESS"})


class Duplicate(Rejected):
    """AccountsIQ has a document of this number already; this one was not written."""


# Exact codes first, then how codes end. What is not in here proves nothing.
_CODES: Final[Mapping[str, type[IntegrationError]]] = {
    "OAUTHINTEGRATIONAPPSAPPLICATIONISREVOKED": Unauthorised,
    "OAUTHINTEGRATIONAPPSCLIENTIDISNULLOREMPTY": Misconfigured,
    "DATEISOUTOFRANGE": Rejected,
    "READONLY": Rejected,
    "TRANSACTIONDOESNOTBALANCE": Rejected,
    "EXPECTEDPOSTINGVALUESDONOTMATCHACTUALCALCULATEDVALUES": Rejected,
    "GLACCOUNTNODEPARTMENTISDEPARTMENTAL": Rejected,
    "GLACCOUNTISNOTPOSTINGORDOESNOTEXIST": Rejected,
    "BATCHINVOICELINEMISSINGGLACCOUNT": Rejected,
    "BATCHINVOICELINEMISSINGDESCRIPTION": Rejected,
    "BATCHINVOICEWITHNOINVOICELINES": Rejected,
    "INVOICEISNOTAPPROVED": Rejected,
}
_ENDS: Final[Sequence[tuple[str, type[IntegrationError]]]] = (
    ("ALREADYEXISTS", Duplicate),
    ("INUSE", Duplicate),
    ("NOTFOUND", Missing),
    ("DOESNOTEXIST", Missing),
    ("MISSING", Rejected),
    ("ISNULL", Rejected),
    ("EMPTY", Rejected),
    ("REQUIRED", Rejected),
    ("TOOLONG", Rejected),
    ("TOOHIGH", Rejected),
    ("UPPERCASE", Rejected),
    ("INVALID", Rejected),
    ("INACTIVE", Rejected),
    ("NOTPOSTING", Rejected),
    ("NEGATIVE", Rejected),
    ("DISAGREE", Rejected),
    ("CLOSED", Rejected),
)


class Told(NamedTuple):
    """One error as it stands in the answer."""

    code: str
    message: object
    field: object


def refusal(reply: Reply, answer: Any) -> IntegrationError | None:
    """The error that an answer stands for, None for a success.

    The first known code counts. Without one a failure proves nothing: `OutcomeUnknown` after a write, else `Retryable`.
    """
    told = list(_told(answer))
    state = _word(answer.get("Status")) if isinstance(answer, Mapping) else ""
    if not told and reply.status < 300 and state not in _FAILED | _OPEN:
        return None
    known = [(kind, one) for one in told if (kind := _kind(one.code)) is not None]
    if not known or state in _OPEN:
        return reply.unclear("an error that is not known")
    kind, first = known[0]
    words = sentence(first.message, otherwise=_NO_REASON)
    more = f" AccountsIQ names {len(told) - 1} more." if len(told) > 1 else ""
    return kind(words + more, field=first.field if isinstance(first.field, str) else "")


def _told(answer: Any) -> Iterator[Told]:
    """The errors of a list `Errors`, and the one of `ErrorCode` and `ErrorMessage`."""
    if not isinstance(answer, Mapping):
        return
    errors = answer.get("Errors")
    for one in errors if isinstance(errors, list) else [errors] if errors else []:
        members = one if isinstance(one, Mapping) else {"Message": one}
        yield Told(_word(members.get("Code")), members.get("Message"), members.get("Field"))
    if (code := _word(answer.get("ErrorCode"))) not in _FINE:
        yield Told(code, answer.get("ErrorMessage"), None)


def _kind(code: str) -> type[IntegrationError] | None:
    if code in _CODES:
        return _CODES[code]
    return next((kind for end, kind in _ENDS if code.endswith(end)), None)


def _word(value: object) -> str:
    """`GLACCOUNT_CODE_DOES_NOT_EXIST` and `GlAccountCodeDoesNotExist` are one."""
    return value.replace("_", "").strip().upper() if isinstance(value, str) else ""
