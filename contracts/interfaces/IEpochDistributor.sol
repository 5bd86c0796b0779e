// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Charge} from "../types/Rights.sol";

/// @notice The epoch lane: holds what platforms fund, and pays cumulative totals proven against a Merkle-sum root.
/// What is funded is a licence holder's credit: an epoch is charged to the holders whose licences it counts, each for its
/// own use, and nobody's use is ever paid with another's money.
///
/// Leaf i = keccak256(bytes.concat(keccak256(abi.encode(payee, token, cumulative)))) with sum `cumulative`
/// (OpenZeppelin's double hash); node = keccak256(abi.encodePacked(left, leftSum, right, rightSum)) with sum
/// leftSum + rightSum, sums as uint256. Leaves ascend by payee; the tree is padded to a power of two with
/// (bytes32(0), 0). The root's sum must equal the total put forward, and no total exceeds what was charged.
///
/// Roots wait in a queue, each behind a window of its own. Whoever proves that a waiting root is wrong throws it out,
/// and with it every root built on it; the proofs are about what the root itself says, so an honest one stands.
interface IEpochDistributor {
    /// @notice Why a root was thrown out.
    enum Fault {
        COUNCIL,
        DECREASE,
        DISORDER,
        SUMS,
        OMISSION,
        BUILT_ON_REJECTED
    }

    /// @param reportHash The report that the root is of, which names the root's own hash.
    struct PayoutRoot {
        bytes32 reportHash;
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

    /// @notice A leaf with its path.
    struct ProvenLeaf {
        uint256 index;
        Payout payout;
        SumNode[] proof;
    }

    /// @notice A step of a path whose sums may not add up.
    /// @param hash Of the sibling; `sum`, what the parent says of it.
    /// @param claimedSum What the parent says of the node on the path.
    struct ClaimedNode {
        bytes32 hash;
        uint256 sum;
        uint256 claimedSum;
    }

    /// @notice Neighbouring leaves that one path proves.
    struct PayoutRange {
        uint256 firstIndex;
        Payout[] payouts;
        SumNode[] upper;
    }

    /// @param funded Received; `committed`, promised by active roots; `claimed`, paid out.
    struct Lane {
        uint256 funded;
        uint256 committed;
        uint256 claimed;
    }

    error NotUsageOracle(address caller);
    error ZeroAmount();
    error AmountMismatch(uint256 expected, uint256 received);
    /// @notice Thrown when as many roots wait as the queue holds: activate the oldest.
    error QueueFull(IERC20 token, uint256 waiting);
    error NoPendingRoot(IERC20 token, uint64 epoch);
    error NoActiveRoot(IERC20 token);
    error TotalDecreased(uint256 committed, uint256 total);
    /// @notice Thrown when more would be paid than the active root promises in all.
    error NotFunded(uint256 total, uint256 promised);
    /// @notice Thrown when an epoch's use costs a holder more than it has left.
    error CreditExceeded(IERC20 token, address holder, uint256 charge, uint256 credit);
    /// @notice Thrown when the roots that stand would promise more than holders were charged.
    error NotCharged(uint256 total, uint256 charged);
    /// @notice Thrown when an epoch promises more than it may without the council's signature.
    error AboveCeiling(uint256 increase, uint256 ceiling);
    error WindowOpen(uint64 epoch, uint40 claimableFrom);
    error WindowClosed(uint64 epoch, uint40 claimableFrom);
    error InvalidProof();
    /// @notice Thrown when what was proven is nothing that an honest root could not hold.
    error NoFault();
    error BadRange(uint256 firstIndex, uint256 length);
    error NothingDue(IERC20 token, address payee);
    error BadCeiling(uint16 bps);
    error NoWindow();

    /// @param credit What the holder has now; `funded`, all that the token's lane ever got.
    event Funded(IERC20 indexed token, address indexed holder, uint256 amount, uint256 credit, uint256 funded);
    /// @param credit What the holder has left.
    event Charged(IERC20 indexed token, address indexed holder, uint256 amount, uint256 credit);
    event ChargeReturned(IERC20 indexed token, address indexed holder, uint256 amount, uint256 credit);
    event RootProposed(
        IERC20 indexed token,
        uint64 indexed epoch,
        bytes32 sumRoot,
        uint256 total,
        uint32 leafCount,
        uint40 claimableFrom
    );
    event RootActivated(IERC20 indexed token, uint64 indexed epoch, bytes32 reportHash, uint256 total);
    /// @param reason The council's own digest; else the payee concerned, or for SUMS the position of the node.
    event RootRejected(IERC20 indexed token, uint64 indexed epoch, bytes32 reportHash, Fault fault, bytes32 reason);
    event RootCosigned(
        IERC20 indexed token, uint64 indexed epoch, bytes32 sumRoot, uint256 total, address indexed council
    );
    /// @param claimed Cumulative payouts to this payee in this token.
    event PaidOut(IERC20 indexed token, address indexed payee, address to, uint256 amount, uint256 claimed);
    event PayoutDeferred(IERC20 indexed token, address indexed payee, uint256 amount);
    event PayoutAddressSet(IERC20 indexed token, address indexed payee, address indexed to);

    /// @notice Adds to the caller's credit, from which the use of its licences is paid.
    function fund(IERC20 token, uint256 amount) external;

    /// @notice Adds to another holder's credit.
    function fundFor(IERC20 token, address holder, uint256 amount) external;

    /// @notice Charges holders for an epoch's use, each from its own credit; only the UsageOracle.
    function charge(IERC20 token, Charge[] calldata charges) external;

    /// @notice Gives holders back what they were charged for a report rejected since, once; only the UsageOracle.
    function returnCharges(IERC20 token, Charge[] calldata charges) external;

    /// @notice Puts a payout root forward behind the ones that wait; only the UsageOracle. Claimable when its own
    /// window has passed and the roots before it are through: no later root ever delays it.
    /// @return previousReport Of the root that this one was put behind; zero when it is the token's first.
    function propose(uint64 epoch, bytes32 reportHash, IERC20 token, bytes32 sumRoot, uint32 leafCount, uint256 total)
        external
        returns (bytes32 previousReport);

    /// @notice Makes the oldest waiting root the active one, after its window. Anyone.
    function activate(IERC20 token) external;

    /// @notice Lets a root above the ceiling be proposed, once: with this total, as this token's for this epoch, and not
    /// otherwise; only the council.
    function cosign(IERC20 token, uint64 epoch, bytes32 sumRoot, uint256 total) external;

    /// @notice Throws a waiting root out, within its window; only the council.
    function reject(IERC20 token, uint64 epoch, bytes32 reasonDigest) external;

    /// @notice Throws out a root that promises a payee less than the root before it did, or nothing. Anyone.
    /// @param before The payee's leaf in the root before.
    /// @param later Its leaf in the root; or, when it has none, the two neighbours between which it should be, or the
    /// one leaf at the end beyond which it should be.
    function rejectDecrease(IERC20 token, uint64 epoch, ProvenLeaf calldata before, ProvenLeaf[] calldata later)
        external;

    /// @notice Throws out a root whose leaves do not ascend by payee; two leaves of one payee do not. Anyone.
    function rejectDisorder(IERC20 token, uint64 epoch, ProvenLeaf calldata first, ProvenLeaf calldata second) external;

    /// @notice Throws out a root in which a node's children do not add up to what the path says of it, or which has
    /// something beyond its leaves. Anyone.
    /// @param position Of the node on its level.
    function rejectSums(
        IERC20 token,
        uint64 epoch,
        uint256 position,
        SumNode calldata left,
        SumNode calldata right,
        ClaimedNode[] calldata path
    ) external;

    /// @notice Throws out a root in which a leaf's payout is not what the path says of it. Anyone.
    function rejectLeafSum(
        IERC20 token,
        uint64 epoch,
        uint256 index,
        Payout calldata payout,
        ClaimedNode[] calldata path
    ) external;

    /// @notice Throws out a root whose report withholds less than was frozen; only the UsageOracle, which proves it.
    function rejectOmission(IERC20 token, uint64 epoch, address payee) external;

    /// @notice Pays an aligned range of 2^k leaves, k such that the range is proven by one path. At most 512.
    /// A payee that cannot take its money delays nobody: see `PayoutDeferred`.
    /// @param firstIndex Index of the first leaf, a multiple of the range's length.
    /// @param payouts The leaves; those past `leafCount` must be empty.
    /// @param upper Siblings from the range's own root to the tree's.
    function pushRange(IERC20 token, uint256 firstIndex, Payout[] calldata payouts, SumNode[] calldata upper) external;

    /// @notice Pays several ranges; each as `pushRange`.
    function pushRanges(IERC20 token, PayoutRange[] calldata ranges) external;

    /// @notice Pays one payee. Anyone may call; the money goes to the payee.
    function claim(IERC20 token, uint256 index, Payout calldata payout, SumNode[] calldata proof)
        external
        returns (uint256 amount);

    /// @notice Sends the caller's money in a token elsewhere from now on; the zero address restores the default.
    function setPayoutAddress(IERC20 token, address to) external;

    function laneOf(IERC20 token) external view returns (Lane memory);

    /// @notice The roots that wait, oldest first.
    function pendingRoots(IERC20 token) external view returns (PayoutRoot[] memory);
    function activeRoot(IERC20 token) external view returns (PayoutRoot memory);

    /// @notice The report of an epoch that was rejected; zero for any other epoch.
    function rejectedReport(uint64 epoch) external view returns (bytes32);

    /// @notice The report of a waiting or active root, or of one of the last before it that stand; zero for any other
    /// epoch, a rejected one among them.
    function standingReport(IERC20 token, uint64 epoch) external view returns (bytes32);
    function isCosigned(IERC20 token, uint64 epoch, bytes32 sumRoot, uint256 total) external view returns (bool);

    /// @notice By how much the next root's total may exceed the last one's without the council. The roots that wait may
    /// together promise, beyond the active one or the last that the council signed, `ceilingBps` of what was funded and is
    /// not promised by that one, or three times what the last four active roots brought in the time of a window; of those
    /// that came quicker, what they brought in all.
    function ceilingOf(IERC20 token) external view returns (uint256);

    /// @notice What a licence holder has left for the use of its licences, in base units.
    function creditOf(IERC20 token, address holder) external view returns (uint256);

    /// @notice What holders were charged for the epochs reported, less what came back: with the credits, what was funded.
    function chargedOf(IERC20 token) external view returns (uint256);
    function claimedBy(IERC20 token, address payee) external view returns (uint256);
    function windowSeconds() external view returns (uint40);
    function ceilingBps() external view returns (uint16);
    function payoutAddressOf(IERC20 token, address payee) external view returns (address);
}
