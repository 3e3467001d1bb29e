"""Private DNS zones, their links and record sets."""
