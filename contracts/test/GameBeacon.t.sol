// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IGame} from "../src/IGame.sol";
import {GameTest} from "./GameTest.sol";
import {TestBeacon} from "./TestBeacon.sol";

/// The draw off local chains: by the beacon, here one whose key the test has, and by a block's hash if the beacon does not come.
contract GameBeaconTest is GameTest {
    uint256 private id;
    uint64 private round;
    TestBeacon private beacon;

    function setUp() public override {
        super.setUp();
        beacon = new TestBeacon();
        vm.etch(address(game.beacon()), address(beacon).code);
        vm.chainId(1);
        IGame.Terms memory terms = ordinary();
        terms.model = game.addModel(address(verifier), false, 0, sample());
        terms.book = bigBook();
        vm.warp(block.timestamp + 1 days);
        id = lobbyOver(terms);
        (uint64 expected, uint256 due) = beacon.roundAt(block.timestamp + 60);
        vm.expectEmit(address(game));
        emit IGame.RoundFixed(id, expected, uint64(due + 1 days));
        game.closeLobby(id);
        round = game.summary(id).drawRound;
        vm.assertEq(round, expected);
        vm.assertEq(game.summary(id).deadline, due + 1 days);
        vm.assertEq(game.summary(id).drawBlock, 0);
    }

    function test_beaconDraws() public {
        bytes memory signature = beacon.sign(round);
        uint256 index = uint256(keccak256(abi.encode(keccak256(signature), id))) % 16;
        vm.expectEmit(address(game));
        emit IGame.RoundSigned(id, round, signature);
        vm.prank(address(0xbad)); // anybody
        game.beginByBeacon(id, signature);
        assertState(id, IGame.State.Vote);
        vm.assertEq(game.summary(id).position.state >> 12 & 0xff, index);
        vm.expectRevert(abi.encodeWithSelector(IGame.WrongState.selector, id, IGame.State.Vote));
        game.beginByBeacon(id, signature);
    }

    function test_otherSignaturesDoNotDraw() public {
        bytes[4] memory wrong = [beacon.sign(round + 1), beacon.sign(77, round), bytes(""), new bytes(128)];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IGame.BadSignature.selector, round));
            game.beginByBeacon(id, wrong[i]);
        }
        assertState(id, IGame.State.Drawn);
    }

    /// The round is the next one due a minute later, so its signature is unknown when the lobby closes.
    function test_roundIsToCome() public view {
        (, uint256 due) = beacon.roundAt(block.timestamp + 60);
        vm.assertGe(due, block.timestamp + 60);
        vm.assertLt(due, block.timestamp + 63);
    }

    /// A block's hash draws only after a day's wait, and from then on the beacon does not: nobody chooses between two known draws.
    function test_fallback() public {
        uint64 deadline = game.summary(id).deadline;
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(IGame.TooEarly.selector, deadline - 1, deadline));
        game.begin(id);
        vm.warp(deadline);
        vm.expectEmit(address(game));
        emit IGame.DrawFixed(id, uint64(block.number) + 2);
        game.begin(id);
        assertState(id, IGame.State.Drawn);
        bytes memory signature = beacon.sign(round);
        vm.expectRevert(abi.encodeWithSelector(IGame.NoRound.selector, id));
        game.beginByBeacon(id, signature);
        vm.roll(block.number + 3);
        game.begin(id);
        assertState(id, IGame.State.Vote);
    }

    /// On a young chain too: no block was fixed, so none draws yet, not even the genesis block, whose hash everybody knows.
    function test_genesisDoesNotDraw() public {
        vm.warp(game.summary(id).deadline);
        vm.roll(200);
        vm.expectEmit(address(game));
        emit IGame.DrawFixed(id, 202);
        game.begin(id);
        assertState(id, IGame.State.Drawn);
    }

    /// Until somebody makes the block's hash draw, a late round still does.
    function test_lateRound() public {
        vm.warp(game.summary(id).deadline + 10 days);
        game.beginByBeacon(id, beacon.sign(round));
        assertState(id, IGame.State.Vote);
    }

    /// On local chains a block draws, as ever.
    function test_noBeaconOnLocalChains() public {
        vm.chainId(31337);
        uint256 other = lobbyOver(ordinary());
        game.closeLobby(other);
        vm.assertEq(game.summary(other).drawRound, 0);
        bytes memory signature = beacon.sign(0);
        vm.expectRevert(abi.encodeWithSelector(IGame.NoRound.selector, other));
        game.beginByBeacon(other, signature);
    }
}
