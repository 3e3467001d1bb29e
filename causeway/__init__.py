"""The command line, `python -m causeway`: on an operator's machine or in CI, never deployed."""
