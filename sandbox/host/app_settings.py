"""App settings: environment variables, as in Azure, with `local.settings.json` as defaults.

Bindings name them as `%NAME%` (schedules, queue names) and as connections.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from sandbox.host.functions import AppLoadError

REFERENCE = re.compile(r"%([^%]+)%")


def add_local(app: Path, environment: MutableMapping[str, str]) -> None:
    """Add the `Values` of the app's local.settings.json, if it has one. Settings that exist are kept.

    Raises AppLoadError when the file is not such JSON.
    """
    file = app / "local.settings.json"
    if not file.exists():
        return
    try:
        values = json.loads(file.read_text()).get("Values", {})
    except (ValueError, AttributeError) as error:
        raise AppLoadError(f"{file}: {error}") from error
    for name, value in values.items():
        environment.setdefault(name, str(value))


def resolve(text: str, environment: Mapping[str, str]) -> str:
    """Replace `%NAME%` by app settings. Raises AppLoadError naming a missing one."""

    def value(match: re.Match[str]) -> str:
        try:
            return environment[match[1]]
        except KeyError:
            raise AppLoadError(f"app setting {match[1]} is missing (used as {text})") from None

    return REFERENCE.sub(value, text)


def connection_string(name: str | None, environment: Mapping[str, str]) -> str:
    """The storage connection that a binding names: setting NAME, or AzureWebJobsNAME as in Azure.

    Raises AppLoadError when neither exists, or when it names an emulator at its default ports, which
    this project never uses.
    """
    wanted = name or "AzureWebJobsStorage"
    found = environment.get(wanted) or environment.get(f"AzureWebJobs{wanted}")
    if not found:
        raise AppLoadError(f"app setting {wanted} with a storage connection string is missing")
    if found.strip(" ;").lower() == "usedevelopmentstorage=true":
        raise AppLoadError(f"{wanted}: give Azurite's full connection string, not {found}")
    return found
