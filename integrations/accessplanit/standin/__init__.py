"""A stateful stand-in for accessplanit, made from the same facts as the connector, and sharing no code with it."""
