"""`antiphon.work/1`: what a work is, whose it is, and who may hear it.

Follows schema.org AudioObject, Local Contexts Labels (Hub API v2) and the UNESCO principle of
sustained consent. Says that rules exist, never what a restricted rule contains.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import ClassVar

from chain.provenance.cid import Cid
from chain.provenance.manifests.envelope import ManifestBody
from chain.provenance.manifests.record import (
    Address,
    CitedCid,
    Count,
    Digest,
    Fault,
    Label,
    Language,
    Link,
    LinkOrCitation,
    Listing,
    Member,
    NonEmpty,
    Record,
    Text,
    Uint,
)


class WorkKind(StrEnum):
    """What a work is; the names are those of the contract's enum."""

    COMPOSITION = "COMPOSITION"
    """The tune or text itself."""
    RECORDING = "RECORDING"
    """One performance, fixed."""
    STEM = "STEM"
    """One voice or instrument of a recording."""
    ARCHIVE_ITEM = "ARCHIVE_ITEM"
    """A field recording or transfer kept by an archive."""
    DERIVATIVE = "DERIVATIVE"
    """Generated under licence from other works."""


class AccessClass(StrEnum):
    """Who may hear the master. The reason is never written down."""

    OPEN = "open"
    """Everybody."""
    COMMUNITY = "community"
    """Members of the community."""
    RESTRICTED = "restricted"
    """Those whom its protocol admits."""
    SECRET = "secret"  # noqa: S105 -- an access class, not a password
    """Nobody outside; not even its existence is published."""


class MasterAccess(StrEnum):
    """How the master's bytes are kept."""

    PUBLIC = "public"
    """In the clear: the manifest links them."""
    ENCRYPTED = "encrypted"
    """As ciphertext: the manifest cites it, and proves the plaintext by a salted commitment."""
    OFFCHAIN = "offchain"
    """On the community's own disk: nothing but a salted commitment is known."""


class TitleKind(StrEnum):
    """What a title is good for."""

    MAIN = "main"
    """The name it goes by."""
    ALTERNATE = "alternate"
    """Another name or a translation."""
    PLACEHOLDER = "placeholder"
    """A stand-in for a name that is not told."""


class Title(Record):
    """A title in its own script."""

    lang: Language
    value: Text
    kind: Member[TitleKind] = TitleKind.MAIN


class Master(Record):
    """The recording. `pcm_sha256` covers the decoded interleaved samples, whatever the container.

    Public: `cid` is a link and `pcm_sha256` is given. Otherwise `commitment` stands in for the
    plain hash, which would let anyone who holds a copy prove it, and `cid`, if any, is a citation
    of the ciphertext.
    """

    access: Member[MasterAccess]
    mime: Label
    byte_count: Count
    sample_rate: Count
    channels: Count
    duration_ms: Count
    cid: LinkOrCitation | None = None
    pcm_sha256: Digest | None = None
    commitment: Digest | None = None

    def contradictions(self) -> Iterator[Fault]:
        """What each way of keeping the master demands and forbids."""
        if self.access is MasterAccess.PUBLIC:
            if not isinstance(self.cid, Cid):
                yield ("cid",), "a public master is linked"
            if self.pcm_sha256 is None:
                yield ("pcmSha256",), "a public master states its samples' hash"
            return
        if self.pcm_sha256 is not None:
            yield ("pcmSha256",), "only a public master states an unsalted hash"
        if self.commitment is None:
            yield ("commitment",), "a master that is not public is committed to with a salt"
        if isinstance(self.cid, Cid):
            yield ("cid",), "only a public master is linked; cite the ciphertext as text"
        if self.access is MasterAccess.OFFCHAIN and self.cid is not None:
            yield ("cid",), "an off-chain master has no content id"


class Custodian(Record):
    """The community that answers for the work: an account, never a person's name."""

    community_id: Uint
    address: Address


class CulturalLabel(Record):
    """One instance of a community's label: its text is the community's own, so it is cited."""

    scheme: Label
    label_type: Label
    unique_id: Label
    version: Count
    lang: Language
    text_sha256: Digest


class Consent(Record):
    """Commitment to the consent record. Its state is the ledger's to tell, and changes."""

    commitment: Digest


class Attribution(Record):
    """How to credit the work, and whether one must."""

    lang: Language
    text: Text
    required: bool


class Culture(Record):
    """Where the work belongs, coarsely: never coordinates, never a calendar."""

    region: Label | None = None
    language: Language | None = None
    genre: Label | None = None
    ich_element: Label | None = None


class WorkManifest(ManifestBody):
    """The manifest whose digest WorkRegistry stores.

    A derivative cites the log of the run that made it, so that a mark leads there from the chain.
    """

    SCHEMA: ClassVar[str] = "antiphon.work/1"

    kind: Member[WorkKind]
    title: NonEmpty[Title]
    master: Master
    custodian: Custodian
    access_class: Member[AccessClass]
    consent: Consent
    attribution: Attribution
    labels: Listing[CulturalLabel] = ()
    culture: Culture | None = None
    licence_terms: Listing[Link] = ()
    generation: CitedCid | None = None

    def contradictions(self) -> Iterator[Fault]:
        """A master is in the clear exactly when the work is open; secrets have only stand-ins."""
        if self.generation is not None and self.kind is not WorkKind.DERIVATIVE:
            yield ("generation",), "only a derivative comes from a generation"
        is_public = self.master.access is MasterAccess.PUBLIC
        if is_public != (self.access_class is AccessClass.OPEN):
            yield ("master", "access"), f"does not fit an access class of {self.access_class}"
        if self.access_class is AccessClass.SECRET:
            if self.master.access is not MasterAccess.OFFCHAIN:
                yield ("master", "access"), "a secret master stays on the community's own disk"
            for at, title in enumerate(self.title):
                if title.kind is not TitleKind.PLACEHOLDER:
                    yield ("title", at, "kind"), "a secret work has placeholder titles only"
