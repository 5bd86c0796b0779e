// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IConsentRegistry} from "../../../contracts/interfaces/IConsentRegistry.sol";
import {IFrozenShares} from "../../../contracts/interfaces/IFrozenShares.sol";
import {IRoyaltyLedger} from "../../../contracts/interfaces/IRoyaltyLedger.sol";
import {IWorkRegistry} from "../../../contracts/interfaces/IWorkRegistry.sol";
import {RoyaltyLedger} from "../../../contracts/RoyaltyLedger.sol";
import {WorkId} from "../../../contracts/types/Identifiers.sol";
import {SHARE_SCALE, Share} from "../../../contracts/types/Rights.sol";
import {cheats} from "../stage/Campaign.sol";
import {Pedigree} from "../graph/Pedigree.sol";

/// @notice A coin that anybody mints and whose balances can be read.
interface Coin is IERC20 {
    function mint(address to, uint256 amount) external;
}

/// @notice A ledger over a graph of six works, and ghost sums of what came in and went out of it.
///
/// Works 1 and 2 are originals; 3 is derived from both, 4 from 3, 5 from 1 and 4, 6 from 2 and 5.
abstract contract Books is Pedigree {
    uint64 public constant WORKS = 6;
    uint256 internal constant WEEK = 7 days;

    RoyaltyLedger public immutable ledger;

    mapping(IERC20 token => uint256) public paidIn;
    mapping(IERC20 token => uint256) public paidOut;
    mapping(IERC20 token => uint256) public donated;
    mapping(IERC20 token => mapping(uint64 work => uint256)) public grossOf;
    mapping(uint64 work => Share[][]) internal _splits;
    mapping(uint64 payer => mapping(uint64 work => uint256 share)) private _owes;

    constructor() {
        ledger = new RoyaltyLedger(
            IWorkRegistry(address(registers)),
            IConsentRegistry(address(registers)),
            graph,
            address(this),
            IFrozenShares(address(registers)),
            IAccessManager(address(authority))
        );
        registers.preside(ledger);
        _note(_root());
        _note(_root());
        _derivative(1, 123_456_789, 2, 333_333_333);
        _derivative(3, 370_370_370, 0, 0);
        _derivative(1, 250_000_001, 4, 249_999_999);
        _derivative(2, 1, 5, 499_999_999);
    }

    function versionsOf(uint64 work) public view returns (uint32) {
        return uint32(_splits[work].length);
    }

    function splitOf(uint64 work, uint32 version) public view returns (Share[] memory) {
        return _splits[work][version - 1];
    }

    function dueTo(uint64 work, IERC20 token, uint32 version, address payee) public view returns (uint256) {
        return ledger.dueTo(WorkId.wrap(work), token, version, splitOf(work, version), payee);
    }

    function paidTo(uint64 work, IERC20 token, uint32 version, address payee) public view returns (uint256) {
        return ledger.paidTo(WorkId.wrap(work), token, version, payee);
    }

    /// @notice What a work earns once all is settled, as a numerator: from the payments alone.
    function entitledTo(uint64 work, IERC20 token) public view returns (uint256 numerator) {
        for (uint64 payer = work; payer <= WORKS; ++payer) {
            numerator += grossOf[token][payer] * _owes[payer][work];
        }
    }

    /// @notice Compares the ledger with the ghost sums: what it says each work has, with what is still on its way, and
    /// what the payments alone, in whatever order, give it.
    /// @return broken Which statement does not hold; empty when all do.
    function audit(IERC20 token) external view returns (string memory broken) {
        uint256[] memory booked = new uint256[](WORKS + 1);
        uint256[] memory entitled = new uint256[](WORKS + 1);
        for (uint64 payer = 1; payer <= WORKS; ++payer) {
            booked[payer] += ledger.accruedOf(WorkId.wrap(payer), token);
            IRoyaltyLedger.Flow memory flow = ledger.flowOf(WorkId.wrap(payer), token);
            uint256 unsettled = flow.gross - flow.settled;
            uint256 gross = grossOf[token][payer];
            for (uint64 work = 1; work <= payer; ++work) {
                uint256 share = _owes[payer][work];
                booked[work] += unsettled * share;
                entitled[work] += gross * share;
            }
        }
        uint256 sum;
        for (uint64 work = 1; work <= WORKS; ++work) {
            if (booked[work] != entitled[work]) return "I3: an entitlement depends on how it was paid";
            sum += booked[work];
        }
        if (sum != SHARE_SCALE * paidIn[token]) return "I1: the ledger's identity does not hold";
        uint256 expected = paidIn[token] - paidOut[token] + donated[token];
        if (token.balanceOf(address(ledger)) != expected) return "I2: the ledger holds another amount than it owes";
    }

    function _firstSplits() internal {
        for (uint64 work = 1; work <= WORKS; ++work) {
            Share[] memory shares = _shares();
            ledger.setSplit(WorkId.wrap(work), shares);
            _keep(work, shares);
        }
    }

    function _enact(uint64 work, Share[] memory shares) internal {
        ledger.proposeSplit(WorkId.wrap(work), shares);
        cheats.warp(block.timestamp + WEEK);
        ledger.enactSplit(WorkId.wrap(work), shares, vectorOf[work]);
        _keep(work, shares);
    }

    function _pay(uint64 work, Coin token, uint128 amount) internal {
        token.mint(address(this), amount);
        ledger.pay(WorkId.wrap(work), token, amount);
        paidIn[token] += amount;
        grossOf[token][work] += amount;
    }

    /// @dev One to all of the payees, at parts that hardly ever divide anything evenly.
    function _shares() internal returns (Share[] memory shares) {
        address[] memory payees = _payees();
        uint256 count = _next(1, payees.length);
        uint256 first = _next(0, payees.length - count);
        shares = new Share[](count);
        uint256 left = 10_000;
        for (uint256 i; i < count; ++i) {
            uint256 rest = count - i - 1;
            uint256 bps = rest == 0 ? left : _next(1, left - rest);
            left -= bps;
            shares[i] = Share(payees[first + i], uint16(bps));
        }
    }

    /// @dev Who may be in a split, ascending.
    function _payees() internal view virtual returns (address[] memory);

    function _derivative(uint256 first, uint256 firstShare, uint256 second, uint256 secondShare) private {
        uint256 count = second == 0 ? 1 : 2;
        uint256[] memory parents = new uint256[](count);
        uint256[] memory shares = new uint256[](count);
        (parents[0], shares[0]) = (first, firstShare);
        if (count == 2) (parents[1], shares[1]) = (second, secondShare);
        _note(_derive(parents, shares));
    }

    function _keep(uint64 work, Share[] memory shares) private {
        Share[] storage kept = _splits[work].push();
        for (uint256 i; i < shares.length; ++i) {
            kept.push(shares[i]);
        }
    }

    /// @dev What a work owes each ancestor of its income, and keeps itself.
    function _note(uint64 work) private {
        bytes memory vector = vectorOf[work];
        uint256 kept = SHARE_SCALE;
        for (uint256 i; i < vector.length / ENTRY; ++i) {
            (uint64 ancestor, uint256 share,) = _entryAt(vector, i);
            _owes[work][ancestor] = share;
            kept -= share;
        }
        _owes[work][work] = kept;
    }
}
