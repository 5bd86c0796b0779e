"""Where a work came from, said so that nobody has to believe us.

Content ids as other IPFS nodes compute them (`Cid`, `add_file`), manifests with closed schemas over
canonical bytes (`seal`, `open_manifest`), block stores that verify what they hand out, archives
(`export_car`, `import_car`), and the gate that decides what may leave (`clear_for_publication`).
"""

from __future__ import annotations

from chain.provenance.block_store import (
    BlockReader,
    BlockSink,
    BlockStore,
    FsBlockStore,
    MemoryBlockStore,
    RestrictedBlockStore,
    add_file,
)
from chain.provenance.canonical import decode_canonical, encode_canonical, salted_commitment
from chain.provenance.car import CarLimits, export_car, import_car
from chain.provenance.cid import Cid, Codec
from chain.provenance.errors import ProvenanceError
from chain.provenance.manifests import (
    DetectionManifest,
    GenerationManifest,
    LicenceManifest,
    ManifestBody,
    SealedManifest,
    SegmentsManifest,
    WorkManifest,
    get_manifest,
    open_manifest,
    put_manifest,
    render_json,
    seal,
)
from chain.provenance.publish_gate import (
    Allowed,
    ClearedBlocks,
    Refused,
    clear_for_publication,
    export_public_car,
    judge_manifest,
)
from chain.provenance.unixfs import FileImport, import_file, read_file

__all__ = [
    "Allowed",
    "BlockReader",
    "BlockSink",
    "BlockStore",
    "CarLimits",
    "Cid",
    "ClearedBlocks",
    "Codec",
    "DetectionManifest",
    "FileImport",
    "FsBlockStore",
    "GenerationManifest",
    "LicenceManifest",
    "ManifestBody",
    "MemoryBlockStore",
    "ProvenanceError",
    "Refused",
    "RestrictedBlockStore",
    "SealedManifest",
    "SegmentsManifest",
    "WorkManifest",
    "add_file",
    "clear_for_publication",
    "decode_canonical",
    "encode_canonical",
    "export_car",
    "export_public_car",
    "get_manifest",
    "import_car",
    "import_file",
    "judge_manifest",
    "open_manifest",
    "put_manifest",
    "read_file",
    "render_json",
    "salted_commitment",
    "seal",
]
