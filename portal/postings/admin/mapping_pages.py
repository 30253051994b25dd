"""From a posting to the mapping that refused it, and from a mapping to what it refused: retrying."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path

from integrations.documents import Document, Kind
from portal.connections.models import Connection
from portal.postings.admin.coding import codes_of, missing_section, note_of
from portal.postings.admin.documents import lines_of
from portal.postings.admin.gaps_pages import GapsPages, mapping_url
from portal.postings.admin.preview_pages import PreviewPages
from portal.postings.admin.repair_pages import handle
from portal.postings.admin.repairs import RETRY
from portal.postings.gaps import refused_for
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.mending import is_of_a_mapping, mend_url
from portal.reference.rules import family_words
from portal.staff.asking import Question, SureForm, ask
from portal.staff.base import Button, say
from portal.staff.sections import Section

MEND: Final = Button(name="mend", label="Mend the mapping", permission="reference.view_codemapping")
NOTHING_REFUSED: Final = "Nothing stands rejected for want of {what}: there is nothing to retry."
MORE_REFUSED: Final = "More than {most} postings were refused for this. These are the first; come back for the others."


class MappingPages(GapsPages, PreviewPages[Posting]):
    """What the admin of postings has to do with the mapping of codes."""

    def get_urls(self) -> list[URLPattern]:
        """One page more of a connection, beside the pages of rows."""
        view = self.admin_site.admin_view
        return [path("refused/", view(self.refused_view), name="postings_posting_refused"), *super().get_urls()]

    def coded(self, obj: Posting, document: Document) -> list[Section]:
        """The document's lines with the codes that are sent, and what is missing for that."""
        codes = codes_of(obj, document)
        missing = missing_section(obj.connection, document, codes) if codes and obj.state != State.POSTED else []
        return [*missing, lines_of(document, codes, note_of(obj))]

    def offers(self, button: Button, obj: Posting) -> bool:
        """Mending is offered where the reason names the mapping."""
        return obj.state == State.REJECTED and is_of_a_mapping(obj.reason_field)

    def button_url(self, obj: Posting, button: Button) -> str:
        """Straight to the form, with family and code filled in."""
        if button is not MEND:
            return super().button_url(obj, button)
        return mend_url(obj.connection, obj.reason_field, Kind(obj.transaction.kind))

    def mend(self, request: HttpRequest, obj: Posting) -> HttpResponse:
        """On to the form."""
        return HttpResponseRedirect(self.button_url(obj, MEND))

    def refused_view(self, request: HttpRequest) -> HttpResponse:
        """Retry what was refused for want of a code, or of any code of the connection."""
        connection = self.connection_of(request, RETRY.button.permission)
        family, code = request.GET.get("family", ""), request.GET.get("code", "")
        refused = refused_for(connection.pk, family, code).select_related("transaction", "connection__company")
        if chosen_before := request.POST.getlist("_selected_action"):
            refused = refused.filter(pk__in=[pk for pk in chosen_before if pk.isdecimal()])
        chosen = list(refused[: RETRY.most + 1])
        context = self.page_context(request, None, RETRY.button.label)
        if not chosen:
            return ask(request, context, _nothing(connection, family, code))
        if len(chosen) > RETRY.most:
            say(request, MORE_REFUSED.format(most=RETRY.most), level=messages.INFO)
        here = request.get_full_path()
        return handle(request, RETRY, chosen[: RETRY.most], context, back=mapping_url(connection), action=here)


def _nothing(connection: Connection, family: str, code: str) -> Question:
    what = " ".join(filter(None, (family_words(family), code))) if family else "a code"
    sentence = NOTHING_REFUSED.format(what=what)
    return Question(
        title="Retry: nothing to do",
        effects=(sentence,),
        submit="",
        cancel_url=mapping_url(connection),
        form=SureForm(),
    )
