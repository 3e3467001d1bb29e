"""Whether a client reaches a name, and which hop stops it."""
