"""What every signer of the oracle has: a key, and eyes of its own to judge by."""

from __future__ import annotations

from chain.ledger.identifiers import Address
from chain.provenance import BlockReader
from oracle.attribution import DetectionPolicy
from oracle.chain_view import ChainView
from oracle.history import EpochHistory
from oracle.typed_data import StructSigner


class Attester:
    """Signs with `signer` what it finds to be so in `view`, `blocks` and its own recomputation,
    which one signer may share between its two kinds of work."""

    def __init__(
        self,
        signer: StructSigner,
        view: ChainView,
        blocks: BlockReader,
        policy: DetectionPolicy,
        history: EpochHistory | None = None,
    ) -> None:
        self._signer = signer
        self._view = view
        self._blocks = blocks
        self._policy = policy
        self.history = history or EpochHistory(view, blocks)

    @property
    def address(self) -> Address:
        """The account it signs as."""
        return self._signer.address

    @property
    def name(self) -> str:
        """What it is called where its refusal is told."""
        return self.address
