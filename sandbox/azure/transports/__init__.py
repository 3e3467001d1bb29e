"""How requests reach the simulator: over sockets, or from an SDK in the same process."""
