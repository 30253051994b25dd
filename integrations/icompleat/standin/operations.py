"""The whole table of the API: name, method, path below `api/`, and what is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from integrations.icompleat.standin import api_fields, api_lists, api_tenant, api_transactions
from integrations.icompleat.standin.api_call import ApiCall, Raw
from integrations.icompleat.standin.lists import LISTS

Answer = Mapping[str, Any] | Raw


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table."""

    method: str
    path: str
    carry_out: Callable[[ApiCall], Answer]


_OWN: Final = "<tenant>/<company>"
# Plural and singular of each list in addresses, and what follows the page number when it is read.
_LISTED: Final = {
    "suppliers": ("supplier", ("",)),
    "accountcodes": ("accountcode", ("", "/<user>")),
    "taxcodes": ("taxcode", ("/<user>/<transaction>",)),
    "currencycodes": ("currencycode", ("/<user>", "/<user>/<transaction>")),
    "deliverysites": ("deliverysite", ("",)),
}
_NAMES: Final = {
    "suppliers": ("suppliers", "supplier"),
    "accountcodes": ("account_codes", "account_code"),
    "taxcodes": ("tax_codes", "tax_code"),
    "currencycodes": ("currency_codes", "currency_code"),
    "deliverysites": ("delivery_sites", "delivery_site"),
}


def _of_lists() -> dict[str, Operation]:
    made: dict[str, Operation] = {}
    for noun, (singular, endings) in _LISTED.items():
        listed, (many, one) = LISTS[noun], _NAMES[noun]
        for ending in endings:
            name = f"{many}{ending.replace('/', '_').replace('<', '').replace('>', '')}" if len(endings) > 1 else many
            made[name] = Operation("GET", f"{noun}/{_OWN}/<page>{ending}", partial(api_lists.read, listed))
        made[f"refresh_{many}"] = Operation("POST", f"{noun}/{_OWN}", partial(api_lists.refresh, listed))
        made[f"edit_{one}"] = Operation("PUT", f"{singular}/{_OWN}/<code>", partial(api_lists.edit, listed))
        made[f"delete_{one}"] = Operation("DELETE", f"{singular}/{_OWN}/<code>", partial(api_lists.delete, listed))
    return made


_FIELD: Final = f"customfield/{_OWN}/<field>"
_TX: Final = "<tenant>/<transaction>"
OPERATIONS: Final[Mapping[str, Operation]] = {
    "tenant": Operation("GET", "tenant/<tenant>", api_tenant.tenant),
    "tenant_shard": Operation("GET", "tenant/<tenant>/shard", api_tenant.shard),
    "companies": Operation("GET", "companies/<tenant>", api_tenant.companies),
    "company": Operation("GET", f"company/{_OWN}", api_tenant.company),
    "users": Operation("GET", f"users/{_OWN}", api_tenant.users),
    "user": Operation("GET", "user/<tenant>/<user>", api_tenant.user),
    "layouts": Operation("GET", f"layouts/{_OWN}/<type>/<page>", api_tenant.layouts),
    "analysis_fields": Operation("GET", f"analysisfields/{_OWN}/<transaction>", api_tenant.analysis_fields),
    "transactions": Operation(
        "GET", "transactions/<tenant>/<page>/<company>/<user>/<status>/<type>", api_transactions.listed
    ),
    "transaction": Operation("GET", f"transaction/{_TX}/<user>", api_transactions.detail),
    "create_transaction": Operation("POST", f"transaction/{_OWN}/<user>", api_transactions.create),
    "edit_transaction": Operation("PUT", f"transaction/{_TX}/<user>", api_transactions.edit),
    "attachments": Operation("GET", f"transactionattachments/{_TX}", api_transactions.attachments),
    "attachment": Operation("GET", f"transactionattachment/{_TX}/<attachment>", api_transactions.attachment),
    "timeline": Operation("GET", f"transactiontimeline/{_TX}", api_transactions.timeline),
    **_of_lists(),
    "custom_fields": Operation("GET", f"customfields/{_OWN}", api_fields.listed),
    "create_custom_field": Operation("POST", f"customfields/{_OWN}", api_fields.create),
    "custom_field": Operation("GET", _FIELD, api_fields.one),
    "refresh_custom_field": Operation("POST", _FIELD, api_fields.refresh),
    "edit_custom_field": Operation("PUT", _FIELD, api_fields.change),
    "delete_custom_field": Operation("DELETE", _FIELD, api_fields.delete),
    "edit_custom_field_item": Operation("PUT", f"{_FIELD}/<code>", api_fields.edit_item),
    "delete_custom_field_item": Operation("DELETE", f"{_FIELD}/<code>", api_fields.delete_item),
}
