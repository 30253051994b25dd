"""The floor: the least that a server with these promises can do with a webhook, and the commands of the bench."""
