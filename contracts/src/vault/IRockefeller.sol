// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.24;

import {IHours} from "./IHours.sol";

/// @title A vault of two tokens that trades as a network decides, once an hour, and obeys nobody else.
/// @notice No owner, no pause, no upgrade. It promises obedience, never profit.
///
/// Public words of a proof, 32 bytes each, before the proof's bytes in the verifier's calldata:
///
///     0..3    bitmap: 12 planes, one a bucket (see Dense); bucket b is bit 72 (2 - b mod 3) + 10 of word b / 3 (square b2)
///     4..14   input: 36 features of 8 bits in 32 planes (see Dense and IHours)
///     15      context: keccak256(abi.encode(chain id, vault, hour, payee)) mod BN254's scalar order
///
/// Bucket of the next hour's move, as the network was trained, and what the vault does:
///
///     0 sells the maximum, 1 half of it, 2 and 3 a quarter; 4..7 hold; 8 and 9 buy with a quarter, 10 with half, 11 with the maximum
///
/// The maximum is 10% of what the vault holds of the token it gives. The swap stops at the price limit: 49 ticks (less than 50
/// basis points) from the stricter of two means, that of the hour before and that since this hour's boundary.
///
/// Holdings are what the vault's own books say: tokens sent to it without a deposit belong to nobody.
interface IRockefeller is IHours {
    /// @notice What a vault is created with; nothing of it ever changes.
    /// @param factory Uniswap v3's, `base` and `quote` the pool's tokens (see IHours), `fee` the pool's in millionths.
    /// @param verifier Is tried out with a sample proof.
    /// @param networkHash Of the network's file; for readers.
    /// @param rewardBasisPoints What a trade's prover earns of its quote amount, 0..10, and `rewardCap` the most, in the quote's units.
    struct Terms {
        address factory;
        address base;
        address quote;
        uint24 fee;
        address verifier;
        bytes32 networkHash;
        uint256 rewardBasisPoints;
        uint256 rewardCap;
    }

    /// The decision of an hour and what came of it. `base`, `quote`: what the vault received (positive) and gave (negative), before the
    /// reward. Both are 0 if it holds, or if the pool's price is beyond the limit.
    event Decided(
        uint256 indexed hour, uint256 bucket, address indexed payee, int256 base, int256 quote, uint256 reward
    );
    /// `account` brought both tokens; `to` has the shares.
    event Deposited(address indexed account, address indexed to, uint256 shares, uint256 base, uint256 quote);
    /// Shares of `account` were burnt; it is owed these amounts.
    event Redeemed(address indexed account, uint256 shares, uint256 base, uint256 quote);
    /// What `account` was owed in `token` went to `to`.
    event Claimed(address indexed account, address indexed token, address indexed to, uint256 amount);

    /// Only the present hour, `current`, is decided.
    error NotThisHour(uint256 hour, uint256 current);
    /// An hour has one decision.
    error AlreadyDecided(uint256 hour);
    /// Only the pool calls back, and only during the vault's own swap.
    error NotOurSwap(address caller);
    error ZeroAddress();
    /// Nothing to mint or burn.
    error ZeroShares();
    /// The first deposit needs at least `least` units of each token.
    error FirstDepositTooSmall(uint256 base, uint256 quote, uint256 least);
    /// The shares cost `amount` of `token`, more than the `most` allowed.
    error TooDear(address token, uint256 amount, uint256 most);
    /// `token` took a fee, or moved less than it said.
    error ShortTransfer(address token, uint256 expected, uint256 received);
    error NothingOwed(address account, address token);
    /// The token refused the transfer; what is owed stays owed. Try again, or to another account.
    error TransferRefused(address token, address to, uint256 amount);
    /// The reward's share of a trade is at most `most` basis points.
    error RewardTooHigh(uint256 rewardBasisPoints, uint256 most);

    /// @notice Obeys the network. Anyone may call; the proof says what the vault does.
    /// @param hour The present hour, undecided; boundaries hour - 37 .. hour are recorded.
    /// @param bucket The network's class, 0..11.
    /// @param payee Is owed the reward, in the quote token.
    /// @param bitmap What the network ranks at least as high as `bucket`; no other bucket's bit may be set.
    function decide(uint256 hour, uint256 bucket, address payee, uint256[4] calldata bitmap, bytes calldata proof)
        external;

    /// @notice Mints `shares` for their part of both holdings, rounded up. The first deposit takes `mostBase` and `mostQuote` whole and
    /// mints FIRST_SHARES, whatever `shares` says.
    /// @param mostBase Reverts if it would take more.
    function deposit(uint256 shares, uint256 mostBase, uint256 mostQuote, address to)
        external
        returns (uint256 base_, uint256 quote_);

    /// @notice Burns the caller's shares for their part of both holdings, rounded down, and pays `to`. What a token does not let
    /// through stays owed to the caller.
    function redeem(uint256 shares, address to) external returns (uint256 base_, uint256 quote_);

    /// @notice Pays what the caller is owed of `token` to `to`.
    function claim(address token, address to) external returns (uint256 amount);

    /// @return What `account` is owed of `token`: rewards, and redemptions that did not go through.
    function owed(address account, address token) external view returns (uint256);

    /// @return base_ What the shares stand for, without what is owed.
    /// @return quote_ Likewise.
    function holdings() external view returns (uint256 base_, uint256 quote_);

    /// @return The latest decided hour; 0 before the first.
    function decidedHour() external view returns (uint256);

    /// @return The context's public word.
    function context(uint256 hour, address payee) external view returns (uint256);

    /// @return The pinned verifier, the keccak256 of its code, and how long a proof is in bytes.
    function verifier() external view returns (address);
    function codeHash() external view returns (bytes32);
    function proofBytes() external view returns (uint256);
    /// @return The network's hash as its deployer says it; the verifier's code is what binds.
    function networkHash() external view returns (bytes32);

    /// @return Share of a trade's quote amount that its prover earns, in basis points, at most 10.
    function rewardBasisPoints() external view returns (uint256);
    /// @return The most that a trade's prover earns, in the quote's units.
    function rewardCap() external view returns (uint256);

    function FIRST_SHARES() external view returns (uint256);
}
