// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CommunityId, WorkId} from "../types/Identifiers.sol";
import {Share} from "../types/Rights.sol";
import {IArbiter} from "./IArbiter.sol";
import {IFrozenShares} from "./IFrozenShares.sol";

/// @notice Disputes about one payee's share of one work. The court freezes that share and releases it; it cannot move
/// it, redirect it, or touch anybody else's. The only money it holds are bonds.
///
/// ```
/// open ── 14 d to answer, the payee alone for the first third ── until day 44 to rule ── else it lapses
///           └─ UPHELD: frozen until a corrected split is in force, or day 90
///           └─ DISMISSED, lapsed or conceded: released at once
/// ```
/// Every freeze ends by time alone: no transaction is needed, and no row of cases holds a share for more than 90 days
/// (see `Freezes`). Half of a loser's bond goes to the winner, half to the treasury, so that a friend's dispute, opened
/// to be lost, costs money too. The winner is the disputer or the payee; who answers in the payee's stead gets its bond
/// back, or loses it when the arbiter upholds the case.
interface IDisputeCourt is IFrozenShares {
    /// OPEN: waits for an answer. ANSWERED: somebody bonded against it. UPHELD: the share stays frozen. DISMISSED,
    /// LAPSED (nobody ruled in time) and RELEASED (upheld, and since corrected) are over.
    enum Status {
        NONE,
        OPEN,
        ANSWERED,
        UPHELD,
        DISMISSED,
        LAPSED,
        RELEASED
    }

    /// @notice What a case is about; its id is the hash of this, so the same claim cannot be brought twice, and
    /// nobody can bring it in another's name.
    /// @param evidence sha2-256 digest of the manifest that holds the disputer's evidence; its CID is rebuilt from it.
    struct Matter {
        address disputer;
        WorkId workId;
        address payee;
        bytes32 evidence;
    }

    /// @param openedAt Unix time. @param bond What each side puts up. @param defender Who answered; zero if nobody.
    struct Case {
        Status status;
        uint40 openedAt;
        uint96 bond;
        IArbiter arbiter;
        address defender;
    }

    error CaseKnown(bytes32 caseId);
    error CaseUnknown(bytes32 caseId);
    /// @notice Thrown when a step does not lead on from where the case is.
    error BadCaseStep(bytes32 caseId, Status from);
    error EvidenceMissing();
    /// @notice Thrown when the bond would be more than the disputer agreed to.
    error BondTooHigh(uint96 bond, uint96 bondMax);
    /// @notice Thrown when somebody answers in the payee's stead before the payee's own time is over.
    error PayeesTurn(bytes32 caseId, uint40 until);
    error AnswerTooLate(bytes32 caseId, uint40 until);
    /// @notice Thrown when a ruling comes before the payee had the time to answer.
    error RulingTooEarly(bytes32 caseId, uint40 notBefore);
    error RulingTooLate(bytes32 caseId, uint40 until);
    error NotRuled(bytes32 caseId);
    error LapseTooEarly(bytes32 caseId, uint40 notBefore);
    /// @notice Thrown when a step is taken by somebody whose step it is not.
    error NotParty(bytes32 caseId, address caller);
    error NotController(WorkId workId, address caller);
    /// @notice Thrown when a freeze would be lifted before a later split than the disputed one is in force.
    error NotCorrected(WorkId workId, uint32 version);
    error NotSteward(CommunityId communityId, address caller);
    /// @notice Thrown when the community's elders have not decided for this arbiter, or it has none to ask.
    error ArbiterNotDecided(CommunityId communityId, bytes32 decisionHash);
    error BadArbiter(IArbiter arbiter);
    /// @notice Thrown when a token delivered another amount than it was told to.
    error AmountMismatch(uint256 expected, uint256 received);
    error NothingOwed(address account);

    event CaseOpened(
        bytes32 indexed caseId,
        WorkId indexed workId,
        address indexed payee,
        address disputer,
        bytes32 evidence,
        uint96 bond,
        IArbiter arbiter,
        uint40 frozenUntil
    );
    event CaseAnswered(bytes32 indexed caseId, address indexed defender, bytes32 evidence);
    event EvidenceGiven(bytes32 indexed caseId, address indexed party, bytes32 evidence);
    /// @param frozenUntil When the share is free again as things stand; in the past when it is free now.
    event CaseEnded(bytes32 indexed caseId, Status status, uint40 frozenUntil);
    event BondsOwed(bytes32 indexed caseId, address indexed account, uint256 amount);
    event BondsCollected(address indexed account, uint256 amount);
    event ArbiterSet(CommunityId indexed communityId, IArbiter arbiter);

    /// @notice Disputes a payee's share and freezes it from this block on.
    /// @param latestSplit The shares of the work's latest split; empty when it has none.
    /// @param bondMax The largest bond the caller agrees to. The court must have the allowance.
    function open(WorkId workId, address payee, bytes32 evidence, Share[] calldata latestSplit, uint96 bondMax)
        external
        returns (bytes32 caseId);

    /// @notice Bonds against a case: the payee, and after the first third of the time to answer anybody.
    function answer(Matter calldata matter, bytes32 evidence) external;

    /// @notice Adds evidence to a case; the disputer, the payee or the defender, and without a bond.
    function giveEvidence(Matter calldata matter, bytes32 evidence) external;

    /// @notice Takes over what the arbiter ruled. Anyone.
    function rule(Matter calldata matter) external;

    /// @notice Gives in: the disputer's case is dismissed, the payee's upheld. A defender cannot give in for the payee, and
    /// loses its bond like by `rule` when the arbiter had upheld the case before.
    function concede(Matter calldata matter) external;

    /// @notice Ends a case that nobody ruled on in time. Anyone; the freeze ends by time whether or not somebody does, and
    /// at once when no other case keeps it going.
    function lapse(Matter calldata matter) external;

    /// @notice Lifts the freeze of an upheld case: the disputer at any time, the work's controller once a later split
    /// is in force, anyone after day 90.
    function release(Matter calldata matter) external;

    /// @notice Pays an account the bonds it is owed. Anyone may call; the money goes to the account.
    function collect(address account) external returns (uint256 amount);

    /// @notice Chooses who rules on a community's works from now on: its steward, after its elders decided
    /// `arbiterDecision`. Until then they rule themselves, or the general arbiter where no approvals are required. Open
    /// cases keep their arbiter.
    function setArbiter(CommunityId communityId, IArbiter arbiter) external;

    function caseIdOf(Matter calldata matter) external pure returns (bytes32);
    function caseOf(bytes32 caseId) external view returns (Case memory);
    /// @notice Who would rule on a case of the community's works. Reverts with `CommunityUnknown`.
    function arbiterOf(CommunityId communityId) external view returns (IArbiter);
    /// @notice What elders approve to choose an arbiter in place of the present one: good for one change.
    function arbiterDecision(CommunityId communityId, IArbiter arbiter) external view returns (bytes32);
    /// @notice The bond of a case that would be opened now: 5 % of what it would freeze in the currency of bonds, and
    /// never less than the minimum.
    function bondFor(WorkId workId, address payee, Share[] calldata latestSplit) external view returns (uint96);
    function frozenUntil(WorkId workId, address payee) external view returns (uint40);
    function owedTo(address account) external view returns (uint256);
}
