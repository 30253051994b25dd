"""What the staff pages of every room share: base classes, confirm pages, and how values are shown. It knows no room but
`events`, where it writes down who changed what."""
