"""What was changed of a posted sales invoice on either side, and what owners and operators decide about it."""
