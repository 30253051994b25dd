"""An organisation's webhooks: added, changed, tested, switched off and on, deleted; and their messages, sent again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.desk.access import House, house_looks, house_looks_and_owns, house_owns
from portal.desk.keyset import cut
from portal.desk.webhook_pages.forms import SinceForm, WebhookForm
from portal.desk.webhook_pages.shown import EXAMPLE, TABS, Message, Webhook
from portal.events.webhooks import services
from portal.events.webhooks.logs import event_types
from portal.events.webhooks.models import Consumer, Dispatch
from portal.events.webhooks.services import CannotDo
from portal.tenants.models import Company

PAGES: Final = "portal/desk/webhook_pages/"
LARGEST: Final = 2**63 - 1
SWITCHED_ON: Final = "It is switched on: what happens from now on is sent."
SWITCHED_OFF: Final = "It is switched off: nothing is sent."


@house_looks
def webhooks(request: HttpRequest, house: House) -> HttpResponse:
    """All of them, 50 at most, the newest first."""
    names = {company.pk: company.name for company in _companies(house)}
    rows = [Webhook(consumer, names) for consumer in services.consumers_of(house.tenant.pk)]
    return _shown(request, house, "webhooks", rows=rows)


@house_looks
def webhook_guide(request: HttpRequest, house: House) -> HttpResponse:
    """What a program has to do, and what it is told."""
    return _shown(request, house, "guide", events=list(event_types().items()), example=EXAMPLE)


@house_looks_and_owns
def webhook_add(request: HttpRequest, house: House) -> HttpResponse:
    """The form; sent, the webhook is there and its secret is shown."""
    form = WebhookForm(request.POST if request.method == "POST" else None, _companies(house))
    if form.is_valid():
        try:
            consumer, secret = services.subscribe(house.tenant.pk, *form.wanted(), _who(request))
        except CannotDo as error:
            form.blame(error)
        else:
            return _shown(request, house, "secret_shown", row=_row(house, consumer), secret=secret, is_new=True)
    return _shown(request, house, "form", form=form)


@house_looks
def webhook(request: HttpRequest, house: House, consumer_id: UUID) -> HttpResponse:
    """One of them: what it is told, and its messages, newest first."""
    consumer = _own(house, consumer_id)
    own = Dispatch.objects.filter(consumer=consumer)
    tab = request.GET.get("state", "")
    rows = own.filter(state=TABS[tab].state) if tab in TABS else own
    light = rows.select_related("announcement").defer("announcement__payload", "tries_told")
    page = cut(light, request.GET, descending=True, within=own)
    shown = {"page": page, "found": [Message(row) for row in page.rows], "tab": tab if tab in TABS else ""}
    return _shown(request, house, "webhook", row=_row(house, consumer), tabs=TABS, since=SinceForm(), **shown)


@house_looks_and_owns
def webhook_change(request: HttpRequest, house: House, consumer_id: UUID) -> HttpResponse:
    """Another address, other events, another company."""
    consumer = _own(house, consumer_id)
    form = WebhookForm(request.POST if request.method == "POST" else None, _companies(house), consumer)
    if form.is_valid():
        try:
            services.change(consumer, *form.wanted(), _who(request))
        except CannotDo as error:
            form.blame(error)
        else:
            messages.success(request, "Saved.")
            return redirect("desk:webhook", house.tenant.pk, consumer.pk)
    return _shown(request, house, "form", form=form, row=_row(house, consumer))


@house_looks_and_owns
def webhook_secret(request: HttpRequest, house: House, consumer_id: UUID) -> HttpResponse:
    """What a new secret means; sent, it is made and shown once."""
    consumer = _own(house, consumer_id)
    row = _row(house, consumer)
    if request.method != "POST":
        return _shown(request, house, "secret", row=row)
    if request.POST.get("hint") != consumer.hint:
        messages.warning(request, "A new secret was made meanwhile, so nothing was done.")
        return redirect("desk:webhook", house.tenant.pk, consumer.pk)
    try:
        secret = services.rotate(consumer, _who(request))
    except CannotDo as error:
        raise Http404(error.message) from error
    return _shown(request, house, "secret_shown", row=row, secret=secret)


@house_owns
def webhook_test(request: HttpRequest, house: House, consumer_id: UUID) -> HttpResponse:
    """Send a test; its page says within seconds what came of it."""
    consumer = _own(house, consumer_id)
    try:
        row = services.send_test(consumer, _who(request))
    except CannotDo as error:
        messages.error(request, error.message)
        return redirect("desk:webhook", house.tenant.pk, consumer.pk)
    return redirect("desk:webhook-message", house.tenant.pk, consumer.pk, row.pk)


@house_owns
def webhook_switch(request: HttpRequest, house: House, consumer_id: UUID) -> HttpResponse:
    """Off or on."""
    consumer = _own(house, consumer_id)
    on = "on" in request.POST
    try:
        (services.enable if on else services.disable)(consumer, _who(request))
    except CannotDo as error:
        raise Http404(error.message) from error
    messages.success(request, SWITCHED_ON if on else SWITCHED_OFF)
    return redirect("desk:webhook", house.tenant.pk, consumer.pk)


@house_owns
def webhook_replay_failed(request: HttpRequest, house: House, consumer_id: UUID) -> HttpResponse:
    """Everything that was given up, once more."""
    consumer, form = _own(house, consumer_id), SinceForm(request.POST)
    if form.is_valid():
        since = timezone.now() - timedelta(days=int(form.cleaned_data["days"]))
        try:
            _say_count(request, services.replay_failed(consumer, since, _who(request)))
        except CannotDo as error:
            messages.error(request, error.message)
    else:
        messages.error(request, "Choose how far back.")
    return redirect("desk:webhook", house.tenant.pk, consumer.pk)


@house_looks_and_owns
def webhook_delete(request: HttpRequest, house: House, consumer_id: UUID) -> HttpResponse:
    """What deleting means; sent, it is done."""
    consumer = _own(house, consumer_id)
    if request.method != "POST":
        waiting = Dispatch.objects.filter(consumer=consumer, next_try_at__isnull=False)[: services.MOST_REPLAYED]
        return _shown(request, house, "delete", row=_row(house, consumer), waiting=len(waiting.values_list("pk")))
    try:
        services.delete(consumer, _who(request))
    except CannotDo as error:
        raise Http404(error.message) from error
    messages.success(request, "The webhook is deleted.")
    return redirect("desk:webhooks", house.tenant.pk)


@house_looks
def webhook_message(request: HttpRequest, house: House, consumer_id: UUID, dispatch_id: int) -> HttpResponse:
    """One message: what was sent, and what came of each try."""
    consumer = _own(house, consumer_id)
    message = Message(_message(consumer, dispatch_id))
    return _shown(request, house, "message", row=_row(house, consumer), message=message)


@house_owns
def webhook_replay(request: HttpRequest, house: House, consumer_id: UUID, dispatch_id: int) -> HttpResponse:
    """One message once more."""
    consumer = _own(house, consumer_id)
    row = _message(consumer, dispatch_id)
    try:
        row = services.replay(row, _who(request))
    except CannotDo as error:
        messages.error(request, error.message)
    return redirect("desk:webhook-message", house.tenant.pk, consumer.pk, row.pk)


def _shown(request: HttpRequest, house: House, template: str, **more: Any) -> HttpResponse:
    return render(request, f"{PAGES}{template}.html", house.context(**more))


def _own(house: House, consumer_id: UUID) -> Consumer:
    """Raises `Http404` for one that is not this organisation's, or deleted."""
    consumer = services.consumers_of(house.tenant.pk).filter(pk=consumer_id).first()
    if consumer is None:
        raise Http404("There is no such webhook.")
    return consumer


def _message(consumer: Consumer, dispatch_id: int) -> Dispatch:
    rows = Dispatch.objects.filter(consumer=consumer).select_related("announcement", "consumer")
    row = rows.defer("consumer__secrets").filter(pk=min(dispatch_id, LARGEST)).first()
    if row is None:
        raise Http404("There is no such message.")
    return row


def _companies(house: House) -> Sequence[Company]:
    return [company for company in house.sight.companies if company.tenant_id == house.tenant.pk]


def _row(house: House, consumer: Consumer) -> Webhook:
    return Webhook(consumer, {company.pk: company.name for company in _companies(house)})


def _who(request: HttpRequest) -> str:
    return request.user.get_username()


def _say_count(request: HttpRequest, count: int) -> None:
    if not count:
        messages.info(request, "There was none that failed and has not arrived since.")
        return
    rest = " There may be more: press again for the rest." if count >= services.MOST_REPLAYED else ""
    noun = "message is" if count == 1 else "messages are"
    messages.success(request, f"{count:,} {noun} sent again.{rest}")
