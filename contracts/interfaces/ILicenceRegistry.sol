// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {LicenceId, OfferId, WorkId} from "../types/Identifiers.sol";
import {Authorization, Terms, Tier} from "../types/Rights.sol";
import {IConsentRegistry} from "./IConsentRegistry.sol";
import {ILicenceBook} from "./ILicenceBook.sol";

/// @notice Licences: taken by a platform under terms the community consents to in that block, frozen from then on.
/// The price goes straight to the RoyaltyLedger; this contract never holds money. Whoever takes a licence names its
/// terms in full, so a price or share that changes meanwhile is refused, not paid.
interface ILicenceRegistry is ILicenceBook {
    /// @notice An ERC-2612 permit for the RoyaltyLedger. `deadline` zero means: none, the allowance is there already.
    struct Permit {
        uint256 value;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice Signed by who decides for a work; costs nothing until it is redeemed. EIP-712:
    /// `LicenceVoucher(uint64 workId,bytes32 termsHash,address holder,uint32 count,uint40 deadline,uint256 nonce)`.
    /// @param holder Who may take licences with it; zero for whoever bears it.
    /// @param count How many licences it is good for.
    struct LicenceVoucher {
        WorkId workId;
        bytes32 termsHash;
        address holder;
        uint32 count;
        uint40 deadline;
        uint256 nonce;
    }

    /// @notice Signed by who wants a licence, sent by anybody. EIP-712: `LicenceOrder(uint64 workId,bytes32 termsHash,
    /// address holder,uint128 maxPrice,uint32 maxShare,uint40 deadline,uint256 nonce)`, without spaces.
    /// The hash of the terms binds price and share already; the two limits say them in words a wallet shows.
    struct LicenceOrder {
        WorkId workId;
        bytes32 termsHash;
        address holder;
        uint128 maxPrice;
        uint32 maxShare;
        uint40 deadline;
        uint256 nonce;
    }

    /// @notice Thrown when the community said never.
    error TierRefused(WorkId workId, Tier tier);
    /// @notice Thrown when no consent is live: not asked, waiting for elders, suspended, withdrawn or lapsed.
    error ConsentNotLive(WorkId workId, Tier tier, IConsentRegistry.ConsentState state);
    /// @notice Thrown when the terms in the call are not those consented to: another price, share or text.
    error TermsNotConsented(WorkId workId, bytes32 consented, bytes32 named);
    /// @notice Thrown when the community gives licences of this tier only to whom it gives a voucher.
    error VoucherNeeded(WorkId workId, Tier tier);
    /// @notice Thrown when terms contradict themselves: a share without GENERATION, no duration, or a share too large.
    error BadTerms();
    error BadLicenceCount(uint256 licences);
    error NotVoucherHolder(address holder, address caller);
    error PriceTooHigh(uint128 price, uint128 maxPrice);
    error ShareTooHigh(uint32 share, uint32 maxShare);
    /// @notice Thrown when an authorization to pay is not for this order: its nonce must be the order's hash.
    error AuthorizationUnfit(bytes32 nonce, bytes32 orderHash);
    /// @notice Thrown when an authorization would pay nothing: then nobody would have signed the order.
    error NothingToPay(WorkId workId);
    error NotSublicensable(LicenceId licenceId);

    /// @param uses How often the voucher was redeemed, with this time.
    event VoucherRedeemed(LicenceId indexed licenceId, address indexed issuer, uint256 indexed nonce, uint256 uses);

    /// @notice Takes a licence for the caller and pays its price to the work, all or nothing.
    /// A failing permit is not an error when the allowance suffices (somebody may have sent the permit first).
    function takeLicence(WorkId workId, Terms calldata terms, Permit calldata permit)
        external
        returns (LicenceId licenceId);

    /// @notice Takes a licence for each holder, with ascending ids; the caller pays for all. 1 to 64.
    function takeLicences(WorkId workId, Terms calldata terms, address[] calldata holders, Permit calldata permit)
        external
        returns (LicenceId firstLicenceId);

    /// @notice Takes a licence for the caller with a voucher of who decides for the work in this block. Consent to
    /// its terms must still be live.
    function redeemVoucher(
        LicenceVoucher calldata voucher,
        bytes calldata signature,
        Terms calldata terms,
        Permit calldata permit
    ) external returns (LicenceId licenceId);

    /// @notice Takes a licence for the signer of an order, who pays by permit or allowance.
    function takeLicenceFor(
        LicenceOrder calldata order,
        bytes calldata signature,
        Terms calldata terms,
        Permit calldata permit
    ) external returns (LicenceId licenceId);

    /// @notice Takes a licence for an order's holder, who pays by an ERC-3009 authorization for the RoyaltyLedger. The
    /// authorization is the one signature: its nonce is the order's hash, so it buys nothing else. An order whose own
    /// nonce was used or revoked buys nothing either.
    function takeLicenceAuthorized(
        LicenceOrder calldata order,
        Terms calldata terms,
        Authorization calldata authorization
    ) external returns (LicenceId licenceId);

    /// @notice Lets somebody else use the caller's licence, within its expiry and caps. The terms must allow it and consent
    /// to them be live: a sublicence is a new licence. What it is used for counts for the caller's too.
    function sublicense(LicenceId parent, Terms calldata terms, Sublicence calldata sublicence)
        external
        returns (LicenceId licenceId);

    /// @notice keccak256 of the ABI-encoded terms: what consent names.
    function hashTerms(Terms calldata terms) external pure returns (bytes32);

    /// @notice The EIP-712 hash of an order, for this chain and contract: what its holder signs.
    function hashOrder(LicenceOrder calldata order) external view returns (bytes32);
    function hashVoucher(LicenceVoucher calldata voucher) external view returns (bytes32);
}
