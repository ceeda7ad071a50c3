// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRockefeller} from "../../src/vault/IRockefeller.sol";
import {Rockefeller} from "../../src/vault/Rockefeller.sol";
import {Test} from "../Test.sol";
import {Coin} from "./Coin.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IUniswapV3Factory} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Factory.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {TickMath} from "@uniswap/v4-core/src/libraries/TickMath.sol";

/// Stands in for a real verifier: a proof is the hash of the 16 public words, so it binds them all, as a real one does.
contract HashVerifier {
    uint256 private constant WORDS_BYTES = 16 * 32;

    fallback() external {
        require(keccak256(msg.data[:WORDS_BYTES]) == bytes32(msg.data[WORDS_BYTES:]), "invalid");
    }
}

/// A market on Uniswap's own byte code and a vault that trades on it. Ticks here are the base's price in the quote.
abstract contract VaultTest is Test {
    string private constant ARTIFACTS = "node_modules/@uniswap/v3-core/artifacts/contracts/";
    uint24 internal constant FEE = 500; // millionths
    uint128 internal constant LIQUIDITY = 1e24;
    uint256 internal constant FIRST = 1e21; // of each token in the vault
    uint256 internal constant START = 500_000; // an hour
    address internal constant PROVER = address(0xbeef);

    IUniswapV3Factory internal factory;
    IUniswapV3Pool internal pool;
    Coin internal base;
    Coin internal quote;
    HashVerifier internal verifier;
    Rockefeller internal vault;

    /// The suites run for both orders of the pool's tokens.
    function baseIsToken0() internal pure virtual returns (bool) {
        return true;
    }

    function setUp() public virtual {
        vm.chainId(31337);
        vm.warp(START * 1 hours);
        factory = IUniswapV3Factory(create("UniswapV3Factory"));
        (Coin a, Coin b) = (new Coin(), new Coin());
        (base, quote) = (address(a) < address(b)) == baseIsToken0() ? (a, b) : (b, a);
        pool = openPool(base, quote);
        verifier = new HashVerifier();
        vault = newVault();
    }

    // ---------------------------------------------------------------------------------------------------- setting up

    function creationCode(string memory name) internal view returns (bytes memory) {
        string memory path = string.concat(ARTIFACTS, name, ".sol/", name, ".json");
        return vm.parseJsonBytes(vm.readFile(path), ".bytecode");
    }

    function create(string memory name) internal returns (address made) {
        bytes memory code = creationCode(name);
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
        }
        require(made != address(0), name);
    }

    /// A pool at tick 0 with liquidity everywhere and a memory of some hours.
    function openPool(Coin a, Coin b) internal returns (IUniswapV3Pool opened) {
        opened = IUniswapV3Pool(factory.createPool(address(a), address(b), FEE));
        opened.initialize(TickMath.getSqrtPriceAtTick(0));
        opened.increaseObservationCardinalityNext(100);
        opened.mint(address(this), -887_270, 887_270, LIQUIDITY, "");
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata) external {
        Coin(IUniswapV3Pool(msg.sender).token0()).mint(msg.sender, amount0);
        Coin(IUniswapV3Pool(msg.sender).token1()).mint(msg.sender, amount1);
    }

    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external virtual {
        if (amount0 > 0) Coin(IUniswapV3Pool(msg.sender).token0()).mint(msg.sender, uint256(amount0));
        if (amount1 > 0) Coin(IUniswapV3Pool(msg.sender).token1()).mint(msg.sender, uint256(amount1));
    }

    function terms() internal view returns (IRockefeller.Terms memory) {
        return IRockefeller.Terms({
            factory: address(factory),
            base: address(base),
            quote: address(quote),
            fee: FEE,
            verifier: address(verifier),
            networkHash: keccak256("network"),
            rewardBasisPoints: 10,
            rewardCap: 1e18
        });
    }

    function sample() internal pure returns (bytes memory) {
        bytes memory words = new bytes(16 * 32);
        return abi.encodePacked(words, keccak256(words));
    }

    function newVault() internal returns (Rockefeller) {
        return new Rockefeller(terms(), sample());
    }

    /// Gives an account both tokens and lets the vault take them.
    function fund(address account, uint256 ofBase, uint256 ofQuote) internal {
        base.mint(account, ofBase);
        quote.mint(account, ofQuote);
        vm.startPrank(account);
        base.approve(address(vault), type(uint256).max);
        quote.approve(address(vault), type(uint256).max);
        vm.stopPrank();
    }

    /// The first deposit, by an account of its own.
    function endow(uint256 ofBase, uint256 ofQuote) internal returns (address founder) {
        founder = actor("founder");
        fund(founder, ofBase, ofQuote);
        vm.prank(founder);
        vault.deposit(0, ofBase, ofQuote, founder);
    }

    // ----------------------------------------------------------------------------------------------------- the market

    function turned(int24 tick) internal pure returns (int24) {
        return baseIsToken0() ? tick : -tick;
    }

    /// The base's price as the pool has it now.
    function tickNow() internal view returns (int24 tick) {
        (, tick,,,,,) = pool.slot0();
        if (!baseIsToken0()) tick = -tick;
    }

    /// Trades until the price is 1.0001^tick.
    function push(int24 tick) internal {
        uint160 target = TickMath.getSqrtPriceAtTick(turned(tick));
        (uint160 price,,,,,,) = pool.slot0();
        if (price == target) return;
        pool.swap(address(this), target < price, type(int128).max, target, "");
    }

    /// Goes to the next boundary and records it.
    function passHour() internal {
        vm.warp((vault.currentHour() + 1) * vault.hourSeconds());
        vault.record(vault.currentHour());
    }

    /// Thirty-seven hours at a tick, all boundaries recorded: the network may decide.
    function fillWindow(int24 tick) internal {
        push(tick);
        vault.record(vault.currentHour());
        for (uint256 i = 0; i < 37; ++i) {
            passHour();
        }
    }

    /// What so much base is worth at 1.0001^tick, in quote.
    function worth(uint256 ofBase, int24 tick) internal pure returns (uint256) {
        uint256 root = TickMath.getSqrtPriceAtTick(tick);
        return Math.mulDiv(ofBase, Math.mulDiv(root, root, 1 << 96), 1 << 96);
    }

    /// What the vault holds, in quote at 1.0001^tick.
    function valueAt(int24 tick) internal view returns (uint256) {
        (uint256 b, uint256 q) = vault.holdings();
        return worth(b, tick) + q;
    }

    // ------------------------------------------------------------------------------------------------------ decisions

    function bitmapOf(uint256 bucket) internal pure returns (uint256[4] memory bitmap) {
        bitmap[bucket / 3] = 1 << 72 * (2 - bucket % 3) + 10;
    }

    function publicWords(Rockefeller of_, uint256 hour, address payee, uint256[4] memory bitmap)
        internal
        view
        returns (uint256[] memory words)
    {
        words = new uint256[](16);
        for (uint256 i = 0; i < 4; ++i) {
            words[i] = bitmap[i];
        }
        uint256[] memory input = of_.inputWords(hour);
        for (uint256 i = 0; i < 11; ++i) {
            words[4 + i] = input[i];
        }
        words[15] = of_.context(hour, payee);
    }

    function proofOf(Rockefeller of_, uint256 hour, address payee, uint256[4] memory bitmap)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodePacked(keccak256(abi.encodePacked(publicWords(of_, hour, payee, bitmap))));
    }

    /// Decides the present hour, with a proof.
    function decide(uint256 bucket) internal {
        uint256 hour = vault.currentHour();
        uint256[4] memory bitmap = bitmapOf(bucket);
        bytes memory proof = proofOf(vault, hour, PROVER, bitmap);
        vault.decide(hour, bucket, PROVER, bitmap, proof);
    }
}
