"""The settings of the app's storage account, which the Functions host reads too.

The host reads their names in any case. The account is given by a connection string, by its name, or by the
URIs of its services; by more than one of these only where they agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlsplit

from shared.core.base.errors import Fault, clean

STORAGE = "AzureWebJobsStorage"
ACCOUNT, BLOBS, QUEUES, TABLES = (
    f"{STORAGE}__{part}" for part in ("accountName", "blobServiceUri", "queueServiceUri", "tableServiceUri")
)
CLIENT = f"{STORAGE}__clientId"  # of the host's own connection: the app's identity where no other is set
RESOURCE = f"{STORAGE}__managedIdentityResourceId"
IDENTITY = "IDENTITY_ENDPOINT"  # set by the platform where the app has a managed identity

# Suffixes of the clouds (Microsoft Learn: "Azure services in sovereign clouds").
SUFFIXES = {
    "AzureCloud": "core.windows.net",
    "AzureUSGovernment": "core.usgovcloudapi.net",
    "AzureChinaCloud": "core.chinacloudapi.cn",
}
IGNORED = (
    f"{STORAGE} is ignored: the app has an identity, and {STORAGE}__* name the account; "
    "the platform may have injected it (azure-functions-host, issue 11796)"
)


@dataclass(frozen=True, slots=True)
class StorageAccount:
    """`connection`: a connection string; empty where the URIs, by identity, are used instead.

    `name` is set where the URIs were built from it alone, for the public cloud: see `in_cloud`. `client_id`
    is that of the host's connection. `notices`: what an operator should know, one sentence each.
    """

    connection: str
    queue_uri: str
    table_uri: str
    name: str
    client_id: str
    notices: tuple[str, ...] = ()

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> tuple[Self, list[Fault]]:
        """The account, and every fault of its settings."""
        found = {name.lower(): value.strip() for name, value in environment.items()}
        given = {name: found.get(name.lower(), "") for name in (STORAGE, ACCOUNT, CLIENT, RESOURCE)}
        uris = {name: found.get(name.lower(), "").rstrip("/") for name in (BLOBS, QUEUES, TABLES)}
        faults = _faults(given, uris)
        queues, tables = uris[QUEUES], uris[TABLES]
        name = "" if any(uris.values()) else given[ACCOUNT]
        if given[ACCOUNT] and not (queues and tables):
            suffix = _suffix(uris) or SUFFIXES["AzureCloud"]
            queues, tables = _built(given[ACCOUNT], suffix)
        injected = bool(given[STORAGE] and queues and tables and IDENTITY in environment)
        connection = "" if injected else given[STORAGE]
        notices = (IGNORED,) if injected else ()
        return cls(connection, queues, tables, name, given[CLIENT], notices), faults

    def in_cloud(self, cloud: str) -> Self:
        """The same account by the names of the policy's cloud, where only its own name is set."""
        if not self.name:
            return self
        queues, tables = _built(self.name, SUFFIXES[cloud])
        return replace(self, queue_uri=queues, table_uri=tables)

    def outside(self, cloud: str) -> Fault | None:
        """The fault that the URIs are of another cloud than the policy, if they are."""
        suffix = _suffix({QUEUES: self.queue_uri, TABLES: self.table_uri})
        if self.connection or self.name or suffix in ("", SUFFIXES[cloud]) or suffix not in SUFFIXES.values():
            return None
        problem = f"the policy's cloud is {cloud}, whose storage accounts end in {SUFFIXES[cloud]}"
        return Fault(QUEUES, self.queue_uri, problem, "give the URIs of an account in the same cloud")


def _faults(given: Mapping[str, str], uris: Mapping[str, str]) -> list[Fault]:
    faults = [fault for name, uri in uris.items() if uri and (fault := _no_host(name, uri))]
    if not faults:
        faults = _disagreeing(given[ACCOUNT], {name: uri for name, uri in uris.items() if uri})
    if given[RESOURCE] and not given[CLIENT]:
        problem = "the Functions host does not take an identity by its resource id"
        faults.append(Fault(RESOURCE, clean(given[RESOURCE]), problem, f"set {CLIENT} instead"))
    if not (given[STORAGE] or given[ACCOUNT] or (uris[QUEUES] and uris[TABLES])):
        remedy = f"set {STORAGE}, or {ACCOUNT}, or both {QUEUES} and {TABLES}"
        faults.append(Fault(STORAGE, "", "no storage account is set", remedy))
    return faults


def _no_host(name: str, uri: str) -> Fault | None:
    return None if is_host(uri) else Fault(name, clean(uri), NO_HOST, HOST_REMEDY)


NO_HOST = "it is not the https URL of a host"
HOST_REMEDY = "give https://host, without a path"


def is_host(url: str) -> bool:
    """Whether it is an https URL that is a host alone."""
    parts = urlsplit(url)
    bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    return parts.scheme == "https" and bool(parts.netloc) and bare


def _disagreeing(account: str, uris: Mapping[str, str]) -> list[Fault]:
    """Settings that name another account, or another cloud, than the first of them.

    Otherwise the host would use one and the app the other (azure-functions-host).
    """
    faults: list[Fault] = []
    wanted, suffix = account.lower(), ""
    for name, uri in uris.items():
        named = _account_and_suffix(uri, name)
        if named is None and account:
            problem = f"it does not show that it belongs to the account {clean(account)}"
            faults.append(Fault(name, uri, problem, f"leave out {ACCOUNT}"))
        if named is not None:
            wanted, suffix = wanted or named[0], suffix or named[1]
            if named != (wanted, suffix):
                problem = f"another setting names the account {clean(wanted)} in {suffix}"
                faults.append(Fault(name, uri, problem, "name one account, the same way in each setting"))
    return faults


def _account_and_suffix(uri: str, setting: str) -> tuple[str, str] | None:
    """(`acct`, `core.windows.net`) of https://acct.queue.core.windows.net; None for another form."""
    account, _, rest = urlsplit(uri).netloc.lower().partition(".")
    service, _, suffix = rest.partition(".")
    expected = {BLOBS: "blob", QUEUES: "queue", TABLES: "table"}[setting]
    return (account, suffix) if service == expected and suffix else None


def _suffix(uris: Mapping[str, str]) -> str:
    found = [_account_and_suffix(uri, name) for name, uri in uris.items() if uri]
    return next((one[1] for one in found if one), "")


def _built(account: str, suffix: str) -> tuple[str, str]:
    return f"https://{account}.queue.{suffix}", f"https://{account}.table.{suffix}"
