"""Types below a target, which its provider writes at once or in a short operation."""
