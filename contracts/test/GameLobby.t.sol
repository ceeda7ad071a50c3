// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chess} from "../src/Chess.sol";
import {Game} from "../src/Game.sol";
import {IGame} from "../src/IGame.sol";
import {GameTest} from "./GameTest.sol";
import {Vm} from "./Test.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// A verifier of words of zeros and two words of proof, with one fault: it lets one trial of addModel pass, or 0: refuses all.
contract UnfitVerifier {
    uint256 private immutable fault;

    constructor(uint256 fault_) {
        fault = fault_;
    }

    fallback() external {
        uint256 wrong = 0; // the trial that this input is
        if (bytes32(msg.data[992:]) == 0) wrong = 5;
        else if (msg.data[799] != 0) wrong = 1;
        else if (msg.data[959] != 0) wrong = 2;
        else if (msg.data[991] != 0) wrong = 3;
        else if (bytes32(msg.data[1024:]) != bytes32(uint256(5))) wrong = 4;
        require(fault != 0 && (wrong == 0 || wrong == fault));
    }
}

/// The owner's calls: models, books and new games.
contract GameOwnerTest is GameTest {
    address private constant STRANGER = address(0xbad);

    function test_modelIsPinned() public {
        vm.expectEmit(address(game));
        emit IGame.ModelAdded(
            1, address(verifier), false, 32, uint64(block.timestamp), address(verifier).codehash, bytes32(uint256(7))
        );
        uint32 number = game.addModel(address(verifier), false, bytes32(uint256(7)), sample());
        IGame.Model memory added = game.model(number);
        vm.assertEq(number, 1);
        vm.assertEq(game.models(), 2);
        vm.assertEq(added.verifier, address(verifier));
        vm.assertEq(added.codeHash, address(verifier).codehash);
        vm.assertEq(added.networkHash, bytes32(uint256(7)));
        vm.assertFalse(added.insecure);
        vm.assertEq(added.proofBytes, 32);
        vm.assertEq(added.usableFrom, block.timestamp);
    }

    /// Off local chains models and books may be looked at for a day before a game uses them.
    function test_notice() public {
        vm.chainId(1);
        IGame.Terms memory terms = ordinary();
        uint256 due = block.timestamp + 1 days;
        terms.model = game.addModel(address(verifier), false, 0, sample());
        vm.assertEq(game.model(terms.model).usableFrom, due);
        vm.expectRevert(abi.encodeWithSelector(IGame.NotYetUsable.selector, block.timestamp, due));
        game.createGame(terms, 0);
        vm.warp(due - 1);
        terms.book = game.addBook(abi.encode(Chess.START_BOARD, Chess.START_STATE));
        vm.assertEq(game.bookUsableFrom(terms.book), due - 1 + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IGame.NotYetUsable.selector, due - 1, due));
        game.createGame(terms, 0);
        vm.warp(due);
        vm.expectRevert(abi.encodeWithSelector(IGame.NotYetUsable.selector, due, due - 1 + 1 days));
        game.createGame(terms, 0);
        vm.warp(due - 1 + 1 days);
        game.createGame(terms, 0);
    }

    /// What is evidently no verifier is refused, and the number of the trial says why.
    function test_unfitVerifiers() public {
        for (uint256 trial = 0; trial < 6; ++trial) {
            address unfit = address(new UnfitVerifier(trial));
            vm.expectRevert(abi.encodeWithSelector(IGame.UnfitVerifier.selector, unfit, trial));
            game.addModel(unfit, true, 0, abi.encodePacked(sample(), uint256(5)));
        }
        address fit = address(new UnfitVerifier(6));
        game.addModel(fit, true, 0, abi.encodePacked(sample(), uint256(5)));
        bytes memory damaged = sample();
        damaged[992] ^= 0x80;
        vm.expectRevert(abi.encodeWithSelector(IGame.UnfitVerifier.selector, address(verifier), 0));
        game.addModel(address(verifier), true, 0, damaged);
        vm.expectRevert(abi.encodeWithSelector(IGame.WrongProofLength.selector, 992, 992));
        game.addModel(address(verifier), true, 0, new bytes(992));
    }

    /// With too little gas every proof fails, the garbage and the good one: nothing is registered.
    function test_modelWithTooLittleGas() public {
        bytes memory data = abi.encodeCall(game.addModel, (address(verifier), true, 0, sample()));
        uint256 added;
        for (uint256 gas_ = 20_000; gas_ < 400_000; gas_ += 5_000) {
            (bool done,) = address(game).call{gas: gas_}(data);
            if (done) ++added;
        }
        vm.assertEq(game.models(), 1 + added);
        for (uint32 number = 1; number <= added; ++number) {
            vm.assertEq(game.model(number).proofBytes, 32);
        }
    }

    function test_bookIsReadBack() public {
        bytes memory words =
            abi.encode(Chess.START_BOARD, Chess.START_STATE, Chess.START_BOARD, Chess.START_STATE & ~uint256(2));
        vm.recordLogs();
        uint32 book = game.addBook(words);
        Vm.Log memory log = vm.getRecordedLogs()[0];
        vm.assertEq(log.topics[0], IGame.BookAdded.selector);
        vm.assertEq(uint256(log.topics[1]), book);
        (address pointer, uint256 count, uint64 usableFrom) = abi.decode(log.data, (address, uint256, uint64));
        vm.assertEq(usableFrom, block.timestamp);
        vm.assertEq(keccak256(pointer.code), keccak256(bytes.concat(hex"00", words))); // STOP, then the words
        vm.assertEq(count, 2);
        (uint256 board, uint256 state) = game.opening(book, 1);
        vm.assertEq(board, Chess.START_BOARD);
        vm.assertEq(state, Chess.START_STATE & ~uint256(2));
        vm.assertEq(game.openings(book), 2);
        vm.assertEq(game.books(), 2);
    }

    /// The largest book, whose contract is as large as EIP-170 allows.
    function test_largestBook() public {
        bytes memory words;
        for (uint256 i = 0; i < 383; ++i) {
            words = abi.encodePacked(words, Chess.START_BOARD, Chess.START_STATE);
        }
        vm.assertEq(game.openings(game.addBook(words)), 383);
        words = abi.encodePacked(words, Chess.START_BOARD, Chess.START_STATE);
        vm.expectRevert(abi.encodeWithSelector(IGame.BadBook.selector, 384 * 64));
        game.addBook(words);
    }

    /// With gas for everything but the book's contract, no book is registered: it would have no openings, and its games no end.
    function test_bookWithTooLittleGas() public {
        bytes memory words;
        for (uint256 i = 0; i < 383; ++i) {
            words = abi.encodePacked(words, Chess.START_BOARD, Chess.START_STATE);
        }
        bytes memory data = abi.encodeCall(game.addBook, (words));
        uint256 snapshot = vm.snapshotState();
        uint256 before = gasleft();
        (bool done,) = address(game).call(data);
        uint256 used = before - gasleft();
        vm.assertTrue(done);
        vm.revertToState(snapshot);
        uint256 books = game.books();
        for (uint256 less = 500_000; less < 4_500_000; less += 800_000) {
            (done,) = address(game).call{gas: used - less}(data);
            vm.assertFalse(done);
        }
        vm.assertEq(game.books(), books);
    }

    function test_badBooks() public {
        vm.expectRevert(abi.encodeWithSelector(IGame.BadBook.selector, 0));
        game.addBook("");
        vm.expectRevert(abi.encodeWithSelector(IGame.BadBook.selector, 65));
        game.addBook(new bytes(65));
        // A length that is one opening when cut to 16 bits.
        vm.expectRevert(abi.encodeWithSelector(IGame.BadBook.selector, 65536 + 64));
        game.addBook(new bytes(65536 + 64));
        refuseOpening(0, Chess.START_STATE);
        refuseOpening(Chess.START_BOARD, Chess.START_STATE | 1 << 20); // not at ply 0
        refuseOpening(Chess.START_BOARD, Chess.START_STATE | 1 << 32);
        // Over before the first move: mate, stalemate, two kings, fifty moves.
        refuseOpening(6 | 13 << 4 * 9 | 14 << 4 * 18, 0); // White Ka1, Black Qb2 and Kc3
        refuseOpening(6 | 13 << 4 * 10 | uint256(14) << 4 * 40, 0); // White Ka1, Black Qc2 and Ka6
        refuseOpening(6 | uint256(14) << 4 * 40, 0);
        refuseOpening(Chess.START_BOARD, Chess.START_STATE | 100 << 12);
    }

    function refuseOpening(uint256 board, uint256 state) private {
        vm.expectRevert(abi.encodeWithSelector(IGame.BadOpening.selector, 1, board, state));
        game.addBook(abi.encode(Chess.START_BOARD, Chess.START_STATE, board, state));
    }

    function test_unknownNumbers() public {
        vm.expectRevert(abi.encodeWithSelector(IGame.UnknownModel.selector, 1));
        game.model(1);
        vm.expectRevert(abi.encodeWithSelector(IGame.UnknownBook.selector, 1));
        game.openings(1);
        vm.expectRevert(abi.encodeWithSelector(IGame.UnknownBook.selector, 1));
        game.opening(1, 0);
        vm.expectRevert(abi.encodeWithSelector(IGame.UnknownOpening.selector, 0, 1));
        game.opening(0, 1);
        vm.expectRevert(abi.encodeWithSelector(IGame.UnknownOpening.selector, 0, 1 << 250));
        game.opening(0, 1 << 250);
    }

    function test_onlyTheOwner() public {
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, STRANGER);
        vm.deal(STRANGER, 10);
        IGame.Terms memory terms = ordinary();
        vm.startPrank(STRANGER);
        vm.expectRevert(refusal);
        game.addModel(address(verifier), false, 0, sample());
        vm.expectRevert(refusal);
        game.addBook(abi.encode(Chess.START_BOARD, Chess.START_STATE));
        vm.expectRevert(refusal);
        game.createGame{value: 10}(terms, 0);
        vm.expectRevert(refusal);
        game.transferOwnership(STRANGER);
        vm.stopPrank();
        vm.assertEq(game.owner(), address(this));
    }

    /// The contract is handed over in two steps: a wrong address takes nothing.
    function test_ownershipInTwoSteps() public {
        game.transferOwnership(STRANGER);
        vm.assertEq(game.owner(), address(this));
        game.transferOwnership(account(1));
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, STRANGER);
        vm.prank(STRANGER);
        vm.expectRevert(refusal);
        game.acceptOwnership();
        vm.prank(account(1));
        game.acceptOwnership();
        vm.assertEq(game.owner(), account(1));
        IGame.Terms memory terms = ordinary();
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        game.createGame(terms, 0);
    }

    function test_verifierWithoutCode() public {
        vm.expectRevert(abi.encodeWithSelector(IGame.NoCode.selector, STRANGER));
        game.addModel(STRANGER, false, 0, sample());
    }

    /// An account that delegates (EIP-7702) has no code of its own.
    function test_verifierThatDelegates() public {
        vm.etch(STRANGER, abi.encodePacked(hex"ef0100", address(verifier)));
        vm.assertEq(STRANGER.code.length, 23);
        vm.expectRevert(abi.encodeWithSelector(IGame.NoCode.selector, STRANGER));
        game.addModel(STRANGER, false, 0, sample());
    }

    /// Real stakes refuse a model whose setup is known.
    function test_insecureModelOffLocalChains() public {
        IGame.Terms memory terms = ordinary();
        uint256[3] memory chains = [uint256(1), 10, 11155111];
        for (uint256 i = 0; i < 3; ++i) {
            vm.chainId(chains[i]);
            vm.expectRevert(abi.encodeWithSelector(IGame.InsecureModel.selector, model, chains[i]));
            game.createGame(terms, 0);
        }
        terms.model = game.addModel(address(verifier), false, 0, sample());
        vm.warp(block.timestamp + 1 days);
        game.createGame(terms, 0);
        vm.chainId(1337);
        game.createGame(ordinary(), 0);
    }

    /// Off local chains a lobby has a period, so that stakes in a lobby that the World never joins return.
    function test_lobbyWithoutPeriodOffLocalChains() public {
        IGame.Terms memory terms = ordinary();
        terms.model = game.addModel(address(verifier), false, 0, sample());
        terms.lobbyPeriod = 0;
        vm.chainId(1);
        refuse(terms, "lobbyPeriod", 0, 1, 30 days);
        terms.lobbyPeriod = 1;
        game.createGame(terms, 0);
        vm.chainId(1337);
        terms.lobbyPeriod = 0;
        game.createGame(terms, 0);
    }

    function test_termsOutOfRange() public {
        IGame.Terms memory t = ordinary();
        t.lobbyPeriod = 30 days + 1;
        refuse(t, "lobbyPeriod", 30 days + 1, 0, 30 days);
        t = ordinary();
        t.votingPeriod = 0;
        refuse(t, "votingPeriod", 0, 1, 30 days);
        t.votingPeriod = 30 days + 1;
        refuse(t, "votingPeriod", 30 days + 1, 1, 30 days);
        t = ordinary();
        t.minPeriod = 301;
        refuse(t, "minPeriod", 301, 0, 300);
        t = ordinary();
        t.provingPeriod = 0;
        refuse(t, "provingPeriod", 0, 1, 30 days);
        t.provingPeriod = 30 days + 1;
        refuse(t, "provingPeriod", 30 days + 1, 1, 30 days);
        t = ordinary();
        t.maxOdds = 0;
        refuse(t, "maxOdds", 0, 1, type(uint16).max);
        t = ordinary();
        t.quorum = 10_001;
        refuse(t, "quorum", 10_001, 0, 10_000);
        t = ordinary();
        t.fee = 501;
        refuse(t, "fee", 501, 0, 500);
        t = ordinary();
        t.maxPly = 0;
        refuse(t, "maxPly", 0, 1, 4095);
        t.maxPly = 4096;
        refuse(t, "maxPly", 4096, 1, 4095);
        t = ordinary();
        t.minStake = 0;
        refuse(t, "minStake", 0, 1, type(uint80).max);
        t = ordinary();
        t.maxStake = 999;
        refuse(t, "maxStake", 999, 1000, type(uint80).max);
        t.maxStake = 0; // none, but not with a pot
        game.createGame(t, 0);
        vm.expectRevert(abi.encodeWithSelector(IGame.TermOutOfRange.selector, "maxStake", 0, 1000, type(uint80).max));
        game.createGame{value: 1}(t, 1);
        t = ordinary();
        (t.lobbyPeriod, t.votingPeriod, t.minPeriod, t.provingPeriod) = (30 days, 30 days, 30 days, 30 days);
        game.createGame(t, 0);
        t = ordinary();
        t.model = 1;
        vm.expectRevert(abi.encodeWithSelector(IGame.UnknownModel.selector, 1));
        game.createGame(t, 0);
        t = ordinary();
        t.book = 1;
        vm.expectRevert(abi.encodeWithSelector(IGame.UnknownBook.selector, 1));
        game.createGame(t, 0);
    }

    function refuse(IGame.Terms memory t, string memory term, uint256 value, uint256 least, uint256 most) private {
        vm.expectRevert(abi.encodeWithSelector(IGame.TermOutOfRange.selector, term, value, least, most));
        game.createGame(t, 0);
    }

    function test_potBeyondTheValue() public {
        IGame.Terms memory terms = ordinary();
        vm.expectRevert(abi.encodeWithSelector(IGame.TooMuch.selector, 11, 10));
        game.createGame{value: 10}(terms, 11);
        vm.expectRevert(abi.encodeWithSelector(IGame.TooMuch.selector, 1 << 80, (1 << 80) - 1));
        game.createGame{value: 1 << 80}(terms, 0);
    }

    function test_newGame() public {
        IGame.Terms memory terms = ordinary();
        vm.expectEmit(address(game));
        emit IGame.GameCreated(0, address(this), terms, 100, 200);
        uint256 id = create(terms);
        IGame.Summary memory s = game.summary(id);
        vm.assertEq(game.games(), 1);
        vm.assertEq(s.deadline, block.timestamp + 1 days);
        vm.assertEq(s.pot, 200);
        vm.assertEq(s.fund, 100);
        vm.assertEq(s.creator, address(this));
        vm.assertEq(keccak256(abi.encode(game.terms(id))), keccak256(abi.encode(terms)));
        vm.assertEq(game.owed(id, address(this)), 0);
        assertState(id, IGame.State.Lobby);
    }

    function test_noCoinWithoutACall() public {
        (bool taken,) = address(game).call{value: 1}("");
        vm.assertFalse(taken);
    }
}

/// Staking, the end of the lobby and the draw.
contract GameLobbyTest is GameTest {
    function test_seats() public {
        uint256 id = create(ordinary());
        vm.assertEq(stakeWorld(id, 0, 1000), 0);
        vm.assertEq(stakeWorld(id, 1, 2000), 1);
        stakeLeela(id, 2, 1500);
        vm.assertEq(stakeWorld(id, 0, 1000), 0); // adds
        IGame.Seat memory seat = game.seat(id, 0);
        vm.assertEq(seat.account, account(0));
        vm.assertEq(seat.voteKey, vm.addr(voteKey(0)));
        vm.assertEq(seat.stake, 2000);
        vm.assertEq(seat.votedPly, 0);
        (IGame.Side side, uint128 amount, uint32 number) = game.stakeOf(id, account(1));
        vm.assertEq(uint256(side), uint256(IGame.Side.World));
        vm.assertEq(amount, 2000);
        vm.assertEq(number, 1);
        (side, amount,) = game.stakeOf(id, account(2));
        vm.assertEq(uint256(side), uint256(IGame.Side.Leela));
        vm.assertEq(amount, 1500);
        IGame.Summary memory s = game.summary(id);
        vm.assertEq(s.seats, 2);
        vm.assertEq(s.worldPool, 4000);
        vm.assertEq(s.leelaPool, 1500);
    }

    function test_stakedEvent() public {
        uint256 id = create(ordinary());
        vm.expectEmit(address(game));
        emit IGame.Staked(id, account(0), IGame.Side.World, 0, vm.addr(voteKey(0)), 1000);
        stakeWorld(id, 0, 1000);
    }

    function test_oneSideAnAccount() public {
        uint256 id = create(ordinary());
        stakeWorld(id, 0, 1000);
        vm.deal(account(0), 1000);
        vm.prank(account(0));
        vm.expectRevert(abi.encodeWithSelector(IGame.OtherSide.selector, account(0), IGame.Side.World));
        game.stake{value: 1000}(id, IGame.Side.Leela, address(0));
        stakeLeela(id, 1, 1000);
        vm.deal(account(1), 1000);
        vm.prank(account(1));
        vm.expectRevert(abi.encodeWithSelector(IGame.OtherSide.selector, account(1), IGame.Side.Leela));
        game.stake{value: 1000}(id, IGame.Side.World, account(9));
    }

    function test_voteKeys() public {
        uint256 id = create(ordinary());
        vm.expectRevert(abi.encodeWithSelector(IGame.WrongVoteKey.selector, address(0)));
        game.stake{value: 1000}(id, IGame.Side.World, address(0));
        vm.expectRevert(abi.encodeWithSelector(IGame.WrongVoteKey.selector, account(8)));
        game.stake{value: 1000}(id, IGame.Side.Leela, account(8));
        game.stake{value: 1000}(id, IGame.Side.World, account(8));
        vm.expectRevert(abi.encodeWithSelector(IGame.WrongVoteKey.selector, account(9)));
        game.stake{value: 1000}(id, IGame.Side.World, account(9));
    }

    function test_minStake() public {
        uint256 id = create(ordinary());
        vm.expectRevert(abi.encodeWithSelector(IGame.StakeTooSmall.selector, 999, 1000));
        game.stake{value: 999}(id, IGame.Side.World, account(8));
    }

    function test_fullPool() public {
        uint256 id = create(ordinary());
        stakeWorld(id, 0, (1 << 80) - 1000);
        stakeLeela(id, 1, (1 << 80) - 1);
        vm.expectRevert(abi.encodeWithSelector(IGame.TooMuch.selector, 1 << 80, (1 << 80) - 1));
        game.stake{value: 1000}(id, IGame.Side.World, account(8));
        vm.expectRevert(abi.encodeWithSelector(IGame.TooMuch.selector, (1 << 80) + 999, (1 << 80) - 1));
        game.stake{value: 1000}(id, IGame.Side.Leela, address(0));
        vm.expectRevert(abi.encodeWithSelector(IGame.TooMuch.selector, 1 << 80, (1 << 80) - 1));
        game.stake{value: 1 << 80}(id, IGame.Side.Leela, address(0));
    }

    /// An account near the cap that adds to its own stake is told so too.
    function test_fullPoolOfOneSeat() public {
        IGame.Terms memory terms = ordinary();
        terms.maxStake = 0;
        uint256 id = game.createGame(terms, 0);
        stakeWorld(id, 0, (1 << 80) - 1000);
        vm.deal(account(0), 1000);
        vm.prank(account(0));
        vm.expectRevert(abi.encodeWithSelector(IGame.TooMuch.selector, 1 << 80, (1 << 80) - 1));
        game.stake{value: 1000}(id, IGame.Side.World, vm.addr(voteKey(0)));
    }

    function test_closedLeelaPool() public {
        IGame.Terms memory terms = ordinary();
        terms.leelaPoolOpen = false;
        uint256 id = create(terms);
        vm.expectRevert(abi.encodeWithSelector(IGame.LeelaPoolClosed.selector, id));
        game.stake{value: 1000}(id, IGame.Side.Leela, address(0));
    }

    /// Nobody stakes once the lobby's time is over, closed or not, and nobody once the opening can be known.
    function test_stakingAfterTheOpening() public {
        uint256 id = create(ordinary());
        stakeWorld(id, 0, 10_000);
        uint64 deadline = game.summary(id).deadline;
        vm.warp(deadline - 1);
        stakeWorld(id, 1, 1000);
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IGame.TooLate.selector, deadline, deadline));
        game.stake{value: 1000}(id, IGame.Side.World, account(8));
        game.closeLobby(id);
        vm.expectRevert(abi.encodeWithSelector(IGame.WrongState.selector, id, IGame.State.Drawn));
        game.stake{value: 1000}(id, IGame.Side.World, account(8));
        vm.roll(block.number + 3);
        game.begin(id);
        vm.expectRevert(abi.encodeWithSelector(IGame.WrongState.selector, id, IGame.State.Vote));
        game.stake{value: 1000}(id, IGame.Side.World, account(8));
    }

    function test_lobbyCloses() public {
        uint256 id = create(ordinary());
        stakeWorld(id, 0, 1000);
        uint64 deadline = game.summary(id).deadline;
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(IGame.TooEarly.selector, deadline - 1, deadline));
        game.closeLobby(id);
        vm.warp(deadline);
        vm.expectEmit(address(game));
        emit IGame.DrawFixed(id, uint64(block.number) + 2);
        game.closeLobby(id);
        assertState(id, IGame.State.Drawn);
        vm.assertEq(game.summary(id).deadline, 0);
    }

    /// A lobby without a period waits for a World stake and then for anybody.
    function test_lobbyWithoutPeriod() public {
        IGame.Terms memory terms = ordinary();
        terms.lobbyPeriod = 0;
        uint256 id = create(terms);
        vm.warp(block.timestamp + 1000 days);
        stakeLeela(id, 1, 1000);
        vm.expectRevert(abi.encodeWithSelector(IGame.NoWorldStake.selector, id));
        game.closeLobby(id);
        stakeWorld(id, 0, 1000);
        game.closeLobby(id);
        assertState(id, IGame.State.Drawn);
    }

    /// Without a World stake the game is void: Leela's stakes, the pot and the fund return.
    function test_emptyLobby() public {
        uint256 id = create(ordinary());
        stakeLeela(id, 1, 1000);
        vm.warp(game.summary(id).deadline);
        vm.expectEmit(address(game));
        emit IGame.GameOver(id, IGame.Outcome.Void, IGame.Reason.Empty);
        game.closeLobby(id);
        assertOver(id, IGame.Outcome.Void, IGame.Reason.Empty);
        vm.assertEq(claim(id, account(1)), 1000);
        vm.assertEq(claim(id, address(this)), 300);
    }

    function test_drawNeedsALaterBlock() public {
        uint256 id = lobbyClosed(startBook);
        uint64 drawBlock = game.summary(id).drawBlock;
        for (uint256 number = block.number; number <= drawBlock; ++number) {
            vm.roll(number);
            vm.expectRevert(abi.encodeWithSelector(IGame.NotDrawn.selector, drawBlock));
            game.begin(id);
        }
        vm.roll(drawBlock + 1);
        vm.expectEmit(address(game));
        emit IGame.Began(id, 0, Chess.START_BOARD, Chess.START_STATE, uint64(block.timestamp) + 300);
        game.begin(id);
        assertState(id, IGame.State.Vote);
        vm.assertEq(game.summary(id).decidableAt, block.timestamp + 60);
    }

    /// When the World plays Black, Leela has the first move.
    function test_leelaBegins() public {
        IGame.Terms memory terms = ordinary();
        terms.worldIsWhite = false;
        uint256 id = started(terms);
        assertState(id, IGame.State.Prove);
        vm.assertEq(game.summary(id).deadline, block.timestamp + 1 days);
        leela(id, "e2e4");
        assertState(id, IGame.State.Vote);
        world(id, "e7e5");
        assertState(id, IGame.State.Prove);
    }

    /// A caller that undoes every draw it dislikes gets the same draw each time, and cannot keep others from it.
    function test_drawRetriedByItsCaller() public {
        uint32 book = bigBook();
        uint256 id = lobbyClosed(book);
        uint64 drawBlock = game.summary(id).drawBlock;
        Picky picky = new Picky(game);
        uint256 drawn = type(uint256).max;
        for (uint256 number = drawBlock + 1; number <= drawBlock + 256; number += 15) {
            vm.roll(number);
            uint256 seen = picky.look(id);
            if (drawn == type(uint256).max) drawn = seen;
            vm.assertEq(seen, drawn);
            assertState(id, IGame.State.Drawn);
        }
        game.begin(id);
        vm.assertEq(game.summary(id).position.state, drawn);
    }

    /// Games that share a block have draws of their own, and a book is used as a whole.
    function test_drawsDiffer() public {
        uint32 book = bigBook();
        uint256 seen;
        IGame.Terms memory terms = ordinary();
        terms.book = book;
        uint256 first = game.games();
        for (uint256 i = 0; i < 100; ++i) {
            stakeWorld(create(terms), i, 1000);
        }
        vm.warp(block.timestamp + 1 days);
        for (uint256 id = first; id < first + 100; ++id) {
            game.closeLobby(id);
        }
        vm.roll(block.number + 3);
        for (uint256 id = first; id < first + 100; ++id) {
            game.begin(id);
            seen |= 1 << (game.summary(id).position.state >> 12 & 0xff);
        }
        vm.assertEq(seen, (1 << 16) - 1);
    }

    /// Where EIP-2935 keeps old hashes, a draw's hash expires after 8,191 blocks, not after 256.
    function test_oldBlockHashes() public {
        uint256 id = lobbyClosed(bigBook());
        uint64 drawBlock = game.summary(id).drawBlock;
        // PUSH1 32, PUSH0, PUSH0, CALLDATACOPY; the hash of the number: KECCAK256 of it, returned.
        vm.etch(0x0000F90827F1C53a10cb7A02335B175320002935, hex"60205f5f3760205f205f5260205ff3");
        vm.roll(drawBlock + 8000);
        game.begin(id);
        assertState(id, IGame.State.Vote);
        uint256 index = uint256(keccak256(abi.encode(keccak256(abi.encode(drawBlock)), id))) % 16;
        vm.assertEq(game.summary(id).position.state >> 12 & 0xff, index);
    }

    /// A hash that the chain still has itself is not asked of the history contract, and what that reverts with is no hash.
    function test_historyIsTheLastResort() public {
        uint256 id = lobbyClosed(bigBook());
        uint64 drawBlock = game.summary(id).drawBlock;
        uint256 snapshot = vm.snapshotState();
        vm.etch(0x0000F90827F1C53a10cb7A02335B175320002935, hex"60205f5f3760205f205f5260205ff3"); // as above
        vm.roll(drawBlock + 256);
        vm.setBlockhash(drawBlock, keccak256("the draw"));
        game.begin(id);
        uint256 index = uint256(keccak256(abi.encode(keccak256("the draw"), id))) % 16;
        vm.assertEq(game.summary(id).position.state >> 12 & 0xff, index);
        vm.revertToState(snapshot);
        vm.etch(0x0000F90827F1C53a10cb7A02335B175320002935, hex"60205f5f3760205f205f5260205ffd"); // the same, reverting
        vm.roll(drawBlock + 8000);
        game.begin(id);
        assertState(id, IGame.State.Drawn);
    }

    /// When the hash has expired a new block is fixed, by anyone, again and again if need be.
    function test_expiredDraw() public {
        uint256 id = lobbyClosed(startBook);
        for (uint256 i = 0; i < 3; ++i) {
            uint64 drawBlock = game.summary(id).drawBlock;
            vm.roll(drawBlock + 257);
            vm.expectEmit(address(game));
            emit IGame.DrawFixed(id, drawBlock + 259);
            game.begin(id);
            assertState(id, IGame.State.Drawn);
        }
        vm.roll(game.summary(id).drawBlock + 256);
        game.begin(id);
        assertState(id, IGame.State.Vote);
    }

    function lobbyClosed(uint32 book) private returns (uint256 id) {
        IGame.Terms memory terms = ordinary();
        terms.book = book;
        id = lobbyOver(terms);
        game.closeLobby(id);
    }
}

/// Looks at a draw and undoes it.
contract Picky {
    error Drawn(uint256 state);

    Game private immutable game;

    constructor(Game game_) {
        game = game_;
    }

    function look(uint256 id) external returns (uint256 state) {
        try this.beginAndUndo(id) {}
        catch (bytes memory reason) {
            assembly {
                state := mload(add(reason, 36))
            }
        }
    }

    function beginAndUndo(uint256 id) external {
        game.begin(id);
        revert Drawn(game.summary(id).position.state);
    }
}
