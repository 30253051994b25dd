"""Named and few; `0002_final_entries` runs its SQL on PostgreSQL only."""
