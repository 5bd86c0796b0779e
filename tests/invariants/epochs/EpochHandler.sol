// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEpochDistributor} from "../../../contracts/interfaces/IEpochDistributor.sol";
import {IUsageOracle} from "../../../contracts/interfaces/IUsageOracle.sol";
import {LicenceUsage} from "../../../contracts/types/Rights.sol";
import {PlainToken} from "../../../contracts/testing/PlainToken.sol";
import {cheats} from "../stage/Campaign.sol";
import {PayoutTree} from "./PayoutTree.sol";
import {Coin, Reports} from "./Reports.sol";

/// @notice Operators, payees, keepers and a council; and forgers, whose attempts must all be refused or thrown out.
contract EpochHandler is Reports {
    using PayoutTree for PayoutTree.Tree;

    uint256 private constant _AMOUNT_BITS = 64;

    /// @notice What the active root may pay at most; never falls.
    uint256 public committed;

    constructor() Reports(Coin(address(new PlainToken(6)))) {}

    function fund(uint256 seed) external drawing(seed) {
        _fund(_nextAmount(_AMOUNT_BITS));
    }

    /// @notice An honest epoch, within the ceiling or with the council's signature.
    function post(uint256 seed) external drawing(seed) {
        _postHonest();
    }

    /// @notice A rejected report gives back what it charged.
    function returnUsage(uint256 seed) external drawing(seed) {
        _returnUsage();
    }

    /// @notice A report that arrives twice is no news.
    function postAgain(uint256 seed) external drawing(seed) {
        uint64 last = oracle.lastEpoch();
        uint256 waiting = distributor.pendingRoots(token).length;
        _postAgain();
        bool isSame = oracle.lastEpoch() == last && distributor.pendingRoots(token).length == waiting;
        _expect(isSame, "I21: a report counted twice");
    }

    /// @notice More than was charged, more than the ceiling, less than before, signed by one operator, or charged to a
    /// holder beyond its credit.
    function postForged(uint256 seed) external drawing(seed) {
        if (_isFull()) return;
        uint256 total = _totalAt(_lastStanding());
        uint256 kind = _next(0, 4);
        uint256 ceiling = distributor.ceilingOf(token);
        IEpochDistributor.Payout[] memory payouts = _promise(0);
        if (kind == 0) payouts[0].cumulative += (charged > total ? charged - total : 0) + 1;
        if (kind == 1) {
            if (ceiling >= funded - total) return;
            payouts[0].cumulative += ceiling + 1;
        }
        if (kind == 2) {
            if (payouts[0].cumulative == 0) return;
            payouts[0].cumulative -= 1;
        }
        PayoutTree.Tree memory tree = PayoutTree.grow(token, payouts);
        LicenceUsage[] memory usage = kind == 0 ? new LicenceUsage[](0) : _usageFor(tree.sums[1]);
        if (kind == 4) usage[0].revenue += uint128(creditInAll() + 1);
        IUsageOracle.EpochReport memory report = _report(tree, 0, usage);
        IUsageOracle.Signature[] memory signatures = _signed(report, 0);
        if (kind == 3) signatures[1] = signatures[0];
        try oracle.postEpoch(report, usage, signatures) {
            _expect(kind != 4, "credits: a holder was charged more than it has");
            _expect(false, "I16: a forged report was taken");
        } catch {}
    }

    function activate(uint256 seed) external drawing(seed) {
        IEpochDistributor.PayoutRoot[] memory waiting = distributor.pendingRoots(token);
        if (waiting.length == 0) return;
        if (block.timestamp < waiting[0].claimableFrom) {
            try distributor.activate(token) {
                _expect(false, "I13: a root was active before its window had passed");
                return;
            } catch {}
            cheats.warp(waiting[0].claimableFrom);
        }
        distributor.activate(token);
        IEpochDistributor.PayoutRoot memory active = distributor.activeRoot(token);
        _expect(active.total >= committed, "I10: what is committed fell");
        _expect(active.total == _totalAt(active.epoch), "I11: a root's total is not the sum of its leaves");
        committed = active.total;
    }

    function claim(uint256 seed) external drawing(seed) {
        PayoutTree.Tree memory tree = _treeOf(distributor.activeRoot(token).epoch);
        if (tree.payouts.length == 0) return;
        uint256 index = _next(0, tree.payouts.length - 1);
        IEpochDistributor.Payout memory payout = tree.payouts[index];
        if (payout.cumulative <= paidTo[payout.payee]) return;
        _claim(tree, index);
    }

    /// @notice A leaf for more, at another index, with an inner node for a leaf, or of a root that still waits.
    function claimForged(uint256 seed) external drawing(seed) {
        uint64 active = distributor.activeRoot(token).epoch;
        uint64 last = _lastStanding();
        PayoutTree.Tree memory tree = _treeOf(_next(0, 1) == 0 ? active : last);
        if (tree.payouts.length == 0) return;
        uint256 index = _next(0, tree.payouts.length - 1);
        IEpochDistributor.ProvenLeaf memory leaf = tree.leafAt(index);
        uint256 kind = _next(0, 3);
        if (kind == 0) leaf.payout.cumulative += _nextAmount(_AMOUNT_BITS);
        if (kind == 1) leaf.index = index ^ 1;
        if (kind == 2) leaf.proof = tree.pathFrom((tree.widthOf() + index) / 2);
        if (kind == 3 && (last == active || _hasLeaf(active, leaf.payout, index))) return;
        if (kind == 2 && leaf.proof.length == tree.pathFrom(tree.widthOf() + index).length) return;
        if (kind == 1 && leaf.proof.length == 0) leaf.index = 1;
        try distributor.claim(token, leaf.index, leaf.payout, leaf.proof) {
            _expect(kind == 3, "I14: a forged leaf was paid");
            _expect(kind != 3, "I13: a root that waits was paid from");
        } catch {}
    }

    function pushRange(uint256 seed) external drawing(seed) {
        PayoutTree.Tree memory tree = _treeOf(distributor.activeRoot(token).epoch);
        if (tree.payouts.length == 0) return;
        uint256 index = _next(0, tree.payouts.length - 1);
        uint256 depth = tree.pathFrom(tree.widthOf()).length;
        uint256 level = _next(0, depth);
        index = index >> level << level;
        (IEpochDistributor.Payout[] memory payouts, IEpochDistributor.SumNode[] memory upper) =
            tree.rangeAt(index, level);
        uint256 before = token.balanceOf(address(distributor));
        distributor.pushRange(token, index, payouts, upper);
        paidOut += before - token.balanceOf(address(distributor));
        for (uint256 i; i < payouts.length; ++i) {
            if (paidTo[payouts[i].payee] < payouts[i].cumulative) paidTo[payouts[i].payee] = payouts[i].cumulative;
        }
    }

    /// @notice The council throws a root out; what was built on it goes too.
    function reject(uint256 seed) external drawing(seed) {
        IEpochDistributor.PayoutRoot[] memory waiting = distributor.pendingRoots(token);
        if (waiting.length == 0) return;
        uint256 place = _next(0, waiting.length - 1);
        if (block.timestamp >= waiting[place].claimableFrom) return;
        distributor.reject(token, waiting[place].epoch, "");
        _expect(distributor.pendingRoots(token).length == place, "I13: a root built on a rejected one stands");
    }

    /// @notice A quorum that lies: it promises somebody less than before. One proof undoes it.
    function postFalling(uint256 seed) external drawing(seed) {
        uint64 before = _lastStanding();
        if (_isFull() || payoutsOf(before).length < 2) return;
        IEpochDistributor.Payout[] memory payouts = _promise(0);
        uint256 place = _next(0, payoutsOf(before).length - 1);
        if (payouts[place].cumulative == 0) return;
        payouts[place == 0 ? 1 : 0].cumulative += payouts[place].cumulative;
        payouts[place].cumulative = 0;
        PayoutTree.Tree memory tree = PayoutTree.grow(token, payouts);
        uint64 epoch = _post(payouts, 0);

        IEpochDistributor.ProvenLeaf[] memory later = new IEpochDistributor.ProvenLeaf[](1);
        later[0] = tree.leafAt(place);
        distributor.rejectDecrease(token, epoch, _treeOf(before).leafAt(place), later);
        _expect(_lastStanding() == before, "I12: a promise that fell stands");
    }

    /// @notice A quorum that lies: the total is more than the leaves come to. One proof undoes it.
    function postUneven(uint256 seed) external drawing(seed) {
        uint64 before = _lastStanding();
        if (_isFull() || distributor.ceilingOf(token) == 0 || _totalAt(before) == funded) return;
        IEpochDistributor.Payout[] memory payouts = _promise(0);
        if (payouts.length < 2) return;
        PayoutTree.Tree memory tree = PayoutTree.grow(token, payouts);
        uint64 epoch = _post(payouts, 1);
        distributor.rejectSums(token, epoch, 0, tree.nodeAt(2), tree.nodeAt(3), new IEpochDistributor.ClaimedNode[](0));
        _expect(_lastStanding() == before, "I11: a sum that is not that of its leaves stands");
    }

    /// @notice An honest root cannot be thrown out by proof.
    function accuseHonest(uint256 seed) external drawing(seed) {
        IEpochDistributor.PayoutRoot[] memory waiting = distributor.pendingRoots(token);
        if (waiting.length == 0) return;
        PayoutTree.Tree memory tree = _treeOf(waiting[0].epoch);
        PayoutTree.Tree memory before = _treeOf(distributor.activeRoot(token).epoch);
        IEpochDistributor.ProvenLeaf[] memory later = new IEpochDistributor.ProvenLeaf[](1);
        later[0] = tree.leafAt(_next(0, tree.payouts.length - 1));
        if (before.payouts.length != 0) {
            uint256 place = _next(0, before.payouts.length - 1);
            try distributor.rejectDecrease(token, waiting[0].epoch, before.leafAt(place), later) {
                _expect(false, "I12: an honest root was thrown out as falling");
            } catch {}
        }
        try distributor.rejectDisorder(token, waiting[0].epoch, tree.leafAt(0), later[0]) {
            _expect(false, "I11: an honest root was thrown out as out of order");
        } catch {}
    }

    function _postHonest() private {
        if (_isFull()) return;
        uint256 total = _totalAt(_lastStanding());
        IEpochDistributor.Payout[] memory payouts = _promise(_next(0, funded - total));
        PayoutTree.Tree memory tree = PayoutTree.grow(token, payouts);
        if (tree.sums[1] - total > distributor.ceilingOf(token)) _cosign(tree);
        _post(payouts, 0);
    }

    function _claim(PayoutTree.Tree memory tree, uint256 index) private {
        IEpochDistributor.ProvenLeaf memory leaf = tree.leafAt(index);
        address payee = leaf.payout.payee;
        uint256 before = token.balanceOf(payee);
        uint256 amount = distributor.claim(token, index, leaf.payout, leaf.proof);
        bool isExact = amount == leaf.payout.cumulative - paidTo[payee] && token.balanceOf(payee) == before + amount;
        _expect(isExact, "I8: a claim paid another amount");
        paidTo[payee] = leaf.payout.cumulative;
        paidOut += amount;
        try distributor.claim(token, index, leaf.payout, leaf.proof) {
            _expect(false, "I8: a claim was paid twice");
        } catch {}
    }

    function _payeeAt(uint256 place) internal pure override returns (address) {
        return _payee(place);
    }

    function _isFull() private view returns (bool) {
        return distributor.pendingRoots(token).length == 11;
    }

    function _totalAt(uint64 epoch) private view returns (uint256 total) {
        IEpochDistributor.Payout[] memory payouts = payoutsOf(epoch);
        for (uint256 i; i < payouts.length; ++i) {
            total += payouts[i].cumulative;
        }
    }

    function _hasLeaf(uint64 epoch, IEpochDistributor.Payout memory payout, uint256 index) private view returns (bool) {
        IEpochDistributor.Payout[] memory payouts = payoutsOf(epoch);
        return index < payouts.length && payouts[index].cumulative == payout.cumulative;
    }
}
