"""The app settings of a process."""


def given(**more: str) -> dict[str, str]:
    """An environment with every required setting."""
    return {
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",
        "CAUSEWAY_SWEEP_SCHEDULE": "0 0 * * * *",
    } | more
