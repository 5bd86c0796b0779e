"""Where the chain and its index are; read from a mapping that the program's entry point gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RPC_VARIABLE: Final = "ANTIPHON_RPC_URL"
WITNESSES_VARIABLE: Final = "ANTIPHON_RPC_WITNESSES"
DEPLOYMENT_VARIABLE: Final = "ANTIPHON_DEPLOYMENT"
INDEX_VARIABLE: Final = "ANTIPHON_INDEX_URL"
DEPTH_VARIABLE: Final = "ANTIPHON_REORG_DEPTH"

RPC_DEFAULT: Final = "http://127.0.0.1:8545"
DEPLOYMENT_DEFAULT: Final = (
    Path(__file__).resolve().parent / "client" / "deployments" / "31337.json"
)
INDEX_DEFAULT: Final = "sqlite:///var/index.sqlite"
# Blocks that may still be replaced; far deeper than any reorganisation of Ethereum since 2022.
REORG_DEPTH_DEFAULT: Final = 256
REORG_DEPTH_MAX: Final = 4096


class SettingsInvalid(Exception):
    """A setting cannot be used: `variable` says which, `reason` why."""

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"{variable}: {reason}")
        self.variable = variable
        self.reason = reason


@dataclass(frozen=True)
class ChainSettings:
    """`reorg_depth` counts the blocks below the head that may still be replaced.

    `witness_urls` are other endpoints of the chain, asked before much of the index is undone.
    """

    rpc_url: str = RPC_DEFAULT
    deployment_path: Path = DEPLOYMENT_DEFAULT
    index_url: str = INDEX_DEFAULT
    reorg_depth: int = REORG_DEPTH_DEFAULT
    witness_urls: tuple[str, ...] = ()

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> ChainSettings:
        """Settings from environment variables, defaults where there are none.

        Raises SettingsInvalid.
        """
        rpc_url = _checked_url(RPC_VARIABLE, variables.get(RPC_VARIABLE, RPC_DEFAULT))
        witnesses = variables.get(WITNESSES_VARIABLE, "").split()
        depth = variables.get(DEPTH_VARIABLE, str(REORG_DEPTH_DEFAULT))
        if not depth.isascii() or not depth.isdigit() or not 1 <= int(depth) <= REORG_DEPTH_MAX:
            raise SettingsInvalid(DEPTH_VARIABLE, f"give a whole number, 1 to {REORG_DEPTH_MAX}")
        return cls(
            rpc_url=rpc_url,
            deployment_path=Path(variables.get(DEPLOYMENT_VARIABLE, str(DEPLOYMENT_DEFAULT))),
            index_url=variables.get(INDEX_VARIABLE, INDEX_DEFAULT),
            reorg_depth=int(depth),
            witness_urls=tuple(_checked_url(WITNESSES_VARIABLE, url) for url in witnesses),
        )


def _checked_url(variable: str, url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise SettingsInvalid(variable, "give an address that begins with http:// or https://")
    return url
