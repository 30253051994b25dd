"""Sources that are read: how far each feed was read, which records are known, and what webhooks hinted at."""
