"""The app's settings: read once from the environment, checked together, frozen.

`local.settings.sample.json` lists the same names; a test compares them.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from shared.core.base import schedule
from shared.core.base.errors import Fault, FaultsError, clean
from shared.core.policy import location
from shared.core.policy.choice import MODES
from shared.core.policy.values import Mode
from shared.storage_account import BLOBS, HOST_REMEDY, IDENTITY, NO_HOST, StorageAccount, is_host

POLICY, SWEEP, BUDGET = "CAUSEWAY_POLICY", "CAUSEWAY_SWEEP_SCHEDULE", "CAUSEWAY_BUDGET_SECONDS"
RATE, MODE, TELEMETRY = "CAUSEWAY_REQUEST_RATE", "CAUSEWAY_MODE", "CAUSEWAY_TELEMETRY"
INSIGHTS = "APPLICATIONINSIGHTS_CONNECTION_STRING"
TOPIC = "CAUSEWAY_EVENTS_TOPIC"
ARM, CLIENT = "CAUSEWAY_ARM_ENDPOINT", "AZURE_CLIENT_ID"
PREFIX = "CAUSEWAY_"

DEFAULT_POLICY = "connectivity.yaml"
DEFAULT_BUDGET = 480.0  # seconds of one reconcile pass: below the ten minutes that host.json gives a function
SHORTEST_BUDGET, LONGEST_BUDGET = 10.0, 3600.0
TELEMETRY_OFF, TELEMETRY_AZURE = "none", "azure"
LEAST_RATE, MOST_RATE = 0.05, 1000.0
_NEAR = 0.75  # how much a misspelled name has in common with the one that is meant


class SettingsError(FaultsError):
    """Settings are missing or wrong."""

    what = "the app's settings have"


@dataclass(frozen=True, slots=True)
class Settings:
    """`notices`: what an operator should know, one sentence each; it is logged once in a process.

    `arm_endpoint`: empty where the policy's cloud determines the endpoint of Azure Resource Manager.
    `hosted`: the platform provides a managed identity. `budget`: seconds of one reconcile pass.
    `rate`: how much of Azure's documented request limits the app uses. `mode`: how far passes go at most.
    `telemetry`: where it goes. `topic`: where outcomes are published; empty: nowhere.
    """

    account: StorageAccount
    policy: str
    sweep_schedule: str
    arm_endpoint: str
    client_id: str
    hosted: bool
    budget: float
    rate: float
    mode: Mode
    telemetry: str
    topic: str
    notices: tuple[str, ...]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError naming every missing or malformed setting at once."""
        found = _Reader(environment)
        settings = cls(
            found.account,
            policy=found.policy(),
            sweep_schedule=found.schedule(),
            arm_endpoint=found.url(ARM),
            client_id=found.client(),
            hosted=IDENTITY in environment,
            budget=found.budget(),
            rate=found.rate(),
            mode=found.mode(),
            telemetry=found.telemetry(),
            topic=found.topic(),
            notices=(*found.account.notices, *found.unknown()),
        )
        if found.faults:
            raise SettingsError(tuple(found.faults))
        return settings


@dataclass(frozen=True, slots=True)
class Storage:
    """What the app's storage account is reached by: these settings can be right where others are not."""

    account: StorageAccount
    client_id: str
    hosted: bool

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError."""
        found = _Reader(environment)
        if found.faults:
            raise SettingsError(tuple(found.faults))
        return cls(found.account, found.client(), IDENTITY in environment)


class _Reader:
    """Reads the settings one by one and collects their faults."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[Fault]
        self.account, self.faults = StorageAccount.read(environment)

    def text(self, name: str, default: str = "") -> str:
        return self._environment.get(name, "").strip() or default

    def url(self, name: str) -> str:
        """An https URL that is a host alone, without a trailing slash; empty if it is not set."""
        text = self.text(name).rstrip("/")
        if text and not is_host(text):
            self._fault(name, text, NO_HOST, HOST_REMEDY)
        return text

    def policy(self) -> str:
        """The path of a file, or the https URL of a blob without a secret."""
        text = self.text(POLICY, DEFAULT_POLICY)
        blobs = next((uri for name, uri in self._environment.items() if name.lower() == BLOBS.lower()), "")
        if location.is_url(text) and (fault := location.fault_of(text, blobs.strip())):
            self.faults.append(fault)
        return text

    def client(self) -> str:
        """The client id of a user-assigned identity; empty for the system-assigned one.

        An app that has only the host's own setting has only that identity.
        """
        return self.text(CLIENT) or self.account.client_id

    def unknown(self) -> tuple[str, ...]:
        """Settings that nothing reads: a fault where one of ours was probably meant, otherwise a notice."""
        names = sorted(name for name in self._environment if name.upper().startswith(PREFIX))
        unread = [name for name in names if name not in OWN]
        meant = {name: difflib.get_close_matches(name.upper(), OWN, n=1, cutoff=_NEAR) for name in unread}
        for name, close in meant.items():
            if close:
                self._fault(name, "", "there is no such setting", f"did you mean {close[0]}?")
        return tuple(f"{clean(name)} is no setting of Causeway" for name, close in meant.items() if not close)

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

    def topic(self) -> str:
        """The URL of a custom topic; empty if nothing is published."""
        text = self.text(TOPIC)
        parts = urlsplit(text)
        if text and not (is_host(f"{parts.scheme}://{parts.netloc}") and not (parts.query or parts.fragment)):
            remedy = "give https://<topic>.<region>-1.eventgrid.azure.net/api/events"
            self._fault(TOPIC, text, "it is not the https URL of a topic", remedy)
        return text

    def mode(self) -> Mode:
        """A value that is none is a fault, and never read as `apply`: it is the emergency brake."""
        text = self.text(MODE, "apply")
        for known in MODES:
            if text == known:
                return known
        self._fault(MODE, text, "it is not a mode", f"set one of: {', '.join(MODES)}")
        return MODES[0]

    def telemetry(self) -> str:
        """`azure` or `none`."""
        text = self.text(TELEMETRY, TELEMETRY_OFF).lower()
        if text not in (TELEMETRY_OFF, TELEMETRY_AZURE):
            self._fault(TELEMETRY, text, "it is no destination", f"give {TELEMETRY_AZURE} or {TELEMETRY_OFF}")
        if text == TELEMETRY_AZURE and not self.text(INSIGHTS):
            self._fault(INSIGHTS, "", f"{TELEMETRY} needs it", "set it, as Application Insights shows it")
        return text

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


# Every setting that is named in this module: a new constant is enough to make it known.
OWN = frozenset(
    one
    for one in globals().copy().values()
    if isinstance(one, str) and one.startswith(PREFIX) and one != PREFIX
)
