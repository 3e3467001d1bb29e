"""Event Grid: what events look like, and how they are delivered."""
