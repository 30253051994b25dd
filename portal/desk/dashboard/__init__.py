"""How a company is doing, on one page."""
