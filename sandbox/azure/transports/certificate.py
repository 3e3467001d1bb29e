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
    """`ca_file`: what clients must trust (SSL_CERT_FILE, REQUESTS_CA_BUNDLE); `server`: the server's side."""

    ca_file: Path
    server: ssl.SSLContext


def issue(folder: Path) -> Certificate:
    """Make a fresh authority and a certificate for this machine's loopback; the CA is written to
    `folder`/ca.pem.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES).configure_cert(context)
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return Certificate(ca_file, context)
