"""Evidence that a target is deleted, or that something is not asked for any more.

One reading is none: regions of Azure Resource Manager lag behind each other, so one may answer 404 for a
resource that exists, or show the tags that it had before (hashicorp/terraform-provider-azurerm, issues 18268
and 32535).
"""

from dataclasses import dataclass

from shared.core.base.errors import TransientError
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.policy.intent import Connect, NotAsked
from shared.flow.asked import Asked, Asker
from shared.flow.listed import listed
from shared.flow.reconcile_pass import Pass
from shared.ports import ArmReader, Clock

SECONDS = 15.0  # between the two reads


async def waited(clock: Clock, deadline: float) -> bool:
    """Wait until a second read is evidence; False, at once, if the deadline is before that."""
    if clock.monotonic() + SECONDS > deadline:
        return False
    await clock.sleep(SECONDS)
    return True


@dataclass(frozen=True, slots=True)
class Absence:
    """Confirms a 404 by a second read after a while and, before anything is removed, by the group's list.

    The list has no nested types: for those the two reads are the evidence.
    """

    asker: Asker
    arm: ArmReader
    clock: Clock

    async def confirmed(self, current: Pass) -> bool:
        """The target does not exist; False if it does, after all.

        Raises TransientError where the evidence is contradictory, and what reading Azure raises: a reading
        that fails is no evidence.
        """
        if not await waited(self.clock, current.deadline):
            raise TransientError(
                "there is no time left to confirm that the resource is deleted", code="Unconfirmed"
            )
        if await self.asker.read(current.target) is not None:
            return False
        memory = current.memory
        if (memory.owned or memory.profile) and await listed(self.arm, current.target) is not None:
            reason = "Azure answers that the resource does not exist, and its resource group still lists it"
            raise TransientError(reason, code="Unconfirmed")
        return True

    async def still(self, asked: Asked, current: Pass) -> Asked:
        """What is asked for by a second reading after a while, before anything is removed for the first one.

        Raises TransientError where the group's list shows other tags than the resource itself, or where the
        list of groups lacks the target's own: then it is not known who asks.
        """
        if not await waited(self.clock, current.deadline):
            raise TransientError("there is no time left to read a second time who asks", code="Unconfirmed")
        now = self.clock.now().timestamp()
        again = await self.asker.asked(current.target, now, now)
        if again is None:
            raise TransientError(
                "the resource answers in turn that it exists and that not", code="Unconfirmed"
            )
        if same(asked, again):
            await self._shown(current.target, now)
        return again

    async def _shown(self, at: ResourceId, now: float) -> None:
        """The lists agree with the resource about the tags that count."""
        shown = await listed(self.arm, at), await self.asker.read(at)
        words = {self.asker.words(Target.parse(one).tags) for one in shown if one is not None}
        if len(words) > 1 or not await self.asker.lists_group_as_it_is(at, now):
            reason = "the lists of Azure show other tags, or another resource group, than the resource itself"
            raise TransientError(reason, code="Unconfirmed")


def same(first: Asked, second: Asked) -> bool:
    """Both say that nothing is asked for, or both ask for the same groups by the same profile."""
    if isinstance(first, tuple) and isinstance(second, tuple):
        return _path(first[1]) == _path(second[1])
    none = isinstance(first, NotAsked) and isinstance(second, NotAsked) and first.keep == second.keep
    return none or first == second


def _path(connect: Connect) -> tuple[str, tuple[str, ...]]:
    return connect.profile_name, tuple(group.group_id for group in connect.groups)
