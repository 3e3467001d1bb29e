"""Every outgoing call of the app, and what can happen to it: see `__main__.py`."""
