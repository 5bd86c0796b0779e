// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Writes the CID of a DAG-CBOR document from its sha2-256 digest: CIDv1, multibase base32.
library ContentId {
    /// @dev CID version 1, codec dag-cbor (0x71), multihash sha2-256 (0x12) of 32 bytes (0x20).
    bytes4 private constant _PREFIX = 0x01711220;
    bytes32 private constant _ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
    /// @dev Multibase's sign for base32, lower case, unpadded.
    bytes1 private constant _BASE32 = "b";
    uint256 private constant _BITS_PER_CHARACTER = 5;
    /// @dev The sign, and 288 bits in groups of five.
    uint256 private constant _CHARACTERS = 59;

    /// @notice The CID of the document whose bytes have this digest.
    function ofDagCbor(bytes32 digest) internal pure returns (string memory) {
        bytes memory content = abi.encodePacked(_PREFIX, digest);
        bytes memory text = new bytes(_CHARACTERS);
        text[0] = _BASE32;
        uint256 written = 1;
        uint256 pending;
        uint256 bits;
        for (uint256 i; i < content.length; ++i) {
            pending = (pending << 8) | uint8(content[i]);
            bits += 8;
            while (bits >= _BITS_PER_CHARACTER) {
                bits -= _BITS_PER_CHARACTER;
                text[written++] = _ALPHABET[(pending >> bits) & 31];
            }
            pending &= (1 << bits) - 1;
        }
        text[written] = _ALPHABET[(pending << (_BITS_PER_CHARACTER - bits)) & 31];
        return string(text);
    }
}
