"""The calls of the interface that the stand-in answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from werkzeug.wrappers import Response

from integrations.codat.standin import billpay, companies, reading, writing
from integrations.codat.standin.asked import Asked

_COMPANY: Final = "/companies/<company>"
_CONNECTION: Final = f"{_COMPANY}/connections/<connection>"
_PAY: Final = f"{_CONNECTION}/payables"

# Method and path, and what answers it. Longer paths stand before the ones that would swallow them.
CALLS: Final[tuple[tuple[str, str, Callable[[Asked], Response]], ...]] = (
    ("GET", "/integrations", companies.list_integrations),
    ("GET", "/integrations/<platform>", companies.get_integration),
    ("GET", "/integrations/<platform>/branding", companies.get_branding),
    ("GET", "/profile", companies.get_profile),
    ("PUT", "/profile", companies.put_profile),
    ("GET", "/profile/syncSettings", companies.get_sync_settings),
    ("POST", "/profile/syncSettings", companies.set_sync_settings),
    ("GET", "/webhooks", companies.list_consumers),
    ("POST", "/webhooks", companies.create_consumer),
    ("DELETE", "/webhooks/<consumer>", companies.delete_consumer),
    ("GET", "/companies", companies.list_companies),
    ("POST", "/companies", companies.create_company),
    ("GET", _COMPANY, companies.get_company),
    ("PUT", _COMPANY, companies.change_company),
    ("PATCH", _COMPANY, companies.change_company),
    ("DELETE", _COMPANY, companies.delete_company),
    ("GET", f"{_COMPANY}/syncSettings", companies.get_sync_settings),
    ("POST", f"{_COMPANY}/syncSettings", companies.set_sync_settings),
    ("GET", f"{_COMPANY}/connections", companies.list_connections),
    ("POST", f"{_COMPANY}/connections", companies.create_connection),
    ("GET", _CONNECTION, companies.get_connection),
    ("PATCH", _CONNECTION, companies.unlink_connection),
    ("DELETE", _CONNECTION, companies.delete_connection),
    ("GET", f"{_COMPANY}/dataStatus", reading.get_status),
    ("POST", f"{_COMPANY}/data/all", reading.queue_all),
    ("POST", f"{_COMPANY}/data/queue/<type>", reading.queue_one),
    ("POST", f"{_COMPANY}/products/<product>/refresh", reading.refresh_product),
    ("GET", f"{_COMPANY}/data/history", reading.list_pulls),
    ("GET", f"{_COMPANY}/data/history/<pull>", reading.get_pull),
    ("GET", f"{_COMPANY}/sync/<pull>/validation", reading.get_validation),
    ("GET", f"{_COMPANY}/data/info", reading.get_info),
    ("GET", f"{_COMPANY}/data/<type>", reading.list_data),
    ("GET", f"{_COMPANY}/data/<type>/<row>", reading.get_data),
    ("GET", f"{_COMPANY}/push", writing.list_pushes),
    ("GET", f"{_COMPANY}/push/<push>", writing.get_push),
    ("GET", f"{_CONNECTION}/options/<type>", writing.get_options),
    ("POST", f"{_CONNECTION}/push/<type>", writing.create),
    ("PUT", f"{_CONNECTION}/push/<type>/<row>", writing.change),
    ("DELETE", f"{_CONNECTION}/push/<type>/<row>", writing.delete),
    ("POST", f"{_CONNECTION}/push/bills/<row>/attachments", writing.attach),
    ("GET", f"{_CONNECTION}/data/bills/<row>/attachments", reading.list_files),
    ("GET", f"{_CONNECTION}/data/bills/<row>/attachments/<file>", reading.get_file),
    ("GET", f"{_CONNECTION}/data/bills/<row>/attachments/<file>/download", reading.download_file),
    ("GET", f"{_PAY}/info", billpay.get_info),
    ("GET", f"{_PAY}/mappingOptions/bills", billpay.mapping_options),
    ("GET", f"{_PAY}/bills", billpay.list_bills),
    ("POST", f"{_PAY}/bills", billpay.create_bill),
    ("PUT", f"{_PAY}/bills/<row>", billpay.change_bill),
    ("POST", f"{_PAY}/bills/<row>/attachments", billpay.upload_file),
    ("GET", f"{_PAY}/bills/<row>/attachments", billpay.list_files),
    ("GET", f"{_PAY}/bills/<row>/attachments/<file>/download", billpay.download_file),
    ("GET", f"{_PAY}/suppliers", billpay.list_suppliers),
    ("POST", f"{_PAY}/suppliers", billpay.create_supplier),
)
