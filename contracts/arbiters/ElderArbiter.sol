// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IArbiter, Ruling} from "../interfaces/IArbiter.sol";
import {IConsentRegistry} from "../interfaces/IConsentRegistry.sol";
import {CommunityId} from "../types/Identifiers.sol";

/// @notice The community's own elders rule: a ruling is a decision of theirs, reached as every other one.
/// Elders that decide both ways have ruled for the payee: in doubt, nobody's money is withheld.
contract ElderArbiter is IArbiter {
    IConsentRegistry public immutable consents;

    constructor(IConsentRegistry consents_) {
        consents = consents_;
    }

    /// @inheritdoc IArbiter
    function rulingOf(bytes32 caseId, CommunityId communityId) external view returns (Ruling) {
        if (_isDecided(caseId, communityId, Ruling.DISMISSED)) return Ruling.DISMISSED;
        return _isDecided(caseId, communityId, Ruling.UPHELD) ? Ruling.UPHELD : Ruling.NONE;
    }

    /// @notice What the elders in office approve to rule on a case of a court; who gave up its seat rules on nothing.
    function rulingDecision(address court, bytes32 caseId, CommunityId communityId, Ruling ruling)
        public
        view
        returns (bytes32)
    {
        uint32 council = consents.communityOf(communityId).council;
        return keccak256(abi.encode(block.chainid, court, "ruling", caseId, communityId, council, ruling));
    }

    function _isDecided(bytes32 caseId, CommunityId communityId, Ruling ruling) private view returns (bool) {
        return consents.isDecided(communityId, rulingDecision(msg.sender, caseId, communityId, ruling));
    }
}
