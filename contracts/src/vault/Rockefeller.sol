// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Dense} from "../Dense.sol";
import {Proven} from "../Proven.sol";
import {Hours} from "./Hours.sol";
import {IRockefeller} from "./IRockefeller.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {IUniswapV3SwapCallback} from "@uniswap/v3-core/contracts/interfaces/callback/IUniswapV3SwapCallback.sol";
import {TickMath} from "@uniswap/v4-core/src/libraries/TickMath.sol";

/// @title The vault. What each function promises stands in IRockefeller.
contract Rockefeller is IRockefeller, IUniswapV3SwapCallback, Hours, ERC20, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant BUCKETS = 12;
    uint256 private constant ALL_BUCKETS = (1 << BUCKETS) - 1;
    /// @dev Bitmap, input, context.
    uint256 private constant BITMAP_WORDS = 4;
    uint256 private constant WORDS = 16;
    /// @dev With the mean rounded by less than a tick, the price is less than 50 basis points from it: 1.0001^50 is 50.1.
    int256 private constant LIMIT_TICKS = 49;
    uint256 private constant MAX_REWARD = 10;
    /// @dev So that a part of a holding is never far from what it is a part of.
    uint256 private constant LEAST_FIRST = 1000;

    /// @inheritdoc IRockefeller
    uint256 public constant FIRST_SHARES = 1_000_000 ether;

    /// @inheritdoc IRockefeller
    address public immutable verifier;
    /// @inheritdoc IRockefeller
    bytes32 public immutable codeHash;
    /// @inheritdoc IRockefeller
    uint256 public immutable proofBytes;
    /// @inheritdoc IRockefeller
    bytes32 public immutable networkHash;
    /// @inheritdoc IRockefeller
    uint256 public immutable rewardBasisPoints;
    /// @inheritdoc IRockefeller
    uint256 public immutable rewardCap;

    /// @inheritdoc IRockefeller
    uint256 public decidedHour;
    uint256 private _base;
    uint256 private _quote;
    /// @inheritdoc IRockefeller
    mapping(address account => mapping(address token => uint256)) public owed;
    /// @dev The token that the pool may ask for: only while a swap runs, and once.
    address private transient _giving;

    /// @param sample Sixteen public words and a proof of them, by which the verifier is tried out; the context does not matter.
    constructor(Terms memory terms, bytes memory sample)
        Hours(terms.factory, terms.base, terms.quote, terms.fee)
        ERC20("Rockefeller", "ROCKY")
    {
        if (terms.rewardBasisPoints > MAX_REWARD) {
            revert RewardTooHigh(terms.rewardBasisPoints, MAX_REWARD);
        }
        Proven.Pin memory pinned = Proven.pin(terms.verifier, BITMAP_WORDS, WORDS, sample);
        (verifier, codeHash, proofBytes) = (pinned.verifier, pinned.codeHash, pinned.proofBytes);
        networkHash = terms.networkHash;
        (rewardBasisPoints, rewardCap) = (terms.rewardBasisPoints, terms.rewardCap);
    }

    // ---------------------------------------------------------------------------------------------------- decisions

    /// @inheritdoc IRockefeller
    function decide(uint256 hour, uint256 bucket, address payee, uint256[4] calldata bitmap, bytes calldata proof)
        external
        nonReentrant
    {
        if (hour != currentHour()) revert NotThisHour(hour, currentHour());
        if (hour == decidedHour) revert AlreadyDecided(hour);
        if (payee == address(0)) revert ZeroAddress();
        _checkProof(hour, bucket, payee, bitmap, proof);
        decidedHour = hour;
        (int256 gotBase, int256 gotQuote) = _trade(hour, bucket);
        uint256 reward = Math.min(SignedMath.abs(gotQuote) * rewardBasisPoints / BASIS_POINTS, rewardCap);
        if (reward != 0) {
            _quote -= reward;
            owed[payee][quote] += reward;
        }
        emit Decided(hour, bucket, payee, gotBase, gotQuote, reward);
    }

    function _checkProof(uint256 hour, uint256 bucket, address payee, uint256[4] calldata bitmap, bytes calldata proof)
        private
        view
    {
        uint256[] memory words = new uint256[](WORDS);
        uint256[] memory ranked = new uint256[](BITMAP_WORDS);
        for (uint256 i = 0; i < BITMAP_WORDS; ++i) {
            words[i] = ranked[i] = bitmap[i];
        }
        Dense.checkBest(ranked, BUCKETS, bucket, ALL_BUCKETS);
        uint256[] memory input = inputWords(hour);
        for (uint256 i = 0; i < input.length; ++i) {
            words[BITMAP_WORDS + i] = input[i];
        }
        words[WORDS - 1] = context(hour, payee);
        Proven.check(Proven.Pin(verifier, codeHash, proofBytes), words, proof);
    }

    /// @inheritdoc IRockefeller
    function context(uint256 hour, address payee) public view returns (uint256) {
        return Proven.context(abi.encode(hour), payee);
    }

    /// @dev Basis points of what is given: 10%, 5% or 2.5%; 0 for the buckets that hold.
    function _size(uint256 bucket) private pure returns (uint256) {
        uint256 fromEdge = Math.min(bucket, BUCKETS - 1 - bucket);
        return fromEdge == 0 ? 1000 : fromEdge == 1 ? 500 : fromEdge < 4 ? 250 : 0;
    }

    /// @return gotBase What the holdings gained or lost.
    function _trade(uint256 hour, uint256 bucket) private returns (int256 gotBase, int256 gotQuote) {
        bool buys = bucket >= BUCKETS / 2;
        uint256 most = (buys ? _quote : _base) * _size(bucket) / BASIS_POINTS;
        if (most == 0) return (0, 0);
        (uint256 given, uint256 received) = _swap(buys != _baseIsToken0, most, _limit(hour, buys));
        if (buys) {
            (_base, _quote) = (_base + received, _quote - given);
            return (received.toInt256(), -given.toInt256());
        }
        (_base, _quote) = (_base - given, _quote + received);
        return (-given.toInt256(), received.toInt256());
    }

    /// @return The dearest or cheapest price to trade at, as the pool's square root of token1 per token0, times 2^96.
    function _limit(uint256 hour, bool buys) private view returns (uint160) {
        int56 sum = _sumAt(hour);
        int256 before = _mean(_sumAt(hour - 1), sum, hourSeconds());
        int256 since = before;
        uint256 elapsed = block.timestamp - hour * hourSeconds();
        if (elapsed != 0) since = _mean(sum, _sumOfTicks(hour, 0), elapsed);
        int256 tick = buys ? SignedMath.min(before, since) + LIMIT_TICKS : SignedMath.max(before, since) - LIMIT_TICKS;
        if (!_baseIsToken0) tick = -tick;
        tick = SignedMath.max(SignedMath.min(tick, TickMath.MAX_TICK - 1), TickMath.MIN_TICK + 1);
        // forge-lint: disable-next-line(unsafe-typecast)
        return TickMath.getSqrtPriceAtTick(int24(tick));
    }

    /// @dev Swaps up to `most` of a token, as far as the limit; nothing if the price is beyond it.
    function _swap(bool zeroForOne, uint256 most, uint160 limit) private returns (uint256 given, uint256 received) {
        (uint160 price,,,,,,) = IUniswapV3Pool(pool).slot0();
        if (zeroForOne ? limit >= price : limit <= price) return (0, 0);
        (address token, address other) = zeroForOne == _baseIsToken0 ? (base, quote) : (quote, base);
        uint256 held = IERC20(other).balanceOf(address(this));
        _giving = token;
        (int256 asked0, int256 asked1) =
            IUniswapV3Pool(pool).swap(address(this), zeroForOne, most.toInt256(), limit, "");
        _giving = address(0);
        given = SignedMath.abs(zeroForOne ? asked0 : asked1);
        // What came, if the token takes a fee.
        received = Math.min(SignedMath.abs(zeroForOne ? asked1 : asked0), IERC20(other).balanceOf(address(this)) - held);
    }

    /// @notice The pool asks for what a swap of the vault's costs.
    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external {
        address token = _giving;
        if (msg.sender != pool || token == address(0)) revert NotOurSwap(msg.sender);
        _giving = address(0);
        IERC20(token).safeTransfer(msg.sender, uint256(SignedMath.max(amount0, amount1))); // What it asks for is positive.
    }

    // ------------------------------------------------------------------------------------------------------- shares

    /// @inheritdoc IRockefeller
    function deposit(uint256 shares, uint256 mostBase, uint256 mostQuote, address to)
        external
        nonReentrant
        returns (uint256 base_, uint256 quote_)
    {
        uint256 supply = totalSupply();
        if (supply == 0) {
            if (mostBase < LEAST_FIRST || mostQuote < LEAST_FIRST) {
                revert FirstDepositTooSmall(mostBase, mostQuote, LEAST_FIRST);
            }
            (shares, base_, quote_) = (FIRST_SHARES, mostBase, mostQuote);
        } else {
            if (shares == 0) revert ZeroShares();
            base_ = Math.mulDiv(_base, shares, supply, Math.Rounding.Ceil);
            quote_ = Math.mulDiv(_quote, shares, supply, Math.Rounding.Ceil);
            if (base_ > mostBase) revert TooDear(base, base_, mostBase);
            if (quote_ > mostQuote) revert TooDear(quote, quote_, mostQuote);
        }
        _take(base, base_);
        _take(quote, quote_);
        _base += base_;
        _quote += quote_;
        _mint(to, shares);
        emit Deposited(msg.sender, to, shares, base_, quote_);
    }

    function _take(address token, uint256 amount) private {
        uint256 held = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - held;
        if (received < amount) revert ShortTransfer(token, amount, received);
    }

    /// @inheritdoc IRockefeller
    function redeem(uint256 shares, address to) external nonReentrant returns (uint256 base_, uint256 quote_) {
        if (shares == 0) revert ZeroShares();
        if (to == address(0)) revert ZeroAddress();
        uint256 supply = totalSupply();
        _burn(msg.sender, shares);
        base_ = Math.mulDiv(_base, shares, supply);
        quote_ = Math.mulDiv(_quote, shares, supply);
        _base -= base_;
        _quote -= quote_;
        emit Redeemed(msg.sender, shares, base_, quote_);
        owed[msg.sender][base] += base_;
        owed[msg.sender][quote] += quote_;
        _pay(base, to);
        _pay(quote, to);
    }

    /// @inheritdoc IRockefeller
    function claim(address token, address to) external nonReentrant returns (uint256 amount) {
        if (to == address(0)) revert ZeroAddress();
        amount = owed[msg.sender][token];
        if (amount == 0) revert NothingOwed(msg.sender, token);
        if (!_pay(token, to)) revert TransferRefused(token, to, amount);
    }

    /// @dev Pays what the caller is owed; it stays owed if the token refuses.
    function _pay(address token, address to) private returns (bool paid) {
        uint256 amount = owed[msg.sender][token];
        if (amount == 0) return true;
        owed[msg.sender][token] = 0;
        paid = IERC20(token).trySafeTransfer(to, amount);
        if (paid) emit Claimed(msg.sender, token, to, amount);
        else owed[msg.sender][token] = amount;
    }

    /// @inheritdoc IRockefeller
    function holdings() external view returns (uint256 base_, uint256 quote_) {
        return (_base, _quote);
    }
}
