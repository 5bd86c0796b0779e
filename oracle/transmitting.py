"""An attested epoch as a file, and anybody's sending of it: authority lies in the signatures.

    python -m oracle export 7 > epoch-7.json        whoever has the outbox; the API serves the same
    python -m oracle transmit epoch-7.json --key keystore:mine.json

An epoch that is posted already is no news. Read from the environment for `transmit`:
ANTIPHON_RPC_URL, ANTIPHON_DEPLOYMENT, ANTIPHON_PASSPHRASE_FILE (see chain.client.keys).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chain.client import sending
from chain.client.deployment import Deployment
from chain.client.errors import ClientError
from chain.client.keys import open_key, passphrase_from
from chain.client.node import Node
from chain.client.signer import Signer
from chain.client.usage_oracle import UsageOracle
from chain.ledger.epoch import EpochReport, LicenceUsage, licence_usage_hash, report_domain
from chain.ledger.errors import LedgerError
from chain.ledger.identifiers import LicenceId
from chain.provenance import BlockReader
from chain.settings import ChainSettings, SettingsInvalid
from oracle.epoch_book import EpochBook, StoredSignature
from oracle.errors import EpochNotReady, OracleError, PaperMalformed, QuorumNotReached
from oracle.outbox import Outbox
from oracle.papers import get_payouts, report_from_json, report_to_json
from oracle.quorum import Quorum, require_sound
from oracle.settings import PASSPHRASE_VARIABLE, path_in
from oracle.typed_data import recover_signer

SCHEMA: Final = "antiphon.attested/1"
# A report, usage of sixty-four licences, thirty-two signatures: some twenty thousand bytes.
FILE_BYTES_MAX: Final = 1 << 20
REFUSALS: Final = (OracleError, ClientError, LedgerError, SettingsInvalid, OSError)


@dataclass(frozen=True)
class AttestedEpoch:
    """All that the contract asks for. `payouts` names what the epoch pays, for whoever pushes."""

    report: EpochReport
    usage: tuple[LicenceUsage, ...]
    signatures: tuple[bytes, ...]
    payouts: str

    def to_json(self) -> dict[str, Any]:
        """As files and the API give it; numbers as decimal text, bytes as hexadecimal."""
        return {
            "schema": SCHEMA,
            "report": report_to_json(self.report),
            "licenceUsage": [
                [str(line.licence_id), str(line.units), str(line.revenue)] for line in self.usage
            ],
            "signatures": ["0x" + signature.hex() for signature in self.signatures],
            "payouts": self.payouts,
        }

    @classmethod
    def from_json(cls, wire: object) -> AttestedEpoch:
        """Read `to_json`'s form; signatures are not judged. Raises PaperMalformed."""
        try:
            if not isinstance(wire, Mapping) or wire["schema"] != SCHEMA:
                raise ValueError(f"it is no {SCHEMA}")
            made = cls(
                report_from_json(wire["report"]),
                tuple(
                    LicenceUsage(LicenceId(int(i)), int(units), int(revenue))
                    for i, units, revenue in wire["licenceUsage"]
                ),
                tuple(bytes.fromhex(text.removeprefix("0x")) for text in wire["signatures"]),
                str(wire["payouts"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, LedgerError) as error:
            raise PaperMalformed("attested epoch", str(error)) from error
        if licence_usage_hash(made.usage) != made.report.licence_usage_hash:
            raise PaperMalformed("attested epoch", "its licence usage is not its report's")
        return made


def attested_epoch(outbox: Outbox, blocks: BlockReader, number: int) -> AttestedEpoch:
    """An epoch of the outbox with the signatures held. Raises EpochNotReady while nobody has signed
    it; PaperMalformed or a BlockError when its payouts cannot be read."""
    with outbox.reading() as connection:
        book = EpochBook(connection)
        row = book.of_number(number)
        held = [] if row is None else book.signatures(number, row.report.previous_report)
    if row is None or not held:
        state = "not sealed" if row is None else str(row.state)
        raise EpochNotReady(number, state, "ATTESTED", "wait until a quorum has signed it")
    usage = get_payouts(blocks, row.payouts_cid).licence_usage
    signatures = tuple(s.signature for s in held if s.report_hash == row.report_hash)
    return AttestedEpoch(row.report, usage, signatures, str(row.payouts_cid))


def transmit(node: Node, deployment: Deployment, epoch: AttestedEpoch, signer: Signer) -> str:
    """Post an epoch unless it is posted; what was done, in a sentence.

    Raises QuorumNotReached and QuorumUnsound before anything is sent, ContractRefused, and what
    else `chain.client.sending` raises.
    """
    head = node.head()
    contract = UsageOracle.of(node, deployment)
    report = epoch.report
    if contract.last_epoch(at=head) < report.epoch:
        call = contract.post_epoch_call(
            report, epoch.usage, _quorum_of(contract, deployment, epoch, node).signatures()
        )
        receipt = sending.send(node, call, signer=signer)
        return f"epoch {report.epoch} posted with 0x{receipt.tx_hash.hex()}"
    # The contract says whether it is this report, or another one under its number.
    sending.simulate(
        node,
        contract.post_epoch_call(report, epoch.usage, epoch.signatures),
        sender=signer.address,
    )
    return f"epoch {report.epoch} is posted already"


def _quorum_of(
    contract: UsageOracle, deployment: Deployment, epoch: AttestedEpoch, node: Node
) -> Quorum:
    operators = contract.operator_set(at=node.head())
    require_sound(operators)
    domain = report_domain(deployment.chain_id, contract.address)
    report_hash = epoch.report.struct_hash()
    quorum = Quorum(epoch.report, domain, operators.members, operators.threshold)
    for signature in epoch.signatures:
        who = recover_signer(domain.digest(report_hash), signature)
        quorum.take_up(StoredSignature(who, report_hash, signature))
    if not quorum.reached:
        raise QuorumNotReached(len(quorum.signers), operators.threshold, ())
    return quorum


def main(arguments: Sequence[str]) -> int:
    """`python -m oracle transmit`: 1 with a plain sentence when it cannot be done."""
    parser = argparse.ArgumentParser(
        prog="python -m oracle transmit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="what export wrote, or the API gave")
    parser.add_argument("--key", required=True, help="a place of a key that has money for gas")
    given = parser.parse_args(arguments)
    try:
        settings = ChainSettings.parse(os.environ)
        node, deployment = Node(settings.rpc_url), Deployment.load(settings.deployment_path)
        node.expect_chain(deployment.chain_id)
        signer = open_key(
            given.key,
            chain_id=deployment.chain_id,
            passphrase=passphrase_from(path_in(os.environ, PASSPHRASE_VARIABLE)),
            variables=os.environ,
        )
        sys.stdout.write(transmit(node, deployment, _read(given.file), signer) + "\n")
    except REFUSALS as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _read(path: Path) -> AttestedEpoch:
    with path.open("rb") as file:
        text = file.read(FILE_BYTES_MAX + 1)
    if len(text) > FILE_BYTES_MAX:
        raise PaperMalformed(str(path), f"it has more than {FILE_BYTES_MAX} bytes")
    try:
        return AttestedEpoch.from_json(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise PaperMalformed(str(path), "it is no JSON") from error
