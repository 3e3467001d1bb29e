"""The running app: its flow, built when the first function runs, and again when the policy has changed.

Connections, cached reads and request limits serve one policy after the other. A pass under way keeps the flow
with which it began.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shared.core.base.log_lines import line

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.core.policy.foundations import Foundations
    from shared.core.policy.in_force import PolicyText
    from shared.core.policy.policy import Policy
    from shared.core.policy.values import Mode
    from shared.flow.policies import Policies
    from shared.settings import Settings
    from shared.wiring import Flow, Kept, Outside, Ports


log = logging.getLogger("causeway.running")

INSTANCE = "WEBSITE_INSTANCE_ID"  # set by the platform, and not on a developer's machine


class Running:
    """One process of the app. `budget`, `ceiling`: as `wire` takes them.

    `open_ports` builds the adapters, once, for the cloud of the first policy.
    """

    def __init__(
        self,
        budget: float,
        policies: Policies,
        open_ports: Callable[[Policy], Ports],
        foundations: Foundations | None = None,
        ceiling: Mode = "apply",
    ) -> None:
        self._budget, self._policies, self._open_ports = budget, policies, open_ports
        self._foundations, self._ceiling = foundations, ceiling
        self._building = asyncio.Lock()
        self._built: tuple[Flow, Ports, Kept] | None = None

    async def flow(self) -> Flow:
        """The flow by the policy that counts now. Raises PolicyError if there is none yet."""
        if self._built is None:
            async with self._building:
                if self._built is None:
                    self._built = self._begun(await self._policies.first())
        flow, ports, kept = self._built
        changed = await self._policies.changed()
        if changed is not None:
            flow = self._wired(changed, ports, kept)
            self._built = flow, ports, kept
        return flow

    def _begun(self, policy: Policy) -> tuple[Flow, Ports, Kept]:
        from shared.wiring import Kept

        ports = self._open_ports(policy)
        kept = Kept.over(ports)
        return self._wired(policy, ports, kept), ports, kept

    def _wired(self, policy: Policy, ports: Ports, kept: Kept) -> Flow:
        from shared.wiring import wire

        return wire(
            policy,
            ports,
            self._budget,
            foundations=self._foundations,
            ceiling=self._ceiling,
            kept=kept,
            in_force=lambda: self._policies.state,
        )


class SupportedPolicies:
    """Reads policies and refuses those that this process cannot follow, such as one of another cloud than its
    connections.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cloud = ""

    async def parse(self, text: PolicyText) -> Policy:
        """Beside the loop: a long policy takes a second of CPU, and claims have to be renewed meanwhile.

        Raises PolicyError.
        """
        from shared.core.base.errors import PolicyError
        from shared.core.policy.in_force import SHOWN
        from shared.core.policy.policy import check

        found = await asyncio.to_thread(lambda: check(text.text()))
        if found.policy is None:
            raise PolicyError(found.faults)
        self.check(found.policy)
        for warning in found.warnings[:SHOWN]:
            log.warning(line("policy warning", hash=text.hash, why=str(warning)))
        return found.policy

    def check(self, policy: Policy) -> None:
        """Raises PolicyError."""
        from shared.core.base.errors import Fault, PolicyError
        from shared.wiring import reject_unsupported_settings

        reject_unsupported_settings(policy, self._settings)
        if self._cloud and policy.cloud != self._cloud:
            problem = f"the app runs in {self._cloud}"
            raise PolicyError([Fault("cloud", policy.cloud, problem, "restart the app to change the cloud")])
        self._cloud = policy.cloud


def compiled_at_start(module: str = __name__) -> bool:
    """Whether this module's bytecode is not beside it: then every new process compiles all modules again.

    A tool that leaves out `__pycache__` when it deploys has that effect (docs/operations.md, "The package").
    """
    spec = sys.modules[module].__spec__
    return spec is None or spec.cached is None or not Path(spec.cached).exists()


_running: Running | None = None


async def flow() -> Flow:
    """The flow of this process. Raises SettingsError or PolicyError with all faults at once."""
    global _running
    if _running is None:
        _running = _begin()
    return await _running.flow()


def _begin() -> Running:
    from shared.core.policy.foundations import Foundations
    from shared.flow.policies import Policies
    from shared.settings import Settings
    from shared.wiring import Outside, real_ports

    settings = Settings.read(os.environ)
    if INSTANCE in os.environ and compiled_at_start():
        log.warning(line("modules were compiled at start", why="the package has lost its bytecode"))
    for notice in settings.notices:
        log.warning(line("setting ignored", why=notice))
    logging.getLogger("azure").setLevel(logging.WARNING)  # its INFO lines carry URLs and headers
    outside: Outside = Outside.open(settings)
    policies = Policies(outside.source(settings), SupportedPolicies(settings).parse, outside.clock)
    own = Foundations.read(os.environ)

    def open_ports(policy: Policy) -> Ports:
        return real_ports(settings, policy, outside)

    return Running(settings.budget, policies, open_ports, own, settings.mode)
