"""From a root to every block below it, in the order in which archives list them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chain.provenance.canonical import decode_canonical, links_of
from chain.provenance.cid import Cid, Codec
from chain.provenance.dag_pb import decode_node

GetBlock = Callable[[Cid], bytes]


def links_in(cid: Cid, block: bytes) -> list[Cid]:
    """The links of one block, in their own order. Raises NodeMalformed, NotCanonical."""
    if cid.codec is Codec.DAG_PB:
        return [link.cid for link in decode_node(block).links]
    if cid.codec is Codec.DAG_CBOR:
        return links_of(decode_canonical(block))
    return []


def walk(root: Cid, get: GetBlock) -> Iterator[tuple[Cid, bytes]]:
    """Yield every block reachable from `root` once: root first, depth first, first seen.

    `get` verifies and may refuse; its errors pass through. Holds ids, not blocks.
    """
    seen: set[Cid] = set()
    waiting = [root]
    while waiting:
        cid = waiting.pop()
        if cid.as_v1() in seen:
            continue
        seen.add(cid.as_v1())
        block = get(cid)
        yield cid, block
        waiting.extend(reversed(links_in(cid, block)))
