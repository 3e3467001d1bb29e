"""Passes of the modes `observe` and `plan`: they read, prove and report, and send Azure no write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shared.core.base.refusal import Refusal
from shared.core.outcome.modes import Restraint, restrained, unremoved
from shared.core.outcome.proof import prove
from shared.core.outcome.result import Ending, ending, refused
from shared.core.plan.actions import Action
from shared.core.policy.choice import mode_said_by, nearest_mode, rule_named
from shared.core.policy.intent import Declined, NotAsked
from shared.core.policy.policy import Policy
from shared.core.policy.values import Mode
from shared.flow.asked import Asked, profile_of
from shared.flow.previews import Previews, unwanted
from shared.flow.public_access import PublicAccess
from shared.flow.reconcile_pass import Pass
from shared.flow.view import View

SETTING = "the setting CAUSEWAY_MODE"


class Rehearsal:
    """One per process. `ceiling`: the mode that the app's setting allows at most."""

    def __init__(
        self, policy: Policy, previews: Previews, access: PublicAccess, ceiling: Mode = "apply"
    ) -> None:
        self._policy = policy
        self._previews = previews
        self._access = access
        self._ceiling = ceiling

    def restraint(self, asked: Asked, current: Pass) -> Restraint | None:
        """The mode that counts, if it lets a pass write nothing; None where it may write.

        What is not asked for any more is removed by the mode of the rule and the profile that made it.
        """
        connect = asked[1] if isinstance(asked, tuple) else None
        name, profile = current.memory.rule, current.memory.profile
        if connect:
            name, profile = connect.rule, connect.profile_name
        elif current.journal.rule:
            name = current.journal.rule
        rule = rule_named(name, self._policy)
        mode = nearest_mode(profile, rule, self._policy)
        if mode == "apply":
            return None
        lowered = mode == self._ceiling
        return Restraint(mode, SETTING if lowered else mode_said_by(profile, rule, self._policy))

    async def reached(self, asked: Asked, why: Restraint, current: Pass) -> Ending | None:
        """The ending of the pass; None where an ordinary pass would write nothing either."""
        memory = current.memory
        view, leaving = await self._previews.of(
            current.target, asked, current.recorded, memory.profile, current.began
        )
        if isinstance(view, Refusal | Declined):
            return refused(view, profile_of(asked))
        if isinstance(view, View):
            return self._proven(view, why, (*view.intended.actions, *leaving.actions))
        stays = isinstance(view, NotAsked) and (
            view.keep or not self._previews.removes_on_opt_out(memory.profile)
        )
        if stays or not (memory.owned or memory.addresses):
            return None
        return unremoved(why, unwanted(view), memory.profile, memory.owned, leaving.actions)

    def _proven(self, view: View, why: Restraint, actions: Sequence[Action]) -> Ending:
        proof = prove(view.desired, view.observed)
        judged = ending(proof, (), (), view.connect.profile_name)
        lacking = tuple(f"nothing could be begun: {why.reason}" for why in view.unfinished.values())
        judged = replace(judged, findings=(*view.findings, *proof.findings, *dict.fromkeys(lacking)))
        opened = self._access.will_disable(view.target, view.connect, judged, view.served)
        further = ("disable public network access",) if opened else ()
        return restrained(judged, why, actions, further)
