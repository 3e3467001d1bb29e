"""Evidence that a target is deleted. One 404 is none: regions of Azure Resource Manager lag behind each
other.

(hashicorp/terraform-provider-azurerm, issues 18268 and 32535: reads that answer 404 for a resource that
exists.)
"""

from dataclasses import dataclass

from shared.core.base.errors import PermanentError, TransientError
from shared.core.base.ids import ResourceId
from shared.flow.reconcile_pass import Pass
from shared.flow.view import Viewer
from shared.ports import ArmReader, Clock

SECONDS = 15.0  # between the two reads
RESOURCES_API = "2021-04-01"  # Microsoft.Resources: "Resources - List By Resource Group"
NO_GROUP = "resourcegroupnotfound"


async def waited(clock: Clock, deadline: float) -> bool:
    """Wait until a second read is evidence; False, at once, if the deadline is before that."""
    if clock.monotonic() + SECONDS > deadline:
        return False
    await clock.sleep(SECONDS)
    return True


@dataclass(frozen=True, slots=True)
class Absence:
    """Confirms a 404 by a second read after a while and, before anything is removed, by the group's list."""

    viewer: Viewer
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
        if await self.viewer.read(current.target) is not None:
            return False
        memory = current.memory
        if (memory.owned or memory.profile) and await self._listed(current.target):
            reason = "Azure answers that the resource does not exist, and its resource group still lists it"
            raise TransientError(reason, code="Unconfirmed")
        return True

    async def _listed(self, at: ResourceId) -> bool:
        """The group's list has the resource.

        It has no nested types: for those the two reads are the evidence.
        """
        try:
            pages = self.arm.pages(f"{at.group.text}/resources", api_version=RESOURCES_API)
            return any([str(one.get("id")).lower() == at.key async for page in pages for one in page])
        except PermanentError as error:
            if error.code.lower() == NO_GROUP:
                return False
            raise
