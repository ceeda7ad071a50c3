// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chess} from "../src/Chess.sol";
import {IGame} from "../src/IGame.sol";
import {GameTest} from "./GameTest.sol";

/// Gas of each call, kept in `snapshots/Game.json`: without what the transaction itself costs, and with a verifier that costs next to
/// nothing. `proofmate bench contracts` measures whole transactions with a real one.
/// forge-config: default.isolate = true
contract GameGasTest is GameTest {
    struct SignedRound {
        uint256 round;
        bytes signature;
    }

    uint256 private constant SEATS = 100;

    function snap(string memory name) private {
        vm.snapshotGasLastCall("Game", name);
    }

    /// Off local chains, with a round that drand's quicknet signed and the contract that verifies it.
    function test_gasOfADraw() public {
        uint64 round = 1000;
        bytes memory signature = quicknetSignature(round);
        (, uint256 due) = game.beacon().roundAt(0);
        due += 3 * (round - 1);
        vm.chainId(1);
        vm.warp(due - 10 days);
        IGame.Terms memory terms = ordinary();
        terms.model = game.addModel(address(verifier), false, 0, sample());
        terms.book = game.addBook(abi.encode(Chess.START_BOARD, Chess.START_STATE));
        vm.warp(due - 1 minutes - terms.lobbyPeriod);
        uint256 id = create(terms);
        stakeWorld(id, 0, 1000);
        stakeWorld(id, 1, 1000);
        vm.prank(account(1));
        game.withdraw(id);
        snap("withdraw");
        vm.warp(due - 1 minutes);
        game.closeLobby(id);
        snap("closeLobby off local chains");
        game.beginByBeacon(id, signature);
        snap("beginByBeacon");
        assertState(id, IGame.State.Vote);
    }

    function quicknetSignature(uint64 round) private view returns (bytes memory) {
        bytes memory rounds = vm.parseJsonTypeArray(
            vm.readFile("../tests/vectors/beacon.json"), ".quicknet", "SignedRound(uint256 round,bytes signature)"
        );
        SignedRound[] memory signed = abi.decode(rounds, (SignedRound[]));
        for (uint256 i = 0; i < signed.length; ++i) {
            if (signed[i].round == round) return signed[i].signature;
        }
        revert("no such round");
    }

    function test_gasOfAGame() public {
        uint256 id = create(ordinary());
        snap("createGame");
        stakeWorld(id, 0, 1000);
        for (uint256 n = 1; n < SEATS; ++n) {
            stakeWorld(id, n, 1000 + n);
        }
        snap("stake on the World");
        stakeLeela(id, 1000, 5000);
        stakeLeela(id, 1001, 5000);
        snap("stake on Leela");
        vm.warp(game.summary(id).deadline);
        game.closeLobby(id);
        snap("closeLobby");
        vm.roll(block.number + 3);
        game.begin(id);
        snap("begin");
        (uint16 e4, uint16 d4, uint16 f3) = (uci("e2e4"), uci("d2d4"), uci("g1f3"));
        bytes memory batch;
        for (uint32 n = 0; n < SEATS - 1; ++n) {
            batch = bytes.concat(batch, ballot(id, n, n % 10 < 6 ? e4 : n % 10 < 9 ? d4 : f3));
        }
        game.castBallots(id, 0, batch);
        snap("castBallots, 99 ballots for three moves");
        vm.prank(account(SEATS - 1));
        game.castBallot(id, 0, e4);
        snap("castBallot");
        vm.warp(game.summary(id).decidableAt);
        game.closeVote(id);
        snap("closeVote");
        leela(id, "e7e5");
        snap("submitMove, without the verifier's");
        vm.warp(game.summary(id).deadline);
        game.closeVote(id);
        snap("closeVote for the understudy");
        vm.warp(game.summary(id).deadline);
        game.voidGame(id);
        snap("voidGame");
        claim(id, account(0));
        snap("claim");
    }
}
