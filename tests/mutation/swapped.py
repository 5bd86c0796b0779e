"""A pytest plugin: Brownie deploys other bytecode for one contract, and knows nothing of it.

    ANTIPHON_SWAPPED=swapped.json pytest -p tests.mutation.swapped tests/contracts/royalty_ledger

The file has the contract's `name` and the `bytecode` in hex, as a mutant's compiler gave it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from brownie.network.contract import ContractContainer

_SWAPPED = json.loads(Path(os.environ["ANTIPHON_SWAPPED"]).read_text())
_init = ContractContainer.__init__


def _init_swapped(container: ContractContainer, project: Any, build: Any) -> None:
    if build["contractName"] == _SWAPPED["name"]:
        build = build | {"bytecode": _SWAPPED["bytecode"]}
    _init(container, project, build)


setattr(ContractContainer, "__init__", _init_swapped)  # noqa: B010 (a method of theirs)
