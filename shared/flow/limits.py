"""Limits of the policy on what one mistake can do, counted across all workers."""

from dataclasses import dataclass

from shared.core.base.errors import BudgetSpent, ConfirmationNeeded
from shared.core.plan.actions import Create, Delete
from shared.core.plan.plan import Plan
from shared.core.policy.policy import Policy
from shared.flow.reconcile_pass import Pass
from shared.ports import Budgets, Sweeps

HELD = "DeletesHeld"
LONGEST_WAIT = 3600.0  # seconds until a waiting resource asks again, so that a raised limit is noticed
CONFIRM = (
    "to confirm, rerun this resource (POST /api/reconcile), or all that are held (POST /api/deletes/confirm)"
)


@dataclass(frozen=True, slots=True)
class CreationLimit:
    """`limits.creations_per_hour`: new endpoints of a profile."""

    policy: Policy
    budgets: Budgets

    async def reserve(self, steps: Plan, profile: str, current: Pass) -> None:
        """Count what the plan creates. Raises BudgetSpent where it is too much now: then create none of it.

        What the ledger records for the target already is not new: it is repaired, or was counted before.
        """
        owned = current.memory.owned
        new = [one.id for one in steps.actions if isinstance(one, Create) and one.want.costs]
        amount = len([at for at in new if at not in owned])
        limit = self.policy.limits.creations_per_hour
        if amount and (wait := await self.budgets.take(f"creations {profile}", amount, limit)):
            raise _spent(profile, amount, limit, wait)


def _spent(profile: str, amount: int, limit: int, wait: float) -> BudgetSpent:
    later = f"the next attempt is in {min(wait, LONGEST_WAIT):.0f} s"
    reason = f"the profile {profile} may create {limit} endpoints an hour, and {amount} more are too many now"
    remedy = "none: it is tried again; to have it sooner raise limits.creations_per_hour and rerun it"
    if amount > limit:
        remedy = f"raise limits.creations_per_hour to {amount} or more and rerun it, or connect fewer groups"
    return BudgetSpent(f"{reason}; {later}", min(wait, LONGEST_WAIT), remedy)


@dataclass(frozen=True, slots=True)
class DeleteLimit:
    """`limits.max_deletes_per_sweep`: what one sweep may delete. The rest waits for a person."""

    policy: Policy
    sweeps: Sweeps

    async def check(self, steps: Plan, current: Pass) -> None:
        """Raise ConfirmationNeeded if these deletes have to be confirmed.

        Deletes that were held once stay held, whatever a later sweep would allow, until a person reruns the
        resource.
        """
        deletes = [step.id for step in steps.actions if isinstance(step, Delete)]
        if not deletes or current.reason == "manual":
            return
        limit, held = self.policy.limits.max_deletes_per_sweep, current.memory.reported == HELD
        amount = limit + 1 if held else len(deletes)  # what is held never fits
        fits = await self.sweeps.delete(current.sweep, amount, limit) if current.sweep else not held
        if not fits:
            named = ", ".join(at.text for at in deletes)
            reason = f"a sweep would delete more than limits.max_deletes_per_sweep ({limit}); here: {named}"
            raise ConfirmationNeeded(HELD, reason, CONFIRM)
