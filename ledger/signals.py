"""What others may want to hear of the ledger. It does not know who listens."""

from __future__ import annotations

from django.dispatch import Signal

# A person added or changed master data in the staff site, or recorded a payment there. Sent inside the transaction of
# the change; what a receiver raises undoes it. Arguments: `row`; `user`, who did it; `added`, a bool; `changes`, the
# old and the new value of each field that the person changed, by name.
changed_by_staff = Signal()
