// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {DenseEvaluator} from "./DenseEvaluator.sol";
import {Test} from "./Test.sol";

/// From how many parameters on a proof costs less than evaluating. Weights come as calldata here, and their reading is counted at
/// what it costs from a contract's code: 3 gas a word, 100 for each of its 24,576 bytes begun, and the memory.
contract DenseCostTest is Test {
    /// A proof by the generated verifier, without the 48,000 gas of the transaction and its data.
    uint256 private constant PROOF_GAS = 424_000;

    DenseEvaluator private evaluator = new DenseEvaluator();
    uint256[] private widths;

    function test_bothWaysGiveTheSameSums() public {
        (uint256[] memory shape, int8[] memory input, bytes memory weights, uint256[] memory lanes) =
            _network(36, 128, 64, 12);
        int256[] memory one = evaluator.plain(shape, input, weights);
        int256[] memory other = evaluator.packed(shape, input, lanes);
        vm.assertEq(keccak256(abi.encode(one)), keccak256(abi.encode(other)));
        vm.assertEq(one.length, 12);
        vm.assertTrue(one[0] != one[1], "the same logits");
    }

    function test_crossing() public {
        (uint256 plainSmall, uint256 packedSmall) = _gas(36, 32, 16, 12);
        (uint256 plainVault, uint256 packedVault) = _gas(36, 128, 64, 12);
        (uint256 plainLarge, uint256 packedLarge) = _gas(36, 256, 128, 12);
        vm.snapshotValue("Dense", "36-32-16-12, 1,856 weights, plain", plainSmall);
        vm.snapshotValue("Dense", "36-32-16-12, 1,856 weights, packed", packedSmall);
        vm.snapshotValue("Dense", "36-128-64-12, 13,568 weights, plain", plainVault);
        vm.snapshotValue("Dense", "36-128-64-12, 13,568 weights, packed", packedVault);
        vm.snapshotValue("Dense", "36-256-128-12, 43,520 weights, plain", plainLarge);
        vm.snapshotValue("Dense", "36-256-128-12, 43,520 weights, packed", packedLarge);
        vm.assertGt(plainVault, PROOF_GAS * 3 / 4);
        vm.assertLt(packedVault, PROOF_GAS);
        vm.assertGt(packedLarge, PROOF_GAS);
    }

    function _gas(uint256 a, uint256 b, uint256 c, uint256 d) private returns (uint256 plain, uint256 packed) {
        (uint256[] memory shape, int8[] memory input, bytes memory weights, uint256[] memory lanes) =
            _network(a, b, c, d);
        plain = _cost(abi.encodeCall(DenseEvaluator.plain, (shape, input, weights)), weights.length);
        packed = _cost(abi.encodeCall(DenseEvaluator.packed, (shape, input, lanes)), 32 * lanes.length);
    }

    /// Gas of a call, and of reading so many bytes from code.
    function _cost(bytes memory data, uint256 size) private view returns (uint256 used) {
        address to = address(evaluator);
        bool done;
        assembly {
            used := gas()
            done := staticcall(gas(), to, add(data, 32), mload(data), 0, 0)
            used := sub(used, gas())
        }
        require(done, "the evaluation failed");
        uint256 words = (size + 31) / 32;
        uint256 chunk = words < 768 ? words : 768; // a contract's code, read again and again into the same memory
        used += 3 * words + 2600 * ((size + 24_575) / 24_576) + 3 * chunk + chunk * chunk / 512;
    }

    function _network(uint256 a, uint256 b, uint256 c, uint256 d)
        private
        returns (uint256[] memory, int8[] memory input, bytes memory weights, uint256[] memory lanes)
    {
        widths = [a, b, c, d];
        input = new int8[](a);
        for (uint256 i = 0; i < a; ++i) {
            input[i] = int8(uint8(uint256(keccak256(abi.encode(i)))));
        }
        weights = new bytes(a * b + b * c + c * d);
        lanes = new uint256[](a * ((b + 7) / 8) + b * ((c + 7) / 8) + c * ((d + 7) / 8));
        uint256 offset;
        uint256 lane;
        for (uint256 layer = 1; layer < 4; ++layer) {
            for (uint256 group = 0; group < widths[layer]; group += 8) {
                for (uint256 i = 0; i < widths[layer - 1]; ++i) {
                    int256 word;
                    for (uint256 k = 0; k < 8 && group + k < widths[layer]; ++k) {
                        uint256 index = offset + (group + k) * widths[layer - 1] + i;
                        int8 weight = int8(uint8(uint256(keccak256(abi.encode(index)))));
                        weights[index] = bytes1(uint8(weight));
                        unchecked {
                            word += int256(weight) << 32 * k;
                        }
                    }
                    lanes[lane++] = uint256(word);
                }
            }
            offset += widths[layer] * widths[layer - 1];
        }
        return (widths, input, weights, lanes);
    }
}
