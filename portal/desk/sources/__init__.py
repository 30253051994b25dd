"""What sends transactions to a company: choosing it, and the pages of sources that are read."""
