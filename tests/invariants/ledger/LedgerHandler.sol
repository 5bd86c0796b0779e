// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IRoyaltyLedger} from "../../../contracts/interfaces/IRoyaltyLedger.sol";
import {PlainToken} from "../../../contracts/testing/PlainToken.sol";
import {WorkId} from "../../../contracts/types/Identifiers.sol";
import {Share} from "../../../contracts/types/Rights.sol";
import {Books, Coin} from "./Books.sol";

/// @notice Payers, payees and controllers who do only what they may: none of their calls is refused.
contract LedgerHandler is Books {
    /// @dev 2^96 of a token is more than there is of any; 2^31 such payments fit the ledger's sums.
    uint256 private constant _AMOUNT_BITS = 96;

    Coin[] private _tokens;
    Coin public touched;

    /// @dev Somebody in some split, watched while another act goes on.
    struct Bystander {
        uint64 work;
        uint32 version;
        address payee;
        Coin token;
        uint256 due;
        uint256 paid;
        uint256 accrued;
    }

    /// @dev Nobody loses by an act; and without an act for it, nothing is paid to anybody.
    modifier watched(uint256 seed) {
        Bystander memory who = _bystander(uint256(keccak256(abi.encode(seed, "bystander"))));
        _;
        uint256 due = dueTo(who.work, who.token, who.version, who.payee);
        uint256 paid = paidTo(who.work, who.token, who.version, who.payee);
        _expect(paid >= who.paid, "I8: what was paid went down");
        _expect(due + paid >= who.due + who.paid, "I9: an entitlement went down");
        _expect(ledger.accruedOf(WorkId.wrap(who.work), who.token) >= who.accrued, "I9: what was accrued went down");
        if (paid != who.paid) {
            bool isFor = _paidWork == who.work && _paidVersion == who.version && address(touched) == address(who.token)
                && (_paidPayee == who.payee || _paidPayee == address(0));
            _expect(isFor, "I9: paid without an act for it");
        }
        _paidWork = 0;
    }

    uint64 private _paidWork;
    uint32 private _paidVersion;
    address private _paidPayee;

    constructor() drawing(1) {
        _accept(0);
        _accept(18);
        touched = _tokens[0];
        _firstSplits();
    }

    function pay(uint256 seed) external watched(seed) drawing(seed) {
        _touch();
        _pay(_work(), touched, uint128(_nextAmount(_AMOUNT_BITS)));
    }

    function payOneUnit(uint256 seed) external watched(seed) drawing(seed) {
        _touch();
        _pay(_work(), touched, 1);
    }

    function settle(uint256 seed) external watched(seed) drawing(seed) {
        _touch();
        uint64 work = _work();
        ledger.settle(WorkId.wrap(work), touched, vectorOf[work]);
        uint256 booked = ledger.accruedOf(WorkId.wrap(work), touched);
        ledger.settle(WorkId.wrap(work), touched, vectorOf[work]);
        _expect(booked == ledger.accruedOf(WorkId.wrap(work), touched), "I8: settling twice changed something");
    }

    function claim(uint256 seed) external watched(seed) drawing(seed) {
        _touch();
        (uint64 work, uint32 version, Share[] memory shares) = _someSplit();
        address payee = shares[_next(0, shares.length - 1)].payee;
        uint256 due = dueTo(work, touched, version, payee);
        (_paidWork, _paidVersion, _paidPayee) = (work, version, payee);

        uint256 before = touched.balanceOf(payee);
        uint256 amount = ledger.claim(WorkId.wrap(work), touched, version, shares, payee);
        _expect(amount == due && touched.balanceOf(payee) == before + due, "I8: a claim paid another amount");
        _expect(dueTo(work, touched, version, payee) == 0, "I8: a claim left something due");
        paidOut[touched] += amount;
    }

    function push(uint256 seed) external watched(seed) drawing(seed) {
        _touch();
        (uint64 work, uint32 version, Share[] memory shares) = _someSplit();
        (_paidWork, _paidVersion, _paidPayee) = (work, version, address(0));
        uint256 before = touched.balanceOf(address(ledger));
        ledger.push(WorkId.wrap(work), touched, version, shares);
        uint256 after_ = touched.balanceOf(address(ledger));
        paidOut[touched] += before - after_;

        ledger.push(WorkId.wrap(work), touched, version, shares);
        _expect(touched.balanceOf(address(ledger)) == after_, "I8: pushing twice paid twice");
    }

    /// @notice The next split of a work; money on its way is settled to the old one.
    function enactSplit(uint256 seed) external watched(seed) drawing(seed) {
        _touch();
        uint64 work = _work();
        if (versionsOf(work) == 4) return;
        _enact(work, _shares());
        for (uint256 i; i < _tokens.length; ++i) {
            IRoyaltyLedger.Flow memory flow = ledger.flowOf(WorkId.wrap(work), _tokens[i]);
            _expect(flow.gross == flow.settled, "I9: a new split takes what came in before it");
        }
    }

    function donate(uint256 seed) external watched(seed) drawing(seed) {
        _touch();
        uint256 amount = _nextAmount(64);
        touched.mint(address(ledger), amount);
        donated[touched] += amount;
    }

    function _payees() internal pure override returns (address[] memory payees) {
        payees = new address[](4);
        for (uint256 i; i < payees.length; ++i) {
            payees[i] = _payee(i);
        }
    }

    function _bystander(uint256 seed) private drawing(seed) returns (Bystander memory who) {
        who.token = _tokens[_next(0, _tokens.length - 1)];
        Share[] memory shares;
        (who.work, who.version, shares) = _someSplit();
        who.payee = shares[_next(0, shares.length - 1)].payee;
        who.due = dueTo(who.work, who.token, who.version, who.payee);
        who.paid = paidTo(who.work, who.token, who.version, who.payee);
        who.accrued = ledger.accruedOf(WorkId.wrap(who.work), who.token);
    }

    function _someSplit() private returns (uint64 work, uint32 version, Share[] memory shares) {
        work = _work();
        version = uint32(_next(1, versionsOf(work)));
        shares = splitOf(work, version);
    }

    function _work() private returns (uint64) {
        return uint64(_next(1, WORKS));
    }

    function _touch() private {
        touched = _tokens[_next(0, _tokens.length - 1)];
    }

    function _accept(uint8 decimals) private {
        Coin token = Coin(address(new PlainToken(decimals)));
        token.approve(address(ledger), type(uint256).max);
        ledger.acceptToken(IERC20(address(token)));
        _tokens.push(token);
    }
}
