"""The pages of sources: choosing one, linking it, and what it tells."""
