"""The app's settings: read once from the environment, checked together, frozen.

`local.settings.sample.json` lists the same names; a test compares them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from shared.core.base import schedule
from shared.core.base.errors import Fault, FaultsError, clean
from shared.core.policy import location

STORAGE = "AzureWebJobsStorage"
ACCOUNT, QUEUES, TABLES = (
    f"{STORAGE}__accountName",
    f"{STORAGE}__queueServiceUri",
    f"{STORAGE}__tableServiceUri",
)
BLOBS = f"{STORAGE}__blobServiceUri"
POLICY, SWEEP, BUDGET = "CAUSEWAY_POLICY", "CAUSEWAY_SWEEP_SCHEDULE", "CAUSEWAY_BUDGET_SECONDS"
RATE = "CAUSEWAY_REQUEST_RATE"
ARM, CLIENT = "CAUSEWAY_ARM_ENDPOINT", "AZURE_CLIENT_ID"
STORAGE_CLIENT = (
    f"{STORAGE}__clientId"  # of the host's own connection: the app's identity where no other is set
)
IDENTITY = "IDENTITY_ENDPOINT"  # set by the platform where the app has a managed identity

DEFAULT_POLICY = "connectivity.yaml"
DEFAULT_BUDGET = 480.0  # seconds of one reconcile pass: below the ten minutes that host.json gives a function
SHORTEST_BUDGET, LONGEST_BUDGET = 10.0, 3600.0
LEAST_RATE, MOST_RATE = 0.05, 1000.0


class SettingsError(FaultsError):
    """Settings are missing or wrong."""

    what = "the app's settings have"


@dataclass(frozen=True, slots=True)
class Settings:
    """`connection`: a storage connection string; empty where the two service URIs are used instead.

    `arm_endpoint`: empty where the policy's cloud determines the endpoint of Azure Resource Manager.
    `hosted`: the platform provides a managed identity. `budget`: seconds of one reconcile pass.
    `rate`: how much of Azure's documented request limits the app uses.
    """

    connection: str
    queue_uri: str
    table_uri: str
    policy: str
    sweep_schedule: str
    arm_endpoint: str
    client_id: str
    hosted: bool
    budget: float
    rate: float

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError naming every missing or malformed setting at once."""
        found = _Reader(environment)
        settings = cls(
            *found.storage(),
            policy=found.policy(),
            sweep_schedule=found.schedule(),
            arm_endpoint=found.url(ARM),
            client_id=found.client(),
            hosted=IDENTITY in environment,
            budget=found.budget(),
            rate=found.rate(),
        )
        if found.faults:
            raise SettingsError(tuple(found.faults))
        return settings


@dataclass(frozen=True, slots=True)
class Storage:
    """What the app's storage account is reached by: these settings can be right where others are not."""

    connection: str
    queue_uri: str
    client_id: str
    hosted: bool

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError."""
        found = _Reader(environment)
        connection, queue_uri, _ = found.storage()
        if found.faults:
            raise SettingsError(tuple(found.faults))
        return cls(connection, queue_uri, found.client(), IDENTITY in environment)


class _Reader:
    """Reads the settings one by one and collects their faults."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[Fault] = []

    def text(self, name: str, default: str = "") -> str:
        return self._environment.get(name, "").strip() or default

    def url(self, name: str) -> str:
        """An https URL that is a host alone, without a trailing slash; empty if it is not set."""
        text = self.text(name).rstrip("/")
        parts = urlsplit(text)
        bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
        if text and not (parts.scheme == "https" and parts.netloc and bare):
            self._fault(name, text, "it is not the https URL of a host", "give https://host, without a path")
        return text

    def policy(self) -> str:
        """The path of a file, or the https URL of a blob without a secret."""
        text = self.text(POLICY, DEFAULT_POLICY)
        if location.is_url(text) and (fault := location.fault_of(text, self.text(BLOBS))):
            self.faults.append(fault)
        return text

    def client(self) -> str:
        """The client id of a user-assigned identity; empty for the system-assigned one.

        An app that has only the host's own setting has only that identity.
        """
        return self.text(CLIENT) or self.text(STORAGE_CLIENT)

    def storage(self) -> tuple[str, str, str]:
        """The connection string, or the URIs of queues and tables: as set, or built from the account name."""
        connection, account = self.text(STORAGE), self.text(ACCOUNT)
        queues, tables = self.url(QUEUES), self.url(TABLES)
        if account and (queues or tables):
            # Otherwise the host would use the name and the app the URIs (azure-functions-host).
            self._fault(ACCOUNT, account, "the service URIs are set too", "keep the name, or the two URIs")
        if account and not (queues and tables):
            queues, tables = (f"https://{account}.{kind}.core.windows.net" for kind in ("queue", "table"))
        if not connection and not (queues and tables):
            remedy = f"set {STORAGE}, or {ACCOUNT}, or both {QUEUES} and {TABLES}"
            self._fault(STORAGE, "", "no storage account is set", remedy)
        return connection, queues, tables

    def schedule(self) -> str:
        text = self.text(SWEEP)
        if problem := schedule.problem_with(text):
            self._fault(SWEEP, text, problem, schedule.REMEDY)
        return text

    def budget(self) -> float:
        remedy = f"give seconds from {SHORTEST_BUDGET:.0f} to {LONGEST_BUDGET:.0f}, below functionTimeout"
        return self._number(BUDGET, DEFAULT_BUDGET, (SHORTEST_BUDGET, LONGEST_BUDGET), remedy)

    def rate(self) -> float:
        remedy = f"give a number from {LEAST_RATE:g} to {MOST_RATE:g}; 1 is what Azure documents"
        return self._number(RATE, 1.0, (LEAST_RATE, MOST_RATE), remedy)

    def _number(self, name: str, default: float, between: tuple[float, float], remedy: str) -> float:
        text = self.text(name, str(default))
        try:
            found = float(text)
        except ValueError:
            found = 0.0
        if not between[0] <= found <= between[1]:
            self._fault(name, text, "it is not a number in this range", remedy)
        return found

    def _fault(self, name: str, value: str, problem: str, remedy: str) -> None:
        self.faults.append(Fault(name, clean(value), problem, remedy))
