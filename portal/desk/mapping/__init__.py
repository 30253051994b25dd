"""How a company's codes become those of its accounting system, as its own people edit it."""
