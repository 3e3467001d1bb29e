"""What a pass would do for one target, as far as it goes without writing, and what it would remove."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.plan.obsolete import Obsolete, Recorded
from shared.core.plan.plan import Plan
from shared.core.policy.intent import Connect, Declined, NotAsked
from shared.core.policy.policy import Policy
from shared.flow.hidden_names import HiddenNamesReader
from shared.flow.removal import Remover
from shared.flow.view import Asked, View, Viewer

CHANGED = "what is desired changed"

type Found = View | Refusal | Declined | NotAsked | None


@dataclass(frozen=True, slots=True)
class Previewed:
    """What was found (nothing: the target does not exist), what would be removed, and what was asked for."""

    found: Found
    removals: Plan = Plan(())
    connect: Connect | None = None


class Previews:
    """Reads alone. One per process."""

    def __init__(self, policy: Policy, viewer: Viewer, hidden: HiddenNamesReader, remover: Remover) -> None:
        self._policy = policy
        self._viewer = viewer
        self._hidden = hidden
        self._remover = remover

    async def preview(self, at: ResourceId, recorded: Recorded, profile: str, now: float) -> Previewed:
        """What a pass would do.

        `recorded` and `profile` are what the ledger knows of the target; no reading is from before `now`
        (seconds since 1970).
        """
        return await self.of(at, await self._viewer.asked(at, now, now), recorded, profile, now)

    async def of(
        self, at: ResourceId, asked: Asked, recorded: Recorded, profile: str, now: float
    ) -> Previewed:
        """The same where it is known already who asks."""
        if not isinstance(asked, tuple):
            return await self._leaving(at, asked, recorded, profile)
        view, connect = await self._viewer.view(*asked, recorded, now, now), asked[1]
        if not isinstance(view, View):
            return Previewed(view, connect=connect)
        found, removals = view.obsolete(replace(recorded, addresses=())), Plan(())
        if found.removed:
            removals = await self._remover.planned(at, found, CHANGED, recorded)
        return Previewed(await self._hidden.reported(view, view.intended), removals, connect)

    async def _leaving(
        self, at: ResourceId, why: Declined | NotAsked | None, recorded: Recorded, profile: str
    ) -> Previewed:
        stays = isinstance(why, NotAsked) and (why.keep or not self.removes_on_opt_out(profile))
        if isinstance(why, Declined) or stays:
            return Previewed(why)
        gone = Obsolete(recorded.objects)
        return Previewed(why, await self._remover.planned(at, gone, unwanted(why), recorded))

    def removes_on_opt_out(self, name: str) -> bool:
        """What this profile made is removed once it is not asked for any more."""
        profile = self._policy.profiles.get(name)
        return profile is not None and profile.on_opt_out == "remove"


def unwanted(why: NotAsked | None) -> str:
    """Why nothing is desired."""
    return why.reason if why else "the resource is gone"
