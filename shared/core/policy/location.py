"""Where the policy is: the path of a file, or the URL of a blob.

A blob is read by the app's identity, so its URL names a storage service of Azure and carries no secret.
"""

import re
from urllib.parse import urlsplit

from shared.core.base.errors import Fault, clean
from shared.core.base.role_table import POLICY_READER

SETTING = "CAUSEWAY_POLICY"
# Microsoft Learn: "Storage account overview" (standard and DNS zone endpoints), "Azure services in sovereign
# clouds".
_HOST = re.compile(
    r"[a-z0-9]{3,24}(\.z[0-9]{2}\.blob\.storage\.azure\.net"
    r"|\.blob\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn))"
)
_PATH = re.compile(r"(/[!-~]+){2,}")  # a container and a name, in printable ASCII
EXAMPLE = "https://account.blob.core.windows.net/container/connectivity.yaml"


def is_url(text: str) -> bool:
    """It is meant as a URL, malformed or not; anything else is the path of a file, which errors repeat."""
    return re.match(r"[a-z][a-z0-9+.-]+:", text, re.I) is not None or "?" in text or ".blob." in text.lower()


def fault_of(url: str, own_blobs: str = "") -> Fault | None:
    """What is wrong with a blob's URL, never repeating a secret; None: it can be used.

    `own_blobs`: the URI of the app's own blob service where a setting names it, for names of other forms.
    """
    try:
        parts = urlsplit(url)
        own = urlsplit(own_blobs).netloc
    except ValueError:
        return Fault(SETTING, "", "it is not a URL", f"write it as {EXAMPLE}")
    bare = clean(re.split("[?#]", url)[0].rpartition("@")[2], 300)
    if set("?#@") & set(url):
        problem = "it has more than the blob's address, such as a SAS, which is a secret"
        remedy = (
            f"end it with the blob's name, and give the app's identity the role {POLICY_READER.called}; "
            "if there was a SAS, revoke it: app settings are seen by many"
        )
        return Fault(SETTING, bare, problem, remedy)
    if parts.scheme.lower() != "https":
        return Fault(SETTING, bare, "it is not an https URL", f"write it as {EXAMPLE}")
    host = parts.netloc.lower()
    if not (_HOST.fullmatch(host) or (own and host == own.lower())):
        problem = "it is not the host of a blob service, and the app's token is sent to no other"
        return Fault(SETTING, bare, problem, f"write it as {EXAMPLE}")
    if not _PATH.fullmatch(parts.path) or ".." in parts.path.split("/"):
        problem = "it does not name a container and a blob"
        return Fault(SETTING, bare, problem, f"write it as {EXAMPLE}, other characters as %20")
    return None
