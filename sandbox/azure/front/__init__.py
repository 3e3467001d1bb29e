"""What Azure Resource Manager does for every resource type, before and after its provider."""
