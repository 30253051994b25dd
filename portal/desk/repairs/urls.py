"""The addresses of this area; `portal.desk.urls` takes them over under the names `desk:…`."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from portal.desk.repairs import views
from portal.postings.repair import ANOTHER, MARK_POSTED, RETRY, SAME, VOID

HERE: Final = "companies/<uuid:company_id>/transactions/"
ONE: Final = f"{HERE}<uuid:public_id>/"

urlpatterns: list[URLPattern] = [
    path(f"{HERE}repair/", views.repair_chosen, name="repair-chosen"),
    path(f"{ONE}retry/", views.repair_page, {"name": RETRY}, name="repair-retry"),
    path(f"{ONE}mark-posted/", views.repair_page, {"name": MARK_POSTED}, name="repair-mark"),
    path(f"{ONE}same/", views.repair_page, {"name": SAME}, name="repair-same"),
    path(f"{ONE}send-all-the-same/", views.repair_page, {"name": ANOTHER}, name="repair-another"),
    path(f"{ONE}void/", views.repair_page, {"name": VOID}, name="repair-void"),
    path(f"{ONE}books/", views.books_now, name="books-now"),
    path(f"{ONE}attempts/<int:attempt>/", views.attempt_page, name="attempt"),
]
