// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IRoyaltyLedger} from "../../../contracts/interfaces/IRoyaltyLedger.sol";
import {DevStablecoin} from "../../../contracts/testing/DevStablecoin.sol";
import {FalseReturningToken} from "../../../contracts/testing/FalseReturningToken.sol";
import {FeeTakingToken} from "../../../contracts/testing/FeeTakingToken.sol";
import {ReentrantToken} from "../../../contracts/testing/ReentrantToken.sol";
import {WorkId} from "../../../contracts/types/Identifiers.sol";
import {Share} from "../../../contracts/types/Rights.sol";
import {AwkwardPayees} from "../stage/AwkwardPayees.sol";
import {Books, Coin} from "./Books.sol";

/// @notice Payees that refuse, burn, bomb and come back, a coin that calls them, and tokens that cheat.
contract HostileLedgerHandler is Books {
    AwkwardPayees public immutable awkward;
    Coin public immutable coin;
    ReentrantToken private immutable _reentrantToken;
    Coin[2] private _cheats;

    constructor() drawing(2) {
        awkward = new AwkwardPayees();
        coin = _accept(address(new DevStablecoin()));
        _reentrantToken = new ReentrantToken();
        _accept(address(_reentrantToken));
        _cheats[0] = _accept(address(new FeeTakingToken()));
        _cheats[1] = _accept(address(new FalseReturningToken()));
        _firstSplits();
    }

    function pay(uint256 seed) external drawing(seed) {
        _pay(_work(), coin, uint128(_nextAmount(80)));
    }

    /// @notice Tokens that deliver less than they say, or nothing, are refused.
    function payCheating(uint256 seed) external drawing(seed) {
        Coin token = _cheats[_next(0, 1)];
        uint128 amount = uint128(_next(100, 1 << 64));
        token.mint(address(this), amount);
        try ledger.pay(WorkId.wrap(_work()), token, amount) {
            _expect(false, "I25: less came in than was booked");
        } catch {}
    }

    /// @notice A token that calls back in the middle of a payment gets nowhere.
    function payReentering(uint256 seed) external drawing(seed) {
        uint64 work = _work();
        uint128 amount = uint128(_nextAmount(64));
        _reentrantToken.mint(address(this), amount);
        _reentrantToken.arm(address(ledger), _callback(work, _reentrantToken));
        try ledger.pay(WorkId.wrap(work), _reentrantToken, amount) {
            _expect(false, "I22: a payment was re-entered");
        } catch {}
        _reentrantToken.arm(address(0), "");
    }

    function settle(uint256 seed) external drawing(seed) {
        uint64 work = _work();
        ledger.settle(WorkId.wrap(work), coin, vectorOf[work]);
    }

    /// @notice Whoever will not take money delays nobody: the others get all of theirs.
    function push(uint256 seed) external drawing(seed) {
        uint64 work = _work();
        Share[] memory shares = splitOf(work, 1);
        awkward.reentrant().arm(address(ledger), _callback(work, coin));
        uint256[] memory due = new uint256[](shares.length);
        uint256[] memory held = new uint256[](shares.length);
        for (uint256 i; i < shares.length; ++i) {
            due[i] = dueTo(work, coin, 1, shares[i].payee);
            held[i] = coin.balanceOf(shares[i].payee);
        }
        uint256 before = coin.balanceOf(address(ledger));
        try ledger.push(WorkId.wrap(work), coin, 1, shares) {}
        catch {
            _expect(false, "I22: a payee stopped a push");
        }
        uint256 out;
        for (uint256 i; i < shares.length; ++i) {
            address payee = shares[i].payee;
            bool isPaid = awkward.isHonest(payee) && !registers.isFrozen(WorkId.wrap(work), payee);
            uint256 got = coin.balanceOf(payee) - held[i];
            _expect(got == (isPaid ? due[i] : 0), "I22: a payee changed what another one got");
            _expect(dueTo(work, coin, 1, payee) == due[i] - got, "I22: what is due is not what was not paid");
            out += got;
        }
        _expect(before - coin.balanceOf(address(ledger)) == out, "I2: a push paid somebody else");
        paidOut[coin] += out;
    }

    function claim(uint256 seed) external drawing(seed) {
        uint64 work = _work();
        Share[] memory shares = splitOf(work, 1);
        address payee = shares[_next(0, shares.length - 1)].payee;
        uint256 due = dueTo(work, coin, 1, payee);
        bool isFrozen = registers.isFrozen(WorkId.wrap(work), payee);
        awkward.reentrant().arm(address(ledger), _callback(work, coin));
        try ledger.claim(WorkId.wrap(work), coin, 1, shares, payee) returns (uint256 amount) {
            _expect(amount == due && !isFrozen, "I17: a frozen share was paid");
            _expect(due == 0 || awkward.isHonest(payee), "I22: money went to a payee that refused it");
            paidOut[coin] += amount;
        } catch {
            _expect(isFrozen || (due != 0 && !awkward.isHonest(payee)), "I22: an honest claim was refused");
            _expect(dueTo(work, coin, 1, payee) == due, "I22: a refused claim changed what is due");
        }
    }

    function freeze(uint256 seed) external drawing(seed) {
        registers.freeze(WorkId.wrap(_work()), awkward.payeeAt(_next(0, 5)), _next(0, 1) == 0);
    }

    /// @notice Whoever wants to be paid elsewhere cannot be paid to the ledger itself.
    function redirectToLedger(uint256) external {
        try ledger.setPayoutAddress(address(ledger)) {
            _expect(false, "I2: the ledger pays itself");
        } catch {}
    }

    function _payees() internal view override returns (address[] memory payees) {
        payees = new address[](awkward.COUNT());
        for (uint256 i; i < payees.length; ++i) {
            payees[i] = awkward.payeeAt(i);
        }
    }

    /// @dev What a payee or token tries when it is called: to be paid again, to pay, or to settle.
    function _callback(uint64 work, IERC20 token) private returns (bytes memory) {
        uint256 kind = _next(0, 3);
        WorkId workId = WorkId.wrap(work);
        if (kind == 0) return abi.encodeCall(IRoyaltyLedger.push, (workId, token, 1, splitOf(work, 1)));
        if (kind == 1) return abi.encodeCall(IRoyaltyLedger.pay, (workId, token, 1));
        if (kind == 2) return abi.encodeCall(IRoyaltyLedger.settle, (workId, token, vectorOf[work]));
        address payee = address(awkward.reentrant());
        return abi.encodeCall(IRoyaltyLedger.claim, (workId, token, 1, splitOf(work, 1), payee));
    }

    function _work() private returns (uint64) {
        return uint64(_next(1, WORKS));
    }

    function _accept(address token) private returns (Coin) {
        Coin(token).approve(address(ledger), type(uint256).max);
        ledger.acceptToken(IERC20(token));
        return Coin(token);
    }
}
