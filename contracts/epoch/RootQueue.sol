// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Managed} from "../access/Managed.sol";
import {IEpochDistributor} from "../interfaces/IEpochDistributor.sol";
import {SumTree} from "../libraries/SumTree.sol";
import {BPS_WHOLE} from "../types/Rights.sol";
import {RootFaults} from "./RootFaults.sol";

/// @notice The payout roots of the epoch lane: one active per token, and a queue behind it.
///
/// Roots lie on a ring. Behind the active one are those it followed, before it those that wait; so a root is written
/// over only when enough others have come after it, and no slot is ever cleared. A root waits for its own window and
/// for the roots before it, whose windows end earlier: nothing that comes later delays it. A rejection cuts the queue.
abstract contract RootQueue is IEpochDistributor, Managed {
    /// @dev One slot: what every epoch and every payout touches.
    /// @param charged What holders were charged for the epochs reported, and was not returned: no total exceeds it.
    /// @param active Where on the ring the active root lies; `waiting`, how many wait behind it.
    struct Book {
        uint120 charged;
        uint120 claimed;
        uint8 active;
        uint8 waiting;
    }

    /// @dev One slot.
    /// @param vouched The total of the last root that the council signed, as long as that root stands; else zero.
    struct Pool {
        uint120 funded;
        uint120 vouched;
    }

    /// @dev Three slots.
    /// @param proven What a path must lead to, in one word: see `SumTree.provenBy`.
    struct Root {
        bytes32 proven;
        bytes32 reportHash;
        uint120 total;
        uint32 leafCount;
        uint64 epoch;
        uint40 claimableFrom;
    }

    uint256 private constant _RING = 16;

    /// @dev Four roots behind the active one must stay: what they brought is what is usual.
    uint256 private constant _USUAL_OF = 4;
    uint256 private constant _WAITING_MAX = _RING - _USUAL_OF - 1;

    /// @dev The roots that wait may bring three times what is usual in a window, or a part of the pool.
    uint256 private constant _GROWTH_MAX = 3;

    address public immutable usageOracle;
    uint40 public immutable windowSeconds;
    uint16 public immutable ceilingBps;

    mapping(IERC20 token => Book) internal _books;
    mapping(IERC20 token => Pool) internal _pools;
    mapping(IERC20 token => Root[_RING]) private _roots;
    mapping(uint64 epoch => bytes32) private _rejectedReport;
    mapping(bytes32 proposal => bool) private _isCosigned;

    constructor(address usageOracle_, IAccessManager authority_, uint40 windowSeconds_, uint16 ceilingBps_)
        Managed(authority_)
    {
        if (windowSeconds_ == 0) revert NoWindow();
        if (ceilingBps_ == 0 || ceilingBps_ > BPS_WHOLE) revert BadCeiling(ceilingBps_);
        usageOracle = usageOracle_;
        windowSeconds = windowSeconds_;
        ceilingBps = ceilingBps_;
    }

    modifier onlyUsageOracle() {
        if (msg.sender != usageOracle) revert NotUsageOracle(msg.sender);
        _;
    }

    /// @inheritdoc IEpochDistributor
    function propose(uint64 epoch, bytes32 reportHash, IERC20 token, bytes32 sumRoot, uint32 leafCount, uint256 total)
        external
        onlyUsageOracle
        returns (bytes32 previousReport)
    {
        if (leafCount == 0) revert BadRange(0, 0);
        Book storage book = _books[token];
        uint256 waiting = book.waiting;
        if (waiting == _WAITING_MAX) revert QueueFull(token, waiting);

        uint256 last = book.active + waiting;
        Root storage previous = _rootAt(token, last);
        previousReport = previous.reportHash;
        _checkTotal(token, epoch, sumRoot, previous.total, total);

        uint40 claimableFrom = uint40(block.timestamp) + windowSeconds;
        book.waiting = uint8(waiting + 1);
        Root storage root = _rootAt(token, last + 1);
        root.proven = SumTree.provenBy(sumRoot, total, SumTree.depthOf(leafCount));
        root.reportHash = reportHash;
        root.total = uint120(total);
        root.leafCount = leafCount;
        root.epoch = epoch;
        root.claimableFrom = claimableFrom;
        emit RootProposed(token, epoch, sumRoot, total, leafCount, claimableFrom);
    }

    /// @inheritdoc IEpochDistributor
    function activate(IERC20 token) external {
        Book storage book = _books[token];
        uint256 waiting = book.waiting;
        if (waiting == 0) revert NoPendingRoot(token, 0);
        uint256 next = (book.active + 1) % _RING;
        Root storage root = _roots[token][next];
        if (block.timestamp < root.claimableFrom) revert WindowOpen(root.epoch, root.claimableFrom);

        book.active = uint8(next);
        book.waiting = uint8(waiting - 1);
        emit RootActivated(token, root.epoch, root.reportHash, root.total);
    }

    /// @inheritdoc IEpochDistributor
    function cosign(IERC20 token, uint64 epoch, bytes32 sumRoot, uint256 total) external restricted {
        _isCosigned[_proposalOf(token, epoch, sumRoot, total)] = true;
        emit RootCosigned(token, epoch, sumRoot, total, msg.sender);
    }

    /// @inheritdoc IEpochDistributor
    function reject(IERC20 token, uint64 epoch, bytes32 reasonDigest) external restricted {
        uint256 place = _placeOf(token, epoch);
        uint40 claimableFrom = _rootAt(token, place).claimableFrom;
        if (block.timestamp >= claimableFrom) revert WindowClosed(epoch, claimableFrom);
        _cut(token, place, Fault.COUNCIL, reasonDigest);
    }

    /// @inheritdoc IEpochDistributor
    function rejectDecrease(IERC20 token, uint64 epoch, ProvenLeaf calldata before, ProvenLeaf[] calldata later)
        external
    {
        uint256 place = _placeOf(token, epoch);
        RootFaults.checkDecrease(token, _shown(token, place - 1), _shown(token, place), before, later);
        _cut(token, place, Fault.DECREASE, _word(before.payout.payee));
    }

    /// @inheritdoc IEpochDistributor
    function rejectDisorder(IERC20 token, uint64 epoch, ProvenLeaf calldata first, ProvenLeaf calldata second)
        external
    {
        uint256 place = _placeOf(token, epoch);
        RootFaults.checkDisorder(token, _shown(token, place), first, second);
        _cut(token, place, Fault.DISORDER, _word(second.payout.payee));
    }

    /// @inheritdoc IEpochDistributor
    function rejectSums(
        IERC20 token,
        uint64 epoch,
        uint256 position,
        SumNode calldata left,
        SumNode calldata right,
        ClaimedNode[] calldata path
    ) external {
        uint256 place = _placeOf(token, epoch);
        RootFaults.checkSums(_shown(token, place), position, left, right, path);
        _cut(token, place, Fault.SUMS, bytes32(position));
    }

    /// @inheritdoc IEpochDistributor
    function rejectLeafSum(
        IERC20 token,
        uint64 epoch,
        uint256 index,
        Payout calldata payout,
        ClaimedNode[] calldata path
    ) external {
        uint256 place = _placeOf(token, epoch);
        RootFaults.checkLeafSum(token, _shown(token, place), index, payout, path);
        _cut(token, place, Fault.SUMS, bytes32(index));
    }

    /// @inheritdoc IEpochDistributor
    function rejectOmission(IERC20 token, uint64 epoch, address payee) external onlyUsageOracle {
        _cut(token, _placeOf(token, epoch), Fault.OMISSION, _word(payee));
    }

    /// @inheritdoc IEpochDistributor
    function pendingRoots(IERC20 token) external view returns (PayoutRoot[] memory roots) {
        Book storage book = _books[token];
        roots = new PayoutRoot[](book.waiting);
        for (uint256 i; i < roots.length; ++i) {
            roots[i] = _asPayoutRoot(_rootAt(token, book.active + i + 1));
        }
    }

    /// @inheritdoc IEpochDistributor
    function activeRoot(IERC20 token) external view returns (PayoutRoot memory) {
        return _asPayoutRoot(_activeRoot(token));
    }

    /// @inheritdoc IEpochDistributor
    function rejectedReport(uint64 epoch) external view returns (bytes32) {
        return _rejectedReport[epoch];
    }

    /// @inheritdoc IEpochDistributor
    function standingReport(IERC20 token, uint64 epoch) external view returns (bytes32) {
        uint256 last = _books[token].active + _books[token].waiting;
        for (uint256 i; i <= _WAITING_MAX; ++i) {
            Root storage root = _rootAt(token, last + _RING - i);
            if (root.epoch != epoch) continue;
            // What was rejected stays on the ring until it is written over.
            bytes32 reportHash = root.reportHash;
            return _rejectedReport[epoch] == reportHash ? bytes32(0) : reportHash;
        }
        return bytes32(0);
    }

    /// @inheritdoc IEpochDistributor
    function isCosigned(IERC20 token, uint64 epoch, bytes32 sumRoot, uint256 total) external view returns (bool) {
        return _isCosigned[_proposalOf(token, epoch, sumRoot, total)];
    }

    /// @inheritdoc IEpochDistributor
    function ceilingOf(IERC20 token) external view returns (uint256) {
        return _ceiling(token, _promised(token));
    }

    function _activeRoot(IERC20 token) internal view returns (Root storage) {
        return _roots[token][_books[token].active];
    }

    /// @dev The total of the last root, waiting or active.
    function _promised(IERC20 token) internal view returns (uint256) {
        Book storage book = _books[token];
        return _rootAt(token, uint256(book.active) + book.waiting).total;
    }

    function _checkTotal(IERC20 token, uint64 epoch, bytes32 sumRoot, uint256 promised, uint256 total) private {
        if (total < promised) revert TotalDecreased(promised, total);
        uint256 charged = _books[token].charged;
        if (total > charged) revert NotCharged(total, charged);
        (uint256 base, uint256 byPool) = _poolShare(token);
        // Mostly a part of the pool is enough, and what is usual need not be read.
        if (total <= base + byPool) return;
        uint256 ceiling = _ceiling(token, promised);
        uint256 increase = total - promised;
        if (increase <= ceiling) return;
        bytes32 proposal = _proposalOf(token, epoch, sumRoot, total);
        if (!_isCosigned[proposal]) revert AboveCeiling(increase, ceiling);
        // Once: a root that was thrown out does not come back on the old signature.
        _isCosigned[proposal] = false;
        _pools[token].vouched = uint120(total);
    }

    /// @dev What waits, beyond the active root and what the council vouched for, becomes active within a window: it is
    /// all of that which is bounded, so that many roots promise no more than one.
    function _ceiling(IERC20 token, uint256 promised) private view returns (uint256) {
        (uint256 base, uint256 byPool) = _poolShare(token);
        return Math.saturatingSub(base + Math.max(byPool, _growth(token, _books[token].active)), promised);
    }

    /// @return base From where what waits is counted; `byPool`, how much of the pool may wait.
    function _poolShare(IERC20 token) private view returns (uint256 base, uint256 byPool) {
        Pool storage pool = _pools[token];
        base = Math.max(_activeRoot(token).total, pool.vouched);
        byPool = (pool.funded - base) * ceilingBps / BPS_WHOLE;
    }

    /// @dev The pace is that of the last four active roots. They are never thought to have taken less than a window, for
    /// use that was held back and posted at once is no more usual for it; nor more than a window each. Where there are
    /// fewer than four, those that are not there brought nothing.
    function _growth(IERC20 token, uint256 active) private view returns (uint256) {
        Root storage last = _roots[token][active];
        Root storage first = _rootAt(token, active + _RING - _USUAL_OF);
        uint256 window = windowSeconds;
        uint256 taken = Math.min(last.claimableFrom - first.claimableFrom, _USUAL_OF * window);
        return _GROWTH_MAX * (last.total - first.total) * window / Math.max(taken, window);
    }

    /// @dev The root and everything put behind it; they were built on what it says.
    function _cut(IERC20 token, uint256 place, Fault fault, bytes32 reason) private {
        Book storage book = _books[token];
        uint256 last = book.active + book.waiting;
        book.waiting = uint8(place - book.active - 1);
        if (_pools[token].vouched > _promised(token)) _pools[token].vouched = 0;
        uint64 epoch = _reject(token, place, fault, reason);
        while (++place <= last) {
            _reject(token, place, Fault.BUILT_ON_REJECTED, bytes32(uint256(epoch)));
        }
    }

    function _reject(IERC20 token, uint256 place, Fault fault, bytes32 reason) private returns (uint64 epoch) {
        Root storage root = _rootAt(token, place);
        epoch = root.epoch;
        _rejectedReport[epoch] = root.reportHash;
        emit RootRejected(token, epoch, root.reportHash, fault, reason);
    }

    /// @dev Where a waiting root lies, counted on past the end of the ring.
    function _placeOf(IERC20 token, uint64 epoch) private view returns (uint256 place) {
        Book storage book = _books[token];
        uint256 last = book.active + book.waiting;
        for (place = book.active + 1; place <= last; ++place) {
            if (_rootAt(token, place).epoch == epoch) return place;
        }
        revert NoPendingRoot(token, epoch);
    }

    function _rootAt(IERC20 token, uint256 place) private view returns (Root storage) {
        return _roots[token][place % _RING];
    }

    function _shown(IERC20 token, uint256 place) private view returns (RootFaults.Root memory) {
        Root storage root = _rootAt(token, place);
        return RootFaults.Root(root.proven, root.total, root.leafCount, SumTree.depthOf(root.leafCount));
    }

    function _asPayoutRoot(Root storage root) private view returns (PayoutRoot memory) {
        return PayoutRoot(root.reportHash, root.total, root.leafCount, root.epoch, root.claimableFrom);
    }

    /// @dev All that the council agreed to: neither another total nor another epoch or token has its word.
    function _proposalOf(IERC20 token, uint64 epoch, bytes32 sumRoot, uint256 total) private pure returns (bytes32) {
        return keccak256(abi.encode(token, epoch, sumRoot, total));
    }

    function _word(address payee) private pure returns (bytes32) {
        return bytes32(uint256(uint160(payee)));
    }
}
