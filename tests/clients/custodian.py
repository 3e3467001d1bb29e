"""Cloud Custodian with another address of Resource Manager, for which it has no option.

`custodian.py URL run ...`.

Runs in the virtual environment of Custodian.
"""

import sys

from c7n.cli import main
from msrestazure import azure_cloud

azure_cloud.AZURE_PUBLIC_CLOUD.endpoints.resource_manager = sys.argv.pop(1)
main()
