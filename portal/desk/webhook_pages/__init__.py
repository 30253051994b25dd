"""The pages of an organisation's webhooks: where its programs are told what happens, and whether that arrives."""
