"""Limits of the policy on what one mistake can do, counted across all workers."""

from collections.abc import Iterator
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
        limit, key = self._limit(profile)
        if amount and (wait := await self.budgets.take(f"creations {profile}", amount, limit)):
            raise _spent(profile, amount, limit, wait, key)

    def _limit(self, profile: str) -> tuple[int, str]:
        """The lower one of the profile's and the file's, and the key that says it."""
        file, key = self.policy.limits.creations_per_hour, "limits.creations_per_hour"
        own = self.policy.profiles[profile].limits.creations_per_hour
        return (file, key) if own is None or own > file else (own, f"profiles.{profile}.{key}")


def _spent(profile: str, amount: int, limit: int, wait: float, key: str) -> BudgetSpent:
    later = f"the next attempt is in {min(wait, LONGEST_WAIT):.0f} s"
    reason = f"the profile {profile} may create {limit} endpoints an hour, and {amount} more are too many now"
    remedy = f"none: it is tried again; to have it sooner raise {key} and rerun it"
    if amount > limit:
        remedy = f"raise {key} to {amount} or more and rerun it, or connect fewer groups"
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
        held = current.memory.reported == HELD
        for counted, limit, key in self._limits(current):
            amount = limit + 1 if held else len(deletes)  # what is held never fits
            fits = await self.sweeps.delete(counted, amount, limit) if current.sweep else not held
            if not fits:
                named = ", ".join(at.text for at in deletes)
                reason = f"a sweep would delete more than {key} ({limit}); here: {named}"
                raise ConfirmationNeeded(HELD, reason, CONFIRM)

    def _limits(self, current: Pass) -> Iterator[tuple[str, int, str]]:
        """What is counted by which name, its limit, and the key of the policy that says it."""
        name = current.memory.profile
        profile, key = self.policy.profiles.get(name), "max_deletes_per_sweep"
        if profile and (own := profile.limits.max_deletes_per_sweep) is not None:
            yield f"{current.sweep} {name}", own, f"profiles.{name}.limits.{key}"
        yield current.sweep, self.policy.limits.max_deletes_per_sweep, f"limits.{key}"
