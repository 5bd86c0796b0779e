// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Managed} from "../access/Managed.sol";
import {IArbiter, Ruling} from "../interfaces/IArbiter.sol";
import {CommunityId} from "../types/Identifiers.sol";

/// @notice The council rules, on works of no community or of one that has no elders to ask. A ruling is given once.
contract CouncilArbiter is IArbiter, Managed {
    mapping(address court => mapping(bytes32 caseId => Ruling)) private _rulings;

    error AlreadyRuled(bytes32 caseId, Ruling ruling);
    error NoRuling(bytes32 caseId);

    event Ruled(address indexed court, bytes32 indexed caseId, Ruling ruling);

    constructor(IAccessManager authority_) Managed(authority_) {}

    /// @notice Rules on a case; the court takes it over when anybody asks it to.
    function decide(address court, bytes32 caseId, Ruling ruling) external restricted {
        if (ruling == Ruling.NONE) revert NoRuling(caseId);
        Ruling given = _rulings[court][caseId];
        if (given != Ruling.NONE) revert AlreadyRuled(caseId, given);

        _rulings[court][caseId] = ruling;
        emit Ruled(court, caseId, ruling);
    }

    /// @inheritdoc IArbiter
    function rulingOf(bytes32 caseId, CommunityId) external view returns (Ruling) {
        return _rulings[msg.sender][caseId];
    }
}
