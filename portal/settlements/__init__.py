"""Payments and refunds that somebody records in the accounting system go back to where the invoice came from."""
