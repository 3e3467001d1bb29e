"""Policies from a file, and from a blob in Azurite: by a managed identity and TLS, as a deployed app."""

import asyncio
import hashlib
import io
import json
import os
import ssl
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
import trustme
from azure.core.pipeline.transport import AioHttpTransport

from sandbox.azure.front.identity import issue
from sandbox.azure.simulator import Simulator
from sandbox.azure.transports.server import serve
from sandbox.azurite import ROOT, Azurite
from shared.adapters.identity import credential
from shared.adapters.policy_blob import VERSION, BlobPolicy
from shared.adapters.policy_file import FilePolicy
from shared.core.base.errors import BlockedError, CausewayError, TransientError
from shared.core.policy.in_force import MAX_BYTES

AUDIENCE = "https://storage.azure.com"
FIRST, SECOND = b"version: 1 # first", b"version: 1 # second"


class Account:
    """A storage account with a container `policies`, which an operator writes."""

    def __init__(self, azurite: Azurite, authority: Path) -> None:
        self.url = f"{azurite.blobs}/policies/connectivity.yaml"
        self._tls = ssl.create_default_context(cafile=str(authority))

    async def put(self, content: bytes) -> None:
        container = self.url.rpartition("/")[0]
        await self._send(f"{container}?restype=container", b"", 201, 409)
        await self._send(self.url, content, 201)

    async def _send(self, url: str, body: bytes, *expected: int) -> None:
        headers = {
            "Authorization": f"Bearer {issue(AUDIENCE, int(time.time()), 'user')}",
            "x-ms-version": VERSION,
            "x-ms-blob-type": "BlockBlob",
        }
        async with (
            aiohttp.ClientSession() as session,
            session.put(url, data=io.BytesIO(body), headers=headers, ssl=self._tls) as answer,
        ):
            assert answer.status in expected, await answer.text()


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> tuple[Azurite, Path]:
    """Azurite over TLS with tokens of identities, and what its clients trust."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    server = authority.issue_cert("127.0.0.1", "localhost")
    trusted, certificate, key = (folder / name for name in ("ca.pem", "server.pem", "server.key"))
    authority.cert_pem.write_to_path(str(trusted))
    server.private_key_pem.write_to_path(str(key))
    for at, part in enumerate(server.cert_chain_pems):
        part.write_to_path(str(certificate), append=at > 0)
    with Azurite(tls=(certificate, key)) as azurite:
        yield azurite, trusted


@pytest.fixture
async def account(served) -> Account:
    azurite, trusted = served
    return Account(azurite, trusted)


@pytest.fixture
async def blob(served, tmp_path, monkeypatch) -> AsyncIterator[Callable[[str], BlobPolicy]]:
    """Makes sources that read by the identity which the simulator's platform gives to the app."""
    simulator = Simulator()
    async with serve(simulator, tmp_path) as endpoints:
        for name, value in endpoints.environment.items():
            monkeypatch.setenv(name, value)
        pool = AioHttpTransport(connection_verify=str(served[1]))
        async with pool, credential("", hosted=True) as identity:
            yield lambda url: BlobPolicy(url, identity, pool)


async def failure(source: BlobPolicy | FilePolicy) -> CausewayError:
    with pytest.raises(CausewayError) as caught:
        await source.read("")
    return caught.value


async def test_a_blob_is_read_by_the_app_s_identity_and_sent_again_only_after_a_change(account, blob) -> None:
    await account.put(FIRST)
    source = blob(account.url)
    found = await source.read("")
    assert found is not None
    assert found.content == FIRST
    assert found.version
    assert await source.read(found.version) is None
    await account.put(SECOND)
    changed = await source.read(found.version)
    assert changed is not None
    assert (changed.content, changed.version != found.version) == (SECOND, True)


async def test_a_missing_blob_or_container_needs_a_person(account, blob) -> None:
    await account.put(FIRST)
    for url in (account.url + ".other", account.url.replace("/policies/", "/others/")):
        error = await failure(blob(url))
        assert isinstance(error, BlockedError)
        assert error.code in ("BlobNotFound", "ContainerNotFound", "Http404")
        assert "upload the policy" in error.remedy


async def test_a_refused_identity_needs_a_person_and_the_remedy_names_the_role(served, account) -> None:
    class Stranger:
        """An identity whose token is for something else."""

        async def get_token(self, *scopes: str, **more: object):
            from azure.core.credentials import AccessToken

            return AccessToken("not-a-token", 2**40)

        async def close(self) -> None:
            """Nothing is open."""

    await account.put(FIRST)
    async with AioHttpTransport(connection_verify=str(served[1])) as pool:
        error = await failure(BlobPolicy(account.url, Stranger(), pool))
    assert isinstance(error, BlockedError)
    assert "Storage Blob Data Reader" in error.remedy
    assert "not-a-token" not in str(error)


async def test_a_storage_account_that_does_not_answer_passes_by_itself(blob) -> None:
    error = await failure(blob("https://127.0.0.1:9/acct/policies/connectivity.yaml"))
    assert isinstance(error, TransientError)


async def test_a_server_that_is_not_trusted_gets_no_token(served, account, tmp_path, monkeypatch) -> None:
    async with serve(Simulator(), tmp_path) as endpoints:
        for name, value in endpoints.environment.items():
            monkeypatch.setenv(name, value)
        async with AioHttpTransport() as pool, credential("", hosted=True) as identity:
            error = await failure(BlobPolicy(account.url, identity, pool))
    assert isinstance(error, TransientError)
    assert "certificate" in str(error)


async def test_no_more_is_read_of_a_blob_or_a_file_than_a_policy_may_have(account, blob, tmp_path) -> None:
    huge = b"#" * (MAX_BYTES + 50_000)
    await account.put(huge)
    (tmp_path / "huge.yaml").write_bytes(huge)
    for source in (blob(account.url), FilePolicy(tmp_path / "huge.yaml")):
        found = await source.read("")
        assert found is not None
        assert len(found.content) == MAX_BYTES + 1


async def test_a_file_counts_by_its_content_and_not_by_its_time(tmp_path) -> None:
    file = tmp_path / "connectivity.yaml"
    file.write_bytes(FIRST)
    source = FilePolicy(file)
    found = await source.read("")
    assert found is not None
    os.utime(file, (1, 1))
    assert await source.read(found.version) is None
    file.write_bytes(SECOND)
    os.utime(file, (1, 1))
    changed = await source.read(found.version)
    assert changed is not None
    assert changed.content == SECOND


async def test_a_missing_file_needs_a_person(tmp_path) -> None:
    error = await failure(FilePolicy(tmp_path / "missing.yaml"))
    assert isinstance(error, BlockedError)
    assert "deploy the policy" in error.remedy


async def test_the_app_starts_with_a_policy_in_a_blob(served, account, tmp_path) -> None:
    code = """
import asyncio, json
from shared.running import flow
async def main():
    built = await flow()
    print(json.dumps(built.health.in_force().record()))
asyncio.run(main())
"""
    content = (ROOT / "connectivity.yaml").read_bytes()
    await account.put(content)
    async with serve(Simulator(), tmp_path) as endpoints:
        settings = {
            **os.environ,
            **endpoints.environment,
            "SSL_CERT_FILE": str(served[1]),
            "AzureWebJobsStorage": "UseDevelopmentStorage=true",
            "AzureWebJobsStorage__blobServiceUri": served[0].blobs.rpartition("/")[0],
            "CAUSEWAY_POLICY": account.url,
            "CAUSEWAY_SWEEP_SCHEDULE": "0 */15 * * * *",
        }
        ran = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, cwd=ROOT, env=settings, stdout=PIPE, stderr=PIPE
        )
        out, err = await ran.communicate()
    assert ran.returncode == 0, err.decode()
    shown = json.loads(out)
    assert (shown["source"], shown["hash"]) == (account.url, hashlib.sha256(content).hexdigest())
