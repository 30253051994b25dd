"""The upload of transactions to raise, and how what was looked at travels to the confirmation."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django import forms
from django.core import signing

from integrations.documents import Kind, Stage
from portal.raising.csv_files import MOST_BYTES
from portal.raising.wanted import Problem, Wanted

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

LASTS_SECONDS: Final = 24 * 60 * 60
SALT: Final = "postroom.raise"
TOO_LARGE: Final = "The file has more than 1 MB. Split it: a line that was raised already is not raised again."
STAGES: Final = [
    (Stage.DRAFT.value, "As drafts: people in iCompleat submit and approve them"),
    (Stage.APPROVED.value, "Fully approved at once"),
]


class UploadForm(forms.Form):
    """A CSV file, and how far it shall go."""

    file = forms.FileField(
        label="CSV file",
        help_text="At most 1 MB. The first line names the columns, as in the template.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={"empty": "The file is empty.", "required": "Choose a file."},
    )
    stage = forms.ChoiceField(label="Raise them", choices=STAGES, widget=forms.RadioSelect, initial=Stage.DRAFT.value)

    def clean_file(self) -> bytes:
        """Its content."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(TOO_LARGE)
        return bytes(file.read())


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a file would raise, and everything that speaks against it."""

    wanted: tuple[Wanted, ...]
    problems: tuple[Problem, ...]
    stage: Stage
    sealed: str

    @property
    def errors(self) -> list[Problem]:
        """What has to be mended first."""
        return [each for each in self.problems if not each.is_warning]

    @property
    def warnings(self) -> list[Problem]:
        """What a person should know."""
        return [each for each in self.problems if each.is_warning]

    @property
    def is_approved(self) -> bool:
        """Whether they are approved at once."""
        return self.stage is Stage.APPROVED

    @property
    def orders(self) -> int:
        """How many purchase orders: those iCompleat sends to suppliers."""
        return sum(each.kind is Kind.PURCHASE_ORDER for each in self.wanted)

    @property
    def can_be_raised(self) -> bool:
        """Whether there is something, and nothing against it."""
        return bool(self.wanted) and not self.errors


def seal(company_id: UUID, stage: Stage, data: bytes) -> str:
    """A file that was looked at, for the form that confirms it."""
    told = {"company": str(company_id), "stage": stage.value, "file": base64.b64encode(data).decode()}
    return signing.dumps(told, salt=SALT, compress=True)


def unseal(company_id: UUID, sealed: str) -> tuple[Stage, bytes] | None:
    """The same, from what `seal` gave for this company within a day; None for anything else."""
    try:
        told: dict[str, Any] = signing.loads(sealed, salt=SALT, max_age=LASTS_SECONDS)
    except signing.BadSignature:
        return None
    if told.get("company") != str(company_id):
        return None
    return Stage(told["stage"]), base64.b64decode(told["file"])
