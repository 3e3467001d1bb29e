"""The app's settings: read once, checked together, frozen.

Place in the data's way: before it. `local.settings.sample.json` lists the same names; a test compares them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.core.errors import Fault, PolicyError

STORAGE = "AzureWebJobsStorage"
DEFAULT_BUDGET = 480.0  # seconds of one walk; the sample host.json gives a function ten minutes


@dataclass(frozen=True, slots=True)
class Settings:
    """`connection` is a storage connection string, or empty where the two service URIs are used instead."""

    connection: str
    queue_uri: str
    table_uri: str
    policy: str
    arm_endpoint: str
    client_id: str
    budget: float

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises PolicyError naming every missing or malformed setting at once."""
        faults: list[Fault] = []
        connection = environment.get(STORAGE, "")
        account = environment.get(f"{STORAGE}__accountName", "")
        queue_uri = environment.get(f"{STORAGE}__queueServiceUri") or _uri(account, "queue")
        table_uri = environment.get(f"{STORAGE}__tableServiceUri") or _uri(account, "table")
        if not connection and not (queue_uri and table_uri):
            remedy = f"set {STORAGE}, or {STORAGE}__queueServiceUri and {STORAGE}__tableServiceUri"
            faults.append(Fault(STORAGE, "", "no storage account is named", remedy))
        endpoint = environment.get("CAUSEWAY_ARM_ENDPOINT", "")
        if endpoint and not endpoint.startswith("https://"):
            remedy = "give an https:// address: a token is never sent in the clear"
            faults.append(Fault("CAUSEWAY_ARM_ENDPOINT", endpoint, "it is not https", remedy))
        budget = _number(environment.get("CAUSEWAY_BUDGET_SECONDS", ""), faults)
        if faults:
            raise PolicyError(faults)
        return cls(
            connection,
            queue_uri,
            table_uri,
            environment.get("CAUSEWAY_POLICY") or "connectivity.yaml",
            endpoint,
            environment.get("AZURE_CLIENT_ID", ""),
            budget,
        )


def _uri(account: str, service: str) -> str:
    return f"https://{account}.{service}.core.windows.net" if account else ""


def _number(text: str, faults: list[Fault]) -> float:
    try:
        seconds = float(text or DEFAULT_BUDGET)
    except ValueError:
        seconds = 0.0
    if not 10 <= seconds <= 3600:
        remedy = "give seconds, from 10 to 3600, below functionTimeout in host.json"
        faults.append(Fault("CAUSEWAY_BUDGET_SECONDS", text, "it is no such number", remedy))
    return seconds
