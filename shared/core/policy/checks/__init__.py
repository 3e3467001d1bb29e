"""What is checked of a policy before it counts, by subject. Each check yields all that it finds."""
