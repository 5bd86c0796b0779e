"""Where a deployment's contracts are, read from the file that the deployment wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chain.client.errors import DeploymentInvalid
from chain.client.interfaces import CORE_CONTRACTS
from chain.ledger.errors import BadAddress
from chain.ledger.identifiers import Address, address

DEPLOYMENTS_FOLDER: Final = Path(__file__).with_name("deployments")
DEV_COIN: Final = "DevStablecoin"


@dataclass(frozen=True)
class Deployment:
    """One deployment; `block` is its first block, from which an index starts."""

    chain_id: int
    block: int
    contracts: Mapping[str, Address]
    operators: tuple[Address, ...]
    threshold: int
    window_seconds: int
    curator: Address
    council: Address

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Read a deployment file. Raises DeploymentInvalid."""
        try:
            document = json.loads(path.read_text())
        except FileNotFoundError as error:
            raise DeploymentInvalid(
                path, "there is none. Next: deploy first (`make demo` does)"
            ) from error
        except (OSError, ValueError) as error:
            raise DeploymentInvalid(path, f"cannot be read ({error})") from error
        return cls.parse(document, path)

    @classmethod
    def parse(cls, document: Any, path: Path = Path("(given)")) -> Deployment:
        """Check and take over the file's content. Raises DeploymentInvalid."""
        try:
            contracts = {str(name): address(text) for name, text in document["contracts"].items()}
            missing = [name for name in CORE_CONTRACTS if name not in contracts]
            if missing:
                raise DeploymentInvalid(path, f"has no {', '.join(missing)}. Next: deploy again")
            return cls(
                chain_id=int(document["chainId"]),
                block=int(document["block"]),
                contracts=contracts,
                operators=tuple(address(o) for o in document["operators"]),
                threshold=int(document["threshold"]),
                window_seconds=int(document["windowSeconds"]),
                curator=address(document["curator"]),
                council=address(document["council"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, BadAddress) as error:
            raise DeploymentInvalid(path, f"is damaged at {error!s:.80}") from error

    def to_plain(self) -> dict[str, Any]:
        """Inverse of `parse`."""
        return {
            "chainId": self.chain_id,
            "block": self.block,
            "contracts": dict(self.contracts),
            "operators": list(self.operators),
            "threshold": self.threshold,
            "windowSeconds": self.window_seconds,
            "curator": self.curator,
            "council": self.council,
        }

    def write(self, path: Path) -> Path:
        """Write the file in one step, so that a reader never sees half of it; returns `path`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.to_plain(), indent=2) + "\n")
        temporary.replace(path)
        return path

    @classmethod
    def of_chain(cls, chain_id: int) -> Deployment:
        """The deployment recorded in the package for a chain. Raises DeploymentInvalid."""
        return cls.load(DEPLOYMENTS_FOLDER / f"{chain_id}.json")

    @property
    def token(self) -> Address:
        """The development coin. Raises KeyError on a chain that has none."""
        return self.contracts[DEV_COIN]
