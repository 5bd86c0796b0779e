"""Writes what a wallet shows before somebody signs: ERC-7730 descriptors, from ABIs and sources.

    python -m scripts.descriptors           write contracts/descriptors/*.json
    python -m scripts.descriptors --check   exit 1 and name each committed file that differs

One file per contract for its transactions, one per EIP-712 message. Deployments are left empty:
whoever deploys fills in chain and address before handing the files to a wallet's registry.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
ABI_FOLDER: Final = ROOT / "chain" / "client" / "abi"
FOLDER: Final = ROOT / "contracts" / "descriptors"
SCHEMA: Final = "https://eips.ethereum.org/assets/eip-7730/erc7730-v1.schema.json"
OWNER: Final = "Antiphon"

# Contracts that people and services sign for; the rest is for tests, or another project's.
DESCRIBED: Final = (
    "ConsentRegistry",
    "CouncilArbiter",
    "DerivativeGraph",
    "DirectReports",
    "DisputeCourt",
    "EpochDistributor",
    "LicenceRegistry",
    "RoyaltyLedger",
    "SharingRules",
    "UsageOracle",
    "WorkRegistry",
)
# Functions that only a contract of ours can call.
BETWEEN_CONTRACTS: Final = frozenset(
    {
        "noteDispute",
        "payFrom",
        "payFromAuthorized",
        "charge",
        "propose",
        "recordUsage",
        "returnCharges",
        "returnUsage",
        "onReject",
        "withdrawDisplaced",
    }
)

# What small screens show whole, in characters: a transaction's purpose, and a value's name.
INTENT_MAX: Final = 30
LABEL_MAX: Final = 20

# What a transaction does, by function (of one contract, where a name means two things); a name that
# is plain by itself is not listed.
INTENTS: Final = {
    "acceptStewardship": "Become steward",
    "acceptToken": "Accept a payment currency",
    "activate": "Open an epoch's payouts",
    "announce": "Announce a sharing rule",
    "answer": "Answer a dispute, with a bond",
    "approve": "Let another move a work",
    "approveConsent": "Approve a consent as elder",
    "approveConsentSigned": "Approve a consent by signature",
    "approveDecision": "Approve a decision as elder",
    "approveDecisionSigned": "Approve decision by signature",
    "bond": "Put up an operator's bond",
    "changeOperators": "Change the oracle's operators",
    "claim": "Pay a payee what is due",
    "collect": "Pay out bonds that are owed",
    "commit": "Put down a registration's hash",
    "concede": "Give in to a dispute",
    "consentToSplit": "Agree to a new split",
    "cosign": "Agree to a large epoch",
    "decide": "Rule on a dispute",
    "declareFloor": "Declare a heritage floor",
    "deliver": "Pay a work from its inbox",
    "deliverEther": "Hand on ether from an inbox",
    "deposit": "Add to a platform's deposit",
    "enactSplit": "Put a proposed split in force",
    "foundCommunity": "Found a community",
    "DirectReports.reject": "Reject a report of one use",
    "DirectReports.release": "Pay out a report of one use",
    "fund": "Fund the use of your licences",
    "fundFor": "Fund the use by another holder",
    "giveEvidence": "Give evidence in a dispute",
    "lapse": "Close a dispute without ruling",
    "link": "Link a work to its parents",
    "materialise": "Make a catalogue's leaf a work",
    "mint": "Mint",
    "objectToSplit": "Object to a new split",
    "offerStewardship": "Offer the stewardship",
    "open": "Dispute a payee's share",
    "pause": "Pause new money for 14 days",
    "pay": "Pay a work",
    "post": "Post a report of one use",
    "postEpoch": "Post an epoch's report",
    "proposeConsent": "Propose terms for consent",
    "proposeSplit": "Propose who is paid what",
    "proveEquivocation": "Prove an operator signed twice",
    "push": "Pay all payees of a split",
    "pushRange": "Pay a range of payees",
    "pushRanges": "Pay ranges of payees",
    "reaffirmConsent": "Reaffirm a consent",
    "redeemVoucher": "Redeem a licence voucher",
    "refuseConsent": "Refuse, for good",
    "register": "Register a work",
    "registerBatch": "Register works",
    "registerCatalogue": "Register a catalogue",
    "registerRecording": "Register a recording of a work",
    "registerSigned": "Register by signature",
    "reject": "Reject an epoch's payouts",
    "rejectCounted": "Reject report: already counted",
    "rejectDecrease": "Reject payouts: a total fell",
    "rejectDisorder": "Reject payouts: out of order",
    "rejectLeafSum": "Reject payouts: a leaf's sum",
    "rejectOmission": "Reject payouts: one left out",
    "rejectSums": "Reject payouts: sums differ",
    "release": "Lift a dispute's freeze",
    "releaseBond": "Take an operator's bond back",
    "resumeConsent": "Resume a consent",
    "reveal": "Register what was put down",
    "revokeNonce": "Strike out a signature",
    "rule": "Take over a ruling",
    "safeTransferFrom": "Hand a work to another account",
    "seatCouncil": "Seat a community's elders",
    "setApprovalForAll": "Let another move all works",
    "setArbiter": "Choose a community's arbiter",
    "setPayoutAddress": "Have your money paid elsewhere",
    "setSplit": "Say who is paid, and how much",
    "settle": "Pass income on to ancestors",
    "sublicense": "Give a sublicence",
    "suspendConsent": "Suspend a consent",
    "takeBack": "Take a deposit back",
    "takeLicence": "Take and pay a licence",
    "takeLicenceAuthorized": "Take licence, pay by signature",
    "takeLicenceFor": "Take a licence for another",
    "takeLicences": "Take and pay licences",
    "transferFrom": "Hand a work to another account",
    "unpause": "End a pause",
    "withdrawConsent": "Withdraw a consent",
}

# What a parameter is called, where its name alone would not say it.
LABELS: Final = {
    "arbiter": "Arbiter",
    "bondMax": "Largest bond",
    "bps": "Part of 10,000",
    "communityId": "Community",
    "cumulative": "Paid in all",
    "evidence": "Evidence (sha2-256)",
    "generationId": "Generation",
    "licenceId": "Licence",
    "matter": "Dispute",
    "reasonDigest": "Reason (sha2-256)",
    "salt": "Salt (32 bytes)",
    "royaltyShare": "Royalty, billionths",
    "textDigest": "Text (sha2-256)",
    "to": "To",
    "tokenId": "Work",
    "unitCap": "Most usage events",
    "unitPrice": "Price per usage",
    "workId": "Work",
}
AMOUNTS: Final = frozenset(
    {
        "amount",
        "price",
        "unitPrice",
        "revenueCap",
        "revenue",
        "maxPrice",
        "value",
        "priceMax",
        "total",
    }
)
TIMES: Final = frozenset(
    {"until", "deadline", "expiry", "validAfter", "validBefore", "stateTime", "validUntil"}
)
DURATIONS: Final = frozenset({"durationSeconds", "windowSeconds"})
ENUMS: Final = {
    "tier": ["machine training", "machine generation", "distribution"],
    "kind": ["composition", "recording", "stem", "archive item", "derivative"],
    "usageKind": ["none", "generation", "play", "detection"],
    "ruling": ["none", "disputer is right", "payee is right"],
}

_TYPEHASH: Final = re.compile(r"=\s*keccak256\(\s*((?:\"[^\"]*\"\s*)+)\)")
_TYPE: Final = re.compile(r"(\w+)\(([^)]*)\)")
_DOMAIN: Final = re.compile(r"EIP712\(\"([^\"]+)\",\s*\"([^\"]+)\"\)")


def words_of(name: str) -> str:
    """camelCase as words: `maxPrice` is "Max price"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).capitalize()


def named_type(field: dict[str, Any]) -> str:
    """The type as in a signature with names: a tuple's fields in parentheses."""
    kind: str = field["type"]
    if not kind.startswith("tuple"):
        return kind
    inside = ",".join(f"{named_type(part)} {part['name']}" for part in field["components"])
    return f"({inside}){kind.removeprefix('tuple')}"


def signature_of(function: dict[str, Any]) -> str:
    """The key of a format: the signature with the names of its parameters."""
    inside = ",".join(f"{named_type(p)} {p['name']}".rstrip() for p in function["inputs"])
    return f"{function['name']}({inside})"


def leaves(field: dict[str, Any], before: str = "") -> Iterator[tuple[str, str, str]]:
    """Path, name and type of every value that is shown."""
    kind: str = field["type"]
    path = f"{before}{field['name']}" + ".[]" * kind.count("[")
    if field.get("components"):
        for part in field["components"]:
            yield from leaves(part, f"{path}.")
    else:
        yield path, field["name"], kind.split("[")[0]


def shown(path: str, name: str, kind: str, token: str | None) -> dict[str, Any]:
    """How one value is shown."""
    field: dict[str, Any] = {"path": path, "label": LABELS.get(name, words_of(name))}
    if name in AMOUNTS and token is not None:
        return field | {"format": "tokenAmount", "params": {"tokenPath": token}}
    if name in TIMES:
        return field | {"format": "date", "params": {"encoding": "timestamp"}}
    if name in DURATIONS:
        return field | {"format": "duration"}
    if name in ENUMS and kind == "uint8":
        return field | {"format": "enum", "params": {"$ref": f"$.metadata.enums.{name}"}}
    if kind == "address":
        # What a wallet knows it by: its list of currencies, or its own address book.
        known = {"types": ["token"]} if name == "token" else {"types": ["eoa", "contract"]}
        return field | {"format": "addressName", "params": known | {"sources": ["local", "ens"]}}
    return field | {"format": "raw"}


def format_of(intent: str, fields: list[tuple[str, str, str]]) -> dict[str, Any]:
    token = next((p for p, name, kind in fields if (name, kind) == ("token", "address")), None)
    return {
        "intent": intent,
        "fields": [shown(path, name, kind, token) for path, name, kind in fields],
        "required": [path for path, _, _ in fields],
    }


def document(identifier: str, context: dict[str, Any], formats: dict[str, Any]) -> dict[str, Any]:
    used = json.dumps(formats)
    enums = {
        name: {str(number): word for number, word in enumerate(words)}
        for name, words in ENUMS.items()
        if f"$.metadata.enums.{name}" in used
    }
    return {
        "$schema": SCHEMA,
        "context": {"$id": identifier, **context},
        "metadata": {"owner": OWNER, "enums": enums},
        "display": {"formats": formats},
    }


def signed_functions(name: str) -> list[dict[str, Any]]:
    """The functions of a contract that somebody signs a transaction for."""
    abi = json.loads((ABI_FOLDER / f"{name}.json").read_text())["abi"]
    return [
        entry
        for entry in abi
        if entry["type"] == "function"
        and entry["stateMutability"] not in ("view", "pure")
        and entry["name"] not in BETWEEN_CONTRACTS
    ]


def intent_of(contract: str, function: str) -> str:
    words = INTENTS.get(function, words_of(function))
    return INTENTS.get(f"{contract}.{function}", words)


def contract_document(name: str) -> dict[str, Any]:
    functions = signed_functions(name)
    formats = {
        signature_of(function): format_of(
            intent_of(name, function["name"]),
            [leaf for parameter in function["inputs"] for leaf in leaves(parameter)],
        )
        for function in sorted(functions, key=signature_of)
    }
    return document(name, {"contract": {"abi": functions, "deployments": []}}, formats)


def messages() -> dict[str, tuple[dict[str, list[dict[str, str]]], tuple[str, str] | None]]:
    """Every EIP-712 message of the sources by its type: all types it needs, and its domain."""
    texts = {
        path: path.read_text()
        for path in sorted((ROOT / "contracts").rglob("*.sol"))
        if "testing" not in path.parts
    }
    found = {}
    for path, text in texts.items():
        domain = _domain_of(path, texts)
        for literal in _TYPEHASH.findall(text):
            whole = "".join(re.findall(r"\"([^\"]*)\"", literal))
            types = {name: _members(inside) for name, inside in _TYPE.findall(whole)}
            if types:
                found[next(iter(types))] = (types, domain)
    parts = {
        member["type"].split("[")[0]
        for types, _ in found.values()
        for members in types.values()
        for member in members
    }
    return {name: entry for name, entry in found.items() if name not in parts}


def _domain_of(path: Path, texts: dict[Path, str]) -> tuple[str, str] | None:
    """The domain of the source itself, or of the nearest one that imports it."""
    near = [path]
    for each in near:
        found = _DOMAIN.search(texts[each])
        if found:
            return found.group(1), found.group(2)
        near += [user for user, t in texts.items() if f"/{each.name}" in t and user not in near]
    return None


def _members(inside: str) -> list[dict[str, str]]:
    pairs = [member.split(" ") for member in inside.split(",") if member]
    return [{"type": kind, "name": name} for kind, name in pairs]


def message_document(
    name: str, types: dict[str, list[dict[str, str]]], domain: tuple[str, str] | None
) -> dict[str, Any]:
    schema = {"primaryType": name, "types": types}
    context: dict[str, Any] = {"schemas": [schema], "deployments": []}
    if domain is not None:
        context["domain"] = {"name": domain[0], "version": domain[1]}
    fields = [leaf for member in types[name] for leaf in leaves(_unfolded(member, types))]
    formats = {name: format_of(words_of(name), fields)}
    return document(name, {"eip712": context}, formats)


def _unfolded(member: dict[str, str], types: dict[str, list[dict[str, str]]]) -> dict[str, Any]:
    """A member in the form of an ABI's parameter."""
    base = member["type"].split("[")[0]
    parts = [_unfolded(part, types) for part in types.get(base, [])]
    return {**member, "components": parts}


def documents() -> dict[str, str]:
    """Every file's text by its name."""
    found = {f"calldata-{name}.json": contract_document(name) for name in DESCRIBED}
    for name, (types, domain) in messages().items():
        found[f"eip712-{name}.json"] = message_document(name, types, domain)
    return {file: json.dumps(text, indent=1) + "\n" for file, text in sorted(found.items())}


def drift() -> list[str]:
    """The names of files that are not what the ABIs and sources say."""
    wanted = documents()
    held = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    return sorted(name for name in wanted | held if wanted.get(name) != held.get(name))


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    wanted = documents()
    for path in FOLDER.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.descriptors", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    if not parser.parse_args(argv).check:
        write()
        return 0
    differing = drift()
    print("\n".join(differing) or "the descriptors are in sync")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
