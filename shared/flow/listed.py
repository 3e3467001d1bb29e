"""What the list of a resource group says: evidence that does not come from the resource's own service."""

from shared.core.base.errors import PermanentError
from shared.core.base.ids import ResourceId
from shared.ports import ArmReader, Body

RESOURCES_API = "2021-04-01"  # Microsoft.Resources: "Resources - List By Resource Group"
NO_GROUP = "resourcegroupnotfound"


async def listed(arm: ArmReader, at: ResourceId) -> Body | None:
    """The resource as its group's list has it; None where it does not. The list has no nested types."""
    try:
        pages = arm.pages(f"{at.group.text}/resources", api_version=RESOURCES_API)
        found = [one async for page in pages for one in page if str(one.get("id")).lower() == at.key]
        return found[0] if found else None
    except PermanentError as error:
        if error.code.lower() == NO_GROUP:
            return None
        raise
