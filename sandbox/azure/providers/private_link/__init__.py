"""Private endpoints, and the connections that their targets show."""
