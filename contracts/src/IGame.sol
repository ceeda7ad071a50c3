// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Position} from "./Chess.sol";
import {Rules} from "./Rules.sol";

/// @title Proofmate: a crowd (the World) plays chess against a neural network (Leela), for stakes.
/// @notice The promises. One contract holds many games; the terms of a game never change once it is created, nobody can
/// pause, upgrade or end it, and every wait ends by a call that anyone can make (but for a lobby without a period, which only
/// local chains allow). Amounts are in wei, times in seconds of block time, shares in basis points (1/10,000). Games, models,
/// books, openings and seats are numbered from 0.
///
///   createGame -> Lobby --closeLobby--> Drawn --begin--> enter <--------------+
///                   |                    ^   |             |                  |
///                   |                    +---+             +--> Vote ---------+ closeVote: the crowd's move
///                   | closeLobby,      begin, hash         |     |            |
///                   | no World stake     expired           |     | closeVote: | no leader, or it lacks the quorum
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
    /// @param verifier The generated Halo2 verifier; called with words ++ proof, it reverts unless the proof is valid.
    /// @param insecure The owner says: the setup was made from a known seed, so whoever knows it can forge. Such a model plays on
    /// local chains only.
    /// @param codeHash The verifier's code hash, checked at every call.
    /// @param networkHash sha256 of the network's file.
    struct Model {
        address verifier;
        bool insecure;
        bytes32 codeHash;
        bytes32 networkHash;
    }

    /// @param leelaPoolOpen Whether stakes on Leela are taken. If not (a prize game), no stake can be lost, and only the pot is played
    /// for: it returns to the creator unless the World wins. So the creator gains by a lost game, and can bring it about: nothing
    /// keeps it from staking on the World by another account, at no risk, and outvoting the rest.
    /// @param lobbyPeriod How long stakes are taken; 0 (local chains only): until somebody closes a lobby that holds a World stake.
    /// @param minPeriod A decided vote may close this long after it opened.
    /// @param quorum Share of all World stake that the leading move needs.
    /// @param maxOdds A winner wins at most this many times the stake from the other pool.
    /// @param fee Share of the winnings that goes to the creator; at most 500.
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
        uint128 minStake;
        uint128 reward;
    }

    /// @notice A game as it stands. `deadline` ends the state it is in (Lobby: staking closes; Vote: the vote; Prove: then it may be
    /// voided); 0: the state has none. `decidableAt` is when a decided vote may close; `drawBlock` is the block whose hash draws the
    /// opening; `repeated`: the position occurred before in this game.
    struct Summary {
        State state;
        Outcome outcome;
        Reason reason;
        Position position;
        bool repeated;
        uint64 deadline;
        uint64 decidableAt;
        uint64 drawBlock;
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

    /// @notice A seat: who staked, the key that signs its ballots, and its weight, the stake.
    struct Seat {
        address account;
        address voteKey;
        uint128 stake;
        uint16 votedPly; // the last ply this seat voted on, plus one; 0: none
    }

    // ------------------------------------------------------------------------------------------------------ errors

    error NotOwner(address caller);
    /// @notice A verifier must have code of its own when it is registered; an account that delegates (EIP-7702) has none.
    error NoCode(address verifier);
    /// @notice A book is a positive number of 64-byte openings that fit the code of one contract.
    error BadBook(uint256 length);
    error BadOpening(uint256 index, uint256 board, uint256 state);
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
    error WrongPly(uint16 ply, uint256 current);
    error NoSeat(address account);
    error AlreadyVoted(uint32 seat, uint16 ply);
    error IllegalBallot(uint16 move);
    /// @notice A ballot not yet cast may still change what is played, so the vote stays open, to its deadline at most.
    error Undecided(uint256 deadline);
    error ZeroAddress();
    error VerifierChanged(address verifier, bytes32 expected, bytes32 found);
    /// @notice The verifier reverted or ran out of the gas it is given: the proof is not valid for this game, ply, payee and bitmap.
    error ProofRejected(address verifier);
    error NothingOwed(uint256 game, address account);
    error TransferFailed(address to, uint256 amount);

    // ------------------------------------------------------------------------------------------------------ events

    event ModelAdded(uint32 indexed model, address verifier, bool insecure, bytes32 codeHash, bytes32 networkHash);
    event BookAdded(uint32 indexed book, address pointer, uint256 openings);
    event GameCreated(uint256 indexed game, address indexed creator, Terms terms, uint128 fund, uint128 pot);
    /// @param seat The World seat's number; for Leela always 0 and without meaning.
    event Staked(
        uint256 indexed game, address indexed account, Side side, uint32 seat, address voteKey, uint128 amount
    );
    /// @notice The opening will be drawn by the hash of block `drawBlock` (again, if the last one's hash expired).
    event DrawFixed(uint256 indexed game, uint64 drawBlock);
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

    // ------------------------------------------------------------------------------------------------------ owner

    /// @notice Who deployed the contract: adds models and books, creates games, and has no call that touches a game that runs.
    function owner() external view returns (address);

    /// @notice The laws of chess, made by the constructor. Their errors pass through the calls below.
    function rules() external view returns (Rules);

    /// @notice Registers a model and pins its verifier's code. Only the owner. Reverts for an address without code of its own.
    function addModel(address verifier, bool insecure, bytes32 networkHash) external returns (uint32 model);

    /// @notice Registers a book of openings: pairs of words (board, state), each a position at ply 0 that the library accepts.
    /// Stored as the code of a data contract. Only the owner.
    function addBook(bytes calldata words) external returns (uint32 book);

    /// @notice Opens a lobby. The value sent is the pot (the sponsor's prize) plus the fund that pays proofs. Only the owner.
    /// Off local chains (31337, 1337) a model registered as insecure and a lobbyPeriod of zero are refused. Refused everywhere: other
    /// periods of zero (but for minPeriod), minPeriod above votingPeriod, a quorum above 100%, a fee above 5%, maxPly outside 1..4095,
    /// minStake zero.
    function createGame(Terms calldata terms, uint128 pot) external payable returns (uint256 game);

    // ------------------------------------------------------------------------------------------------------ stakers

    /// @notice Stakes the value sent while the lobby is open. One account, one side; staking again adds to the stake (and must name
    /// the same vote key). A World stake takes a numbered seat. `voteKey` is zero for Leela. Each call sends at least minStake, and a pool
    /// holds at most 2^80 - 1 wei. Ends at the lobby's deadline, whether or not somebody has closed it.
    /// @return seat The World seat's number; 0 and without meaning for Leela.
    function stake(uint256 game, Side side, address voteKey) external payable returns (uint32 seat);

    /// @notice Ends the lobby when its time has come (see Terms.lobbyPeriod) and fixes the block that draws the opening. Without a World
    /// stake the game is void; if the lobby has no period, the call reverts with NoWorldStake instead.
    function closeLobby(uint256 game) external;

    /// @notice Draws the opening by the hash of the fixed block and starts the game. If that hash has expired (256 blocks), fixes a new
    /// block instead, so a caller cannot retry until it likes the draw: a new draw needs that nobody at all calls for 256 blocks.
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
    /// 2,000,000 gas. Bytes after the proof are not read: a proof's bytes are no identity.
    function submitMove(uint256 game, uint16 move, uint256[25] calldata bitmap, address payee, bytes calldata proof)
        external;

    /// @notice Voids a game whose proving period has passed without a proven move: every stake returns.
    function voidGame(uint256 game) external;

    // ------------------------------------------------------------------------------------------------------ the end

    /// @notice Pays `account` all that this game owes it now: rewards at any time; stake, winnings, refund, fee, pot and what is left of the
    /// fund after the end. Anyone may call it; it pays that account only. Reverts with NothingOwed if that is nothing.
    ///
    /// The end, with World pool A, Leela pool B and odds m. World wins: b = min(B, m A) is played for; a World stake s gets
    /// s + s (b - fee + pot) / A, a Leela stake s (B - b) / B. Leela wins: likewise, the pools exchanged and without the pot. The fee is the
    /// terms' share of b. Draw or void: every stake, no fee. Rounded down; the dust, less than a wei an account, stays in the contract.
    function claim(uint256 game, address account) external returns (uint256 amount);

    /// @notice Pays what the game owes the caller to `to`.
    function claimTo(uint256 game, address to) external returns (uint256 amount);

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
    /// @notice What `claim` would pay the account now.
    function owed(uint256 game, address account) external view returns (uint256);
    function model(uint32 number) external view returns (Model memory);
    function models() external view returns (uint256);
    function books() external view returns (uint256);
    /// @notice Opening `index` of a book, a position at ply 0.
    function opening(uint32 book, uint256 index) external view returns (uint256 board, uint256 state);
    function openings(uint32 book) external view returns (uint256);
    /// @notice The digest a seat signs to vote for `move` in the current position.
    function ballotDigest(uint256 game, uint16 ply, uint16 move) external view returns (bytes32);
}
