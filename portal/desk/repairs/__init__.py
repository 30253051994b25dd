"""What owners and operators may do about a transaction, and the three views of it side by side."""
