// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {GenerationId, LicenceId, WorkId} from "../types/Identifiers.sol";
import {Terms} from "../types/Rights.sol";
import {IOperatorSet} from "./IOperatorSet.sol";
import {IUsageOracle} from "./IUsageOracle.sol";

/// @notice Single usage events, reported at once and paid over the direct lane instead of with an epoch.
///
/// A licence's holder keeps a deposit here. A quorum of the UsageOracle's operators signs what was used; the unit price
/// that the licence froze is locked from the deposit, waits out a window, and is paid to the licence's work. An event
/// is reported once for ever, and one that an epoch counted is thrown out by proof.
/// Per token: held here >= sum of deposits + sum of what is locked.
interface IDirectReports {
    /// @notice What became of a usage event here.
    enum State {
        UNREPORTED,
        HELD,
        RELEASED,
        REJECTED
    }

    /// @notice One usage event, as a quorum vouches for it. Its id is the one that epochs count it by.
    /// @param usageKind 1 generation, 2 play, 3 detection.
    /// @param sourceKey Derived from the content that the use was read from.
    /// @param occurredAt When it was used, Unix time in seconds.
    /// @param evidence sha2-256 digest of the evidence manifest from which anyone can judge it again.
    /// @param programHash Names the rules by which the operators judged.
    /// @param deadline Unix time in seconds, inclusive: later it is posted no more.
    struct DirectReport {
        uint8 usageKind;
        LicenceId licenceId;
        GenerationId generationId;
        bytes32 sourceKey;
        uint64 occurredAt;
        bytes32 evidence;
        bytes32 programHash;
        uint40 deadline;
    }

    /// @notice What is locked for one event; the contract remembers its hash alone.
    /// @param platform The licence's holder, out of whose deposit it came.
    /// @param releasableFrom When the window closes, Unix time in seconds.
    struct Held {
        bytes32 eventId;
        LicenceId licenceId;
        WorkId workId;
        address platform;
        IERC20 token;
        uint128 amount;
        uint40 releasableFrom;
    }

    error ZeroAmount();
    error TokenNotAccepted(IERC20 token);
    /// @notice Thrown when a token delivered another amount than it was told to (fee on transfer).
    error AmountMismatch(uint256 expected, uint256 received);
    /// @notice Thrown when less lies unlocked than is to be taken back or locked.
    error DepositTooSmall(address platform, IERC20 token, uint256 free, uint256 needed);
    error AlreadyReported(bytes32 eventId);
    error ReportExpired(uint40 deadline);
    /// @notice Thrown when a use is said to be still to come.
    error UseAhead(uint64 occurredAt);
    /// @notice Thrown when the licence no longer held when the use is said to have happened.
    error LicenceExpired(LicenceId licenceId, uint40 expiry);
    error TermsMismatch(bytes32 frozen, bytes32 given);
    /// @notice Thrown when the licence has no price per use: there is nothing to pay.
    error NoUnitPrice(LicenceId licenceId);
    /// @notice Thrown when that is not what is locked for the event, or nothing is locked any more.
    error NotHeld(bytes32 eventId);
    error WindowOpen(bytes32 eventId, uint40 releasableFrom);
    error WindowClosed(bytes32 eventId, uint40 releasableFrom);
    /// @notice Thrown when the proof does not lead to the epoch's usage root.
    error NotCounted(bytes32 eventId, uint64 epoch);

    /// @param free What the platform has unlocked, with this.
    event Deposited(address indexed platform, IERC20 indexed token, address indexed from, uint256 amount, uint256 free);
    event TakenBack(address indexed platform, IERC20 indexed token, uint256 amount, uint256 free);
    /// @param free What the platform has left unlocked.
    event DirectReportPosted(bytes32 indexed eventId, DirectReport report, Held held, uint256 free);
    event DirectReportReleased(bytes32 indexed eventId, WorkId indexed workId, IERC20 indexed token, uint256 amount);
    /// @param epoch The epoch that counted the event; zero when the council rejected the report.
    /// @param reason The council's own digest, or the hash of the epoch's report.
    /// @param free What the platform has unlocked again.
    event DirectReportRejected(bytes32 indexed eventId, uint64 indexed epoch, bytes32 reason, uint256 free);

    /// @notice Adds to a platform's deposit out of the caller's allowance; only in tokens that the ledger takes.
    function deposit(address platform, IERC20 token, uint128 amount) external;

    /// @notice Takes unlocked money of the caller's back.
    function takeBack(IERC20 token, uint128 amount) external;

    /// @notice Posts a report and locks its price. Anyone may send it; authority lies in the signatures alone.
    /// @param terms The licence's terms, whose hash it froze.
    /// @param signatures Over the EIP-712 digest, ascending by signer, as many as an epoch needs.
    function post(DirectReport calldata report, Terms calldata terms, IOperatorSet.Signature[] calldata signatures)
        external;

    /// @notice Pays what was locked to the licence's work, after the window. Anyone.
    function release(Held calldata held) external;

    /// @notice Throws a report out within its window; only the council.
    function reject(Held calldata held, bytes32 reasonDigest) external;

    /// @notice Throws a report out whose event an epoch counted, as long as nothing was released. Anyone.
    /// @param epochs The epoch's report as the last, after those that lead to it: the first is one that stands at the
    /// EpochDistributor, and each names the next as its previous report. One is enough for a recent epoch.
    /// @param proof From the event to that report's usage root.
    function rejectCounted(Held calldata held, IUsageOracle.EpochReport[] calldata epochs, bytes32[] calldata proof)
        external;

    /// @notice What of a platform's deposit is unlocked.
    function depositOf(address platform, IERC20 token) external view returns (uint256);
    function stateOf(bytes32 eventId) external view returns (State);

    /// @notice The id of the event that a report is of.
    function eventIdOf(DirectReport calldata report) external pure returns (bytes32);

    /// @notice The EIP-712 digest operators sign.
    function reportDigest(DirectReport calldata report) external view returns (bytes32);
    function windowSeconds() external view returns (uint40);
}
