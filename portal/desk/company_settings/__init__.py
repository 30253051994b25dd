"""What a company lets its owners change: links, API tokens, mails, export, and its end."""
