// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chess, Position} from "../src/Chess.sol";
import {Encoding} from "../src/Encoding.sol";
import {Game} from "../src/Game.sol";
import {IGame} from "../src/IGame.sol";
import {Test} from "./Test.sol";

/// Stands in for a real verifier, which forge has none of: a proof is the hash of the 31 public words, so it binds them all,
/// as a real one does. `tests/contracts/test_proven_move.py` does the same with real proofs.
contract HashVerifier {
    uint256 private constant WORDS_BYTES = 31 * 32;

    fallback() external {
        require(keccak256(msg.data[:WORDS_BYTES]) == bytes32(msg.data[WORDS_BYTES:]));
    }
}

/// A game contract with a model and two books, and what it takes to play it.
abstract contract GameTest is Test {
    uint256 internal constant P = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    Game internal game;
    HashVerifier internal verifier;
    uint32 internal model;
    uint32 internal startBook;
    address internal prover = address(0xbeef);

    /// Rewards, fees and pots come back here: this contract is the owner, so the creator.
    receive() external payable {}

    function setUp() public virtual {
        vm.chainId(31337);
        vm.warp(1_000_000);
        vm.roll(1_000);
        game = new Game();
        verifier = new HashVerifier();
        model = game.addModel(address(verifier), true, keccak256("network"), sample());
        startBook = game.addBook(abi.encode(Chess.START_BOARD, Chess.START_STATE));
        vm.deal(address(this), 1e30);
    }

    // ------------------------------------------------------------------------------------------------------- setting up

    /// Words and a proof that HashVerifier accepts.
    function sample() internal pure returns (bytes memory) {
        bytes memory words = new bytes(31 * 32);
        return abi.encodePacked(words, keccak256(words));
    }

    function ordinary() internal view returns (IGame.Terms memory terms) {
        terms.model = model;
        terms.book = startBook;
        terms.worldIsWhite = true;
        terms.leelaPoolOpen = true;
        terms.lobbyPeriod = 1 days;
        terms.votingPeriod = 300;
        terms.minPeriod = 60;
        terms.provingPeriod = 1 days;
        terms.quorum = 2500;
        terms.fee = 200;
        terms.maxOdds = 10;
        terms.maxPly = 300;
        terms.minStake = 1000;
        terms.maxStake = type(uint80).max;
        terms.reward = 5;
    }

    function create(IGame.Terms memory terms) internal returns (uint256) {
        return game.createGame{value: 300}(terms, 200);
    }

    /// The account number `n` and its vote key's number, which is the same.
    function account(uint256 n) internal pure returns (address) {
        return address(uint160(0xacc0000 + n));
    }

    function voteKey(uint256 n) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("vote key", n)));
    }

    function stakeWorld(uint256 id, uint256 n, uint256 amount) internal returns (uint32) {
        address key = vm.addr(voteKey(n));
        vm.deal(account(n), amount);
        vm.prank(account(n));
        return game.stake{value: amount}(id, IGame.Side.World, key);
    }

    function stakeLeela(uint256 id, uint256 n, uint256 amount) internal {
        vm.deal(account(n), amount);
        vm.prank(account(n));
        game.stake{value: amount}(id, IGame.Side.Leela, address(0));
    }

    /// Sixteen openings that differ by their clock.
    function bigBook() internal returns (uint32) {
        bytes memory words;
        for (uint256 clock = 0; clock < 16; ++clock) {
            words = abi.encodePacked(words, Chess.START_BOARD, Chess.START_STATE | clock << 12);
        }
        return game.addBook(words);
    }

    /// A lobby with a World stake of 1,000, at its deadline.
    function lobbyOver(IGame.Terms memory terms) internal returns (uint256 id) {
        id = create(terms);
        stakeWorld(id, 0, 1000);
        vm.warp(game.summary(id).deadline);
    }

    /// The account claims for itself.
    function claim(uint256 id, address who) internal returns (uint256) {
        vm.prank(who);
        return game.claim(id, who);
    }

    /// From a lobby that has stakes to the first position.
    function begin(uint256 id) internal {
        vm.warp(game.summary(id).deadline);
        game.closeLobby(id);
        vm.roll(game.summary(id).drawBlock + 1);
        game.begin(id);
    }

    /// A game with World seats 0 (account 0, 3,000), 1 (2,000), 2 (5,000) and Leela stakes of accounts 3 (6,000) and 4 (4,000).
    function started(IGame.Terms memory terms) internal returns (uint256 id) {
        id = create(terms);
        stakeWorld(id, 0, 3000);
        stakeWorld(id, 1, 2000);
        stakeWorld(id, 2, 5000);
        stakeLeela(id, 3, 6000);
        stakeLeela(id, 4, 4000);
        begin(id);
    }

    // ---------------------------------------------------------------------------------------------------------- moves

    /// The number of a move as python-chess writes it, "e2e4" or "a7a8n".
    function uci(string memory text) internal pure returns (uint16 move) {
        bytes memory t = bytes(text);
        uint16 origin = uint16(uint8(t[0])) - 97 + 8 * (uint16(uint8(t[1])) - 49);
        uint16 target = uint16(uint8(t[2])) - 97 + 8 * (uint16(uint8(t[3])) - 49);
        move = origin | target << 6;
        if (t.length == 5) move |= (t[4] == "n" ? 2 : t[4] == "b" ? 3 : t[4] == "r" ? 4 : 5) << 12;
    }

    function plyOf(uint256 id) internal view returns (uint16) {
        return uint16(game.summary(id).position.state >> 20);
    }

    /// 70 bytes: seat `n`, whose vote key is number `n`, votes for the move.
    function ballot(uint256 id, uint32 n, uint16 move) internal view returns (bytes memory) {
        return ballot(id, n, voteKey(n), move);
    }

    function ballot(uint256 id, uint32 seat, uint256 key, uint16 move) internal view returns (bytes memory) {
        (bytes32 r, bytes32 vs) = vm.signCompact(key, game.ballotDigest(id, plyOf(id), move));
        return abi.encodePacked(seat, move, r, vs);
    }

    /// A bitmap with nothing but the move's bit.
    function bitmapOf(Position memory position, uint16 move) internal pure returns (uint256[25] memory bitmap) {
        (uint256 word, uint256 mask) = Encoding.policyBit(position, move);
        bitmap[word] = mask;
    }

    function contextOf(uint256 id, address payee) internal view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(game), id, plyOf(id), payee))) % P;
    }

    function prove(uint256 id, uint256[25] memory bitmap, address payee) internal view returns (bytes memory) {
        IGame.Summary memory s = game.summary(id);
        return abi.encode(
            keccak256(abi.encodePacked(bitmap, Encoding.boardWords(s.position, s.repeated), contextOf(id, payee)))
        );
    }

    function leela(uint256 id, uint16 move) internal {
        uint256[25] memory bitmap = bitmapOf(game.summary(id).position, move);
        game.submitMove(id, move, bitmap, prover, prove(id, bitmap, prover));
    }

    function leela(uint256 id, string memory move) internal {
        leela(id, uci(move));
    }

    /// All three seats vote for the move, and the vote closes as soon as it may.
    function world(uint256 id, string memory text) internal {
        uint16 move = uci(text);
        bytes memory batch = bytes.concat(ballot(id, 0, move), ballot(id, 1, move), ballot(id, 2, move));
        vm.assertEq(game.castBallots(id, plyOf(id), batch), 3);
        vm.warp(game.summary(id).decidableAt);
        game.closeVote(id);
    }

    /// World mates in four.
    function worldMates(uint256 id) internal {
        world(id, "e2e4");
        leela(id, "e7e5");
        world(id, "d1h5");
        leela(id, "b8c6");
        world(id, "f1c4");
        leela(id, "g8f6");
        world(id, "h5f7");
    }

    /// Leela mates in two.
    function leelaMates(uint256 id) internal {
        world(id, "f2f3");
        leela(id, "e7e5");
        world(id, "g2g4");
        leela(id, "d8h4");
    }

    function assertState(uint256 id, IGame.State state) internal view {
        vm.assertEq(uint256(game.summary(id).state), uint256(state), "state");
    }

    function assertOver(uint256 id, IGame.Outcome outcome, IGame.Reason reason) internal view {
        assertState(id, IGame.State.Over);
        vm.assertEq(uint256(game.summary(id).outcome), uint256(outcome), "outcome");
        vm.assertEq(uint256(game.summary(id).reason), uint256(reason), "reason");
        vm.assertEq(game.summary(id).deadline, 0);
        vm.assertEq(game.summary(id).fund, 0, "what is left of the fund is the creator's");
    }
}
