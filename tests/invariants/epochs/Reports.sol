// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Authority} from "../../../contracts/access/Authority.sol";
import {EpochDistributor} from "../../../contracts/EpochDistributor.sol";
import {IEpochDistributor} from "../../../contracts/interfaces/IEpochDistributor.sol";
import {IFrozenShares} from "../../../contracts/interfaces/IFrozenShares.sol";
import {ILicenceRegistry} from "../../../contracts/interfaces/ILicenceRegistry.sol";
import {IOperatorSet} from "../../../contracts/interfaces/IOperatorSet.sol";
import {IUsageOracle} from "../../../contracts/interfaces/IUsageOracle.sol";
import {LicenceUsage} from "../../../contracts/types/Rights.sol";
import {UsageOracle} from "../../../contracts/UsageOracle.sol";
import {cheats} from "../stage/Campaign.sol";
import {Holders} from "./Holders.sol";
import {PayoutTree} from "./PayoutTree.sol";

/// @notice A coin that anybody mints.
interface Coin is IERC20 {
    function mint(address to, uint256 amount) external;
}

/// @notice The oracle with three operators, of whom two sign, and the distributor behind it; keeps what every root
/// promised, and ghost sums of what came in and went out.
abstract contract Reports is Holders {
    using PayoutTree for PayoutTree.Tree;

    uint40 internal constant WINDOW = 3 days;
    uint16 internal constant CEILING_BPS = 1_000;
    uint256 internal constant PAYEES = 6;

    EpochDistributor public immutable distributor;
    UsageOracle public immutable oracle;
    Coin public immutable token;

    uint256 public funded;
    uint256 public paidOut;
    mapping(address payee => uint256) public paidTo;

    uint256[3] private _keys;
    mapping(uint64 epoch => IEpochDistributor.Payout[]) private _payouts;
    mapping(uint64 epoch => IUsageOracle.EpochReport) private _reports;
    mapping(uint64 epoch => LicenceUsage[]) private _usages;

    constructor(Coin token_) {
        token = token_;
        Authority authority = new Authority(address(this));
        address oracleAt = cheats.computeCreateAddress(address(this), cheats.getNonce(address(this)) + 1);
        distributor = new EpochDistributor(oracleAt, IAccessManager(address(authority)), WINDOW, CEILING_BPS);
        oracle = new UsageOracle(
            ILicenceRegistry(address(this)),
            distributor,
            IFrozenShares(address(0)),
            IAccessManager(address(authority)),
            IOperatorSet.OperatorPlan(_operators(), 2, 0),
            IOperatorSet.BondTerms(IERC20(address(0)), 0, address(0))
        );
        token_.approve(address(distributor), type(uint256).max);
    }

    function payoutsOf(uint64 epoch) public view returns (IEpochDistributor.Payout[] memory) {
        return _payouts[epoch];
    }

    function _fund(uint256 amount) internal {
        address holder = holderAt(_next(0, HOLDERS - 1));
        token.mint(address(this), amount);
        distributor.fundFor(token, holder, amount);
        funded += amount;
        credit[holder] += amount;
    }

    /// @dev Epoch of the root that the next one is put behind; zero before the first.
    function _lastStanding() internal view returns (uint64) {
        IEpochDistributor.PayoutRoot[] memory waiting = distributor.pendingRoots(token);
        return waiting.length == 0 ? distributor.activeRoot(token).epoch : waiting[waiting.length - 1].epoch;
    }

    /// @dev What the payees were last promised and a random part of `pool` on top; more payees may join.
    function _promise(uint256 pool) internal returns (IEpochDistributor.Payout[] memory payouts) {
        IEpochDistributor.Payout[] memory before = payoutsOf(_lastStanding());
        payouts = new IEpochDistributor.Payout[](_next(before.length == 0 ? 1 : before.length, PAYEES));
        for (uint256 i; i < payouts.length; ++i) {
            uint256 share = _next(0, pool);
            pool -= share;
            payouts[i].payee = _payeeAt(i);
            payouts[i].cumulative = share + (i < before.length ? before[i].cumulative : 0);
        }
    }

    /// @dev Posts a report that promises these payouts, signed by two operators; `excess` is added to the total alone.
    function _post(IEpochDistributor.Payout[] memory payouts, uint256 excess) internal returns (uint64 epoch) {
        PayoutTree.Tree memory tree = PayoutTree.grow(token, payouts);
        LicenceUsage[] memory usage = _usageFor(tree.sums[1] + excess);
        IUsageOracle.EpochReport memory report = _report(tree, excess, usage);
        oracle.postEpoch(report, usage, _signed(report, _next(0, 2)));
        epoch = report.epoch;
        _reports[epoch] = report;
        for (uint256 i; i < payouts.length; ++i) {
            _payouts[epoch].push(payouts[i]);
        }
        for (uint256 i; i < usage.length; ++i) {
            _usages[epoch].push(usage[i]);
        }
        _book(usage);
    }

    /// @dev The council agrees to the next epoch's root.
    function _cosign(PayoutTree.Tree memory tree) internal {
        distributor.cosign(token, oracle.lastEpoch() + 1, tree.hashes[1], tree.sums[1]);
    }

    function _postAgain() internal {
        uint64 epoch = oracle.lastEpoch();
        if (epoch == 0) return;
        oracle.postEpoch(_reports[epoch], _usages[epoch], _signed(_reports[epoch], 0));
    }

    /// @dev Of any epoch that was rejected: its charges come back, unless a root that stands lives on them.
    function _returnUsage() internal {
        uint64 last = oracle.lastEpoch();
        if (last == 0) return;
        uint64 epoch = uint64(_next(1, last));
        if (distributor.rejectedReport(epoch) == bytes32(0) || oracle.isUsageReturned(epoch)) return;
        uint256 promised = _promised();
        bool isCovered = charged >= promised + _worthOf(_usages[epoch]);
        try oracle.returnUsage(_reports[epoch], _usages[epoch]) {
            _expect(isCovered, "credits: what a root that stands promises came back");
            _bookReturned(_usages[epoch]);
        } catch {
            _expect(!isCovered, "credits: what was charged for a rejected report did not come back");
        }
    }

    /// @dev What an epoch with that total is worth more than the last, if so much is left; what is not charged yet in any
    /// case.
    function _usageFor(uint256 total) internal returns (LicenceUsage[] memory) {
        uint256 promised = _promised();
        uint256 uncharged = total > charged ? total - charged : 0;
        uint256 increase = total > promised ? total - promised : 0;
        return _usageWorth(increase > uncharged && increase <= creditInAll() ? increase : uncharged);
    }

    /// @dev What the last root comes to, waiting or active.
    function _promised() internal view returns (uint256) {
        IEpochDistributor.PayoutRoot[] memory waiting = distributor.pendingRoots(token);
        return waiting.length == 0 ? distributor.activeRoot(token).total : waiting[waiting.length - 1].total;
    }

    function _report(PayoutTree.Tree memory tree, uint256 excess, LicenceUsage[] memory usage)
        internal
        view
        returns (IUsageOracle.EpochReport memory report)
    {
        uint64 standing = _lastStanding();
        report.epoch = oracle.lastEpoch() + 1;
        report.previousReport = standing == 0 ? bytes32(0) : distributor.standingReport(token, standing);
        report.token = token;
        report.eventCount = 1;
        report.sumRoot = tree.hashes[1];
        report.leafCount = uint32(tree.payouts.length);
        report.cumulativeTotal = tree.sums[1] + excess;
        report.licenceUsageHash = keccak256(abi.encode(usage));
    }

    /// @dev All operators but one sign.
    function _signed(IUsageOracle.EpochReport memory report, uint256 without)
        internal
        view
        returns (IOperatorSet.Signature[] memory signatures)
    {
        bytes32 digest = oracle.reportDigest(report);
        signatures = new IOperatorSet.Signature[](2);
        uint256 count;
        for (uint256 i; i < 3; ++i) {
            if (i != without) signatures[count++] = _signature(_keys[i], digest);
        }
    }

    function _signature(uint256 key, bytes32 digest) internal pure returns (IOperatorSet.Signature memory) {
        (uint8 v, bytes32 r, bytes32 s) = cheats.sign(key, digest);
        return IOperatorSet.Signature(r, v == 28 ? s | bytes32(uint256(1) << 255) : s);
    }

    function _treeOf(uint64 epoch) internal view returns (PayoutTree.Tree memory) {
        return PayoutTree.grow(token, payoutsOf(epoch));
    }

    function _payeeAt(uint256 place) internal view virtual returns (address);

    /// @dev Ascending by address, as the oracle wants them.
    function _operators() private returns (address[] memory operators) {
        operators = new address[](3);
        for (uint256 key = 1; key <= 3; ++key) {
            address operator = cheats.addr(key);
            uint256 place;
            while (operators[place] != address(0) && operators[place] < operator) ++place;
            for (uint256 i = 2; i > place; --i) {
                (operators[i], _keys[i]) = (operators[i - 1], _keys[i - 1]);
            }
            (operators[place], _keys[place]) = (operator, key);
        }
    }
}
