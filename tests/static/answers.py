"""What slither reports of our contracts, and why each of it stays as it is."""

from __future__ import annotations

from typing import Final

CLASSES: Final = {
    "timestamp": "windows of days, and a block's proposer moves time by seconds",
    "uninitialized-local": "Solidity starts every local variable at zero, and these are meant to",
}

FINDINGS: Final[dict[tuple[str, str], str]] = {}
