// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {LicenceId, WorkId} from "./Identifiers.sol";

// Shares of a derivative's income are numbers of this scale: 150_000_000 means 15 %.
uint256 constant SHARE_SCALE = 1_000_000_000;

// A split divides a work's income among its payees; its basis points sum to exactly this.
uint256 constant BPS_WHOLE = 10_000;

/// @notice What a licence allows. Each tier is consented to, priced and licensed separately.
enum Tier {
    TRAINING,
    GENERATION,
    DISTRIBUTION
}

/// @notice What a work is. DERIVATIVE works earn only after they are linked to their parents.
enum WorkKind {
    COMPOSITION,
    RECORDING,
    STEM,
    ARCHIVE_ITEM,
    DERIVATIVE
}

/// @notice The terms of one tier of one work. Immutable: consent names their hash, a licence freezes it.
/// The caps are as wide as lets a licence's terms fit into one word of storage.
/// @param tier What the licence allows.
/// @param token The ERC-20 in which `price`, `unitPrice` and `revenueCap` are counted, in its base units.
/// @param price Paid once, when the licence is taken.
/// @param unitPrice Paid per usage event, through the epoch lane.
/// @param royaltyShare The work's share of a derivative's income, of `SHARE_SCALE`. Zero unless GENERATION.
/// @param durationSeconds How long the licence lasts from the block it is taken in.
/// @param unitCap Usage events the licence covers; further ones are refused.
/// @param revenueCap Income, in base units, the licence covers; more is refused.
/// @param sublicensable Whether a holder may pass part of its caps on to others.
/// @param textDigest sha2-256 digest of the DAG-CBOR licence manifest that people read.
struct Terms {
    Tier tier;
    IERC20 token;
    uint128 price;
    uint128 unitPrice;
    uint32 royaltyShare;
    uint40 durationSeconds;
    uint48 unitCap;
    uint104 revenueCap;
    bool sublicensable;
    bytes32 textDigest;
}

/// @notice One payee's part of a split.
/// @param bps Basis points of `BPS_WHOLE`, never zero.
struct Share {
    address payee;
    uint16 bps;
}

/// @notice One parent of a derivative and the GENERATION licence under which it was used.
struct Parent {
    WorkId workId;
    LicenceId licenceId;
}

/// @notice What one licence was used for in one epoch.
/// @param units Usage events.
/// @param revenue Their value in base units of the licence's token.
struct LicenceUsage {
    LicenceId licenceId;
    uint64 units;
    uint128 revenue;
}

/// @notice What a licence holder owes for one epoch's use, in base units of the epoch's token.
struct Charge {
    address holder;
    uint256 amount;
}

/// @notice An ERC-3009 authorization to take money: signed by the payer for the contract that calls
/// `receiveWithAuthorization`, good once. Here its nonce is always the hash of the order that it pays for.
struct Authorization {
    uint256 validAfter;
    uint256 validBefore;
    bytes32 nonce;
    uint8 v;
    bytes32 r;
    bytes32 s;
}
