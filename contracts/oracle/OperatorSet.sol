// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Managed} from "../access/Managed.sol";
import {IOperatorSet} from "../interfaces/IOperatorSet.sol";

/// @notice Who signs reports, how many must, and what they stand to lose. See `IOperatorSet`.
///
/// The operators are kept as the code of a contract that does nothing, twenty bytes each: all of them are read for the
/// price of one cold account, however many sign.
abstract contract OperatorSet is IOperatorSet, Managed {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    struct Bond {
        uint128 amount;
        uint40 releasableFrom;
        bool isSlashed;
    }

    /// @dev Keeps the walk along the operators short.
    uint256 private constant _OPERATORS_MAX = 32;

    uint256 private constant _ADDRESS_BYTES = 20;

    /// @dev Longer than any window and any set change: who left can still be held to what it signed.
    uint40 private constant _BOND_HOLD = 30 days;

    /// @dev Before the first set nobody's signatures are enough.
    uint8 private constant _NEVER = type(uint8).max;

    IERC20 public immutable bondToken;
    uint128 public immutable bondAmount;
    address public immutable bondHome;

    mapping(address operator => Bond) private _bonds;
    bytes32 private _firstSet;

    // The last variables: they share a slot with what every report touches besides.
    address private _list;
    uint8 public threshold;
    uint8 public faults;

    constructor(OperatorPlan memory plan, BondTerms memory bond) {
        bondToken = bond.token;
        bondAmount = bond.amount;
        bondHome = bond.home;
        if (bond.amount != 0 && (bond.home == address(0) || address(bond.token) == address(0))) revert BadBond();
        _checkPlan(plan);
        if (bond.amount == 0) {
            _install(plan);
        } else {
            threshold = _NEVER;
            _firstSet = keccak256(abi.encode(plan));
        }
    }

    /// @inheritdoc IOperatorSet
    function installFirstSet(OperatorPlan calldata plan) external {
        bytes32 planHash = keccak256(abi.encode(plan));
        if (planHash != _firstSet) revert NotFirstSet(planHash);
        _firstSet = bytes32(0);
        _requireBonds(plan);
        _install(plan);
    }

    /// @inheritdoc IOperatorSet
    function changeOperators(OperatorPlan calldata plan) external restricted {
        _checkPlan(plan);
        _requireBonds(plan);
        address[] memory before = operators();
        _firstSet = bytes32(0);
        _install(plan);
        for (uint256 i; i < before.length; ++i) {
            if (!isOperator(before[i])) _bonds[before[i]].releasableFrom = uint40(block.timestamp) + _BOND_HOLD;
        }
    }

    /// @inheritdoc IOperatorSet
    function bond(uint128 amount) external {
        uint256 bonded = uint256(_bonds[msg.sender].amount) + amount;
        _bonds[msg.sender].amount = bonded.toUint128();
        emit Bonded(msg.sender, amount, bonded);

        uint256 before = bondToken.balanceOf(address(this));
        bondToken.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = bondToken.balanceOf(address(this)) - before;
        if (received != amount) revert BondMismatch(amount, received);
    }

    /// @inheritdoc IOperatorSet
    function releaseBond() external {
        Bond storage held = _bonds[msg.sender];
        if (isOperator(msg.sender)) revert BondHeld(msg.sender, type(uint40).max);
        if (block.timestamp < held.releasableFrom) revert BondHeld(msg.sender, held.releasableFrom);
        uint256 amount = held.amount;
        held.amount = 0;
        emit BondReleased(msg.sender, amount);
        bondToken.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IOperatorSet
    function checkQuorum(bytes32 digest, Signature[] calldata signatures) external view {
        _checkQuorum(digest, signatures);
    }

    /// @inheritdoc IOperatorSet
    function bondOf(address operator) external view returns (uint128 amount, uint40 releasableFrom) {
        Bond storage held = _bonds[operator];
        return (held.amount, held.releasableFrom);
    }

    /// @inheritdoc IOperatorSet
    function isOperator(address account) public view returns (bool) {
        return _isAmong(operators(), account);
    }

    /// @inheritdoc IOperatorSet
    function operators() public view returns (address[] memory list) {
        bytes memory packed = _list.code;
        list = new address[](packed.length / _ADDRESS_BYTES);
        for (uint256 i; i < list.length; ++i) {
            list[i] = _addressAt(packed, 1 + _ADDRESS_BYTES * i);
        }
    }

    /// @dev Ascending signers, each one an operator: nobody counts twice. Both lists ascend, so one walk is enough.
    function _checkQuorum(bytes32 digest, Signature[] calldata signatures) internal view {
        if (signatures.length < threshold) revert QuorumNotReached(signatures.length, threshold);
        bytes memory packed = _list.code;
        uint256 place = 1;
        address previous;
        for (uint256 i; i < signatures.length; ++i) {
            address signer = _signerOf(digest, signatures[i]);
            if (signer <= previous) revert SignersOutOfOrder(signer);
            previous = signer;
            while (place < packed.length && _addressAt(packed, place) < signer) place += _ADDRESS_BYTES;
            if (place >= packed.length || _addressAt(packed, place) != signer) revert NotOperator(signer);
        }
    }

    /// @dev Takes the whole bond, and the vote for ever: the same two signatures would show the same again. What was
    /// signed before stands or falls by its own proofs.
    function _slash(address operator, uint64 epoch) internal {
        Bond storage held = _bonds[operator];
        uint256 amount = held.amount;
        address[] memory list = operators();
        bool isMember = _isAmong(list, operator);
        if (held.isSlashed || (!isMember && amount == 0)) revert NotOperator(operator);

        held.amount = 0;
        held.isSlashed = true;
        if (isMember) _store(list, operator);
        emit OperatorSlashed(operator, epoch, amount, bondHome);
        if (amount != 0) bondToken.safeTransfer(bondHome, amount);
    }

    function _signerOf(bytes32 digest, Signature calldata signature) internal pure returns (address) {
        return ECDSA.recover(digest, signature.r, signature.vs);
    }

    function _install(OperatorPlan memory plan) private {
        threshold = plan.threshold;
        faults = plan.faults;
        _store(plan.operators, address(0));
        emit OperatorsChanged(plan.operators, plan.threshold, plan.faults);
    }

    /// @dev A contract whose code is STOP and the list; eleven bytes before it return all that comes after them.
    function _store(address[] memory list, address without) private {
        bytes memory packed = hex"00";
        for (uint256 i; i < list.length; ++i) {
            if (list[i] != without) packed = abi.encodePacked(packed, list[i]);
        }
        bytes memory creation = abi.encodePacked(hex"600b5981380380925939f3", packed);
        address stored;
        assembly ("memory-safe") {
            stored := create(0, add(creation, 0x20), mload(creation))
        }
        if (stored == address(0) || stored.code.length != packed.length) revert BadOperators();
        _list = stored;
    }

    /// @dev Two quorums share more operators than are taken to be faulty: 2k > n + f.
    function _checkPlan(OperatorPlan memory plan) private pure {
        uint256 count = plan.operators.length;
        bool isSound = plan.threshold != 0 && plan.threshold <= count && count <= _OPERATORS_MAX
            && 2 * uint256(plan.threshold) > count + plan.faults;
        if (!isSound) revert BadOperators();
        address previous;
        for (uint256 i; i < count; ++i) {
            if (plan.operators[i] <= previous) revert BadOperators();
            previous = plan.operators[i];
        }
    }

    function _requireBonds(OperatorPlan calldata plan) private view {
        for (uint256 i; i < plan.operators.length; ++i) {
            address operator = plan.operators[i];
            Bond storage held = _bonds[operator];
            if (held.isSlashed) revert SlashedBefore(operator);
            if (held.amount < bondAmount) revert NotBonded(operator, held.amount, bondAmount);
        }
    }

    function _isAmong(address[] memory list, address account) private pure returns (bool) {
        for (uint256 i; i < list.length; ++i) {
            if (list[i] == account) return true;
        }
        return false;
    }

    function _addressAt(bytes memory packed, uint256 place) private pure returns (address found) {
        assembly ("memory-safe") {
            found := shr(96, mload(add(add(packed, 0x20), place)))
        }
    }
}
