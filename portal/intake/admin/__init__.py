"""What came in, was read, hinted at or captured, and what the reconciliation with the sources found, for staff."""

from __future__ import annotations

from portal.intake.admin.captures import CaptureAdmin
from portal.intake.admin.deliveries import DeliveryAdmin
from portal.intake.admin.endpoints import CapturingEndpointAdmin
from portal.intake.admin.fed_records import FedRecordAdmin
from portal.intake.admin.feed_readers import FeedReaderAdmin
from portal.intake.admin.hinted_records import HintedRecordAdmin
from portal.intake.admin.refused_calls import RefusedCallsAdmin
from portal.intake.admin.source_differences import SourceDifferenceAdmin
from portal.intake.admin.source_runs import SourceReconciledConnectionAdmin, SourceRunAdmin
from portal.intake.admin.vendor_messages import VendorMessageAdmin

__all__ = [
    "CaptureAdmin",
    "CapturingEndpointAdmin",
    "DeliveryAdmin",
    "FedRecordAdmin",
    "FeedReaderAdmin",
    "HintedRecordAdmin",
    "RefusedCallsAdmin",
    "SourceDifferenceAdmin",
    "SourceReconciledConnectionAdmin",
    "SourceRunAdmin",
    "VendorMessageAdmin",
]
