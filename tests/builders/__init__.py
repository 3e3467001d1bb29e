"""What several test modules use: bodies, policies, a simulated world with the app in it, tables in memory."""
