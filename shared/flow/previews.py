"""What a pass would do for one target, as far as it goes without writing, and what it would remove."""

from __future__ import annotations

from dataclasses import replace

from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.plan.obsolete import Obsolete, Recorded
from shared.core.plan.plan import Plan
from shared.core.policy.intent import Declined, NotAsked
from shared.core.policy.policy import Policy
from shared.flow.asked import Asked, Asker
from shared.flow.hidden_names import HiddenNamesReader
from shared.flow.removal import Remover
from shared.flow.view import View
from shared.flow.viewer import Viewer

CHANGED = "what is desired changed"

type Previewed = tuple[View | Refusal | Declined | NotAsked | None, Plan]  # and what would be removed


class Previews:
    """Reads alone. One per process."""

    def __init__(
        self, policy: Policy, asker: Asker, viewer: Viewer, hidden: HiddenNamesReader, remover: Remover
    ) -> None:
        self._policy = policy
        self._asker = asker
        self._viewer = viewer
        self._hidden = hidden
        self._remover = remover

    async def preview(
        self, at: ResourceId, recorded: Recorded, profile: str, now: float
    ) -> tuple[Asked, Previewed]:
        """Who asks for the target, and what a pass would do. No view: the target does not exist.

        `recorded` and `profile` are what the ledger knows of the target; no reading is from before `now`
        (seconds since 1970).
        """
        asked = await self._asker.asked(at, now, now)
        return asked, await self.of(at, asked, recorded, profile, now)

    async def of(
        self, at: ResourceId, asked: Asked, recorded: Recorded, profile: str, now: float
    ) -> Previewed:
        """The same where it is known already who asks."""
        view = await self._viewer.view(*asked, recorded, now, now) if isinstance(asked, tuple) else asked
        match view:
            case View():
                found = view.obsolete(replace(recorded, addresses=()))
                leaving = Plan(())
                if found.removed:
                    leaving = await self._remover.planned(at, found, CHANGED, recorded)
                return await self._hidden.reported(view, view.intended), leaving
            case Refusal() | Declined():
                return view, Plan(())
            case NotAsked(keep=keep) if keep or not self.removes_on_opt_out(profile):
                return view, Plan(())
            case _:
                gone = Obsolete(recorded.objects)
                return view, await self._remover.planned(at, gone, unwanted(view), recorded)

    def removes_on_opt_out(self, name: str) -> bool:
        """What this profile made is removed once it is not asked for any more."""
        profile = self._policy.profiles.get(name)
        return profile is not None and profile.on_opt_out == "remove"


def unwanted(why: NotAsked | None) -> str:
    """Why nothing is desired."""
    return why.reason if why else "the resource is gone"
