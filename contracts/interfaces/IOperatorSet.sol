// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice The oracle's operators: distinct parties, each with a bond behind its signatures.
interface IOperatorSet {
    /// @notice An ERC-2098 signature: `vs` is s, with the parity of v in its highest bit.
    struct Signature {
        bytes32 r;
        bytes32 vs;
    }

    /// @param operators Strictly ascending, none of them zero, at most 32.
    /// @param threshold How many must sign.
    /// @param faults How many are taken to be able to sign two things: 2 * threshold > operators + faults, so that any
    /// two quorums have more operators than that in common.
    struct OperatorPlan {
        address[] operators;
        uint8 threshold;
        uint8 faults;
    }

    /// @param amount What each operator must have bonded when it joins; zero for none.
    /// @param home Where the bond of an operator goes that signed two reports for one epoch.
    struct BondTerms {
        IERC20 token;
        uint128 amount;
        address home;
    }

    error BadOperators();
    error BadBond();
    error BondMismatch(uint256 expected, uint256 received);
    /// @notice Thrown when a bond is still needed: of an operator, or of one that left less than thirty days ago.
    error BondHeld(address operator, uint40 releasableFrom);
    error NotBonded(address operator, uint256 bonded, uint256 needed);
    /// @notice Thrown when a set has an operator whose key was slashed: it joins again with another key.
    error SlashedBefore(address operator);
    /// @notice Thrown for a set that is not the one the oracle was deployed with, or when that was installed already.
    error NotFirstSet(bytes32 planHash);
    error QuorumNotReached(uint256 signatures, uint256 threshold);
    error NotOperator(address signer);
    /// @notice Thrown when signatures are not in ascending order of their signers: nobody signs twice.
    error SignersOutOfOrder(address signer);

    event OperatorsChanged(address[] operators, uint8 threshold, uint8 faults);
    event Bonded(address indexed operator, uint256 amount, uint256 bonded);
    event BondReleased(address indexed operator, uint256 amount);
    event OperatorSlashed(address indexed operator, uint64 indexed epoch, uint256 amount, address home);

    /// @notice Installs the set the oracle was deployed with, once all of it is bonded. Anyone.
    function installFirstSet(OperatorPlan calldata plan) external;

    /// @notice Puts another set in the place of this one; its role announces that seven days before.
    function changeOperators(OperatorPlan calldata plan) external;

    /// @notice Adds to the caller's bond.
    function bond(uint128 amount) external;

    /// @notice Gives the caller its bond back, thirty days after it left the set.
    function releaseBond() external;

    /// @notice Reverts unless the signatures are over that digest and make a quorum of today's operators.
    /// @param signatures Ascending by signer, as many as the threshold or more.
    function checkQuorum(bytes32 digest, Signature[] calldata signatures) external view;

    function bondOf(address operator) external view returns (uint128 amount, uint40 releasableFrom);
    function bondToken() external view returns (IERC20);
    function bondAmount() external view returns (uint128);
    function bondHome() external view returns (address);
    function isOperator(address account) external view returns (bool);
    function operators() external view returns (address[] memory);
    function threshold() external view returns (uint8);
    function faults() external view returns (uint8);
}
