"""What each provider adds to its resources, and how it creates them; generic_targets.py uses the table."""
