"""The customer pages. A new page needs its place in tests/desk/test_scope.py."""

from __future__ import annotations

from django.urls import path

from portal.desk import views

app_name = "desk"
urlpatterns = [
    path("", views.home, name="home"),
    path("transactions/", views.transactions, name="transactions"),
    path("transactions.csv", views.export, name="export"),
    path("transactions/<uuid:public_id>/", views.transaction, name="transaction"),
    path("transactions/<uuid:public_id>/standing/", views.standing, name="standing"),
]
