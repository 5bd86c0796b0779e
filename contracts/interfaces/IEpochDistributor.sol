// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice The epoch lane: holds what platforms fund, and pays cumulative totals proven against a Merkle-sum root.
///
/// Leaf i = keccak256(bytes.concat(keccak256(abi.encode(payee, token, cumulative)))) with sum `cumulative`
/// (OpenZeppelin's double hash); node = keccak256(abi.encodePacked(left, leftSum, right, rightSum)) with sum
/// leftSum + rightSum, sums as uint256. Leaves ascend by payee; the tree is padded to a power of two with
/// (bytes32(0), 0). The root's sum must equal the total put forward, and no total exceeds what was funded.
interface IEpochDistributor {
    enum RootState {
        NONE,
        PENDING,
        ACTIVE
    }

    struct PayoutRoot {
        bytes32 sumRoot;
        uint256 total;
        uint32 leafCount;
        uint64 epoch;
        uint40 claimableFrom;
    }

    struct Payout {
        address payee;
        uint256 cumulative;
    }

    /// @notice A sibling on the way to the root.
    struct SumNode {
        bytes32 hash;
        uint256 sum;
    }

    /// @param funded Received; `committed`, promised by active roots; `claimed`, paid out.
    struct Lane {
        uint256 funded;
        uint256 committed;
        uint256 claimed;
    }

    error NotUsageOracle(address caller);
    error NotCouncil(address caller);
    error ZeroAmount();
    error AmountMismatch(uint256 expected, uint256 received);
    /// @notice Thrown while an earlier root waits: a pending root is rejected or activated, never replaced.
    error RootPending(IERC20 token, uint64 epoch);
    error NoPendingRoot(IERC20 token);
    error NoActiveRoot(IERC20 token);
    error TotalDecreased(uint256 committed, uint256 total);
    error NotFunded(uint256 total, uint256 funded);
    error WindowOpen(uint64 epoch, uint40 claimableFrom);
    error WindowClosed(uint64 epoch, uint40 claimableFrom);
    error InvalidProof();
    error BadRange(uint256 firstIndex, uint256 length);
    error NothingDue(IERC20 token, address payee);

    event Funded(IERC20 indexed token, address indexed from, uint256 amount, uint256 funded);
    event RootProposed(
        IERC20 indexed token, uint64 indexed epoch, bytes32 sumRoot, uint256 total, uint32 leafCount, uint40 claimableFrom
    );
    event RootActivated(IERC20 indexed token, uint64 indexed epoch, bytes32 sumRoot, uint256 total);
    event RootRejected(IERC20 indexed token, uint64 indexed epoch, bytes32 sumRoot, bytes32 reasonDigest);
    /// @param claimed Cumulative payouts to this payee in this token.
    event PaidOut(IERC20 indexed token, address indexed payee, address to, uint256 amount, uint256 claimed);
    event PayoutDeferred(IERC20 indexed token, address indexed payee, uint256 amount);
    event PayoutAddressSet(address indexed payee, address indexed to);

    /// @notice Adds money from which epochs are paid.
    function fund(IERC20 token, uint256 amount) external;

    /// @notice Puts a payout root forward; only the UsageOracle. Claimable when its window has passed.
    function propose(uint64 epoch, IERC20 token, bytes32 sumRoot, uint32 leafCount, uint256 total) external;

    /// @notice Makes the pending root the active one, after its window. Anyone.
    function activate(IERC20 token) external;

    /// @notice Throws the pending root out, within its window; only the council.
    function reject(IERC20 token, bytes32 reasonDigest) external;

    /// @notice Pays an aligned range of 2^k leaves, k such that the range is proven by one path. At most 512.
    /// A payee that cannot take its money delays nobody: see `PayoutDeferred`.
    /// @param firstIndex Index of the first leaf, a multiple of the range's length.
    /// @param payouts The leaves; those past `leafCount` must be empty.
    /// @param upper Siblings from the range's own root to the tree's.
    function pushRange(IERC20 token, uint256 firstIndex, Payout[] calldata payouts, SumNode[] calldata upper) external;

    /// @notice Pays one payee. Anyone may call; the money goes to the payee.
    function claim(IERC20 token, uint256 index, Payout calldata payout, SumNode[] calldata proof)
        external
        returns (uint256 amount);

    /// @notice Sends the caller's money elsewhere from now on; the zero address restores the default.
    function setPayoutAddress(address to) external;

    function laneOf(IERC20 token) external view returns (Lane memory);
    function pendingRoot(IERC20 token) external view returns (PayoutRoot memory);
    function activeRoot(IERC20 token) external view returns (PayoutRoot memory);
    function claimedBy(IERC20 token, address payee) external view returns (uint256);
    function windowSeconds() external view returns (uint40);
    function payoutAddressOf(address payee) external view returns (address);
}
