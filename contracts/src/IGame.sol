// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IBeacon} from "./Beacon.sol";
import {Position} from "./Chess.sol";
import {Rules} from "./Rules.sol";

/// @title Proofmate: a crowd (the World) plays chess against a neural network (Leela), for stakes.
/// @notice The promises. One contract holds many games; the terms of a game never change once it is created, nobody can
/// pause, upgrade or end it, and every wait ends by a call that anyone can make (but for a lobby without a period, which only
/// local chains allow). Amounts are in wei, times in seconds of block time, shares in basis points (1/10,000). Games, models,
/// books, openings and seats are numbered from 0.
///
///   createGame -> Lobby --closeLobby--> Drawn --begin--> enter <--------------+
///                   |                    ^   | (or         |                  |
///                   |                    +---+ beginByBeacon)--> Vote --------+ closeVote: the crowd's move
///                   | closeLobby,      begin: a block      |     |            |
///                   | no World stake     is fixed          |     | closeVote: | no leader, or it lacks the quorum
///                   |                                      |     v            |
///                   |                                      +--> Prove --------+ submitMove: the network's move
///                   v                                      |     |
///              Over(Void) <------------- voidGame ---------|-----+
///                                                          +--> Over(World | Leela | Draw)
///
/// `enter` is not a state: the opening, or the position after a move, is judged, and the state is Over if it ends the game,
/// Vote if the World is to move, Prove if Leela is. In a Prove that follows a Vote the network moves for the World (the understudy).
/// Stakes belong to Lobby, ballots to Vote. In another state than its own a call reverts with WrongState, except that castBallots
/// counts nothing; claim and claimTo belong to every state, and revert with NothingOwed where nothing is owed.
///
/// Losing on purpose. Whoever holds the share a of the World's pool and b of Leela's gains b (1 - fee) - a of what is matched when Leela
/// wins, so it pays once b (1 - fee) > a, whatever the pools. It needs the lead in the votes: a bad move must get the quorum of all
/// World stake, and more than any other. With equal pools it pays more than winning once b > a, without a pot. No rule prevents it. A
/// high quorum makes it expensive to lead, and maxStake bounds the share of each account, though not of each person.
interface IGame {
    // ------------------------------------------------------------------------------------------------------- types

    enum Side {
        World,
        Leela
    }

    enum State {
        None,
        Lobby,
        Drawn,
        Vote,
        Prove,
        Over
    }

    enum Outcome {
        None,
        World,
        Leela,
        Draw,
        Void
    }

    /// @notice Why a game ended. Stalled: no proven move in time. Empty: nobody staked on the World.
    enum Reason {
        None,
        Checkmate,
        Stalemate,
        Repetition,
        FiftyMoves,
        InsufficientMaterial,
        MaxPly,
        Stalled,
        Empty
    }

    /// @notice A network that can play. Models are append-only and the verifier's code is pinned, so a game's model never changes
    /// under it, provided that the owner registered an honest verifier: the contract cannot tell one from code that asks other
    /// code, or that accepts anything. `proofmate audit --network` can: it makes the verifier again and compares.
    /// @param verifier The generated Halo2 verifier; called with words ++ proof, it reverts unless the proof is valid, and returns nothing.
    /// @param insecure The owner says: the setup was made from a known seed, so whoever knows it can forge. Such a model plays on
    /// local chains only.
    /// @param proofBytes The length of each proof.
    /// @param usableFrom When games with it may be created, so that stakers can look first: a day after it was added; at once on local
    /// chains.
    /// @param codeHash The verifier's code hash, checked at every call.
    /// @param networkHash sha256 of the network's file.
    struct Model {
        address verifier;
        bool insecure;
        uint24 proofBytes;
        uint64 usableFrom;
        bytes32 codeHash;
        bytes32 networkHash;
    }

    /// @param leelaPoolOpen Whether stakes on Leela are taken. If not (a prize game), no stake can be lost, and only the pot is played
    /// for: it returns to the creator unless the World wins. So the creator gains if the World loses. It can bring that about: it may
    /// stake on the World by another account, at no risk, and outvote the others.
    /// @param lobbyPeriod How long stakes are taken, unless large late stakes extend it (see `stake`); 0 (local chains only): until
    /// somebody closes a lobby that holds a World stake.
    /// @param minPeriod A decided vote may close this long after it opened.
    /// @param quorum Share of all World stake that the leading move needs.
    /// @param maxOdds A winner wins at most this many times the stake from the other pool; at least 1 if Leela's pool is open.
    /// @param fee Share of the winnings that goes to the creator; at most 500.
    /// @param maxStake The most that an account may stake; 0: no bound, only without a pot. A pot is shared by stake, and such a stake may
    /// risk nothing, so it must be bounded. One person may use many accounts.
    /// @param reward Paid from the fund to the payee of each proven move.
    struct Terms {
        uint32 model;
        uint32 book;
        bool worldIsWhite;
        bool leelaPoolOpen;
        uint32 lobbyPeriod;
        uint32 votingPeriod;
        uint32 minPeriod;
        uint32 provingPeriod;
        uint16 quorum;
        uint16 fee;
        uint16 maxOdds;
        uint16 maxPly;
        uint80 minStake;
        uint80 maxStake;
        uint80 reward;
    }

    /// @notice A game as it stands. `deadline` ends the state it is in (Lobby: staking closes; Drawn: a block's hash may draw instead of
    /// the beacon; Vote: the vote; Prove: then it may be voided); 0: the state has none. `decidableAt` is when a decided vote may close.
    /// The opening is drawn by the beacon's round `drawRound`, or by the hash of block `drawBlock`; the other is 0. `repeated`: the
    /// position occurred before in this game.
    struct Summary {
        State state;
        Outcome outcome;
        Reason reason;
        Position position;
        bool repeated;
        uint64 deadline;
        uint64 decidableAt;
        uint64 drawBlock;
        uint64 drawRound;
        uint32 seats;
        uint128 worldPool;
        uint128 leelaPool;
        uint128 pot;
        uint128 fund;
        address creator;
    }

    /// @notice The vote of the current ply. `leader` is 0 while no ballot has been counted.
    struct Tally {
        uint16 leader;
        uint128 leaderWeight;
        uint128 runnerUpWeight;
        uint128 castWeight;
    }

    /// @notice A seat: who staked, the key that signs its ballots, and its weight, the stake. All zero once the stake was withdrawn.
    struct Seat {
        address account;
        address voteKey;
        uint128 stake;
        uint16 votedPly; // the last ply this seat voted on, plus one; 0: none
    }

    // ------------------------------------------------------------------------------------------------------ errors

    /// @notice A verifier must have code of its own when it is registered; an account that delegates (EIP-7702) has none.
    error NoCode(address verifier);
    /// @notice A book is a positive number of 64-byte openings that fit the code of one contract.
    error BadBook(uint256 length);
    /// @notice Not a position at ply 0, or one in which the game is over.
    error BadOpening(uint256 index, uint256 board, uint256 state);
    /// @notice The verifier refused the proof that is said to be good (trial 0), or accepted garbage (see addModel).
    error UnfitVerifier(address verifier, uint256 trial);
    /// @notice Models and books take effect a day after they were added (at once on local chains).
    error NotYetUsable(uint256 time, uint256 usableFrom);
    error UnknownModel(uint32 model);
    error UnknownBook(uint32 book);
    error UnknownOpening(uint32 book, uint256 index);
    /// @notice The model's setup is insecure, so it may only play on a local chain.
    error InsecureModel(uint32 model, uint256 chainId);
    error TermOutOfRange(string term, uint256 value, uint256 least, uint256 most);
    /// @notice The call needs the game in another state. A game that does not exist is in state None.
    error WrongState(uint256 game, State state);
    error TooEarly(uint256 time, uint256 due);
    error TooLate(uint256 time, uint256 deadline);
    error StakeTooSmall(uint256 amount, uint256 least);
    /// @notice With this stake the account would hold more than the terms' maxStake.
    error StakeTooLarge(uint256 amount, uint256 most);
    /// @notice The lobby is about to close and has been extended as often as it may be: no more large stakes.
    error LateStakeTooLarge(uint256 amount, uint256 most);
    error NothingStaked(address account);
    /// @notice A pool, or a pot with its fund, holds at most 2^80 - 1 wei.
    error TooMuch(uint256 amount, uint256 most);
    error LeelaPoolClosed(uint256 game);
    /// @notice The account has staked already, on that side.
    error OtherSide(address account, Side side);
    /// @notice A World stake needs a vote key, the same each time; a Leela stake has none.
    error WrongVoteKey(address voteKey);
    /// @notice A lobby without a period closes only once the World has a stake.
    error NoWorldStake(uint256 game);
    /// @notice The draw needs the hash of that block, which later blocks know.
    error NotDrawn(uint256 drawBlock);
    /// @notice The opening is drawn by a block's hash, not by the beacon: on local chains, and once the beacon did not come in time.
    error NoRound(uint256 game);
    /// @notice Not the beacon's signature of that round.
    error BadSignature(uint64 round);
    error WrongPly(uint16 ply, uint256 current);
    error NoSeat(address account);
    error AlreadyVoted(uint32 seat, uint16 ply);
    error IllegalBallot(uint16 move);
    /// @notice A ballot not yet cast may still change what is played, so the vote stays open, to its deadline at most.
    error Undecided(uint256 deadline);
    error ZeroAddress();
    error VerifierChanged(address verifier, bytes32 expected, bytes32 found);
    /// @notice The verifier reverted, ran out of the gas it is given, or returned something: the proof is not valid for this game, ply,
    /// payee and bitmap.
    error ProofRejected(address verifier);
    error WrongProofLength(uint256 length, uint256 expected);
    error NothingOwed(uint256 game, address account);
    /// @notice Only the account itself, and the claimer it chose, may claim for it.
    error NotClaimer(address account, address caller);
    error TransferFailed(address to, uint256 amount);

    // ------------------------------------------------------------------------------------------------------ events

    event ModelAdded(
        uint32 indexed model,
        address verifier,
        bool insecure,
        uint24 proofBytes,
        uint64 usableFrom,
        bytes32 codeHash,
        bytes32 networkHash
    );
    event BookAdded(uint32 indexed book, address pointer, uint256 openings, uint64 usableFrom);
    event GameCreated(uint256 indexed game, address indexed creator, Terms terms, uint128 fund, uint128 pot);
    /// @param seat The World seat's number; for Leela always 0 and without meaning.
    event Staked(
        uint256 indexed game, address indexed account, Side side, uint32 seat, address voteKey, uint128 amount
    );
    /// @notice The stake returned before the lobby closed; a World seat is empty from now on.
    event Withdrawn(uint256 indexed game, address indexed account, Side side, uint32 seat, uint128 amount);
    /// @notice A large late stake moved the lobby's deadline.
    event LobbyExtended(uint256 indexed game, uint64 deadline);
    /// @notice The opening will be drawn by the beacon's round, unless nobody brings it until the deadline.
    event RoundFixed(uint256 indexed game, uint64 round, uint64 deadline);
    /// @notice The opening will be drawn by the hash of block `drawBlock` (again, if the last one's hash expired).
    event DrawFixed(uint256 indexed game, uint64 drawBlock);
    /// @notice The beacon's round is here; Began follows.
    event RoundSigned(uint256 indexed game, uint64 round, bytes signature);
    event Began(uint256 indexed game, uint256 opening, uint256 board, uint256 state, uint64 deadline);
    /// @param ballots The counted ones, six bytes each: uint32 seat, uint16 move.
    event BallotsCast(uint256 indexed game, uint16 indexed ply, bytes ballots);
    /// @param move The move the crowd plays; 0: the leader lacked the quorum and the understudy moves.
    event VoteClosed(uint256 indexed game, uint16 indexed ply, uint16 move, uint128 leaderWeight, uint128 castWeight);
    /// @param ply Of the position the move was played in.
    /// @param board Of the position after it.
    /// @param state Of the position after it.
    /// @param deadline Ends the state that the move leads to; 0 if the game is over.
    /// @param payee Who is rewarded for the proof; the zero address for a move of the crowd.
    event Moved(
        uint256 indexed game,
        uint16 indexed ply,
        uint16 move,
        address payee,
        uint128 reward,
        uint256 board,
        uint256 state,
        uint64 deadline
    );
    event GameOver(uint256 indexed game, Outcome outcome, Reason reason);
    event Claimed(uint256 indexed game, address indexed account, address to, uint256 amount);
    event ClaimerChosen(address indexed account, address claimer);

    // ------------------------------------------------------------------------------------------------------ owner

    /// @notice Who deployed the contract, or to whom it was handed in two steps (OpenZeppelin's Ownable2Step): adds models and books,
    /// creates games, and has no call that touches a game that runs.
    function owner() external view returns (address);

    /// @notice The laws of chess, made by the constructor. Their errors pass through the calls below.
    function rules() external view returns (Rules);

    /// @notice What draws the openings, off local chains; made by the constructor: drand's network quicknet.
    function beacon() external view returns (IBeacon);

    /// @notice Registers a model and pins its verifier's code. Only the owner. Reverts for an address without code of its own, and for a
    /// verifier that is evidently not one: it must refuse `sample` with one bit turned in the bitmap (trial 1), the board (2), the context
    /// (3) or the proof (4), and with a proof of zeros (5), and accept it as it is. This catches mistakes, not an owner who cheats.
    /// @param sample The 31 public words and a valid proof of them, in bytes; its length is every later proof's.
    function addModel(address verifier, bool insecure, bytes32 networkHash, bytes calldata sample)
        external
        returns (uint32 model);

    /// @notice Registers a book of openings: pairs of words (board, state), each a position at ply 0 that the library accepts and in which
    /// the game is not over. Stored as the code of a data contract. Only the owner.
    function addBook(bytes calldata words) external returns (uint32 book);

    /// @notice Opens a lobby. The value sent is the pot (the sponsor's prize) plus the fund that pays proofs. Only the owner.
    /// Off local chains (31337, 1337) a model registered as insecure and a lobbyPeriod of zero are refused. Refused everywhere: other
    /// periods of zero (but for minPeriod) or above 30 days, minPeriod above votingPeriod, a quorum above 100%, a fee above 5%, maxPly
    /// outside 1..4095, minStake zero, maxStake below minStake (zero too, if there is a pot), a maxOdds of zero if Leela's pool is open,
    /// models and books that are not yet usable.
    function createGame(Terms calldata terms, uint128 pot) external payable returns (uint256 game);

    // ------------------------------------------------------------------------------------------------------ stakers

    /// @notice Stakes the value sent while the lobby is open. One account, one side; staking again adds to the stake (and must name
    /// the same vote key). A World stake takes a numbered seat. `voteKey` is zero for Leela. Each call sends at least minStake, and a pool
    /// holds at most 2^80 - 1 wei. Ends at the lobby's deadline, whether or not somebody has closed it.
    ///
    /// The last quarter of the lobby's period, an hour at most, is its final window, in which nobody withdraws. Once the stakes that one
    /// side took in it are more than a tenth of that side's pool, the deadline moves to two windows from now, so that everybody has a
    /// window's time to withdraw. That happens at most four times; after that such a stake is refused. So no stake of that size can come
    /// when nobody may leave any more.
    /// @return seat The World seat's number; 0 and without meaning for Leela.
    function stake(uint256 game, Side side, address voteKey) external payable returns (uint32 seat);

    /// @notice Returns the caller's whole stake and empties its seat, until the lobby's final window (see `stake`). Who stakes again gets
    /// a new seat, and may choose the other side. Reverts with NothingStaked if there is no stake.
    function withdraw(uint256 game) external returns (uint256 amount);

    /// @notice Ends the lobby when its time has come (see Terms.lobbyPeriod) and fixes what draws the opening: the beacon's first round
    /// that is due a minute from now or later; on local chains, a block. Without a World stake the game is void; if the lobby has no
    /// period, the call reverts with NoWorldStake instead.
    function closeLobby(uint256 game) external;

    /// @notice Draws the opening by the beacon's signature of the fixed round, and starts the game. Anyone may bring it.
    /// @param signature 128 bytes: a point of BLS12-381's G1 as EIP-2537 encodes it, x and y.
    function beginByBeacon(uint256 game, bytes calldata signature) external;

    /// @notice Draws the opening by the hash of the fixed block and starts the game: on local chains, and where nobody brought the beacon's
    /// round for a day after it was due. The first call then only fixes the block, and the beacon draws no more. If the hash has expired
    /// (256 blocks, or 8,191 where EIP-2935 keeps them), fixes a new block instead, so a caller cannot retry until it likes the draw: a new
    /// draw needs that nobody at all calls for so long.
    function begin(uint256 game) external;

    // ------------------------------------------------------------------------------------------------------ the vote

    /// @notice Counts signed ballots of the current ply. Skips, and never reverts for, a ballot that does not count: unknown seat,
    /// wrong signature, illegal move, seat that already voted, malformed tail. A batch for another ply, for a game that is not in
    /// Vote, or at or after the deadline counts nothing. A seat votes once a ply, and its ballot is final.
    ///
    ///   ballots: 70 bytes each:  uint32 seat | uint16 move | bytes32 r | bytes32 vs      (EIP-2098 signature)
    ///
    /// A ballot is the EIP-712 struct Ballot(uint256 game,uint16 ply,uint16 move,bytes32 position) signed by the seat's vote key,
    /// in the domain (name "Proofmate", version "1", chainId, verifyingContract); position is Chess.key. Seats may share a vote key; a
    /// signature then counts for each that it is brought for.
    /// @return counted How many ballots counted.
    function castBallots(uint256 game, uint16 ply, bytes calldata ballots) external returns (uint256 counted);

    /// @notice The seat's own account votes directly: for contract wallets and the censored. Reverts with the reason if it does not count.
    function castBallot(uint256 game, uint16 ply, uint16 move) external;

    /// @notice Closes the vote: at the deadline, or after minPeriod once the count excludes that a ballot not yet cast changes what is
    /// played (it takes a tie for lost, so it may revert with Undecided although none can). Plays the leader if the quorum stands
    /// behind it, else the understudy moves. Most weight leads; ties go to the lower move number.
    function closeVote(uint256 game) external;

    // ------------------------------------------------------------------------------------------- the network's move

    /// @notice Plays the network's move, proven. Public words: bitmap, board (from this contract's position), context =
    /// keccak256(abi.encode(chainid, this, game, ply, payee)) mod p. The move must be legal and set in the bitmap, and every other set bit
    /// an illegal move. Anyone may submit; the payee is in the proof, so a copied proof pays its maker: the reward of the terms, or what is
    /// left of the fund if that is less. After the deadline too, as long as nobody has voided the game. The verifier gets at most
    /// 2,000,000 gas. The proof must be as long as the model's sample.
    function submitMove(uint256 game, uint16 move, uint256[25] calldata bitmap, address payee, bytes calldata proof)
        external;

    /// @notice Voids a game whose proving period has passed without a proven move: every stake returns.
    function voidGame(uint256 game) external;

    // ------------------------------------------------------------------------------------------------------ the end

    /// @notice Pays `account` all that this game owes it now: rewards at any time; stake, winnings, refund, fee, pot and what is left of the
    /// fund after the end. Only the account itself may call it, and the claimer it chose; others could forestall claimTo. It pays that
    /// account only. Reverts with NothingOwed if that is nothing.
    ///
    /// The end, with World pool A, Leela pool B and odds m. World wins: b = min(B, m A) is played for; a World stake s gets
    /// s + s (b - fee + pot) / A, a Leela stake s (B - b) / B. Leela wins: likewise, the pools exchanged and without the pot. The fee is the
    /// terms' share of b. Draw or void: every stake, no fee. Rounded down; the dust, less than a wei an account, stays in the contract.
    function claim(uint256 game, address account) external returns (uint256 amount);

    /// @notice Pays what the game owes the caller to `to`.
    function claimTo(uint256 game, address to) external returns (uint256 amount);

    /// @notice Lets `claimer` call `claim` for the caller, in every game, until another is chosen; zero: nobody.
    function chooseClaimer(address claimer) external;

    // ------------------------------------------------------------------------------------------------------- views

    function games() external view returns (uint256);
    function summary(uint256 game) external view returns (Summary memory);
    function terms(uint256 game) external view returns (Terms memory);
    function tally(uint256 game) external view returns (Tally memory);
    function weightOf(uint256 game, uint16 ply, uint16 move) external view returns (uint128);
    function seat(uint256 game, uint32 number) external view returns (Seat memory);
    /// @return side Where the account staked.
    /// @return amount How much; 0: nothing, and the rest is without meaning.
    /// @return number Its seat, if it is on the World's side.
    function stakeOf(uint256 game, address account) external view returns (Side side, uint128 amount, uint32 number);
    /// @notice Who may call `claim` for the account, besides itself; zero: nobody.
    function claimerOf(address account) external view returns (address);
    /// @notice What `claim` would pay the account now.
    function owed(uint256 game, address account) external view returns (uint256);
    function model(uint32 number) external view returns (Model memory);
    function models() external view returns (uint256);
    function books() external view returns (uint256);
    /// @notice Opening `index` of a book, a position at ply 0.
    function opening(uint32 book, uint256 index) external view returns (uint256 board, uint256 state);
    function openings(uint32 book) external view returns (uint256);
    /// @notice When games with the book may be created (see Model.usableFrom).
    function bookUsableFrom(uint32 book) external view returns (uint64);
    /// @notice The digest a seat signs to vote for `move` in the current position.
    function ballotDigest(uint256 game, uint16 ply, uint16 move) external view returns (bytes32);
}
