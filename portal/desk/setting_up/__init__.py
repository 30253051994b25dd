"""A company's way from its name to its first journal number: choose, authorise, confirm, connect, go live."""
