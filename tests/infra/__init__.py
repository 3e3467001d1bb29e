"""Checks of `infra/` and of how Causeway is deployed, without Azure and without the Bicep compiler."""
