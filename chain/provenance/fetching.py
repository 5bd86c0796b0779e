"""Blocks that are held elsewhere: fetched by content id when they are asked for, and kept.

Whoever gives them is trusted with nothing: bytes that do not hash to the id asked for are refused.
An API of ours and every IPFS gateway give raw blocks alike (IPFS: Trustless Gateway specification,
`/ipfs/{cid}?format=raw`), so that an address is all that tells one source from another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import httpx

from chain.provenance.block_store import BLOCK_BYTES_MAX, BlockStore
from chain.provenance.cid import Cid
from chain.provenance.errors import (
    BlockCorrupt,
    BlockMissing,
    DaemonLied,
    DaemonRefused,
    DaemonUnreachable,
)
from chain.provenance.ipfs_client import IpfsReplicator

FetchBlock = Callable[[Cid], bytes]
GATEWAY_SECONDS: Final = 30.0
RAW_BLOCK: Final = "application/vnd.ipld.raw"


class FetchingBlocks:
    """A `BlockReader` over a store of our own; what that lacks, or holds altered, is fetched."""

    def __init__(self, held: BlockStore, fetch: FetchBlock) -> None:
        self._held = held
        self._fetch = fetch

    def get(self, cid: Cid) -> bytes:
        """The verified bytes. Raises BlockMissing, DaemonLied, DaemonRefused, DaemonUnreachable."""
        try:
            return self._held.get(cid)
        except (BlockMissing, BlockCorrupt):
            block = self._fetch(cid)
        if not cid.matches(block):
            raise DaemonLied("the source of blocks", f"gave other bytes for block {cid}")
        self._held.put(cid.codec, block)
        return block

    def has(self, cid: Cid) -> bool:
        """Whether the block is here already."""
        return self._held.has(cid)

    def iterate(self) -> Iterator[Cid]:
        """Every id that is here already."""
        return self._held.iterate()


def source_of_blocks(place: str) -> FetchBlock:
    """By an address: http(s) of an API or a gateway, a multiaddr (/ip4/…) of an IPFS daemon's RPC.

    Raises DaemonUnreachable for what is neither.
    """
    if not place.startswith(("http://", "https://")):
        return IpfsReplicator(place).fetch

    def fetch(cid: Cid) -> bytes:
        return _from_gateway(place.rstrip("/"), cid)

    return fetch


def _from_gateway(url: str, cid: Cid) -> bytes:
    """Not verified yet. Raises BlockMissing, DaemonRefused, DaemonUnreachable."""
    address = f"{url}/ipfs/{cid}"
    block = b""
    try:
        # No proxy of the environment and no redirect decides whom we ask.
        with (
            httpx.Client(timeout=GATEWAY_SECONDS, trust_env=False) as client,
            client.stream(
                "GET", address, params={"format": "raw"}, headers={"Accept": RAW_BLOCK}
            ) as answer,
        ):
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise BlockMissing(cid)
            if answer.status_code != httpx.codes.OK:
                raise DaemonRefused(url, f"answered status {answer.status_code} for block {cid}")
            for piece in answer.iter_bytes():
                block += piece
                if len(block) > BLOCK_BYTES_MAX:
                    raise DaemonRefused(url, f"gave more than a block for {cid}")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DaemonUnreachable(url, f"does not answer ({type(error).__name__})") from error
    return block
