"""Azure regions as keys."""


def region_key(name: str) -> str:
    """A region as a key: ARM returns `West Europe` and `westeurope` for the same one."""
    return name.replace(" ", "").lower()
