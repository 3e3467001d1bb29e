"""The resource types of each service; registry.py lists them."""
