// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC2981} from "@openzeppelin/contracts/interfaces/IERC2981.sol";
import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {IERC721} from "@openzeppelin/contracts/interfaces/IERC721.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC5192} from "./interfaces/IERC5192.sol";
import {IWorkToken} from "./interfaces/IWorkToken.sol";
import {ContentId} from "./libraries/ContentId.sol";
import {CommunityId, WorkId} from "./types/Identifiers.sol";
import {BPS_WHOLE, WorkKind} from "./types/Rights.sol";

/// @notice See `IWorkToken`. A token's id is the work's id.
abstract contract WorkToken is IWorkToken, ERC721, IERC2981, IERC4906, IERC5192 {
    /// @dev Two slots. The content is not among them: `_workByContent` has it as its key.
    struct Record {
        address owner;
        CommunityId communityId;
        WorkKind kind;
        uint40 registeredAt;
        bool isDisplaced;
        bool isOfComposition;
        bytes32 manifestDigest;
    }

    /// @notice The part of a resale that is asked for, of `BPS_WHOLE`. Nothing can enforce it.
    uint256 public constant RESALE_BPS = 500;

    bytes4 private constant _ERC4906 = 0x49064906;
    CommunityId internal constant _NO_COMMUNITY = CommunityId.wrap(0);

    mapping(uint256 tokenId => Record) internal _records;
    mapping(address owner => uint256) private _balances;

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) external view returns (bool) {
        _requireOwned(tokenId);
        return _records[tokenId].communityId != _NO_COMMUNITY;
    }

    /// @inheritdoc IERC2981
    function royaltyInfo(uint256 tokenId, uint256 salePrice) external view returns (address receiver, uint256 amount) {
        _requireOwned(tokenId);
        receiver = inboxOf(WorkId.wrap(uint64(tokenId)));
        // Tens of thousands and the rest apart: exact, and no price overflows.
        amount = (salePrice / BPS_WHOLE) * RESALE_BPS + ((salePrice % BPS_WHOLE) * RESALE_BPS) / BPS_WHOLE;
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

    /// @inheritdoc IWorkToken
    function inboxOf(WorkId workId) public view virtual returns (address);

    function supportsInterface(bytes4 interfaceId) public view override(ERC721, IERC165) returns (bool) {
        return interfaceId == _ERC4906 || interfaceId == type(IERC5192).interfaceId
            || interfaceId == type(IERC2981).interfaceId || super.supportsInterface(interfaceId);
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
