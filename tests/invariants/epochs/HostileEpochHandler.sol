// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEpochDistributor} from "../../../contracts/interfaces/IEpochDistributor.sol";
import {DevStablecoin} from "../../../contracts/testing/DevStablecoin.sol";
import {AwkwardPayees} from "../stage/AwkwardPayees.sol";
import {cheats} from "../stage/Campaign.sol";
import {PayoutTree} from "./PayoutTree.sol";
import {Coin, Reports} from "./Reports.sol";

/// @notice Epochs that pay payees who refuse, burn, bomb and come back, in a coin that calls them.
contract HostileEpochHandler is Reports {
    using PayoutTree for PayoutTree.Tree;

    AwkwardPayees public immutable awkward;

    constructor() Reports(Coin(address(new DevStablecoin()))) {
        awkward = new AwkwardPayees();
    }

    /// @notice An epoch from its money to its active root.
    function runEpoch(uint256 seed) external drawing(seed) {
        _fund(_nextAmount(64));
        IEpochDistributor.Payout[] memory payouts = _promise(creditInAll());
        _cosign(PayoutTree.grow(token, payouts));
        _post(payouts, 0);
        cheats.warp(block.timestamp + WINDOW);
        distributor.activate(token);
    }

    /// @notice Whoever will not take money delays nobody: the others get all of theirs.
    function pushRange(uint256 seed) external drawing(seed) {
        PayoutTree.Tree memory tree = _treeOf(distributor.activeRoot(token).epoch);
        if (tree.payouts.length == 0) return;
        uint256 level = tree.pathFrom(tree.widthOf()).length;
        (IEpochDistributor.Payout[] memory payouts, IEpochDistributor.SumNode[] memory upper) = tree.rangeAt(0, level);
        _arm(tree);
        uint256[] memory held = new uint256[](payouts.length);
        for (uint256 i; i < payouts.length; ++i) {
            held[i] = token.balanceOf(payouts[i].payee);
        }
        try distributor.pushRange(token, 0, payouts, upper) {}
        catch {
            _expect(false, "I22: a payee stopped a push");
        }
        for (uint256 i; i < payouts.length; ++i) {
            address payee = payouts[i].payee;
            if (payee == address(0)) continue;
            uint256 due = payouts[i].cumulative - paidTo[payee];
            uint256 got = token.balanceOf(payee) - held[i];
            _expect(got == (awkward.isHonest(payee) ? due : 0), "I22: a payee changed what another one got");
            paidTo[payee] += got;
            paidOut += got;
            _expect(distributor.claimedBy(token, payee) == paidTo[payee], "I8: another amount is claimed than paid");
        }
    }

    function claim(uint256 seed) external drawing(seed) {
        PayoutTree.Tree memory tree = _treeOf(distributor.activeRoot(token).epoch);
        if (tree.payouts.length == 0) return;
        IEpochDistributor.ProvenLeaf memory leaf = tree.leafAt(_next(0, tree.payouts.length - 1));
        address payee = leaf.payout.payee;
        uint256 due = leaf.payout.cumulative - paidTo[payee];
        _arm(tree);
        try distributor.claim(token, leaf.index, leaf.payout, leaf.proof) returns (uint256 amount) {
            _expect(awkward.isHonest(payee) && amount == due, "I22: money went to a payee that refused it");
            paidTo[payee] += amount;
            paidOut += amount;
        } catch {
            _expect(due == 0 || !awkward.isHonest(payee), "I22: an honest claim was refused");
        }
    }

    function _payeeAt(uint256 place) internal view override returns (address) {
        return awkward.payeeAt(place);
    }

    /// @dev The re-entrant payee tries to be paid once more, or to fund.
    function _arm(PayoutTree.Tree memory tree) private {
        IEpochDistributor.ProvenLeaf memory leaf = tree.leafAt(_next(0, tree.payouts.length - 1));
        bytes memory callback = _next(0, 1) == 0
            ? abi.encodeCall(IEpochDistributor.claim, (token, leaf.index, leaf.payout, leaf.proof))
            : abi.encodeCall(IEpochDistributor.fund, (token, 1));
        awkward.reentrant().arm(address(distributor), callback);
    }
}
