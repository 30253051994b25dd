"""What a request may hold, as serializers that take nothing for something else: no 1 for "1", no member unknown.

The same classes make the OpenAPI document, so that it says what is enforced.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from django.core.validators import RegexValidator
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import empty

from portal.api.errors import WRONG_BODY, WRONG_QUERY, ApiError, at_most

REQUIRED: Final = {"required": "It is missing.", "null": "It must not be null."}
UNKNOWN_MEMBER: Final = "There is no member of this name."
UNKNOWN_PARAMETER: Final = "There is no such parameter."
KNOWN: Final = " Known are {known}."
TWICE: Final = "It is given twice."
NO_TEXT: Final = "It must be text."
NO_TRUTH: Final = "It must be true or false."
NO_CHOICE: Final = "It must be one of {known}."
NO_WHOLE: Final = "It must be a whole number from {least} to {most:,}."
NO_MOMENT: Final = "It must be a time with its offset, such as 2026-11-20T14:03:00Z."
NO_ID: Final = "It must be an id such as 0e9f6c1b-5a3d-4c1e-9a59-2f0f6f1f7a11."
NUL: Final = "It must not contain the character NUL."
BLANK: Final = "It must not be blank."
NO_LINE: Final = "It must be one line of text that is not blank, without control characters."
PLAIN: Final = r"\A[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\s][^\x00-\x1f\x7f-\x9f]*\Z"
RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
UUID_TEXT: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
DIGITS: Final = re.compile(r"[0-9]{1,18}")


class Text(serializers.CharField):
    """Text and nothing else, as it came."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})
        self.error_messages |= {**REQUIRED, "invalid": NO_TEXT, "blank": BLANK}

    def to_internal_value(self, data: Any) -> str:
        """Raises `ValidationError` for a number, too, and for what no database keeps."""
        if not isinstance(data, str):
            self.fail("invalid")
        if "\x00" in data:
            raise ValidationError(NUL)
        return super().to_internal_value(data)


class Line(Text):
    """Text in one line that is not blank, without the blanks at its ends."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"validators": [RegexValidator(PLAIN, NO_LINE), *kwargs.pop("validators", ())], **kwargs})

    def run_validation(self, data: Any = empty) -> Any:
        """Raises `ValidationError` for control characters and blanks alone."""
        text = super().run_validation(data)
        return text.strip() if isinstance(text, str) else text


class Choice(serializers.ChoiceField):
    """One of a closed set of words."""

    def __init__(self, choices: Iterable[str], **kwargs: Any) -> None:
        super().__init__(choices=[(one, one) for one in choices], **kwargs)
        self.error_messages |= REQUIRED

    def to_internal_value(self, data: Any) -> str:
        """Raises `ValidationError` with the words that there are."""
        if not isinstance(data, str) or data not in self.choices:
            raise ValidationError(NO_CHOICE.format(known=", ".join(map(str, self.choices))))
        return data


class Truth(serializers.BooleanField):
    """`true` or `false`, in JSON and in a query alike."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error_messages |= REQUIRED

    def to_internal_value(self, data: Any) -> bool:
        """Raises `ValidationError` for every other way to say it."""
        if isinstance(data, bool):
            return data
        if isinstance(self.parent, Query) and data in ("true", "false"):
            return bool(data == "true")
        raise ValidationError(NO_TRUTH)


class Whole(serializers.IntegerField):
    """A whole number within its bounds."""

    def __init__(self, *, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(min_value=least, max_value=most, **kwargs)
        self.bounds, self.why = range(least, most + 1), NO_WHOLE.format(least=least, most=most)
        self.error_messages |= REQUIRED

    def to_internal_value(self, data: Any) -> int:
        """Raises `ValidationError` for 1.0 and true, and for "1" in JSON."""
        if isinstance(self.parent, Query) and isinstance(data, str) and DIGITS.fullmatch(data):
            data = int(data)
        if isinstance(data, bool) or not isinstance(data, int) or data not in self.bounds:
            raise ValidationError(self.why)
        return data


class Moment(serializers.DateTimeField):
    """A moment with its offset (RFC 3339), as aware UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error_messages |= REQUIRED

    def to_internal_value(self, value: Any) -> datetime:
        """Raises `ValidationError` for a time without an offset, and for one that does not exist."""
        if not isinstance(value, str) or not RFC_3339.fullmatch(value):
            raise ValidationError(NO_MOMENT)
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ValidationError(NO_MOMENT) from None


class Identifier(serializers.UUIDField):
    """A UUID as answers write it, and in no other of its forms."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error_messages |= REQUIRED

    def to_internal_value(self, data: Any) -> uuid.UUID:
        """Raises `ValidationError` for a number, too."""
        if not isinstance(data, str) or not UUID_TEXT.fullmatch(data):
            raise ValidationError(NO_ID)
        return uuid.UUID(data)


class Query(serializers.Serializer[Any]):
    """The parameters of a query."""


class Several(serializers.ListSerializer[Any]):
    """A list of bodies within a body."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "not_a_list": "It must be a list.",
        "min_length": "It must have {min_length} or more.",
        "max_length": "It must have {max_length} at most.",
    }


class Body(serializers.Serializer[Any]):
    """The JSON object of a request. A body within a body is one, too. `document` is its schema where the fields do not
    tell it."""

    document: ClassVar[dict[str, Any] | None] = None

    class Meta:
        list_serializer_class = Several

    def to_internal_value(self, data: Any) -> Any:
        """Raises `ValidationError` for what is no object, and for members that are not known, along with the rest."""
        if not isinstance(data, Mapping):
            raise ValidationError({"": ["It must be an object."]})
        unknown = {name: [UNKNOWN_MEMBER] for name in data if name not in self.fields}
        try:
            known = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**_as_dict(error.detail), **unknown}) from error
        if unknown:
            raise ValidationError(unknown)
        return known


def read_query(form: type[Query], given: QueryDict) -> dict[str, Any]:
    """The parameters with their defaults. Raises `ApiError` 400 with everything that is wrong with them."""
    query = form(data=given.dict())
    wrong = [(name, UNKNOWN_PARAMETER + _known(query)) for name in given if name not in query.fields]
    wrong += [(name, TWICE) for name in given if name in query.fields and len(given.getlist(name)) > 1]
    if not query.is_valid():
        wrong += list(_told(query.errors))
    if wrong:
        raise ApiError(400, WRONG_QUERY, details=at_most(wrong))
    return dict(query.validated_data)


def read_body(form: type[Body], given: Mapping[str, Any], **context: Any) -> dict[str, Any]:
    """The members. Raises `ApiError` 400 with everything that is wrong with them."""
    body = form(data=given, context=context)
    if not body.is_valid():
        raise ApiError(400, WRONG_BODY, details=at_most(list(_told(body.errors))))
    return dict(body.validated_data)


def _known(query: Query) -> str:
    return KNOWN.format(known=", ".join(query.fields)) if query.fields else ""


def _as_dict(detail: Any) -> dict[str, Any]:
    return dict(detail) if isinstance(detail, Mapping) else {"": detail}


def _told(errors: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """What DRF collects, as pairs of a path such as `lines[0].net` and a sentence."""
    if isinstance(errors, Mapping):
        for name, inner in errors.items():
            yield from _told(inner, f"{path}[{name}]" if isinstance(name, int) else _joined(path, str(name)))
        return
    for place, inner in enumerate(errors):
        if isinstance(inner, Mapping | list):
            yield from _told(inner, f"{path}[{place}]")
        else:
            yield path, str(inner)


def _joined(path: str, name: str) -> str:
    if name in ("", "non_field_errors"):
        return path
    return f"{path}.{name}" if path else name
