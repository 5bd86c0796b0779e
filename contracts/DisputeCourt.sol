// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IArbiter, Ruling} from "./interfaces/IArbiter.sol";
import {IConsentRegistry} from "./interfaces/IConsentRegistry.sol";
import {IDisputeCourt} from "./interfaces/IDisputeCourt.sol";
import {IRoyaltyLedger} from "./interfaces/IRoyaltyLedger.sol";
import {ISplitVersions} from "./interfaces/ISplitVersions.sol";
import {IWorkRegistry} from "./interfaces/IWorkRegistry.sol";
import {Freezes} from "./libraries/Freezes.sol";
import {CommunityId, WorkId} from "./types/Identifiers.sol";
import {BPS_WHOLE, Share} from "./types/Rights.sol";

/// @notice See `IDisputeCourt`. No owner, no upgrade, no way out for a bond but to those it is owed.
/// Bonds are owed first and collected later, so that an account that cannot take its money holds up no ruling.
contract DisputeCourt is IDisputeCourt, ReentrancyGuardTransient {
    using Freezes for Freezes.History;
    using SafeERC20 for IERC20;

    /// @dev One slot. `era` says during which freeze of the share the case was opened.
    /// @param splitVersion The latest split when the case was opened.
    struct Docket {
        uint96 bond;
        uint40 openedAt;
        Status status;
        uint32 era;
        uint48 arbiter;
        uint32 splitVersion;
    }

    uint40 public constant ANSWER_TIME = 14 days;
    /// @notice How long the payee alone may answer.
    uint40 public constant PAYEES_TIME = ANSWER_TIME / 3;
    uint40 public constant RULING_TIME = 30 days;
    uint40 public constant FREEZE_MAX = 90 days;
    /// @notice The bond's part of what the case freezes, in basis points.
    uint256 public constant BOND_BPS = 500;
    uint48 private constant _GENERAL = 0;
    uint48 private constant _ELDERS = 1;
    uint48 private constant _CHOSEN = 2;

    IWorkRegistry public immutable works;
    IConsentRegistry public immutable consents;
    IRoyaltyLedger public immutable ledger;
    IERC20 public immutable bondToken;
    uint96 public immutable minimumBond;
    address public immutable treasury;

    /// @dev The first rules where there are no elders to ask, the second for communities that chose none; both are in
    /// the code, for they never change and most cases are theirs. Those that communities chose count from two.
    IArbiter private immutable _generalArbiter;
    IArbiter private immutable _elders;
    IArbiter[] private _chosen;
    mapping(CommunityId communityId => uint48) private _chosenArbiter;
    mapping(bytes32 caseId => Docket) private _dockets;
    mapping(bytes32 caseId => address) private _defender;
    mapping(WorkId workId => mapping(address payee => Freezes.History)) private _freezes;
    mapping(address account => uint256) private _owed;

    constructor(
        IWorkRegistry works_,
        IConsentRegistry consents_,
        IRoyaltyLedger ledger_,
        IArbiter generalArbiter,
        IArbiter elders_,
        IERC20 bondToken_,
        uint96 minimumBond_,
        address treasury_
    ) {
        works = works_;
        consents = consents_;
        ledger = ledger_;
        bondToken = bondToken_;
        minimumBond = minimumBond_;
        treasury = treasury_;
        _generalArbiter = generalArbiter;
        _elders = elders_;
    }

    /// @inheritdoc IDisputeCourt
    function open(WorkId workId, address payee, bytes32 evidence, Share[] calldata latestSplit, uint96 bondMax)
        external
        nonReentrant
        returns (bytes32 caseId)
    {
        if (evidence == bytes32(0)) revert EvidenceMissing();
        caseId = _caseId(msg.sender, workId, payee, evidence);
        if (_dockets[caseId].status != Status.NONE) revert CaseKnown(caseId);
        uint48 arbiter = _arbiterNumber(works.communityIdOf(workId));
        // From here on the ledger asks before it pays a share of the work.
        uint32 splitVersion = ledger.noteDispute(workId);
        uint96 bond = _bond(workId, payee, splitVersion, latestSplit);
        if (bond > bondMax) revert BondTooHigh(bond, bondMax);

        uint40 now_ = uint40(block.timestamp);
        Freezes.History memory history = _freezes[workId][payee].withCase(now_ + ANSWER_TIME + RULING_TIME);
        _freezes[workId][payee] = history;
        _dockets[caseId] = Docket({
            bond: bond,
            openedAt: now_,
            status: Status.OPEN,
            era: history.era,
            arbiter: arbiter,
            splitVersion: splitVersion
        });
        emit CaseOpened(caseId, workId, payee, msg.sender, evidence, bond, _arbiterOf(arbiter), history.until);
        _take(bond);
    }

    /// @inheritdoc IDisputeCourt
    function answer(Matter calldata matter, bytes32 evidence) external nonReentrant {
        (bytes32 caseId, Docket storage docket) = _docketOf(matter);
        if (docket.status != Status.OPEN) revert BadCaseStep(caseId, docket.status);
        if (evidence == bytes32(0)) revert EvidenceMissing();
        uint40 payeesTurnEnds = docket.openedAt + PAYEES_TIME;
        if (msg.sender != matter.payee && block.timestamp < payeesTurnEnds) revert PayeesTurn(caseId, payeesTurnEnds);
        uint40 until = docket.openedAt + ANSWER_TIME;
        if (block.timestamp >= until) revert AnswerTooLate(caseId, until);

        docket.status = Status.ANSWERED;
        _defender[caseId] = msg.sender;
        emit CaseAnswered(caseId, msg.sender, evidence);
        _take(docket.bond);
    }

    /// @inheritdoc IDisputeCourt
    function giveEvidence(Matter calldata matter, bytes32 evidence) external {
        (bytes32 caseId, Docket storage docket) = _docketOf(matter);
        if (!_isPending(docket.status)) revert BadCaseStep(caseId, docket.status);
        if (evidence == bytes32(0)) revert EvidenceMissing();
        bool isSide = msg.sender == matter.disputer || msg.sender == matter.payee;
        if (!isSide && msg.sender != _defender[caseId]) revert NotParty(caseId, msg.sender);

        emit EvidenceGiven(caseId, msg.sender, evidence);
    }

    /// @inheritdoc IDisputeCourt
    function rule(Matter calldata matter) external {
        (bytes32 caseId, Docket storage docket) = _docketOf(matter);
        Status status = docket.status;
        if (!_isPending(status)) revert BadCaseStep(caseId, status);
        uint40 answerEnds = docket.openedAt + ANSWER_TIME;
        if (status == Status.OPEN && block.timestamp < answerEnds) revert RulingTooEarly(caseId, answerEnds);
        if (block.timestamp >= answerEnds + RULING_TIME) revert RulingTooLate(caseId, answerEnds + RULING_TIME);
        Ruling ruling = _arbiterOf(docket.arbiter).rulingOf(caseId, works.communityIdOf(matter.workId));
        if (ruling == Ruling.NONE) revert NotRuled(caseId);

        _end(matter, caseId, docket, ruling == Ruling.UPHELD ? Status.UPHELD : Status.DISMISSED, true);
    }

    /// @inheritdoc IDisputeCourt
    function concede(Matter calldata matter) external {
        (bytes32 caseId, Docket storage docket) = _docketOf(matter);
        if (!_isPending(docket.status)) revert BadCaseStep(caseId, docket.status);
        uint40 over = docket.openedAt + ANSWER_TIME + RULING_TIME;
        if (block.timestamp >= over) revert RulingTooLate(caseId, over);
        bool isDisputer = msg.sender == matter.disputer;
        if (!isDisputer && msg.sender != matter.payee) revert NotParty(caseId, msg.sender);

        if (isDisputer) _end(matter, caseId, docket, Status.DISMISSED, false);
        else _end(matter, caseId, docket, Status.UPHELD, _isUpheld(matter.workId, caseId, docket));
    }

    /// @inheritdoc IDisputeCourt
    function lapse(Matter calldata matter) external {
        (bytes32 caseId, Docket storage docket) = _docketOf(matter);
        if (!_isPending(docket.status)) revert BadCaseStep(caseId, docket.status);
        uint40 over = docket.openedAt + ANSWER_TIME + RULING_TIME;
        if (block.timestamp < over) revert LapseTooEarly(caseId, over);

        _end(matter, caseId, docket, Status.LAPSED, false);
    }

    /// @inheritdoc IDisputeCourt
    function release(Matter calldata matter) external {
        (bytes32 caseId, Docket storage docket) = _docketOf(matter);
        if (docket.status != Status.UPHELD) revert BadCaseStep(caseId, docket.status);
        bool isFree = msg.sender == matter.disputer || block.timestamp >= docket.openedAt + FREEZE_MAX;
        if (!isFree) _checkCorrected(matter.workId, docket.splitVersion);

        docket.status = Status.RELEASED;
        uint40 until = _freezes[matter.workId][matter.payee].finish(docket.era);
        emit CaseEnded(caseId, Status.RELEASED, until);
    }

    /// @inheritdoc IDisputeCourt
    function collect(address account) external nonReentrant returns (uint256 amount) {
        amount = _owed[account];
        if (amount == 0) revert NothingOwed(account);

        _owed[account] = 0;
        emit BondsCollected(account, amount);
        bondToken.safeTransfer(account, amount);
    }

    /// @inheritdoc IDisputeCourt
    function setArbiter(CommunityId communityId, IArbiter arbiter) external {
        if (consents.stewardOf(communityId) != msg.sender) revert NotSteward(communityId, msg.sender);
        if (address(arbiter).code.length == 0) revert BadArbiter(arbiter);
        bytes32 decision = arbiterDecision(communityId, arbiter);
        bool isDecided = _hasElders(communityId) && consents.isDecided(communityId, decision);
        if (!isDecided) revert ArbiterNotDecided(communityId, decision);

        _chosenArbiter[communityId] = uint48(_CHOSEN + _chosen.length);
        _chosen.push(arbiter);
        emit ArbiterSet(communityId, arbiter);
    }

    /// @inheritdoc IDisputeCourt
    function caseOf(bytes32 caseId) external view returns (Case memory) {
        Docket storage docket = _dockets[caseId];
        if (docket.status == Status.NONE) revert CaseUnknown(caseId);
        return Case({
            status: docket.status,
            openedAt: docket.openedAt,
            bond: docket.bond,
            arbiter: _arbiterOf(docket.arbiter),
            defender: _defender[caseId]
        });
    }

    /// @inheritdoc IDisputeCourt
    function arbiterOf(CommunityId communityId) external view returns (IArbiter) {
        return _arbiterOf(_arbiterNumber(communityId));
    }

    /// @inheritdoc IDisputeCourt
    function bondFor(WorkId workId, address payee, Share[] calldata latestSplit) external view returns (uint96) {
        return _bond(workId, payee, ledger.splitCountOf(workId), latestSplit);
    }

    function isFrozen(WorkId workId, address payee) external view returns (bool) {
        return block.timestamp < _freezes[workId][payee].until;
    }

    function frozenAt(WorkId workId, address payee, uint40 time) external view returns (bool) {
        return _freezes[workId][payee].covers(time);
    }

    /// @inheritdoc IDisputeCourt
    function frozenUntil(WorkId workId, address payee) external view returns (uint40) {
        return _freezes[workId][payee].until;
    }

    /// @inheritdoc IDisputeCourt
    function owedTo(address account) external view returns (uint256) {
        return _owed[account];
    }

    /// @inheritdoc IDisputeCourt
    function caseIdOf(Matter calldata matter) external pure returns (bytes32) {
        return _caseId(matter.disputer, matter.workId, matter.payee, matter.evidence);
    }

    /// @inheritdoc IDisputeCourt
    function arbiterDecision(CommunityId communityId, IArbiter arbiter) public view returns (bytes32) {
        uint48 present = _chosenArbiter[communityId];
        return keccak256(abi.encode(block.chainid, address(this), "arbiter", communityId, present, arbiter));
    }

    /// @dev Whether somebody answered in vain: the payee gives in too late to save a puppet's bond. An arbiter that fails,
    /// says what is no ruling, or more than a ruling, keeps nobody from giving in.
    function _isUpheld(WorkId workId, bytes32 caseId, Docket storage docket) private view returns (bool isUpheld) {
        if (docket.status != Status.ANSWERED) return false;
        bytes memory question = abi.encodeCall(IArbiter.rulingOf, (caseId, works.communityIdOf(workId)));
        IArbiter arbiter = _arbiterOf(docket.arbiter);
        Ruling upheld = Ruling.UPHELD;
        assembly ("memory-safe") {
            mstore(0x00, 0)
            isUpheld := staticcall(gas(), arbiter, add(question, 0x20), mload(question), 0x00, 0x20)
            isUpheld := and(isUpheld, eq(mload(0x00), upheld))
        }
    }

    /// @dev Books the outcome. An upheld case goes on freezing; every other one frees the share, unless another case
    /// of the same freeze is still open.
    function _end(Matter calldata matter, bytes32 caseId, Docket storage docket, Status status, bool isRuled) private {
        docket.status = status;
        Freezes.History storage history = _freezes[matter.workId][matter.payee];
        bool isUpheld = status == Status.UPHELD;
        // The payee gave in: else it could use up, by disputes of its own, the time that a real one has.
        if (isUpheld && !isRuled) history.agree(docket.era);
        uint40 until = isUpheld ? history.extend(docket.era, docket.openedAt + FREEZE_MAX) : history.finish(docket.era);
        emit CaseEnded(caseId, status, until);

        _shareBonds(caseId, matter, docket.bond, status, isRuled);
    }

    /// @dev Half of what the loser put up is the winner's, half the treasury's; the rest goes back. The winner is the
    /// disputer or the payee: who defends another gains nothing, and loses its bond by a ruling alone, not because the
    /// payee gave in before it. A case that lapsed was lost by its disputer to the treasury alone: time under a freeze is not
    /// to be had for nothing.
    function _shareBonds(bytes32 caseId, Matter calldata matter, uint256 bond, Status status, bool isRuled) private {
        address defender = _defender[caseId];
        bool isUpheld = status == Status.UPHELD;
        bool isDefended = defender != address(0);
        bool isDefenceLost = isDefended && isUpheld && (isRuled || defender == matter.payee);
        uint256 lost = isUpheld && !isDefenceLost ? 0 : bond;
        uint256 fee = lost / 2;
        address winner = status == Status.DISMISSED ? matter.payee : matter.disputer;
        uint256 won = (isUpheld ? bond : 0) + (lost - fee);
        uint256 back = isDefended && !isDefenceLost ? bond : 0;
        if (defender == winner) (won, back) = (won + back, 0);
        _owe(caseId, winner, won);
        if (lost != 0) _owe(caseId, treasury, fee);
        if (back != 0) _owe(caseId, defender, back);
    }

    function _owe(bytes32 caseId, address account, uint256 amount) private {
        _owed[account] += amount;
        emit BondsOwed(caseId, account, amount);
    }

    function _take(uint256 amount) private {
        uint256 before = bondToken.balanceOf(address(this));
        bondToken.safeTransferFrom(msg.sender, address(this), amount);
        uint256 after_ = bondToken.balanceOf(address(this));
        if (after_ != before + amount) revert AmountMismatch(amount, after_ > before ? after_ - before : 0);
    }

    function _checkCorrected(WorkId workId, uint32 splitVersion) private view {
        if (works.controllerOf(workId) != msg.sender) revert NotController(workId, msg.sender);
        if (ledger.splitCountOf(workId) == splitVersion) revert NotCorrected(workId, splitVersion);
    }

    function _bond(WorkId workId, address payee, uint32 splitVersion, Share[] calldata latestSplit)
        private
        view
        returns (uint96)
    {
        uint256 bond = _frozen(workId, payee, splitVersion, latestSplit) * BOND_BPS / BPS_WHOLE;
        if (bond < minimumBond) return minimumBond;
        return bond < type(uint96).max ? uint96(bond) : type(uint96).max;
    }

    /// @dev What the payee has not claimed of the latest split, in the currency of bonds; zero when it is not in it.
    function _frozen(WorkId workId, address payee, uint32 splitVersion, Share[] calldata latestSplit)
        private
        view
        returns (uint256)
    {
        if (splitVersion == 0) return 0;
        try ledger.dueTo(workId, bondToken, splitVersion, latestSplit, payee) returns (uint256 due) {
            return due;
        } catch (bytes memory reason) {
            if (bytes4(reason) == ISplitVersions.NotAPayee.selector) return 0;
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }

    function _arbiterNumber(CommunityId communityId) private view returns (uint48 number) {
        if (CommunityId.unwrap(communityId) == 0) return _GENERAL;
        number = _chosenArbiter[communityId];
        if (number == 0) number = _hasElders(communityId) ? _ELDERS : _GENERAL;
    }

    /// @dev Where no approvals are required the steward decides alone, and would judge its own works.
    function _hasElders(CommunityId communityId) private view returns (bool) {
        return consents.communityOf(communityId).approvalsRequired != 0;
    }

    function _arbiterOf(uint48 number) private view returns (IArbiter) {
        if (number == _GENERAL) return _generalArbiter;
        return number == _ELDERS ? _elders : _chosen[number - _CHOSEN];
    }

    function _docketOf(Matter calldata matter) private view returns (bytes32 caseId, Docket storage docket) {
        caseId = _caseId(matter.disputer, matter.workId, matter.payee, matter.evidence);
        docket = _dockets[caseId];
        if (docket.status == Status.NONE) revert CaseUnknown(caseId);
    }

    function _isPending(Status status) private pure returns (bool) {
        return status == Status.OPEN || status == Status.ANSWERED;
    }

    function _caseId(address disputer, WorkId workId, address payee, bytes32 evidence) private pure returns (bytes32) {
        return keccak256(abi.encode(disputer, workId, payee, evidence));
    }
}
