"""Azure's own clients, unmodified, on a sandbox of their own: `make test-clients`. No part of `make test`."""
