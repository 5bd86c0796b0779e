// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IConsentRegistry} from "../../../contracts/interfaces/IConsentRegistry.sol";
import {IRoyaltyLedger} from "../../../contracts/interfaces/IRoyaltyLedger.sol";
import {CommunityId, LicenceId, WorkId} from "../../../contracts/types/Identifiers.sol";
import {Tier, WorkKind} from "../../../contracts/types/Rights.sol";

/// @notice Plays the registers around the contracts that hold money: works, licences, freezes. It says what the
/// handlers told it to; no work in it belongs to a community.
contract Registers {
    uint64 public workCount;

    mapping(WorkId workId => address) private _controller;
    mapping(WorkId workId => WorkKind) private _kind;
    mapping(WorkId workId => bool) private _isAsked;
    mapping(LicenceId licenceId => uint256) private _share;
    mapping(WorkId workId => mapping(address payee => bool)) public isFrozen;
    uint64 private _licenceCount;
    IRoyaltyLedger private _ledger;

    error WorkUnknown(WorkId workId);

    function register(address controller, WorkKind kind) external returns (WorkId workId) {
        workId = WorkId.wrap(++workCount);
        _controller[workId] = controller;
        _kind[workId] = kind;
    }

    function license(uint256 share) external returns (LicenceId licenceId) {
        licenceId = LicenceId.wrap(++_licenceCount);
        _share[licenceId] = share;
    }

    /// @dev Its consent is asked for: from now on somebody may have a licence.
    function ask(WorkId workId) external {
        _isAsked[workId] = true;
    }

    /// @dev As a court: whose shares it freezes.
    function preside(IRoyaltyLedger ledger) external {
        _ledger = ledger;
    }

    function freeze(WorkId workId, address payee, bool frozen) external {
        isFrozen[workId][payee] = frozen;
        _ledger.noteDispute(workId);
    }

    function controllerOf(WorkId workId) public view returns (address controller) {
        controller = _controller[workId];
        if (controller == address(0)) revert WorkUnknown(workId);
    }

    function kindOf(WorkId workId) external view returns (WorkKind) {
        controllerOf(workId);
        return _kind[workId];
    }

    /// @dev Where consent is kept: here.
    function consents() external view returns (Registers) {
        return this;
    }

    /// @dev A `Consent` word by word: its state, nothing else.
    function consentOf(WorkId workId, Tier) external view returns (uint256[9] memory consent) {
        if (_isAsked[workId]) consent[0] = uint256(IConsentRegistry.ConsentState.PROPOSED);
    }

    /// @dev No work in it is registered as a recording of another.
    function compositionOf(WorkId) external pure returns (WorkId) {
        return WorkId.wrap(0);
    }

    /// @dev No work in it was committed to before another.
    function displacedBy(WorkId) external pure returns (WorkId) {
        return WorkId.wrap(0);
    }

    function communityIdOf(WorkId workId) external view returns (CommunityId) {
        controllerOf(workId);
        return CommunityId.wrap(0);
    }

    /// @dev A `Work` word by word: of no community, of this kind, registered at one; whatever else it has is zero.
    function workOf(WorkId workId) external view returns (uint256[5] memory work) {
        controllerOf(workId);
        work[1] = uint256(_kind[workId]);
        work[2] = 1;
    }

    function royaltyShareFor(LicenceId licenceId, address, WorkId) external view returns (uint256) {
        return _share[licenceId];
    }
}
