"""The built-in double-entry books: a Django app keyed by its own Books row, and the connector that posts into them."""
