// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {PlainToken} from "../../../contracts/testing/PlainToken.sol";
import {WorkId} from "../../../contracts/types/Identifiers.sol";
import {BPS_WHOLE, SHARE_SCALE, Share} from "../../../contracts/types/Rights.sol";
import {Books, Coin} from "../ledger/Books.sol";

/// @notice Invariant 3 as a question to chance: however money comes in, settled and pushed in between or not, in a
/// token of whatever decimals, everybody ends up with what one exact division gives.
contract PaymentFuzz is Books {
    Coin[5] private _tokens;

    function setUp() external drawing(3) {
        uint8[5] memory decimals = [0, 2, 6, 18, 27];
        for (uint256 i; i < decimals.length; ++i) {
            _tokens[i] = Coin(address(new PlainToken(decimals[i])));
            _tokens[i].approve(address(ledger), type(uint256).max);
            ledger.acceptToken(IERC20(address(_tokens[i])));
        }
        _firstSplits();
    }

    function testFuzz_any_partition_pays_the_same(uint256 seed) external drawing(seed) {
        Coin token = _tokens[_next(0, 4)];
        for (uint256 left = _next(1, 12); left != 0; --left) {
            uint64 work = uint64(_next(1, WORKS));
            _pay(work, token, uint128(_nextAmount(96)));
            if (_next(0, 1) == 0) _settle(uint64(_next(1, WORKS)), token);
            if (_next(0, 1) == 0) _push(uint64(_next(1, WORKS)), token);
        }
        uint256 owed;
        for (uint64 work = WORKS; work != 0; --work) {
            _settle(work, token);
        }
        for (uint64 work = 1; work <= WORKS; ++work) {
            _push(work, token);
            owed += _checkPayees(work, token);
        }
        assert(token.balanceOf(address(ledger)) == paidIn[token] - owed);
    }

    function _payees() internal pure override returns (address[] memory payees) {
        payees = new address[](6);
        for (uint256 i; i < payees.length; ++i) {
            payees[i] = _payee(i);
        }
    }

    function _settle(uint64 work, Coin token) private {
        ledger.settle(WorkId.wrap(work), token, vectorOf[work]);
    }

    function _push(uint64 work, Coin token) private {
        ledger.push(WorkId.wrap(work), token, 1, splitOf(work, 1));
    }

    function _checkPayees(uint64 work, Coin token) private view returns (uint256 sum) {
        uint256 income = entitledTo(work, token);
        Share[] memory shares = splitOf(work, 1);
        for (uint256 i; i < shares.length; ++i) {
            uint256 exact = income * shares[i].bps / (SHARE_SCALE * BPS_WHOLE);
            assert(paidTo(work, token, 1, shares[i].payee) == exact);
            sum += exact;
        }
        // Less than a unit for each payee stays, and it stays theirs.
        assert(income / SHARE_SCALE - sum <= shares.length);
    }
}
