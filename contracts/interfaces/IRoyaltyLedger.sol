// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {WorkId} from "../types/Identifiers.sol";
import {Authorization, Share} from "../types/Rights.sol";
import {ISplitVersions} from "./ISplitVersions.sol";

/// @notice The direct lane: takes payments for works and pays their payees, exactly.
///
/// Income accrues as numerators of `SHARE_SCALE` and is divided only when a payee is paid:
/// due = floor((accrued in the split's segment) * bps / (SHARE_SCALE * BPS_WHOLE)) - paid. No payment is rounded, so
/// the order and size of payments change nothing, and what is not yet a whole unit stays with the payee's segment.
/// Identity, per token: sum of accrued + SHARE_SCALE * sum of (gross - settled) == SHARE_SCALE * sum of payments.
interface IRoyaltyLedger is ISplitVersions {
    /// @param gross All payments for a derivative; `settled`, the part already passed on to its ancestors.
    struct Flow {
        uint128 gross;
        uint128 settled;
    }

    error NotLicenceRegistry(address caller);
    error NotCourt(address caller);
    error TokenNotAccepted(IERC20 token);
    error TokenAlreadyAccepted(IERC20 token);
    error TooManyTokens(uint256 tokens);
    error ZeroAmount();
    /// @notice Thrown when a token delivered another amount than it was told to (fee on transfer).
    error AmountMismatch(uint256 expected, uint256 received);
    error DerivativeNotLinked(WorkId workId);
    error VectorMismatch(WorkId workId);
    error ShareFrozen(WorkId workId, address payee);

    event TokenAccepted(IERC20 indexed token);
    /// @param gross Cumulative payments for the work in this token.
    event Paid(WorkId indexed workId, IERC20 indexed token, address indexed payer, uint128 amount, uint128 gross);
    /// @param settled Cumulative income of the work that was passed on.
    event Settled(WorkId indexed workId, IERC20 indexed token, uint128 amount, uint128 settled);
    /// @param paid Cumulative payments to this payee for this work, token and split version.
    event PaidOut(
        WorkId indexed workId,
        IERC20 indexed token,
        address indexed payee,
        uint32 version,
        address to,
        uint256 amount,
        uint256 paid
    );
    /// @notice A push to this payee failed; the money waits for it and can be claimed or pushed again.
    event PayoutDeferred(
        WorkId indexed workId, IERC20 indexed token, address indexed payee, uint32 version, uint256 amount
    );
    event PayoutAddressSet(address indexed payee, address indexed to);

    /// @notice Adds a token in which the ledger takes payments; restricted, never undone, at most 16.
    function acceptToken(IERC20 token) external;

    /// @notice Pays a work, unless new money is paused. The ledger must have the allowance.
    function pay(WorkId workId, IERC20 token, uint128 amount) external;

    /// @notice Pays a work on behalf of a licensee; only the LicenceRegistry.
    function payFrom(address payer, WorkId workId, IERC20 token, uint128 amount) external;

    /// @notice Pays a work on behalf of a licensee who signed for it (ERC-3009); only the LicenceRegistry, which sees to
    /// it that the authorization's nonce names what is paid for.
    function payFromAuthorized(
        address payer,
        WorkId workId,
        IERC20 token,
        uint128 amount,
        Authorization calldata authorization
    ) external;

    /// @notice Passes a derivative's unsettled income on to its ancestors. Anyone; a second call changes nothing.
    function settle(WorkId workId, IERC20 token, bytes calldata vector) external;

    /// @notice Pays one payee what is due from one split version, which may be nothing. Anyone may call; the money goes to
    /// the payee.
    function claim(WorkId workId, IERC20 token, uint32 version, Share[] calldata shares, address payee)
        external
        returns (uint256 amount);

    /// @notice Pays every payee of a split version. A payee that cannot take its money delays nobody: see
    /// `PayoutDeferred`.
    function push(WorkId workId, IERC20 token, uint32 version, Share[] calldata shares) external;

    /// @notice Says that a share of the work is under dispute: from then on no share of it is paid before the court was
    /// asked. Only the court, with every dispute; holds nothing back by itself.
    /// @return splits How many split versions the work has.
    function noteDispute(WorkId workId) external returns (uint32 splits);

    /// @notice Sends the caller's money elsewhere from now on; the zero address restores the default.
    function setPayoutAddress(address to) external;

    /// @notice Whether the ledger takes payments in a token; once it does, it always will.
    function isAccepted(IERC20 token) external view returns (bool);

    function flowOf(WorkId workId, IERC20 token) external view returns (Flow memory);
    /// @notice Cumulative income of a work, as a numerator of `SHARE_SCALE`.
    function accruedOf(WorkId workId, IERC20 token) external view returns (uint256);
    /// @notice The accrued numerator at which a split version's segment begins.
    function segmentStartOf(WorkId workId, IERC20 token, uint32 version) external view returns (uint256);
    function paidTo(WorkId workId, IERC20 token, uint32 version, address payee) external view returns (uint256);
    function dueTo(WorkId workId, IERC20 token, uint32 version, Share[] calldata shares, address payee)
        external
        view
        returns (uint256);
    function payoutAddressOf(address payee) external view returns (address);
}
