// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IOperatorSet} from "../../../contracts/interfaces/IOperatorSet.sol";
import {LicenceId, WorkId} from "../../../contracts/types/Identifiers.sol";
import {LicenceUsage, Terms} from "../../../contracts/types/Rights.sol";

/// @notice Plays the oracle, the distributor, the register of licences and the ledger: what DirectReports asks of them.
contract Counterparts {
    uint256 public constant LICENCES = 4;

    IERC20 public immutable token;
    bool public isQuorum = true;
    uint256 public paid;

    mapping(uint64 licence => uint256) public unitsOf;
    mapping(uint64 licence => uint256) public revenueOf;
    mapping(uint64 epoch => bytes32) private _standing;

    constructor(IERC20 token_) {
        token = token_;
    }

    function setQuorum(bool isQuorum_) external {
        isQuorum = isQuorum_;
    }

    function stand(uint64 epoch, bytes32 reportHash) external {
        _standing[epoch] = reportHash;
    }

    function recordUsage(LicenceUsage[] calldata usage) external returns (address[] memory holders) {
        unitsOf[LicenceId.unwrap(usage[0].licenceId)] += usage[0].units;
        revenueOf[LicenceId.unwrap(usage[0].licenceId)] += usage[0].revenue;
        return holders;
    }

    function returnUsage(LicenceUsage[] calldata usage) external returns (address[] memory holders) {
        unitsOf[LicenceId.unwrap(usage[0].licenceId)] -= usage[0].units;
        revenueOf[LicenceId.unwrap(usage[0].licenceId)] -= usage[0].revenue;
        return holders;
    }

    function pay(WorkId, IERC20 token_, uint128 amount) external {
        token_.transferFrom(msg.sender, address(this), amount);
        paid += amount;
    }

    function checkQuorum(bytes32, IOperatorSet.Signature[] calldata) external view {
        if (!isQuorum) revert IOperatorSet.QuorumNotReached(0, 1);
    }

    function standingReport(IERC20, uint64 epoch) external view returns (bytes32) {
        return _standing[epoch];
    }

    function frozenOf(LicenceId licenceId)
        external
        view
        returns (address holder, uint40 expiry, WorkId workId, bytes32 termsHash)
    {
        uint64 licence = LicenceId.unwrap(licenceId);
        return (holderOf(licence), type(uint40).max, workOf(licence), keccak256(abi.encode(termsOf(licence))));
    }

    function isAccepted(IERC20) external pure returns (bool) {
        return true;
    }

    /// @notice Two platforms with two licences each, of four prices.
    function holderOf(uint64 licence) public pure returns (address) {
        return address(uint160(0x200000 + licence % 2));
    }

    function workOf(uint64 licence) public pure returns (WorkId) {
        return WorkId.wrap(licence + 100);
    }

    function termsOf(uint64 licence) public view returns (Terms memory terms) {
        terms.token = token;
        terms.unitPrice = uint128(7 ** uint256(licence));
    }
}
