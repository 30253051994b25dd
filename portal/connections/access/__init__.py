"""How connections are let in: what the installation has at a vendor, access tokens, and the visit of a person there."""
