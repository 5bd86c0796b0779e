// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CommunityId, WorkId} from "./Identifiers.sol";
import {WorkKind} from "./Rights.sol";

/// @notice What is said of a work when it is registered.
/// @param communityId The community the work belongs to; zero for a work of a single account.
/// @param contentCommitment sha2-256 over the decoded samples of the master, or a salted commitment when the
/// recording is restricted. Unique.
/// @param manifestDigest sha2-256 digest of the DAG-CBOR work manifest; its CID is rebuilt from it.
struct Registration {
    CommunityId communityId;
    WorkKind kind;
    bytes32 contentCommitment;
    bytes32 manifestDigest;
}

/// @notice A registered work. Its content commitment is in the event; on chain a commitment leads to its work.
/// @param registeredAt From when the registration counts, in Unix seconds: its block, or that of its commitment.
struct Work {
    CommunityId communityId;
    WorkKind kind;
    uint40 registeredAt;
    bytes32 manifestDigest;
}

/// @notice Many works under one Merkle root, each made real on its first use.
/// @param owner Who registered it and owns its works; the community's steward at that time for a communal one.
/// @param communityId The community its works belong to; zero for works of a single account.
/// @param count How many works it holds, at positions 0 to `count - 1`.
/// @param root Root of OpenZeppelin's standard Merkle tree over its `CatalogueWork`s.
/// @param manifestDigest sha2-256 digest of the DAG-CBOR document that describes the catalogue.
struct Catalogue {
    address owner;
    CommunityId communityId;
    uint32 count;
    bytes32 root;
    bytes32 manifestDigest;
}

/// @notice A leaf of a catalogue: keccak256(keccak256(abi.encode(position, kind, content, manifest))).
struct CatalogueWork {
    uint32 position;
    WorkKind kind;
    bytes32 contentCommitment;
    bytes32 manifestDigest;
}

/// @notice One of the books in which a recording earns: the split of `workId` in the RoyaltyLedger.
/// @param kind COMPOSITION for the work that was written, RECORDING for the master.
/// @param controller Who decides for that book.
struct ShareBook {
    WorkKind kind;
    WorkId workId;
    address controller;
}
