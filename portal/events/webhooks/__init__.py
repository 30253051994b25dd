"""What programs of our customers are told: announcements to the addresses that they gave, signed, until they arrive."""
