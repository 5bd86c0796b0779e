"""The envelope around every manifest, and the way from a record to a block and back.

`{schema, issuer, issuedAt, prev?, body}` as canonical DAG-CBOR. Signatures stay outside: a block
that carried its own signature could not be the bytes signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from pydantic import Field, ValidationError

from chain.provenance.block_store import BlockReader, BlockSink
from chain.provenance.canonical import Value, decode_canonical, encode_canonical
from chain.provenance.cid import Cid, Codec
from chain.provenance.errors import BlockCorrupt, ManifestInvalid, NotCanonical
from chain.provenance.manifests.record import READING, Account, CitedCid, Record, Time, faults_of

ANY_MANIFEST = "manifest"


class ManifestBody(Record):
    """The body of a manifest; each kind names its schema, version included."""

    SCHEMA: ClassVar[str]


Body = TypeVar("Body", bound=ManifestBody)


class Envelope(Record):
    """What is the same in all manifests, around the body.

    `prev` cites the version this one replaces, and does not link it: an earlier version may have
    been withdrawn, and pinning the new one must not bring it back.
    """

    schema_name: str = Field(alias="schema")
    issuer: Account
    issued_at: Time
    prev: CitedCid | None = None


@dataclass(frozen=True, slots=True)
class SealedManifest(Generic[Body]):
    """A manifest with the one block that it is. `cid.digest` goes on chain."""

    cid: Cid
    block: bytes
    issuer: str
    issued_at: datetime
    prev: str | None
    body: Body


def seal(
    body: Body, *, issuer: str, issued_at: datetime, prev: Cid | None = None
) -> SealedManifest[Body]:
    """Turn `body` into its block. Nothing is stored yet.

    `issuer` is a CAIP-10 account, `issued_at` aware UTC; fractions of a second are dropped.
    Raises ManifestInvalid, or NotCanonical for text outside the profile.
    """
    envelope = Envelope(
        schema=body.SCHEMA,
        issuer=issuer,
        issued_at=issued_at.replace(microsecond=0),
        prev=None if prev is None else str(prev),
    )
    block = encode_canonical(_wire(envelope, body))
    cid = Cid.of(Codec.DAG_CBOR, block)
    return SealedManifest(cid, block, envelope.issuer, envelope.issued_at, envelope.prev, body)


def open_as(kind: type[Body], block: bytes, *, cid: Cid | None = None) -> SealedManifest[Body]:
    """Read a block as a manifest of one kind.

    Raises BlockCorrupt when `cid` is given and names other bytes, NotCanonical when the bytes are
    not the one spelling, ManifestInvalid with the path of every fault otherwise.
    """
    named = Cid.of(Codec.DAG_CBOR, block)
    if cid is not None and cid != named:
        raise BlockCorrupt(cid, None)
    value = decode_canonical(block)
    if schema_of(value) != kind.SCHEMA:
        raise ManifestInvalid(kind.SCHEMA, (("schema", f"is {schema_of(value)!r}"),))
    assert isinstance(value, dict)
    outside = {key: item for key, item in value.items() if key != "body"}
    envelope = _read(Envelope, outside, kind.SCHEMA, "")
    body = _read(kind, value.get("body", {}), kind.SCHEMA, "body")
    difference = _first_difference(value, _wire(envelope, body), "")
    if difference is not None:
        raise NotCanonical(difference, "not spelled as its schema writes it")
    return SealedManifest(named, block, envelope.issuer, envelope.issued_at, envelope.prev, body)


def schema_of(value: Value) -> str:
    """The schema a decoded block claims. Raises ManifestInvalid when it claims none."""
    schema = value.get("schema") if isinstance(value, dict) else None
    if not isinstance(schema, str):
        raise ManifestInvalid(ANY_MANIFEST, (("schema", "is missing"),))
    return schema


def put_manifest(store: BlockSink, manifest: SealedManifest[Body]) -> Cid:
    """Keep the manifest's block; returns its id."""
    return store.put(Codec.DAG_CBOR, manifest.block)


def get_manifest(store: BlockReader, cid: Cid, kind: type[Body]) -> SealedManifest[Body]:
    """Read a manifest of a known kind from a store. Raises as `get` and `open_as` do."""
    return open_as(kind, store.get(cid), cid=cid)


def render_json(manifest: SealedManifest[Body]) -> dict[str, object]:
    """A view for people and web pages: links as `{"/": "bafy…"}` (DAG-JSON). Not the record."""
    shown = _shown(decode_canonical(manifest.block))
    assert isinstance(shown, dict)
    return shown


def _wire(envelope: Envelope, body: ManifestBody) -> dict[str, Value]:
    return envelope.to_value() | {"body": body.to_value()}


def _first_difference(found: Value, written: Value, path: str) -> str | None:
    """Where two values part, or None. Reading forgives (a default, a case); the bytes must not."""
    if isinstance(found, dict) and isinstance(written, dict):
        for key in sorted(found.keys() | written.keys()):
            place = f"{path}.{key}".lstrip(".")
            if key not in found or key not in written:
                return place
            inner = _first_difference(found[key], written[key], place)
            if inner is not None:
                return inner
        return None
    if isinstance(found, list) and isinstance(written, list) and len(found) == len(written):
        for at, (one, other) in enumerate(zip(found, written, strict=True)):
            inner = _first_difference(one, other, f"{path}[{at}]")
            if inner is not None:
                return inner
        return None
    return None if type(found) is type(written) and found == written else path


RecordKind = TypeVar("RecordKind", bound=Record)


def _read(kind: type[RecordKind], value: Value, schema: str, prefix: str) -> RecordKind:
    try:
        return kind.model_validate(value, context=READING, by_alias=True, by_name=False)
    except ValidationError as error:
        placed = ((f"{prefix}.{path}".strip("."), why) for path, why in faults_of(error))
        raise ManifestInvalid(schema, tuple(placed)) from error


def _shown(value: Value) -> object:
    if isinstance(value, Cid):
        return {"/": str(value)}
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return value
