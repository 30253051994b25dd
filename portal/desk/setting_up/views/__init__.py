"""The pages on which customers make a company and link its accounting system."""

from __future__ import annotations

from portal.desk.setting_up.views.authorising import authorise, authorise_test, authorise_way, visit
from portal.desk.setting_up.views.choosing import accounting, choose, vendor_page
from portal.desk.setting_up.views.companies import company_name, company_new
from portal.desk.setting_up.views.confirming import ask_company, confirm_company, start_again
from portal.desk.setting_up.views.keeping import kept_kinds

__all__ = [
    "accounting",
    "ask_company",
    "authorise",
    "authorise_test",
    "authorise_way",
    "choose",
    "company_name",
    "company_new",
    "confirm_company",
    "kept_kinds",
    "start_again",
    "vendor_page",
    "visit",
]
