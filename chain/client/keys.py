"""Where a key is kept, in one word, and the signer that it gives.

    keystore:/etc/antiphon/operator.json     a keystore V3 file; its passphrase comes from a file
                                             that its owner alone can read, or is asked for
    file:/etc/antiphon/operator.key          hexadecimal, readable by its owner alone
    remote:https://signer:9000#0xAccount     web3signer and its like: the key stays there
    env:ANTIPHON_RELAY_SECRET                on the development chain alone
    dev:3                                    an account of the development mnemonic, likewise

A passphrase never stands in a command line or in such a word: other users could read it.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from chain.client.errors import KeyRefused
from chain.client.remote_signer import RemoteSigner
from chain.client.signer import (
    DEVELOPMENT_CHAIN_ID,
    LocalSigner,
    Signer,
    dev_signer,
    read_private,
)
from chain.ledger.errors import BadAddress
from chain.ledger.identifiers import address

DEVELOPMENT_ACCOUNTS: Final = 1_000
Passphrase = Callable[[], str]


def open_key(
    place: str, *, chain_id: int, passphrase: Passphrase, variables: Mapping[str, str]
) -> Signer:
    """The key at a place, as above. Raises KeyRefused."""
    kind, _, rest = place.partition(":")
    match kind:
        case "keystore":
            return LocalSigner.from_keystore(Path(rest), passphrase())
        case "file":
            return LocalSigner.from_file(Path(rest))
        case "remote":
            return _remote(rest)
        case "env" | "dev" if chain_id != DEVELOPMENT_CHAIN_ID:
            raise KeyRefused(
                f"{kind}: keys are for the development chain, not for chain {chain_id}. "
                "Next: give a keystore or a remote signer"
            )
        case "env":
            return LocalSigner.from_text(
                variables.get(rest, ""), f"variable {rest}", only_chain_id=DEVELOPMENT_CHAIN_ID
            )
        case "dev" if rest.isascii() and rest.isdigit() and int(rest) < DEVELOPMENT_ACCOUNTS:
            return dev_signer(int(rest))
    # The word itself is not repeated: it may be a key that somebody gave by mistake.
    raise KeyRefused(
        "a key's place begins with keystore:, file: or remote:, or on the development chain with "
        "env: or dev: and a number"
    )


def passphrase_from(file: Path | None) -> Passphrase:
    """A passphrase from a file that its owner alone can read, or asked for at the terminal.

    What it gives raises KeyRefused.
    """

    def ask() -> str:
        if file is not None:
            return read_private(file, "passphrase file")
        if not sys.stdin.isatty():
            raise KeyRefused(
                "nobody is there to give the keystore's passphrase. Next: name a file that holds "
                "it, or start at a terminal"
            )
        return getpass.getpass("Passphrase of the keystore: ")

    return ask


def _remote(rest: str) -> RemoteSigner:
    url, _, account = rest.partition("#")
    if not url.startswith(("http://", "https://")):
        raise KeyRefused("a remote signer's place is remote:https://host:port#0xAccount")
    try:
        return RemoteSigner(url, address(account))
    except BadAddress as error:
        raise KeyRefused(f"a remote signer's account is needed behind #: {error}") from error
