"""Everything that talking to a chain can end in, as one tree.

ClientError
├── RpcUnavailable      no usable answer came (`kind` says why); nothing is known to have happened
├── RpcRefused          the node understood and said no, without running a contract
├── WrongChain          the node follows another chain than the deployment
├── StaleNode           the node is behind what it, or another, has already shown
│   ├── BlockGone       the pinned block is no longer on the node's chain
│   └── AnswersDisagree the node's answers about its blocks contradict each other
├── ContractRefused     a contract said no; in plain words, with the next step
├── TransactionLost     sent, and not seen in a block within the time given: it may still arrive
├── FeeTooHigh          the chain is dearer than the cap; nothing was sent
├── KeyRefused          a key may not be used here, or is no key
├── SignerAway          a remote signer does not answer, or not with its key's signature
├── DeploymentInvalid   the deployment file is missing, damaged, or of another chain
└── AnswerMalformed     a contract's answer or a log does not have the shape of its ABI
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path


class RpcFault(StrEnum):
    """Why no usable answer came from a node."""

    UNREACHABLE = "unreachable"
    """Nothing listens there, or the name does not resolve."""
    RESET = "reset"
    """The connection broke in the middle."""
    TIMEOUT = "timeout"
    """Connected, but no answer within the read timeout."""
    RATE_LIMITED = "rate-limited"
    """HTTP 429: the provider wants fewer requests."""
    SERVER_ERROR = "server-error"
    """Another HTTP status that is not success."""
    NOT_JSON = "not-json"
    """HTML, half a document, or bytes that are no text."""
    NOT_RPC = "not-rpc"
    """JSON, but no JSON-RPC answer."""
    NULL_RESULT = "null-result"
    """`null` where the node must have an answer."""


class ClientError(Exception):
    """Base of everything this package raises."""


class RpcUnavailable(ClientError):
    """No usable answer to `method`; it may be tried again, and no state of ours changed."""

    def __init__(self, kind: RpcFault, method: str, endpoint: str, detail: str = "") -> None:
        more = f": {detail}" if detail else ""
        super().__init__(
            f"node at {endpoint} did not answer {method} ({kind}){more}. "
            "Next: check that the node runs and the address is right, then try again"
        )
        self.kind = kind
        self.method = method
        self.endpoint = endpoint


class RpcRefused(ClientError):
    """The node answered `method` with an error; `data` is a contract's revert data, if any."""

    def __init__(self, method: str, code: int, message: str, data: bytes | None = None) -> None:
        super().__init__(f"node refused {method}: {message} (code {code})")
        self.method = method
        self.code = code
        self.message = message
        self.data = data


class WrongChain(ClientError):
    """The node's chain id is not the deployment's."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(
            f"the node is on chain {actual}, this deployment is on chain {expected}. "
            "Next: point the RPC address at the right chain"
        )
        self.expected = expected
        self.actual = actual


class StaleNode(ClientError):
    """The node is behind; `seen` is the block number known, `offered` what it has."""

    def __init__(self, seen: int, offered: int) -> None:
        super().__init__(
            f"the node is at block {offered}, block {seen} was already seen. "
            "Next: wait for it to catch up, or use another node"
        )
        self.seen = seen
        self.offered = offered


class BlockGone(StaleNode):
    """The pinned block was replaced, or the node never had it."""

    def __init__(self, number: int, block_hash: bytes) -> None:
        ClientError.__init__(
            self,
            f"block {number} (0x{block_hash.hex()}) is not on the node's chain. "
            "Next: pin a newer block and ask again",
        )
        self.seen = number
        self.offered = number
        self.number = number
        self.block_hash = block_hash


class AnswersDisagree(StaleNode):
    """The node said several things about one block, asked again and again; `reason` says what."""

    def __init__(self, number: int, reason: str) -> None:
        ClientError.__init__(
            self,
            f"the node contradicts itself after block {number}: {reason}. "
            "Next: wait for it to settle, or use another node",
        )
        self.seen = number
        self.offered = number
        self.reason = reason


class ContractRefused(ClientError):
    """A contract said no. `error` and `args` are the contract's; `plain` is for people.

    `tx_hash` is set when the refusal cost a transaction, and None when it was foreseen.
    """

    def __init__(
        self,
        error: str,
        args: Mapping[str, object],
        plain: str,
        next_step: str,
        *,
        tx_hash: bytes | None = None,
    ) -> None:
        super().__init__(f"{plain} Next: {next_step} [{error}]")
        self.error = error
        self.arguments = dict(args)
        self.plain = plain
        self.next_step = next_step
        self.tx_hash = tx_hash


class TransactionLost(ClientError):
    """No receipt within `waited_seconds`. The transaction may still be mined: ask by its hash."""

    def __init__(self, tx_hash: bytes, nonce: int, waited_seconds: float) -> None:
        super().__init__(
            f"transaction 0x{tx_hash.hex()} (nonce {nonce}) was in no block after "
            f"{waited_seconds:g} s. Next: look it up again by its hash before sending another"
        )
        self.tx_hash = tx_hash
        self.nonce = nonce
        self.waited_seconds = waited_seconds


class FeeTooHigh(ClientError):
    """The base fee is over the cap; nothing was sent."""

    def __init__(self, base_fee_wei: int, cap_wei: int) -> None:
        super().__init__(
            f"the base fee is {base_fee_wei} wei, over the cap of {cap_wei}. "
            "Next: wait for it to fall, or raise the cap"
        )
        self.base_fee_wei = base_fee_wei
        self.cap_wei = cap_wei


class KeyRefused(ClientError):
    """A signing key was refused; `reason` never contains the key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SignerAway(ClientError):
    """A remote signer gave no signature; nothing was signed."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"the signer at {url} does not sign: {reason}. Next: check that it runs, is unlocked "
            "and holds the key"
        )
        self.url = url
        self.reason = reason


class DeploymentInvalid(ClientError):
    """The deployment file at `path` cannot be used."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"deployment file {path}: {reason}")
        self.path = path
        self.reason = reason


class AnswerMalformed(ClientError):
    """Bytes from the chain do not decode as `what`: another contract lives at that address."""

    def __init__(self, what: str, detail: str) -> None:
        super().__init__(
            f"{what} has not the shape of its ABI ({detail}). "
            "Next: check the deployment file's addresses and the committed ABIs"
        )
        self.what = what


class TermsReplaced(ClientError):
    """Other terms are on the table than the ones that were read; nothing was sent."""

    def __init__(self, work_id: int, read: bytes, found: bytes) -> None:
        super().__init__(
            f"the terms put forward for work {work_id} are 0x{found.hex()}, not the 0x{read.hex()} "
            "that were read. Next: read the present ones and approve those, or none"
        )
        self.work_id = work_id
        self.read = read
        self.found = found
