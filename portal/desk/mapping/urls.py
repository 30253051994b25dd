"""The addresses of this area; `portal.desk.urls` takes them over under the names `desk:…`."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from portal.desk.mapping import views

HERE: Final = "companies/<uuid:company_id>/mapping/"

urlpatterns: list[URLPattern] = [
    path(f"{HERE}rules/", views.mapping_rules, name="mapping-rules"),
    path(f"{HERE}codes/", views.mapping_codes, name="mapping-codes"),
    path(f"{HERE}codes/known/", views.mapping_known, name="mapping-known"),
    path(f"{HERE}codes/look-up/", views.mapping_look_up, name="mapping-look-up"),
    path(f"{HERE}import/", views.mapping_import, name="mapping-import"),
    path(f"{HERE}import/take/", views.mapping_import_take, name="mapping-import-take"),
    path(f"{HERE}codes.csv", views.mapping_export, name="mapping-export"),
]
