// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {RoyaltyLedger} from "../../contracts/RoyaltyLedger.sol";
import {IConsentRegistry} from "../../contracts/interfaces/IConsentRegistry.sol";
import {IDerivativeGraph} from "../../contracts/interfaces/IDerivativeGraph.sol";
import {IFrozenShares} from "../../contracts/interfaces/IFrozenShares.sol";
import {IWorkRegistry} from "../../contracts/interfaces/IWorkRegistry.sol";
import {WorkId} from "../../contracts/types/Identifiers.sol";
import {BPS_WHOLE, SHARE_SCALE, Share, WorkKind} from "../../contracts/types/Rights.sol";
import {Proof} from "./Proof.sol";

/// @notice Money that does what it says.
contract Coin {
    mapping(address account => uint256) public balanceOf;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        return true;
    }
}

/// @notice Register, graph, court and authority: works below 10 are roots, the others derivatives of one vector.
contract Neighbours {
    bytes30 private _vectorHash;
    address private _frozen;
    address private immutable _controller = msg.sender;

    function link(bytes calldata vector) external {
        _vectorHash = bytes30(keccak256(vector));
    }

    function freeze(RoyaltyLedger ledger, WorkId workId, address payee) external {
        _frozen = payee;
        ledger.noteDispute(workId);
    }

    function controllerOf(uint64) external view returns (address) {
        return _controller;
    }

    function communityIdOf(uint64) external pure returns (uint32) {
        return 0;
    }

    function displacedBy(uint64) external pure returns (uint64) {
        return 0;
    }

    function kindOf(uint64 workId) public pure returns (WorkKind) {
        return workId < 10 ? WorkKind.RECORDING : WorkKind.DERIVATIVE;
    }

    function vectorHashOf(uint64 workId) external view returns (bytes30) {
        return workId < 10 ? bytes30(0) : _vectorHash;
    }

    function isFrozen(uint64, address payee) external view returns (bool) {
        return payee == _frozen;
    }

    function canCall(address, address, bytes4) external pure returns (bool, uint32) {
        return (true, 0);
    }
}

/// @notice What the RoyaltyLedger does with money, for all amounts, shares and basis points at once.
contract LedgerProof is Proof {
    WorkId private constant _ROOT = WorkId.wrap(1);
    WorkId private constant _CHILD = WorkId.wrap(10);
    address private constant _PAYEE = address(0xA11CE);
    address private constant _OTHER = address(0xB0B0B);
    uint256 private constant _STACK_MAX = 500_000_000;
    /// @dev Basis points that divide nothing evenly; two symbolic quotients in one sum are beyond the solver.
    uint16 private constant _THIRD = 3_333;

    Coin private _coin;
    IERC20 private _token;
    Neighbours private _around;
    RoyaltyLedger private _ledger;

    function setUp() external {
        _coin = new Coin();
        _token = IERC20(address(_coin));
        _around = new Neighbours();
        address around = address(_around);
        _ledger = new RoyaltyLedger(
            IWorkRegistry(around),
            IConsentRegistry(around),
            IDerivativeGraph(around),
            around,
            IFrozenShares(around),
            IAccessManager(around)
        );
        _ledger.acceptToken(_token);
        _coin.mint(address(this), type(uint128).max);
    }

    function check_a_settlement_gives_all_away(uint96 amount, uint32 share) external {
        _payChild(amount, share);
        uint256 given = _ledger.accruedOf(_ROOT, _token) + _ledger.accruedOf(_CHILD, _token);
        assert(given == amount * SHARE_SCALE);
    }

    function check_a_root_gets_its_share_exactly(uint96 amount, uint32 share) external {
        _payChild(amount, share);
        assert(_ledger.accruedOf(_ROOT, _token) == uint256(amount) * share);
    }

    function check_settling_twice_is_settling_once(uint96 amount, uint32 share) external {
        bytes memory vector = _payChild(amount, share);
        uint256 before = _ledger.accruedOf(_ROOT, _token);
        _ledger.settle(_CHILD, _token, vector);
        assert(_ledger.accruedOf(_ROOT, _token) == before);
    }

    function check_two_payments_are_one(uint96 first, uint96 second) external {
        _pay(first);
        _pay(second);
        assert(_ledger.accruedOf(_ROOT, _token) == (uint256(first) + second) * SHARE_SCALE);
    }

    function check_payees_get_no_more_than_came_in(uint96 amount) external {
        Share[] memory shares = _split(_THIRD);
        _pay(amount);
        assert(_due(shares, _PAYEE) + _due(shares, _OTHER) <= amount);
    }

    function check_less_than_a_unit_stays(uint96 amount) external {
        Share[] memory shares = _split(_THIRD);
        _pay(amount);
        assert(_due(shares, _PAYEE) + _due(shares, _OTHER) + 1 >= amount);
    }

    function check_a_claim_pays_what_is_due(uint96 amount) external {
        Share[] memory shares = _split(_THIRD);
        _pay(amount);
        uint256 due = _due(shares, _PAYEE);
        vm.assume(due > 0);
        _ledger.claim(_ROOT, _token, 1, shares, _PAYEE);
        assert(_coin.balanceOf(_PAYEE) == due);
    }

    function check_a_claim_pays_once(uint96 amount, uint16 bps) external {
        Share[] memory shares = _split(bps);
        _pay(amount);
        vm.assume(_due(shares, _PAYEE) > 0);
        _ledger.claim(_ROOT, _token, 1, shares, _PAYEE);
        assert(_due(shares, _PAYEE) == 0);
    }

    function check_a_claim_takes_from_nobody_else(uint96 amount) external {
        Share[] memory shares = _split(_THIRD);
        _pay(amount);
        vm.assume(_due(shares, _PAYEE) > 0);
        _ledger.claim(_ROOT, _token, 1, shares, _PAYEE);
        assert(_ledger.paidTo(_ROOT, _token, 1, _OTHER) == 0);
    }

    function check_a_frozen_share_is_not_paid(uint96 amount, uint16 bps) external {
        Share[] memory shares = _split(bps);
        _pay(amount);
        _around.freeze(_ledger, _ROOT, _PAYEE);
        (bool done,) = address(_ledger).call(abi.encodeCall(_ledger.claim, (_ROOT, _token, 1, shares, _PAYEE)));
        assert(!done);
    }

    function check_old_money_keeps_the_old_split(uint96 old, uint96 young) external {
        Share[] memory first = _whole(_PAYEE);
        Share[] memory second = _whole(_OTHER);
        _ledger.setSplit(_ROOT, first);
        _pay(old);
        _ledger.proposeSplit(_ROOT, second);
        vm.prank(_PAYEE);
        _ledger.consentToSplit(_ROOT, keccak256(abi.encode(second)), first);
        _ledger.enactSplit(_ROOT, second, "");
        _pay(young);
        assert(_ledger.dueTo(_ROOT, _token, 1, first, _PAYEE) == old);
        assert(_ledger.dueTo(_ROOT, _token, 2, second, _OTHER) == young);
    }

    function _payChild(uint96 amount, uint32 share) private returns (bytes memory vector) {
        vm.assume(amount > 0 && share <= _STACK_MAX);
        vector = abi.encodePacked(WorkId.unwrap(_ROOT), share);
        _around.link(vector);
        _ledger.pay(_CHILD, _token, amount);
        _ledger.settle(_CHILD, _token, vector);
    }

    function _pay(uint96 amount) private {
        vm.assume(amount > 0);
        _ledger.pay(_ROOT, _token, amount);
    }

    function _split(uint16 bps) private returns (Share[] memory shares) {
        vm.assume(bps > 0 && bps < BPS_WHOLE);
        shares = new Share[](2);
        shares[0] = Share(_PAYEE, bps);
        shares[1] = Share(_OTHER, uint16(BPS_WHOLE) - bps);
        _ledger.setSplit(_ROOT, shares);
    }

    function _whole(address payee) private pure returns (Share[] memory shares) {
        shares = new Share[](1);
        shares[0] = Share(payee, uint16(BPS_WHOLE));
    }

    function _due(Share[] memory shares, address payee) private view returns (uint256) {
        return _ledger.dueTo(_ROOT, _token, 1, shares, payee);
    }
}
