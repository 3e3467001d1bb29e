"""Builds the zip that is deployed to Azure, and the list of files that it is built from."""
