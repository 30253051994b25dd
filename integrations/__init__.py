"""Talk to outside systems: a plain Python library without Django, settings or database."""
