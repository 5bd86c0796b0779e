"""Which id a generation has: 64 bits of a hash of who links its derivative, and a salt.

So nobody else can link anything to an id, whoever sees it on its way into the chain.
"""

from __future__ import annotations

from typing import Final

from chain.ledger.identifiers import (
    UINT64_MAX,
    Address,
    Digest,
    GenerationId,
    checked_digest,
    checked_uint,
)
from chain.ledger.keccak import keccak256
from chain.ledger.words import address_word, uint_word

_DOMAIN: Final = keccak256(b"antiphon.generation.1")


def generation_of(chain_id: int, graph: Address, linker: Address, salt: Digest) -> GenerationId:
    """The id, from 1 to 2^64 - 1, that `linker` links with `salt` in the DerivativeGraph `graph`.

    Raises Malformed.
    """
    named = keccak256(
        _DOMAIN
        + uint_word(checked_uint(chain_id, 256, "chain id"))
        + address_word(graph)
        + address_word(linker)
        + checked_digest(salt, "salt")
    )
    return GenerationId(int.from_bytes(named, "big") % UINT64_MAX + 1)
