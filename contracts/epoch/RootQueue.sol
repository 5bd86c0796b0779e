// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
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
    /// @dev One slot.
    /// @param active Where on the ring the active root lies; `waiting`, how many wait behind it.
    struct Book {
        uint120 funded;
        uint120 claimed;
        uint8 active;
        uint8 waiting;
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

    /// @dev Four roots behind the last one must stay, for the mean.
    uint256 private constant _MEAN_OF = 4;
    uint256 private constant _WAITING_MAX = _RING - _MEAN_OF - 1;

    /// @dev An epoch may promise three times what the last four did on average, or a part of the pool.
    uint256 private constant _GROWTH_MAX = 3;

    address public immutable usageOracle;
    uint40 public immutable windowSeconds;
    uint16 public immutable ceilingBps;

    mapping(IERC20 token => Book) internal _books;
    mapping(IERC20 token => Root[_RING]) private _roots;
    mapping(uint64 epoch => bytes32) private _rejectedReport;
    mapping(bytes32 sumRoot => bool) private _isCosigned;

    constructor(address usageOracle_, IAccessManager authority_, uint40 windowSeconds_, uint16 ceilingBps_)
        Managed(authority_)
    {
        if (ceilingBps_ == 0 || ceilingBps_ > BPS_WHOLE) revert BadCeiling(ceilingBps_);
        usageOracle = usageOracle_;
        windowSeconds = windowSeconds_;
        ceilingBps = ceilingBps_;
    }

    /// @inheritdoc IEpochDistributor
    function propose(uint64 epoch, bytes32 reportHash, IERC20 token, bytes32 sumRoot, uint32 leafCount, uint256 total)
        external
        returns (bytes32 previousReport)
    {
        if (msg.sender != usageOracle) revert NotUsageOracle(msg.sender);
        if (leafCount == 0) revert BadRange(0, 0);
        Book storage book = _books[token];
        uint256 waiting = book.waiting;
        if (waiting == _WAITING_MAX) revert QueueFull(token, waiting);

        uint256 last = book.active + waiting;
        Root storage previous = _rootAt(token, last);
        previousReport = previous.reportHash;
        _checkTotal(token, last, previous.total, total, book.funded, sumRoot);

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
    function cosign(bytes32 sumRoot) external restricted {
        _isCosigned[sumRoot] = true;
        emit RootCosigned(sumRoot, msg.sender);
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
    function rejectOmission(IERC20 token, uint64 epoch, address payee) external {
        if (msg.sender != usageOracle) revert NotUsageOracle(msg.sender);
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
            if (root.epoch == epoch) return root.reportHash;
        }
        return bytes32(0);
    }

    /// @inheritdoc IEpochDistributor
    function isCosigned(bytes32 sumRoot) external view returns (bool) {
        return _isCosigned[sumRoot];
    }

    /// @inheritdoc IEpochDistributor
    function ceilingOf(IERC20 token) external view returns (uint256) {
        Book storage book = _books[token];
        uint256 last = book.active + book.waiting;
        uint256 promised = _rootAt(token, last).total;
        return _ceiling(token, last, promised, book.funded);
    }

    function _activeRoot(IERC20 token) internal view returns (Root storage) {
        return _roots[token][_books[token].active];
    }

    function _checkTotal(IERC20 token, uint256 last, uint256 promised, uint256 total, uint256 funded, bytes32 sumRoot)
        private
    {
        if (total < promised) revert TotalDecreased(promised, total);
        if (total > funded) revert NotFunded(total, funded);
        uint256 ceiling = _ceiling(token, last, promised, funded);
        uint256 increase = total - promised;
        if (increase <= ceiling) return;
        if (!_isCosigned[sumRoot]) revert AboveCeiling(increase, ceiling);
        // Once: a root that was thrown out does not come back on the old signature.
        _isCosigned[sumRoot] = false;
    }

    /// @dev Before the fourth root there is less behind it, and the mean counts what is not there as nothing.
    function _ceiling(IERC20 token, uint256 last, uint256 promised, uint256 funded) private view returns (uint256) {
        uint256 before = _rootAt(token, last + _RING - _MEAN_OF).total;
        uint256 byGrowth = (promised - before) * _GROWTH_MAX / _MEAN_OF;
        uint256 byPool = (funded - promised) * ceilingBps / BPS_WHOLE;
        return byGrowth > byPool ? byGrowth : byPool;
    }

    /// @dev The root and everything put behind it; they were built on what it says.
    function _cut(IERC20 token, uint256 place, Fault fault, bytes32 reason) private {
        Book storage book = _books[token];
        uint256 last = book.active + book.waiting;
        book.waiting = uint8(place - book.active - 1);
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

    function _word(address payee) private pure returns (bytes32) {
        return bytes32(uint256(uint160(payee)));
    }
}
