"""Management groups as ARM serves them (docs/azure/management-groups.md, MG-01 to MG-10)."""
