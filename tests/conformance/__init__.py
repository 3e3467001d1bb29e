"""Replays recorded Azure traffic against the simulator and counts how far they agree."""
