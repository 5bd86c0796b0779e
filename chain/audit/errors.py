"""Why a bundle cannot be written."""

from __future__ import annotations


class AuditError(Exception):
    """The base of what may go wrong with audit bundles."""


class HeaderUnlike(AuditError):
    """A block's header, as the node gives it, does not hash to the block's own hash."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"the header of block {number} does not hash to its block's hash: it has fields that "
            "Ethereum's do not have, or the node is wrong. Next: export from another node"
        )


class BundleTooLarge(AuditError):
    """More files or bytes than a verifier takes."""

    def __init__(self, what: str, found: int, most: int) -> None:
        super().__init__(
            f"the bundle would have {found} {what}, at most {most}. "
            "Next: export up to an earlier block, --to-block"
        )


class PeriodInvalid(AuditError):
    """The blocks that were asked for are no period of this ledger."""
