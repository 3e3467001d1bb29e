"""A private certificate authority for 127.0.0.1, so that Azure SDKs, which insist on TLS, talk to the
simulator.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

# Azure's own hosts too: a proxy may redirect their clients here.
NAMES = ("localhost", "127.0.0.1", "management.azure.com", "login.microsoftonline.com")


@dataclass(frozen=True, slots=True)
class Certificate:
    """An authority that clients must trust, and the server's side of its certificate."""

    authority: trustme.CA
    server: ssl.SSLContext

    def write_to(self, folder: Path) -> Path:
        """Write what clients trust (SSL_CERT_FILE, REQUESTS_CA_BUNDLE) to `folder`/ca.pem; that file."""
        folder.mkdir(parents=True, exist_ok=True)
        ca_file = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(str(ca_file))
        return ca_file


def issue() -> Certificate:
    """Make a new authority and a certificate for this machine's loopback."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES).configure_cert(context)
    return Certificate(authority, context)
