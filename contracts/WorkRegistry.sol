// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {IERC721} from "@openzeppelin/contracts/interfaces/IERC721.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IConsentRegistry} from "./interfaces/IConsentRegistry.sol";
import {IERC5192} from "./interfaces/IERC5192.sol";
import {IWorkRegistry} from "./interfaces/IWorkRegistry.sol";
import {ContentId} from "./libraries/ContentId.sol";
import {CommunityId, WorkId} from "./types/Identifiers.sol";
import {WorkKind} from "./types/Rights.sol";

/// @notice See `IWorkRegistry`. A token's id is the work's id. Nothing registered ever changes but the owner of a work
/// that is not communal, so ERC-4906's events are declared and never emitted.
contract WorkRegistry is IWorkRegistry, ERC721, IERC4906, IERC5192 {
    /// @dev The owner shares a slot with what else is known of the work: registering writes one slot less for it.
    struct Record {
        address owner;
        CommunityId communityId;
        WorkKind kind;
        uint40 registeredAt;
        bytes32 contentCommitment;
        bytes32 manifestDigest;
    }

    uint256 private constant _REGISTRATIONS_MAX = 128;
    bytes4 private constant _ERC4906 = 0x49064906;
    CommunityId private constant _NO_COMMUNITY = CommunityId.wrap(0);
    WorkId private constant _NO_WORK = WorkId.wrap(0);

    IConsentRegistry public immutable consents;

    uint64 private _workCount;
    mapping(uint256 tokenId => Record) private _records;
    mapping(bytes32 contentCommitment => WorkId) private _workByContent;
    mapping(address owner => uint256) private _balances;

    constructor(IConsentRegistry consents_) ERC721("Antiphon Works", "WORK") {
        consents = consents_;
    }

    /// @inheritdoc IWorkRegistry
    function register(Registration calldata registration) external returns (WorkId workId) {
        uint64 id = ++_workCount;
        _register(id, registration);
        return WorkId.wrap(id);
    }

    /// @inheritdoc IWorkRegistry
    function registerBatch(Registration[] calldata registrations) external returns (WorkId firstWorkId) {
        uint256 length = registrations.length;
        if (length == 0) revert EmptyRegistration();
        if (length > _REGISTRATIONS_MAX) revert TooManyRegistrations(length);

        uint64 id = _workCount;
        firstWorkId = WorkId.wrap(id + 1);
        for (uint256 i; i < length; ++i) {
            _register(++id, registrations[i]);
        }
        _workCount = id;
    }

    /// @inheritdoc IWorkRegistry
    function workOf(WorkId workId) external view returns (Work memory) {
        Record storage record = _recordOf(workId);
        return Work({
            communityId: record.communityId,
            kind: record.kind,
            registeredAt: record.registeredAt,
            contentCommitment: record.contentCommitment,
            manifestDigest: record.manifestDigest
        });
    }

    /// @inheritdoc IWorkRegistry
    function kindOf(WorkId workId) external view returns (WorkKind) {
        return _recordOf(workId).kind;
    }

    /// @inheritdoc IWorkRegistry
    function controllerOf(WorkId workId) external view returns (address) {
        Record storage record = _recordOf(workId);
        CommunityId communityId = record.communityId;
        return communityId == _NO_COMMUNITY ? record.owner : consents.stewardOf(communityId);
    }

    /// @inheritdoc IWorkRegistry
    function workByContent(bytes32 contentCommitment) external view returns (WorkId) {
        return _workByContent[contentCommitment];
    }

    /// @inheritdoc IWorkRegistry
    function workCount() external view returns (uint64) {
        return _workCount;
    }

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) external view returns (bool) {
        _requireOwned(tokenId);
        return _records[tokenId].communityId != _NO_COMMUNITY;
    }

    /// @notice Where the work's manifest is found: `ipfs://` and its CID.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        return string.concat("ipfs://", ContentId.ofDagCbor(_records[tokenId].manifestDigest));
    }

    function balanceOf(address owner) public view override(ERC721, IERC721) returns (uint256) {
        if (owner == address(0)) revert ERC721InvalidOwner(address(0));
        return _balances[owner];
    }

    function supportsInterface(bytes4 interfaceId) public view override(ERC721, IERC165) returns (bool) {
        return interfaceId == _ERC4906 || interfaceId == type(IERC5192).interfaceId
            || super.supportsInterface(interfaceId);
    }

    function _register(uint64 id, Registration calldata registration) private {
        CommunityId communityId = registration.communityId;
        bytes32 contentCommitment = registration.contentCommitment;
        bytes32 manifestDigest = registration.manifestDigest;
        if (contentCommitment == 0 || manifestDigest == 0) revert EmptyRegistration();
        if (communityId != _NO_COMMUNITY && consents.stewardOf(communityId) != msg.sender) {
            revert NotSteward(communityId, msg.sender);
        }
        WorkId registeredAs = _workByContent[contentCommitment];
        if (registeredAs != _NO_WORK) revert ContentAlreadyRegistered(contentCommitment, registeredAs);

        _workByContent[contentCommitment] = WorkId.wrap(id);
        Record storage record = _records[id];
        _mint(msg.sender, id);
        record.communityId = communityId;
        record.kind = registration.kind;
        record.registeredAt = uint40(block.timestamp);
        record.contentCommitment = contentCommitment;
        record.manifestDigest = manifestDigest;
        emit WorkRegistered(
            WorkId.wrap(id), communityId, msg.sender, registration.kind, contentCommitment, manifestDigest
        );
        if (communityId != _NO_COMMUNITY) emit Locked(id);
    }

    function _recordOf(WorkId workId) private view returns (Record storage record) {
        record = _records[WorkId.unwrap(workId)];
        if (record.owner == address(0)) revert WorkUnknown(workId);
    }

    /// @dev OpenZeppelin's own, over our storage. The commons stays where it is.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        Record storage record = _records[tokenId];
        from = record.owner;
        if (auth != address(0)) _checkAuthorized(from, auth, tokenId);
        if (from != address(0)) {
            if (record.communityId != _NO_COMMUNITY) revert WorkIsCommunal(WorkId.wrap(uint64(tokenId)));
            _approve(address(0), tokenId, address(0), false);
            _balances[from] -= 1;
        }

        _balances[to] += 1;
        record.owner = to;
        emit Transfer(from, to, tokenId);
    }

    function _ownerOf(uint256 tokenId) internal view override returns (address) {
        return _records[tokenId].owner;
    }
}
