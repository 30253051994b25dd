"""A company gets its accounting system: its name, the choice, the authorisation, the confirmation."""
