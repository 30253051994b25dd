"""What the headline run adds inside the portal: a command that links a company to a live accounting system."""
