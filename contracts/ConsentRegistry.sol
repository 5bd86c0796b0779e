// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Communities} from "./communities/Communities.sol";
import {IConsentRegistry} from "./interfaces/IConsentRegistry.sol";
import {IWorkRegistry} from "./interfaces/IWorkRegistry.sol";
import {CommunityId, OfferId, WorkId} from "./types/Identifiers.sol";
import {Tier} from "./types/Rights.sol";

/// @notice See `IConsentRegistry`. A work of no community has no elders: its owner alone decides for it.
contract ConsentRegistry is IConsentRegistry, Communities {
    /// @dev `tally` counts approvals of the offer, and once that is granted, of its reaffirmation.
    struct ConsentRecord {
        ConsentState state;
        bool byVoucher;
        OfferId offer;
        uint40 until;
        uint40 liveUntil;
        uint40 reaffirmSeconds;
        Tally tally;
    }

    bytes32 private constant _ELDER_APPROVAL = keccak256(
        "ElderApproval(address elder,uint64 workId,uint8 tier,uint48 offer,bytes32 termsHash,bool reaffirms,uint256 nonce,uint256 deadline)"
    );

    IWorkRegistry public immutable works;

    uint48 private _offerCount;
    mapping(WorkId workId => mapping(Tier tier => ConsentRecord)) private _consents;
    mapping(OfferId offer => bytes32) private _termsHash;
    mapping(OfferId offer => bytes32) private _labels;

    constructor(IWorkRegistry works_) EIP712("Antiphon Consent Registry", "1") {
        works = works_;
    }

    /// @inheritdoc IConsentRegistry
    function proposeConsent(WorkId workId, Tier tier, ConsentProposal calldata proposal)
        external
        returns (OfferId offer)
    {
        ConsentRecord storage consent = _controlled(workId, tier);
        // Consent is given for the work in its place: this one may be of another community, whose elders decide nothing.
        WorkId by = works.displacedBy(workId);
        if (WorkId.unwrap(by) != 0) revert Displaced(workId, by);
        if (consent.state == ConsentState.SUSPENDED) revert BadConsentStep(workId, tier, ConsentState.SUSPENDED);
        if (proposal.until <= block.timestamp) revert ConsentInThePast(proposal.until);

        offer = OfferId.wrap(++_offerCount);
        _termsHash[offer] = proposal.termsHash;
        if (proposal.labels != 0) _labels[offer] = proposal.labels;
        consent.state = ConsentState.PROPOSED;
        consent.byVoucher = proposal.byVoucher;
        consent.offer = offer;
        consent.until = proposal.until;
        consent.liveUntil = 0;
        consent.reaffirmSeconds = proposal.reaffirmSeconds;
        if (consent.tally.council != 0) delete consent.tally;
        emit ConsentProposed(workId, tier, offer, proposal);
        if (_approvalsRequired(works.communityIdOf(workId)) == 0) _grant(workId, tier, consent);
    }

    /// @inheritdoc IConsentRegistry
    function approveConsent(WorkId workId, Tier tier, OfferId offer) external {
        _approve(workId, tier, offer, msg.sender);
    }

    /// @inheritdoc IConsentRegistry
    function reaffirmConsent(WorkId workId, Tier tier, OfferId offer) external {
        _reaffirm(workId, tier, offer, msg.sender);
    }

    /// @inheritdoc IConsentRegistry
    function approveConsentSigned(ElderApproval calldata approval, bytes calldata signature) external {
        address elder = approval.elder;
        bytes32 words = keccak256(abi.encode(_ELDER_APPROVAL, approval));
        _checkSigned(elder, _hashTypedDataV4(words), approval.deadline, signature);
        _use(elder, approval.nonce, 1);
        bytes32 proposed = _termsHash[approval.offer];
        if (proposed != approval.termsHash) revert TermsDiffer(proposed, approval.termsHash);
        if (approval.reaffirms) _reaffirm(approval.workId, approval.tier, approval.offer, elder);
        else _approve(approval.workId, approval.tier, approval.offer, elder);
    }

    /// @inheritdoc IConsentRegistry
    function refuseConsent(WorkId workId, Tier tier) external {
        ConsentRecord storage consent = _controlled(workId, tier);
        if (consent.state == ConsentState.WITHDRAWN) revert BadConsentStep(workId, tier, consent.state);

        consent.state = ConsentState.REFUSED;
        emit ConsentRefused(workId, tier);
    }

    /// @inheritdoc IConsentRegistry
    function suspendConsent(WorkId workId, Tier tier) external {
        ConsentRecord storage consent = _controlled(workId, tier);
        if (consent.state != ConsentState.GRANTED) revert BadConsentStep(workId, tier, consent.state);

        consent.state = ConsentState.SUSPENDED;
        emit ConsentSuspended(workId, tier);
    }

    /// @inheritdoc IConsentRegistry
    function resumeConsent(WorkId workId, Tier tier) external {
        ConsentRecord storage consent = _controlled(workId, tier);
        if (consent.state != ConsentState.SUSPENDED) revert BadConsentStep(workId, tier, consent.state);
        if (consent.until <= block.timestamp) revert ConsentInThePast(consent.until);

        consent.state = ConsentState.GRANTED;
        emit ConsentResumed(workId, tier);
    }

    /// @inheritdoc IConsentRegistry
    function withdrawConsent(WorkId workId, Tier tier) external {
        ConsentRecord storage consent = _controlled(workId, tier);
        ConsentState from = consent.state;
        bool wasGiven = from == ConsentState.GRANTED || from == ConsentState.SUSPENDED;
        if (!wasGiven) revert BadConsentStep(workId, tier, from);

        consent.state = ConsentState.WITHDRAWN;
        emit ConsentWithdrawn(workId, tier);
    }

    /// @inheritdoc IConsentRegistry
    function withdrawDisplaced(WorkId workId) external {
        if (msg.sender != address(works)) revert NotWorkRegistry(msg.sender);
        for (uint256 i; i <= uint256(type(Tier).max); ++i) {
            Tier tier = Tier(i);
            ConsentRecord storage consent = _consents[workId][tier];
            ConsentState from = consent.state;
            bool isOver = from == ConsentState.NONE || from == ConsentState.REFUSED || from == ConsentState.WITHDRAWN;
            if (isOver) continue;

            consent.state = ConsentState.WITHDRAWN;
            emit ConsentWithdrawn(workId, tier);
        }
    }

    /// @inheritdoc IConsentRegistry
    function consentOf(WorkId workId, Tier tier) external view returns (Consent memory) {
        ConsentRecord storage consent = _consents[workId][tier];
        OfferId offer = consent.offer;
        return Consent({
            state: consent.state,
            approvals: consent.tally.approvals,
            until: consent.until,
            termsHash: _termsHash[offer],
            offer: offer,
            liveUntil: consent.liveUntil,
            reaffirmSeconds: consent.reaffirmSeconds,
            byVoucher: consent.byVoucher,
            labels: _labels[offer]
        });
    }

    /// @inheritdoc IConsentRegistry
    function liveTermsHash(WorkId workId, Tier tier) external view returns (bytes32 termsHash) {
        (, termsHash,) = liveOffer(workId, tier);
    }

    /// @inheritdoc IConsentRegistry
    function termsHashOf(OfferId offer) external view returns (bytes32) {
        return _termsHash[offer];
    }

    /// @inheritdoc IConsentRegistry
    function liveOffer(WorkId workId, Tier tier)
        public
        view
        returns (OfferId offer, bytes32 termsHash, bool byVoucher)
    {
        ConsentRecord storage consent = _consents[workId][tier];
        bool isLive = consent.state == ConsentState.GRANTED && block.timestamp < consent.liveUntil;
        if (!isLive) return (offer, termsHash, byVoucher);
        offer = consent.offer;
        return (offer, _termsHash[offer], consent.byVoucher);
    }

    function _approve(WorkId workId, Tier tier, OfferId offer, address elder) private {
        ConsentRecord storage consent = _consents[workId][tier];
        if (consent.state != ConsentState.PROPOSED) revert BadConsentStep(workId, tier, consent.state);
        if (consent.offer != offer) revert OfferDiffers(consent.offer, offer);
        if (consent.until <= block.timestamp) revert ConsentInThePast(consent.until);
        if (_approvedNow(workId, tier, consent, elder)) _grant(workId, tier, consent);
    }

    function _reaffirm(WorkId workId, Tier tier, OfferId offer, address elder) private {
        ConsentRecord storage consent = _consents[workId][tier];
        if (consent.state != ConsentState.GRANTED) revert BadConsentStep(workId, tier, consent.state);
        if (consent.offer != offer) revert OfferDiffers(consent.offer, offer);
        if (consent.reaffirmSeconds == 0) revert NotSustained(workId, tier);
        if (consent.until <= block.timestamp) revert ConsentInThePast(consent.until);
        // The approvals that granted it, or reaffirmed it last, have done their work.
        if (consent.tally.reachedAt != 0) delete consent.tally;
        if (!_approvedNow(workId, tier, consent, elder)) return;

        uint40 liveUntil = _sustainedUntil(consent);
        consent.liveUntil = liveUntil;
        emit ConsentReaffirmed(workId, tier, liveUntil);
    }

    /// @dev Counts an approval; whether it was the one that sufficed. A work of no community asks its owner.
    function _approvedNow(WorkId workId, Tier tier, ConsentRecord storage consent, address elder)
        private
        returns (bool isReached)
    {
        CommunityId communityId = works.communityIdOf(workId);
        uint8 approvals = 1;
        if (CommunityId.unwrap(communityId) == 0) {
            if (works.controllerOf(workId) != elder) revert NotController(workId, elder);
            isReached = true;
        } else {
            (approvals, isReached) = _count(consent.tally, communityId, _termsHash[consent.offer], elder);
        }
        emit ConsentApproved(workId, tier, elder, approvals);
    }

    function _grant(WorkId workId, Tier tier, ConsentRecord storage consent) private {
        uint40 until = consent.until;
        consent.state = ConsentState.GRANTED;
        consent.liveUntil = _sustainedUntil(consent);
        emit ConsentGranted(workId, tier, _termsHash[consent.offer], until);
    }

    function _sustainedUntil(ConsentRecord storage consent) private view returns (uint40) {
        uint256 until = consent.until;
        uint256 lapse = block.timestamp + consent.reaffirmSeconds;
        return uint40(consent.reaffirmSeconds == 0 || until < lapse ? until : lapse);
    }

    /// @dev The consent on which the caller, who decides for the work, is about to act.
    function _controlled(WorkId workId, Tier tier) private view returns (ConsentRecord storage) {
        if (works.controllerOf(workId) != msg.sender) revert NotController(workId, msg.sender);
        return _consents[workId][tier];
    }
}
