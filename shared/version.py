"""The version of the app. Nothing else names it: `pyproject.toml` and the package read it here."""

VERSION = "0.1.0"
