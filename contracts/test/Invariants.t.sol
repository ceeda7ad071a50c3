// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chess, MoveSet, Position} from "../src/Chess.sol";
import {Game} from "../src/Game.sol";
import {IGame} from "../src/IGame.sol";
import {GameTest, HashVerifier} from "./GameTest.sol";
import {Test} from "./Test.sol";

/// A staker that, when paid, tries every call of the game again.
contract Thief {
    Game private immutable game;

    constructor(Game game_) {
        game = game_;
    }

    function stake(uint256 id, IGame.Side side, address voteKey) external payable {
        game.stake{value: msg.value}(id, side, voteKey);
    }

    function claim(uint256 id) external returns (uint256) {
        return game.claim(id, address(this));
    }

    function withdraw(uint256 id) external {
        game.withdraw(id);
    }

    receive() external payable {
        uint256 games = game.games();
        for (uint256 id = games < 3 ? 0 : games - 3; id < games; ++id) {
            try game.claim(id, address(this)) {} catch {}
            try game.claimTo(id, address(this)) {} catch {}
            try game.withdraw(id) {} catch {}
        }
    }
}

/// A staker that refuses to be paid.
contract Stone {
    function stake(Game game, uint256 id, IGame.Side side, address voteKey) external payable {
        game.stake{value: msg.value}(id, side, voteKey);
    }
}

/// Whatever anybody may do to up to three games at a time, in any order, sensible or not. It keeps plain books of what went in and
/// out, of every vote and of the clocks, and compares after each call. Nothing here may revert.
contract Actors is GameTest {
    uint256 private constant ACTORS = 8; // 0..5 have keys, 6 is the thief, 7 the stone
    uint256 private constant THIEF = 6;
    uint256 private constant STONE = 7;
    uint16 private constant MOVES = 4096;

    Thief private thief;
    Stone private stone;
    uint32 private book;

    // Plain books, by game.
    mapping(uint256 => uint256) public into;
    mapping(uint256 => uint256) public out;
    mapping(uint256 => uint256[2]) public staked; // by side
    mapping(uint256 => mapping(uint256 => uint256)) public stakes; // by actor
    mapping(uint256 => mapping(uint256 => uint256)) public rewards; // by actor, all there ever were
    mapping(uint256 => mapping(uint256 => uint256)) public payments; // by actor
    mapping(uint256 => uint256) public rewarded;
    mapping(uint256 => mapping(uint256 => mapping(uint256 => bool))) private voted; // ply, seat
    mapping(uint256 => mapping(uint256 => uint256)) private castWeight; // ply
    mapping(uint256 => uint256) private since; // when the present state and ply began
    mapping(uint256 => IGame.Summary) private seen;
    mapping(uint256 => uint256) private thiefSide;
    uint256 private calls;

    /// How many games ended, by reason and by outcome.
    uint256[9] public reasons;
    uint256[5] public outcomes;

    constructor() {
        setUp();
        thief = new Thief(game);
        stone = new Stone();
        book = game.addBook(
            abi.encode(
                // kings shut in behind blocked pawns: repetitions
                uint256(6) | 1 << 4 * 8 | 1 << 4 * 10 | 9 << 4 * 16 | 9 << 4 * 18 | 1 << 4 * 45 | 1 << 4 * 47 | 9
                    << 4 * 53 | 9 << 4 * 55 | uint256(14) << 4 * 63,
                0,
                // White Kg6, Qa2, Qb1 and Black Kh8: what checks mates, much else stalemates
                uint256(6) << 4 * 46 | 5 << 4 * 8 | 5 << 4 * 1 | 14 << 4 * 63,
                0,
                // the same for Black
                uint256(14) << 4 * 22 | 13 << 4 * 48 | 13 << 4 * 57 | 6 << 4 * 7,
                1,
                // two kings and a rook, late: fifty moves and dead positions
                uint256(6) << 4 * 4 | 14 << 4 * 20 | 12 << 4 * 12,
                96 << 12
            )
        );
        for (uint256 i = 0; i < 3; ++i) {
            create(mix(i));
        }
    }

    // ----------------------------------------------------------------------------------------------------- choices

    /// The fuzzer likes small numbers and old ones: spread them.
    function mix(uint256 seed) private returns (uint256) {
        return uint256(keccak256(abi.encode(seed, ++calls)));
    }

    /// One of the last three games, more often than not one in the given state.
    function pick(uint256 seed, IGame.State state) private view returns (uint256 id) {
        uint256 last = game.games() - 1;
        for (uint256 i = 0; i < 3; ++i) {
            id = last - ((seed >> 128) + i) % 3;
            if (seed >> 192 & 7 == 0 || seen[id].state == state) return id;
        }
    }

    function who(uint256 n) private view returns (address) {
        return n == THIEF ? address(thief) : n == STONE ? address(stone) : account(n);
    }

    function legalMove(Position memory position, uint256 seed) private view returns (uint16) {
        MoveSet memory legal = game.rules().legalMoves(position);
        for (uint256 k = seed % 73;; k = (k + 1) % 73) {
            uint256 origins = legal.origins[k];
            if (origins == 0) continue;
            uint256 bit = seed >> 8 & 63;
            while (origins >> bit & 1 == 0) bit = (bit + 1) % 72;
            return Chess.moveOf(position, k, bit - bit / 9);
        }
        revert();
    }

    // ------------------------------------------------------------------------------------------------------- calls

    /// A new game when the oldest of the three is over.
    function newGame(uint256 seed) public {
        if (game.summary(game.games() - 3).state == IGame.State.Over) create(mix(seed));
    }

    function create(uint256 seed) private {
        IGame.Terms memory terms = ordinary();
        terms.book = book;
        terms.worldIsWhite = seed & 1 == 0;
        terms.leelaPoolOpen = seed & 6 != 0;
        terms.lobbyPeriod = seed & 24 == 0 ? 0 : 1 hours;
        terms.minPeriod = uint32(seed >> 5 & 3) * 100;
        terms.quorum = ([uint16(0), 2500, 5001, 10_000][seed >> 8 & 3]);
        terms.fee = ([uint16(0), 1, 200, 500][seed >> 10 & 3]);
        terms.maxOdds = terms.leelaPoolOpen ? ([uint16(1), 2, 3, 10][seed >> 12 & 3]) : 0;
        terms.maxPly = uint16(seed >> 14 & 15) + 1;
        terms.minStake = uint80(seed >> 20 & 3) + 1;
        terms.maxStake = seed >> 22 & 3 == 0 ? 60 : type(uint80).max;
        terms.reward = uint80(seed >> 24 & 15);
        uint256 fund = seed >> 32 & 63;
        uint256 pot = seed >> 40 & 255;
        uint256 id = game.createGame{value: fund + pot}(terms, uint128(pot));
        into[id] = fund + pot;
        since[id] = block.timestamp;
        check(id);
    }

    function stake(uint256 seed, uint256 amount) public {
        seed = mix(seed);
        uint256 id = pick(seed, IGame.State.Lobby);
        uint256 n = seed >> 8 & 7;
        amount = seed >> 16 & 7 == 0 ? amount % type(uint80).max : amount % 50;
        IGame.Side side = IGame.Side(seed >> 24 & 1);
        address key = side == IGame.Side.World ? vm.addr(voteKey(n)) : address(0);
        vm.deal(who(n), amount);
        vm.deal(address(this), address(this).balance + amount);
        bool done;
        if (n == THIEF) {
            try thief.stake{value: amount}(id, side, key) {
                done = true;
                thiefSide[id] = uint256(side);
            } catch {}
        } else if (n == STONE) {
            try stone.stake{value: amount}(game, id, side, key) {
                done = true;
            } catch {}
        } else {
            vm.prank(who(n));
            try game.stake{value: amount}(id, side, key) {
                done = true;
            } catch {}
        }
        if (done) {
            vm.assertEq(uint256(seen[id].state), uint256(IGame.State.Lobby), "staked after the lobby");
            vm.assertTrue(seen[id].deadline == 0 || block.timestamp < seen[id].deadline, "staked too late");
            into[id] += amount;
            staked[id][uint256(side)] += amount;
            stakes[id][n] += amount;
            vm.assertLe(stakes[id][n], game.terms(id).maxStake, "more than maxStake");
        }
        check(id);
    }

    function withdraw(uint256 seed) public {
        seed = mix(seed);
        uint256 id = pick(seed, IGame.State.Lobby);
        uint256 n = (seed >> 8) % 7;
        IGame.Summary memory s = game.summary(id);
        uint256 window = game.terms(id).lobbyPeriod / 4; // of an hour at most
        bool may = s.state == IGame.State.Lobby && stakes[id][n] != 0
            && (s.deadline == 0 || block.timestamp < s.deadline - window);
        if (n == THIEF) {
            uint256[] memory owed = thiefsDues();
            try thief.withdraw(id) {
                vm.assertTrue(may, "withdrew too late");
                return settleThief(owed, id);
            } catch {
                vm.assertFalse(may, "a stake that cannot be withdrawn");
            }
        } else {
            (IGame.Side side,,) = game.stakeOf(id, who(n));
            vm.prank(who(n));
            try game.withdraw(id) returns (uint256 amount) {
                vm.assertTrue(may, "withdrew too late");
                vm.assertEq(amount, stakes[id][n], "withdrew another stake");
                unstake(id, n, side);
            } catch {
                vm.assertFalse(may, "a stake that cannot be withdrawn");
            }
        }
        check(id);
    }

    function unstake(uint256 id, uint256 n, IGame.Side side) private {
        into[id] -= stakes[id][n];
        staked[id][uint256(side)] -= stakes[id][n];
        stakes[id][n] = 0;
    }

    function pass(uint256 seed) public {
        seed = mix(seed);
        vm.warp(block.timestamp + [uint256(1), 60, 150, 300, 1 hours, 1 days, 1, 30][seed & 7]);
        vm.roll(block.number + [uint256(1), 1, 3, 300][seed >> 8 & 3]);
    }

    function closeLobby(uint256 seed) public {
        seed = mix(seed);
        uint256 id = pick(seed, IGame.State.Lobby);
        try game.closeLobby(id) {
            vm.assertTrue(
                seen[id].deadline != 0 ? block.timestamp >= seen[id].deadline : staked[id][0] != 0, "closed too early"
            );
            since[id] = block.timestamp;
        } catch {}
        check(id);
    }

    function draw(uint256 seed) public {
        seed = mix(seed);
        uint256 id = pick(seed, IGame.State.Drawn);
        try game.begin(id) {
            vm.assertGt(block.number, seen[id].drawBlock);
            since[id] = block.timestamp;
        } catch {}
        check(id);
    }

    /// A batch in random order: some of the seats, some twice, some with illegal moves or broken signatures.
    function castBallots(uint256 seed, uint256 moves) public {
        seed = mix(seed);
        uint256 id = pick(seed, IGame.State.Vote);
        uint16 ply = plyOf(id);
        bytes memory batch;
        uint256 expected;
        if (game.summary(id).state == IGame.State.Vote) {
            for (uint256 i = 0; i < 4; ++i) {
                (bytes memory one, bool counts) = anyBallot(id, ply, seed >> (8 + 16 * i), moves >> 16 * i);
                batch = bytes.concat(batch, one);
                if (counts) ++expected;
            }
        }
        vm.assertEq(game.castBallots(id, ply, batch), expected, "ballots counted");
        check(id);
    }

    function anyBallot(uint256 id, uint16 ply, uint256 seed, uint256 draw_)
        private
        returns (bytes memory one, bool counts)
    {
        uint256 n = seed & 7;
        if (stakes[id][n] == 0) return ("", false);
        IGame.Summary memory s = game.summary(id);
        uint16 move = draw_ & 0xf000 == 0 ? uint16(draw_) : legalMove(s.position, draw_);
        (IGame.Side side,, uint32 number) = game.stakeOf(id, who(n));
        bool broken = seed >> 8 & 7 == 0;
        one = ballot(id, number, voteKey(broken ? 99 : n), move);
        counts = block.timestamp < s.deadline && side == IGame.Side.World && !broken && !voted[id][ply][n]
            && Chess.isLegal(s.position, move);
        if (counts) {
            voted[id][ply][n] = true;
            castWeight[id][ply] += stakes[id][n];
        }
    }

    function castBallot(uint256 seed, uint256 move_) public {
        seed = mix(seed);
        uint16 move = uint16(move_);
        uint256 id = pick(seed, IGame.State.Vote);
        uint256 n = seed >> 8 & 7;
        uint16 ply = plyOf(id);
        if (game.summary(id).state == IGame.State.Vote && seed >> 16 & 3 != 0) {
            move = legalMove(game.summary(id).position, move);
        }
        vm.prank(who(n));
        try game.castBallot(id, ply, move) {
            vm.assertFalse(voted[id][ply][n], "voted twice");
            vm.assertLt(block.timestamp, seen[id].deadline, "voted too late");
            voted[id][ply][n] = true;
            castWeight[id][ply] += stakes[id][n];
        } catch {}
        check(id);
    }

    function closeVote(uint256 seed) public {
        seed = mix(seed);
        uint256 id = pick(seed, IGame.State.Vote);
        try game.closeVote(id) {
            uint256 began = since[id];
            if (block.timestamp < seen[id].deadline) {
                vm.assertGe(block.timestamp, began + game.terms(id).minPeriod, "closed before minPeriod");
            }
            since[id] = block.timestamp;
        } catch {
            vm.assertTrue(
                seen[id].state != IGame.State.Vote || block.timestamp < seen[id].deadline, "a vote that cannot close"
            );
        }
        check(id);
    }

    function submitMove(uint256 seed) public {
        seed = mix(seed);
        uint256 id = pick(seed, IGame.State.Prove);
        IGame.Summary memory s = game.summary(id);
        if (s.state != IGame.State.Prove) return;
        uint256 n = seed >> 8 & 7;
        uint16 move = legalMove(s.position, seed >> 16);
        uint256[25] memory bitmap = bitmapOf(s.position, move);
        bytes memory proof = prove(id, bitmap, who(n));
        if (seed >> 40 & 7 == 0) (n, proof) = ((n + 1) & 7, proof); // stolen
        bool stolen = seed >> 40 & 7 == 0;
        try game.submitMove(id, move, bitmap, who(n), proof) {
            vm.assertFalse(stolen, "stolen proof");
            uint256 reward = game.terms(id).reward;
            if (reward > s.fund) reward = s.fund;
            rewards[id][n] += reward;
            rewarded[id] += reward;
            since[id] = block.timestamp;
        } catch {
            vm.assertTrue(stolen, "an honest proof was refused");
        }
        check(id);
    }

    function voidGame(uint256 seed) public {
        seed = mix(seed);
        uint256 id = pick(seed, IGame.State.Prove);
        try game.voidGame(id) {
            vm.assertGe(block.timestamp, since[id] + game.terms(id).provingPeriod, "void before the proving period");
            since[id] = block.timestamp;
        } catch {
            vm.assertTrue(
                seen[id].state != IGame.State.Prove || block.timestamp < seen[id].deadline, "a game that cannot be void"
            );
        }
        check(id);
    }

    function claim(uint256 seed) public {
        seed = mix(seed);
        uint256 id = pick(seed, IGame.State.Over);
        uint256 n = (seed >> 8 & 15) % 9;
        if (n == 8) {
            uint256 before = address(this).balance;
            try game.claim(id, address(this)) {
                out[id] += address(this).balance - before;
                payments[id][8] += address(this).balance - before;
            } catch {}
        } else {
            uint256[] memory owed = thiefsDues();
            uint256 due = game.owed(id, who(n));
            if (n == THIEF) {
                try thief.claim(id) returns (uint256 amount) {
                    vm.assertEq(amount, due);
                    return settleThief(owed, id);
                } catch {
                    vm.assertTrue(due == 0, "a claim that fails");
                }
            } else {
                bool chosen = seed >> 16 & 3 == 0;
                if (chosen) {
                    vm.prank(who(n));
                    game.chooseClaimer(address(0xc1a));
                }
                bool stranger = seed >> 18 & 3 == 0;
                vm.prank(stranger ? address(0xbad) : chosen ? address(0xc1a) : who(n));
                try game.claim(id, who(n)) returns (uint256 amount) {
                    vm.assertFalse(stranger, "a stranger claimed");
                    vm.assertEq(amount, due);
                    pay(id, n, amount);
                } catch {
                    vm.assertTrue(stranger || due == 0 || n == STONE, "a claim that fails");
                }
            }
        }
        check(id);
    }

    function claimTo(uint256 seed, uint256 to_) public {
        seed = mix(seed);
        uint160 to = uint160(to_);
        uint256 id = pick(seed, IGame.State.Over);
        uint256 n = (seed >> 8) % 6;
        if (to < 0x10000 || address(to).code.length != 0) to = 0xfee1;
        vm.prank(who(n));
        try game.claimTo(id, address(to)) returns (uint256 amount) {
            pay(id, n, amount);
        } catch {}
        check(id);
    }

    /// The published clocks: from any state, the call that ends it works for anybody as soon as its time has come.
    function waitItOut(uint256 seed) public {
        seed = mix(seed);
        uint256 id = pick(seed, IGame.State.Prove);
        IGame.Summary memory s = game.summary(id);
        if (s.state == IGame.State.Over || seed >> 8 & 7 != 0) return;
        if (block.timestamp < s.deadline) vm.warp(s.deadline);
        if (block.number <= s.drawBlock) vm.roll(s.drawBlock + 1);
        since[id] = block.timestamp;
        if (s.state == IGame.State.Lobby) {
            if (s.deadline == 0 && s.worldPool == 0) return;
            game.closeLobby(id);
        } else if (s.state == IGame.State.Drawn) {
            game.begin(id);
        } else if (s.state == IGame.State.Vote) {
            game.closeVote(id);
        } else {
            game.voidGame(id);
        }
        check(id);
    }

    // ----------------------------------------------------------------------------------------------- plain books

    function pay(uint256 id, uint256 n, uint256 amount) private {
        out[id] += amount;
        payments[id][n] += amount;
    }

    function thiefsDues() private view returns (uint256[] memory owed) {
        owed = new uint256[](game.games());
        for (uint256 id = 0; id < owed.length; ++id) {
            owed[id] = game.owed(id, address(thief));
        }
    }

    /// The thief's calls from within took what it was owed elsewhere and what it had staked in lobbies, and no more.
    function settleThief(uint256[] memory owed, uint256 id) private {
        for (uint256 i = 0; i < owed.length; ++i) {
            (, uint128 amount,) = game.stakeOf(i, address(thief));
            if (amount == 0 && stakes[i][THIEF] != 0) {
                vm.assertEq(uint256(seen[i].state), uint256(IGame.State.Lobby), "withdrew after the lobby");
                unstake(i, THIEF, IGame.Side(thiefSide[i]));
            }
            uint256 left = game.owed(i, address(thief));
            vm.assertTrue(left == 0 || (left == owed[i] && i != id), "half a claim");
            pay(i, THIEF, owed[i] - left);
        }
        for (uint256 i = owed.length - 3; i < owed.length; ++i) {
            check(i);
        }
    }

    /// What must hold of a game after any call.
    function check(uint256 id) public {
        IGame.Summary memory s = game.summary(id);
        IGame.Summary memory before = seen[id];
        checkClock(id, s, before);

        // The pools are what was staked, and the fund what rewards left of it.
        vm.assertEq(s.worldPool, staked[id][0], "World pool");
        vm.assertEq(s.leelaPool, staked[id][1], "Leela pool");

        // Votes: each seat once.
        if (s.state == IGame.State.Vote) {
            IGame.Tally memory t = game.tally(id);
            vm.assertEq(t.castWeight, castWeight[id][plyOf(id)], "cast weight");
            vm.assertLe(uint256(t.leaderWeight) + t.runnerUpWeight, t.castWeight, "tally");
            vm.assertLe(t.castWeight, s.worldPool, "more votes than stake");
        }

        // What is owed is covered by what is left, with dust of less than a wei an account once the game is over.
        uint256 due = game.owed(id, address(this));
        uint256 accounts;
        for (uint256 n = 0; n < ACTORS; ++n) {
            uint256 owed = game.owed(id, who(n));
            due += owed;
            if (stakes[id][n] != 0) ++accounts;
            // Paid once: rewards, and after the end the stake's payout, at most.
            if (s.state != IGame.State.Over) {
                vm.assertEq(owed + payments[id][n], rewards[id][n], "more than the rewards");
            } else if (s.outcome == IGame.Outcome.Draw || s.outcome == IGame.Outcome.Void) {
                vm.assertEq(owed + payments[id][n], rewards[id][n] + stakes[id][n], "refund");
            }
        }
        if (s.state == IGame.State.Over) {
            vm.assertLe(out[id] + due, into[id], "more out than in");
            vm.assertLe(into[id] - out[id] - due, accounts, "dust");
            if (before.state != IGame.State.Over) {
                ++reasons[uint256(s.reason)];
                ++outcomes[uint256(s.outcome)];
            }
        } else {
            vm.assertEq(
                out[id] + due + s.worldPool + s.leelaPool + s.pot + s.fund, into[id], "a running game keeps everything"
            );
        }
        seen[id] = s;
    }

    /// The clocks: within a state and ply the deadline stands still, and it is never further off than the terms say.
    function checkClock(uint256 id, IGame.Summary memory s, IGame.Summary memory before) private view {
        IGame.Terms memory terms = game.terms(id);
        if (s.state == IGame.State.Lobby) {
            // Large late stakes move it, four times two windows at most.
            vm.assertGe(s.deadline, before.deadline, "lobby shortened");
            vm.assertLe(s.deadline, since[id] + 3 * uint256(terms.lobbyPeriod), "endless lobby");
        } else if (before.state == s.state && before.position.state == s.position.state) {
            vm.assertEq(s.deadline, before.deadline, "moved clock");
        }
        if (before.state == IGame.State.Over) {
            vm.assertEq(uint256(s.state), uint256(IGame.State.Over), "life after the end");
            vm.assertEq(uint256(s.outcome), uint256(before.outcome), "outcome changed");
        }
        if (s.state == IGame.State.Vote) vm.assertEq(s.deadline, since[id] + terms.votingPeriod, "voting period");
        if (s.state == IGame.State.Prove) vm.assertEq(s.deadline, since[id] + terms.provingPeriod, "proving period");
        if (s.state == IGame.State.Drawn) vm.assertLe(s.drawBlock, block.number + 2, "far draw");
        vm.assertTrue(s.seats != 0 || s.worldPool == 0, "seats");
    }

    function checkAll() external view {
        uint256 held;
        uint256 games = game.games();
        for (uint256 id = 0; id < games; ++id) {
            held += into[id] - out[id];
        }
        vm.assertEq(address(game).balance, held, "balance");
    }
}

/// Forge calls the actors in random order, with random choices, and asks after each call.
contract InvariantsTest is Test {
    Actors private actors;

    function setUp() public {
        actors = new Actors();
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](18);
        selectors[0] = Actors.newGame.selector;
        (selectors[1], selectors[2]) = (Actors.stake.selector, Actors.stake.selector);
        (selectors[3], selectors[4]) = (Actors.closeLobby.selector, Actors.draw.selector);
        (selectors[5], selectors[6]) = (Actors.castBallots.selector, Actors.castBallots.selector);
        (selectors[7], selectors[8]) = (Actors.castBallot.selector, Actors.closeVote.selector);
        (selectors[9], selectors[10]) = (Actors.submitMove.selector, Actors.submitMove.selector);
        (selectors[11], selectors[12]) = (Actors.voidGame.selector, Actors.claim.selector);
        (selectors[13], selectors[14]) = (Actors.claimTo.selector, Actors.waitItOut.selector);
        (selectors[15], selectors[16]) = (Actors.pass.selector, Actors.closeVote.selector);
        selectors[17] = Actors.withdraw.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(actors), selectors);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actors);
    }

    /// The actors get everywhere: a long walk sees each reason and outcome.
    function test_actorsReachEveryEnding() external {
        FuzzSelector memory target = this.targetSelectors()[0];
        for (uint256 i = 0; i < 10_000; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(i)));
            bytes4 selector = target.selectors[draw % target.selectors.length];
            (bool done,) = address(actors).call(abi.encodeWithSelector(selector, draw, draw >> 7));
            vm.assertTrue(done);
        }
        actors.checkAll();
        for (uint256 i = 1; i < 9; ++i) {
            vm.assertGt(actors.reasons(i), 0);
            if (i < 5) vm.assertGt(actors.outcomes(i), 0);
        }
    }

    function invariant_theContractOwesNobody() external view {
        actors.checkAll();
    }
}
