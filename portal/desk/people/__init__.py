"""Who may come in: signing up, invitations, members and their second factor."""
