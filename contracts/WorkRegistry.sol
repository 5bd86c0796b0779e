// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {IConsentRegistry} from "./interfaces/IConsentRegistry.sol";
import {IRoyaltyLedger} from "./interfaces/IRoyaltyLedger.sol";
import {IWorkRegistry} from "./interfaces/IWorkRegistry.sol";
import {IWrappedEther} from "./interfaces/IWrappedEther.sol";
import {RegistrationHash} from "./libraries/RegistrationHash.sol";
import {SignedOnce} from "./signing/SignedOnce.sol";
import {CommunityId, WorkId} from "./types/Identifiers.sol";
import {WorkKind} from "./types/Rights.sol";
import {Catalogue, CatalogueWork, Registration, ShareBook, Work} from "./types/Works.sol";
import {WorkInbox} from "./WorkInbox.sol";
import {WorkToken} from "./WorkToken.sol";

/// @notice See `IWorkRegistry`. Nothing registered ever changes but the owner of a work that is not communal, and,
/// within a day, whose content it is.
contract WorkRegistry is IWorkRegistry, WorkToken, SignedOnce {
    /// @param materialised How many works were made of its leaves.
    struct CatalogueRecord {
        uint40 registeredAt;
        uint32 materialised;
    }

    uint40 public constant COMMITMENT_AGE_MIN = 60;
    uint40 public constant COMMITMENT_AGE_MAX = 1 days;

    uint256 private constant _REGISTRATIONS_MAX = 128;
    WorkId private constant _NO_WORK = WorkId.wrap(0);

    IConsentRegistry public immutable consents;
    IRoyaltyLedger public immutable ledger;
    /// @notice What inboxes wrap ether into; the zero address where they take none.
    IWrappedEther public immutable wrappedEther;

    uint64 private _workCount;
    mapping(bytes32 contentCommitment => WorkId) private _workByContent;
    /// @dev However often a content changes hands, its work is one step away.
    mapping(WorkId displaced => bytes32 contentCommitment) private _contentLost;
    mapping(WorkId recording => WorkId) private _compositionOf;
    mapping(bytes32 commitment => uint40) private _committedAt;
    mapping(bytes32 catalogueHash => CatalogueRecord) private _catalogues;

    constructor(IConsentRegistry consents_, IRoyaltyLedger ledger_, IWrappedEther wrappedEther_)
        ERC721("Antiphon Works", "WORK")
        EIP712("Antiphon Work Registry", "1")
    {
        consents = consents_;
        ledger = ledger_;
        wrappedEther = wrappedEther_;
    }

    /// @inheritdoc IWorkRegistry
    function register(Registration calldata registration) external returns (WorkId workId) {
        return _registerOne(msg.sender, registration, uint40(block.timestamp));
    }

    /// @inheritdoc IWorkRegistry
    function registerBatch(Registration[] calldata registrations) external returns (WorkId firstWorkId) {
        return _registerMany(msg.sender, registrations, uint40(block.timestamp));
    }

    /// @inheritdoc IWorkRegistry
    function registerRecording(WorkId composition, Registration calldata registration)
        external
        returns (WorkId workId)
    {
        if (kindOf(composition) != WorkKind.COMPOSITION) revert NotAComposition(composition);
        if (registration.kind != WorkKind.DERIVATIVE) revert BadRecordingKind(registration.kind);
        workId = _registerOne(msg.sender, registration, uint40(block.timestamp));
        _compositionOf[workId] = composition;
        _records[WorkId.unwrap(workId)].isOfComposition = true;
        emit RecordingOf(workId, composition);
    }

    /// @inheritdoc IWorkRegistry
    function commit(bytes32 commitment) external {
        if (block.timestamp <= _committedAt[commitment] + COMMITMENT_AGE_MAX) return;
        _committedAt[commitment] = uint40(block.timestamp);
        emit RegistrationCommitted(commitment);
    }

    /// @inheritdoc IWorkRegistry
    function reveal(Registration[] calldata registrations, bytes32 salt) external returns (WorkId firstWorkId) {
        bytes32 commitment = commitmentOf(msg.sender, registrations, salt);
        uint40 committed = _committedAt[commitment];
        if (committed == 0) revert CommitmentUnknown(commitment);
        if (!_isOfAge(committed)) {
            revert CommitmentNotOfAge(commitment, committed + COMMITMENT_AGE_MIN, committed + COMMITMENT_AGE_MAX);
        }
        return _registerMany(msg.sender, registrations, _countsFrom(commitment));
    }

    /// @inheritdoc IWorkRegistry
    function registerSigned(
        address owner,
        Registration[] calldata registrations,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external returns (WorkId firstWorkId) {
        bytes32 works = RegistrationHash.ofMany(registrations);
        bytes32 order = _hashTypedDataV4(RegistrationHash.ofOrder(owner, works, nonce, deadline));
        _checkSigned(owner, order, deadline, signature);
        _use(owner, nonce, 1);
        bytes32 commitment = _hashTypedDataV4(RegistrationHash.ofCommitment(owner, works, bytes32(nonce)));
        return _registerMany(owner, registrations, _countsFrom(commitment));
    }

    /// @inheritdoc IWorkRegistry
    function registerCatalogue(Catalogue calldata catalogue) external returns (bytes32 catalogueHash) {
        bool isEmpty = catalogue.count == 0 || catalogue.root == 0 || catalogue.manifestDigest == 0;
        if (isEmpty) revert EmptyRegistration();
        if (catalogue.owner != msg.sender) revert NotCatalogueOwner(catalogue.owner, msg.sender);
        _checkSteward(catalogue.communityId, msg.sender);
        catalogueHash = RegistrationHash.ofCatalogue(catalogue);
        if (_catalogues[catalogueHash].registeredAt != 0) revert CatalogueAlreadyRegistered(catalogueHash);

        _catalogues[catalogueHash].registeredAt = uint40(block.timestamp);
        emit CatalogueRegistered(
            catalogueHash,
            catalogue.communityId,
            catalogue.owner,
            catalogue.count,
            catalogue.root,
            catalogue.manifestDigest
        );
    }

    /// @inheritdoc IWorkRegistry
    function materialise(Catalogue calldata catalogue, CatalogueWork calldata work, bytes32[] calldata proof)
        external
        returns (WorkId workId)
    {
        bytes32 catalogueHash = RegistrationHash.ofCatalogue(catalogue);
        CatalogueRecord storage record = _catalogues[catalogueHash];
        if (record.registeredAt == 0) revert CatalogueUnknown(catalogueHash);
        bool isIn = work.position < catalogue.count
            && MerkleProof.verifyCalldata(proof, catalogue.root, RegistrationHash.ofLeaf(work));
        if (!isIn) revert NotInCatalogue(catalogueHash, work.position);
        // A tree can hold several leaves of one position.
        if (record.materialised == catalogue.count) revert CatalogueFull(catalogueHash, catalogue.count);
        // What a former steward listed is for the present one to make real.
        CommunityId communityId = catalogue.communityId;
        bool isPassedOn = communityId != _NO_COMMUNITY && consents.stewardOf(communityId) != catalogue.owner;
        if (isPassedOn) _checkSteward(communityId, msg.sender);

        ++record.materialised;
        Registration[] memory registrations = new Registration[](1);
        registrations[0] = Registration(communityId, work.kind, work.contentCommitment, work.manifestDigest);
        bytes32 commitment = _commitmentOf(catalogue.owner, registrations, catalogue.root);
        workId = _register(++_workCount, catalogue.owner, registrations[0], _countsFrom(commitment));
        emit WorkMaterialised(workId, catalogueHash, work.position);
        emit MetadataUpdate(WorkId.unwrap(workId));
    }

    /// @inheritdoc IWorkRegistry
    function deliver(WorkId workId, IERC20 token) external {
        _inbox(workId).deliver(token);
    }

    /// @inheritdoc IWorkRegistry
    function deliverEther(WorkId workId) external {
        _inbox(workId).deliverEther();
    }

    /// @inheritdoc IWorkRegistry
    function workOf(WorkId workId) external view returns (Work memory) {
        Record storage record = _recordOf(workId);
        return Work({
            communityId: record.communityId,
            kind: record.kind,
            registeredAt: record.registeredAt,
            manifestDigest: record.manifestDigest
        });
    }

    /// @inheritdoc IWorkRegistry
    function communityIdOf(WorkId workId) external view returns (CommunityId) {
        return _standingOf(workId).communityId;
    }

    /// @inheritdoc IWorkRegistry
    function workByContent(bytes32 contentCommitment) external view returns (WorkId) {
        return _workByContent[contentCommitment];
    }

    /// @inheritdoc IWorkRegistry
    function workCount() external view returns (uint64) {
        return _workCount;
    }

    /// @inheritdoc IWorkRegistry
    function committedAt(bytes32 commitment) external view returns (uint40) {
        return _committedAt[commitment];
    }

    /// @inheritdoc IWorkRegistry
    function catalogueRegisteredAt(bytes32 catalogueHash) external view returns (uint40) {
        return _catalogues[catalogueHash].registeredAt;
    }

    /// @inheritdoc IWorkRegistry
    function shareBooksOf(WorkId workId) external view returns (ShareBook[] memory books) {
        WorkKind kind = kindOf(workId);
        WorkId composition = compositionOf(workId);
        if (composition == _NO_WORK) {
            books = new ShareBook[](1);
            books[0] = ShareBook(kind, workId, controllerOf(workId));
        } else {
            books = new ShareBook[](2);
            books[0] = ShareBook(WorkKind.COMPOSITION, composition, controllerOf(composition));
            books[1] = ShareBook(WorkKind.RECORDING, workId, controllerOf(workId));
        }
    }

    /// @inheritdoc IWorkRegistry
    function kindOf(WorkId workId) public view returns (WorkKind) {
        return _recordOf(workId).kind;
    }

    /// @inheritdoc IWorkRegistry
    function controllerOf(WorkId workId) public view returns (address) {
        Record storage record = _standingOf(workId);
        CommunityId communityId = record.communityId;
        return communityId == _NO_COMMUNITY ? record.owner : consents.stewardOf(communityId);
    }

    /// @inheritdoc IWorkRegistry
    function displacedBy(WorkId workId) public view returns (WorkId) {
        return _records[WorkId.unwrap(workId)].isDisplaced ? _workByContent[_contentLost[workId]] : _NO_WORK;
    }

    /// @inheritdoc IWorkRegistry
    function compositionOf(WorkId workId) public view returns (WorkId) {
        // Most works have none, and their record is read anyway where it is asked for.
        return _records[WorkId.unwrap(workId)].isOfComposition ? _compositionOf[workId] : _NO_WORK;
    }

    /// @inheritdoc IWorkRegistry
    function commitmentOf(address owner, Registration[] calldata registrations, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return _commitmentOf(owner, registrations, salt);
    }

    function inboxOf(WorkId workId) public view override returns (address) {
        bytes memory creation = abi.encodePacked(type(WorkInbox).creationCode, abi.encode(ledger, wrappedEther, workId));
        return Create2.computeAddress(_inboxSalt(workId), keccak256(creation));
    }

    function _registerOne(address owner, Registration memory registration, uint40 countsFrom)
        private
        returns (WorkId workId)
    {
        _checkSteward(registration.communityId, owner);
        return _register(++_workCount, owner, registration, countsFrom);
    }

    function _registerMany(address owner, Registration[] calldata registrations, uint40 countsFrom)
        private
        returns (WorkId firstWorkId)
    {
        uint256 length = registrations.length;
        if (length == 0) revert EmptyRegistration();
        if (length > _REGISTRATIONS_MAX) revert TooManyRegistrations(length);

        uint64 id = _workCount;
        firstWorkId = WorkId.wrap(id + 1);
        for (uint256 i; i < length; ++i) {
            _checkSteward(registrations[i].communityId, owner);
            _register(++id, owner, registrations[i], countsFrom);
        }
        _workCount = id;
    }

    function _register(uint64 id, address owner, Registration memory registration, uint40 countsFrom)
        private
        returns (WorkId workId)
    {
        CommunityId communityId = registration.communityId;
        bytes32 contentCommitment = registration.contentCommitment;
        bytes32 manifestDigest = registration.manifestDigest;
        if (contentCommitment == 0 || manifestDigest == 0) revert EmptyRegistration();
        workId = WorkId.wrap(id);
        WorkId registeredAs = _workByContent[contentCommitment];
        if (registeredAs != _NO_WORK) _displace(registeredAs, workId, contentCommitment, countsFrom);

        _workByContent[contentCommitment] = workId;
        Record storage record = _records[id];
        _mint(owner, id);
        record.communityId = communityId;
        record.kind = registration.kind;
        record.registeredAt = countsFrom;
        record.manifestDigest = manifestDigest;
        emit WorkRegistered(workId, communityId, owner, registration.kind, contentCommitment, manifestDigest);
        if (communityId != _NO_COMMUNITY) emit Locked(id);
    }

    /// @dev Who said it first is first; a registration in the same second stands.
    function _displace(WorkId displaced, WorkId by, bytes32 contentCommitment, uint40 countsFrom) private {
        Record storage record = _records[WorkId.unwrap(displaced)];
        if (record.registeredAt <= countsFrom) revert ContentAlreadyRegistered(contentCommitment, displaced);
        record.isDisplaced = true;
        _contentLost[displaced] = contentCommitment;
        emit WorkDisplaced(displaced, by);
        consents.withdrawDisplaced(displaced);
    }

    /// @dev Uses a commitment up, if there is one of age, and says from when its registrations count.
    function _countsFrom(bytes32 commitment) private returns (uint40) {
        uint40 committed = _committedAt[commitment];
        if (!_isOfAge(committed)) return uint40(block.timestamp);
        delete _committedAt[commitment];
        emit CommitmentRevealed(commitment, committed);
        return committed;
    }

    function _inbox(WorkId workId) private returns (WorkInbox) {
        _recordOf(workId);
        address inbox = inboxOf(workId);
        if (inbox.code.length != 0) return WorkInbox(payable(inbox));
        return new WorkInbox{salt: _inboxSalt(workId)}(ledger, wrappedEther, workId);
    }

    function _commitmentOf(address owner, Registration[] memory registrations, bytes32 salt)
        private
        view
        returns (bytes32)
    {
        bytes32 works = RegistrationHash.ofMany(registrations);
        return _hashTypedDataV4(RegistrationHash.ofCommitment(owner, works, salt));
    }

    function _checkSteward(CommunityId communityId, address owner) private view {
        if (communityId == _NO_COMMUNITY) return;
        if (consents.stewardOf(communityId) != owner) revert NotSteward(communityId, owner);
    }

    function _isOfAge(uint40 committed) private view returns (bool) {
        return block.timestamp >= committed + COMMITMENT_AGE_MIN && block.timestamp <= committed + COMMITMENT_AGE_MAX;
    }

    /// @dev The record of the work, or of the one in its place.
    function _standingOf(WorkId workId) private view returns (Record storage record) {
        record = _recordOf(workId);
        if (record.isDisplaced) record = _records[WorkId.unwrap(displacedBy(workId))];
    }

    function _recordOf(WorkId workId) private view returns (Record storage record) {
        record = _records[WorkId.unwrap(workId)];
        if (record.owner == address(0)) revert WorkUnknown(workId);
    }

    function _inboxSalt(WorkId workId) private pure returns (bytes32) {
        return bytes32(uint256(WorkId.unwrap(workId)));
    }
}
