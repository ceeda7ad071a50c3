// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IBeacon} from "./Beacon.sol";
import {Chess, MoveSet, Position} from "./Chess.sol";
import {IGame} from "./IGame.sol";
import {Pool} from "./Pool.sol";
import {Proven} from "./Proven.sol";
import {Quicknet} from "./Quicknet.sol";
import {Registry} from "./Registry.sol";
import {Vote} from "./Vote.sol";

/// @title The games. What each function promises stands in IGame.
contract Game is Registry {
    using Vote for Vote.Count;

    /// @dev The draw's block is this many after the one that closes the lobby.
    uint256 private constant DRAW_DELAY = 2;
    /// @dev The draw's round is due this long, or a little more, after the lobby closed: a block's time is not exact.
    uint256 private constant ROUND_DELAY = 1 minutes;
    /// @dev So long after that round was due, a block's hash may draw instead.
    uint256 private constant BEACON_PATIENCE = 1 days;
    /// @dev A lobby's final window: a quarter of its period, at most this.
    uint256 private constant MAX_WINDOW = 1 hours;
    /// @dev More than this part of a pool is a large stake.
    uint256 private constant LARGE = 10;
    uint256 private constant MAX_EXTENSIONS = 4;
    /// @dev What a pool, or a pot with its fund, may hold, so that a seat and a count each fit one storage word.
    uint256 private constant MAX_POOL = type(uint80).max;

    uint256 private constant BALLOT_BYTES = 70;
    uint256 private constant COUNTED_BYTES = 6;
    /// @dev EIP-2098: the top bit of vs is the parity of the signature's point, the rest is s.
    uint256 private constant S_MASK = type(uint256).max >> 1;
    /// @dev Half the order of secp256k1: a signature with a larger s has a twin with a smaller one (EIP-2).
    uint256 private constant MAX_S = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant BALLOT_TYPE = keccak256("Ballot(uint256 game,uint16 ply,uint16 move,bytes32 position)");

    /// @dev A game as it stands; IGame.Summary explains.
    struct Record {
        State state;
        Outcome outcome;
        Reason reason;
        bool repeated;
        uint32 seats;
        uint40 deadline;
        uint40 decidableAt;
        uint48 drawBlock;
        uint48 drawRound;
        uint80 worldPool;
        uint80 leelaPool;
        uint80 pot;
        address creator;
        uint80 fund;
        Position position;
        Vote.Count count;
    }

    struct Stake {
        Side side;
        bool settled;
        uint32 seat;
        uint80 amount;
    }

    /// @dev What the sides staked in the lobby's final window, and how often that moved it.
    struct Late {
        uint8 extensions;
        uint80[2] staked;
    }

    /// @dev One storage word: all that a ballot needs of a seat.
    struct Voter {
        address voteKey;
        uint80 weight;
        uint16 votedPly;
    }

    /// @dev The vote of the current ply, in memory.
    struct Poll {
        uint256 game;
        uint16 ply;
        Position position;
        bytes32 key;
        bytes32 domain;
        Vote.Count count;
        MoveSet legal; // made when first needed
        bool hasLegal;
    }

    /// @inheritdoc IGame
    IBeacon public immutable beacon = new Quicknet();

    uint256 public games;
    mapping(uint256 game => Terms) private _terms;
    mapping(uint256 game => Record) private _records;
    mapping(uint256 game => mapping(address account => Stake)) private _stakes;
    mapping(uint256 game => mapping(uint32 seat => Voter)) private _voters;
    mapping(uint256 game => mapping(uint32 seat => address)) private _seatAccounts;
    mapping(uint256 game => mapping(uint16 ply => mapping(uint16 move => uint256))) private _weights;
    mapping(uint256 game => mapping(bytes32 key => uint256)) private _occurrences;
    /// @dev What is owed whatever comes: rewards, and the creator's share once the game is over.
    mapping(uint256 game => mapping(address account => uint256)) private _credits;
    mapping(uint256 game => Late) private _late;
    /// @inheritdoc IGame
    mapping(address account => address) public claimerOf;

    // ------------------------------------------------------------------------------------------------------ owner

    /// @inheritdoc IGame
    function createGame(Terms memory terms_, uint128 pot) external payable onlyOwner returns (uint256 game) {
        Model memory model_ = model(terms_.model);
        if (model_.insecure && !_isLocal()) revert InsecureModel(terms_.model, block.chainid);
        _checkUsable(model_.usableFrom);
        _checkUsable(bookUsableFrom(terms_.book));
        rules.checkTerms(terms_, pot, _isLocal());
        uint80 value = _received();
        if (pot > value) revert TooMuch(pot, value);

        game = games++;
        _terms[game] = terms_;
        Record storage record = _records[game];
        record.creator = msg.sender;
        record.pot = _amount(pot);
        record.fund = value - record.pot;
        record.state = State.Lobby;
        if (terms_.lobbyPeriod != 0) record.deadline = uint40(block.timestamp + terms_.lobbyPeriod);
        emit GameCreated(game, msg.sender, terms_, record.fund, pot);
    }

    // ------------------------------------------------------------------------------------------------------ stakers

    /// @inheritdoc IGame
    function stake(uint256 game, Side side, address voteKey) external payable returns (uint32 number) {
        Record storage record = _in(game, State.Lobby);
        uint64 deadline = record.deadline;
        if (deadline != 0) _checkOpen(deadline);
        uint80 amount = _received();
        Terms storage terms_ = _terms[game];
        if (amount < terms_.minStake) revert StakeTooSmall(amount, terms_.minStake);

        Stake storage held = _stakes[game][msg.sender];
        bool isNew = held.amount == 0;
        uint256 total = uint256(held.amount) + amount;
        uint256 most = terms_.maxStake;
        if (most != 0 && total > most) revert StakeTooLarge(total, most);
        if (!isNew && held.side != side) revert OtherSide(msg.sender, held.side);
        if (side == Side.World) {
            record.worldPool = _amount(uint256(record.worldPool) + amount); // first: it bounds each seat's weight
            number = isNew ? record.seats++ : held.seat;
            Voter storage voter = _voters[game][number];
            if (voteKey == address(0) || !(isNew || voter.voteKey == voteKey)) revert WrongVoteKey(voteKey);
            if (isNew) _seatAccounts[game][number] = msg.sender;
            voter.voteKey = voteKey;
            voter.weight += amount;
        } else {
            if (!terms_.leelaPoolOpen) revert LeelaPoolClosed(game);
            if (voteKey != address(0)) revert WrongVoteKey(voteKey);
            record.leelaPool = _amount(uint256(record.leelaPool) + amount);
        }
        held.side = side;
        held.seat = number;
        // forge-lint: disable-next-line(unsafe-typecast)
        held.amount = uint80(total); // at most a pool, which was checked
        emit Staked(game, msg.sender, side, number, voteKey, amount);
        if (deadline != 0 && block.timestamp + MAX_WINDOW >= deadline) _stakedLate(game, record, side, amount);
    }

    /// @dev Moves the deadline if one side took much in the final window, or refuses the stake if it has moved often enough.
    function _stakedLate(uint256 game, Record storage record, Side side, uint80 amount) private {
        uint256 window = _window(game);
        if (block.timestamp + window < record.deadline) return;
        Late storage late = _late[game];
        uint80 staked = late.staked[uint256(side)] + amount;
        uint256 most = (side == Side.World ? record.worldPool : record.leelaPool) / LARGE;
        if (staked <= most) {
            late.staked[uint256(side)] = staked;
            return;
        }
        if (late.extensions == MAX_EXTENSIONS) revert LateStakeTooLarge(staked, most);
        ++late.extensions;
        delete late.staked;
        // forge-lint: disable-next-line(unsafe-typecast)
        record.deadline = uint40(block.timestamp + 2 * window);
        emit LobbyExtended(game, record.deadline);
    }

    /// @return How long the lobby's final window is.
    function _window(uint256 game) private view returns (uint256) {
        uint256 quarter = _terms[game].lobbyPeriod / 4;
        return quarter < MAX_WINDOW ? quarter : MAX_WINDOW;
    }

    /// @inheritdoc IGame
    function withdraw(uint256 game) external returns (uint256 amount) {
        Record storage record = _in(game, State.Lobby);
        if (record.deadline != 0) _checkOpen(record.deadline - _window(game));
        Stake memory held = _stakes[game][msg.sender];
        if (held.amount == 0) revert NothingStaked(msg.sender);
        delete _stakes[game][msg.sender];
        if (held.side == Side.World) {
            record.worldPool -= held.amount;
            delete _voters[game][held.seat];
            delete _seatAccounts[game][held.seat];
        } else {
            record.leelaPool -= held.amount;
        }
        emit Withdrawn(game, msg.sender, held.side, held.seat, held.amount);
        _pay(msg.sender, amount = held.amount);
    }

    /// @inheritdoc IGame
    function closeLobby(uint256 game) external {
        Record storage record = _in(game, State.Lobby);
        uint64 deadline = record.deadline;
        _checkDue(deadline);
        if (record.worldPool == 0) {
            if (deadline == 0) revert NoWorldStake(game);
            _end(game, record, Outcome.Void, Reason.Empty);
        } else {
            record.state = State.Drawn;
            if (_isLocal()) _fixBlock(game, record);
            else _fixRound(game, record);
        }
    }

    /// @inheritdoc IGame
    function beginByBeacon(uint256 game, bytes calldata signature) external {
        Record storage record = _in(game, State.Drawn);
        uint64 round = record.drawRound;
        if (round == 0) revert NoRound(game);
        if (!beacon.verify(round, signature)) revert BadSignature(round);
        emit RoundSigned(game, round, signature);
        _begin(game, record, keccak256(signature));
    }

    /// @inheritdoc IGame
    function begin(uint256 game) external {
        Record storage record = _in(game, State.Drawn);
        _checkDue(record.deadline);
        uint256 drawBlock = record.drawBlock;
        if (block.number <= drawBlock) revert NotDrawn(drawBlock);
        bytes32 draw = drawBlock == 0 ? bytes32(0) : rules.blockHash(drawBlock);
        if (draw == 0) _fixBlock(game, record);
        else _begin(game, record, draw);
    }

    function _begin(uint256 game, Record storage record, bytes32 draw) private {
        uint32 book = _terms[game].book;
        uint256 index = uint256(keccak256(abi.encode(draw, game))) % openings(book);
        Position memory position;
        (position.board, position.state) = opening(book, index);
        (Outcome outcome, Reason reason) = _enter(game, record, position);
        emit Began(game, index, position.board, position.state, record.deadline);
        if (outcome != Outcome.None) _end(game, record, outcome, reason);
    }

    function _fixRound(uint256 game, Record storage record) private {
        (uint64 round, uint256 due) = beacon.roundAt(block.timestamp + ROUND_DELAY);
        // Times fit 40 bits for 34,000 years, and a round's number is below its time in seconds.
        // forge-lint: disable-next-line(unsafe-typecast)
        (record.drawRound, record.deadline) = (uint48(round), uint40(due + BEACON_PATIENCE));
        emit RoundFixed(game, round, record.deadline);
    }

    /// @dev From here on the beacon draws no more: nobody may choose between two draws that are known.
    function _fixBlock(uint256 game, Record storage record) private {
        // forge-lint: disable-next-line(unsafe-typecast)
        uint48 drawBlock = uint48(block.number + DRAW_DELAY);
        (record.drawBlock, record.drawRound, record.deadline) = (drawBlock, 0, 0);
        emit DrawFixed(game, drawBlock);
    }

    // ------------------------------------------------------------------------------------------------------ the vote

    /// @inheritdoc IGame
    function castBallots(uint256 game, uint16 ply, bytes calldata ballots) external returns (uint256 counted) {
        Record storage record = _records[game];
        Poll memory poll = _poll(game, record);
        if (record.state != State.Vote || block.timestamp >= record.deadline || ply != poll.ply) return 0;
        uint256 batch = ballots.length / BALLOT_BYTES;
        bytes memory log = new bytes(batch * COUNTED_BYTES);
        mapping(uint16 => uint256) storage weights = _weights[game][ply];
        uint256 offset;
        assembly ("memory-safe") {
            offset := ballots.offset
        }
        for (uint256 end = offset + batch * BALLOT_BYTES; offset != end; offset += BALLOT_BYTES) {
            uint256 entry = _countSigned(poll, weights, offset);
            if (entry != 0) _log(log, counted++, entry);
        }
        if (counted == 0) return 0;
        record.count = poll.count;
        assembly ("memory-safe") {
            mstore(log, mul(counted, COUNTED_BYTES))
        }
        emit BallotsCast(game, ply, log);
    }

    /// @inheritdoc IGame
    function castBallot(uint256 game, uint16 ply, uint16 move) external {
        Record storage record = _in(game, State.Vote);
        _checkOpen(record.deadline);
        Poll memory poll = _poll(game, record);
        if (ply != poll.ply) revert WrongPly(ply, poll.ply);
        Stake storage held = _stakes[game][msg.sender];
        if (held.amount == 0 || held.side != Side.World) revert NoSeat(msg.sender);
        uint32 number = held.seat;
        Voter storage voter = _voters[game][number];
        if (voter.votedPly == ply + 1) revert AlreadyVoted(number, ply);
        if (!_count(poll, _weights[game][ply], voter.weight, move)) revert IllegalBallot(move);
        voter.votedPly = ply + 1;
        record.count = poll.count;
        emit BallotsCast(game, ply, abi.encodePacked(number, move));
    }

    function _poll(uint256 game, Record storage record) private view returns (Poll memory poll) {
        Position memory position = record.position;
        poll.game = game;
        poll.ply = _ply(position);
        poll.position = position;
        poll.key = Chess.key(position);
        poll.domain =
            keccak256(abi.encode(DOMAIN_TYPE, keccak256("Proofmate"), keccak256("1"), block.chainid, address(this)));
        poll.count = record.count;
    }

    /// @dev The EIP-712 digest of a ballot: keccak256(0x1901 ++ domain ++ keccak256(abi.encode(type, game, ply, move, position))),
    /// written over the same free memory each time, since a batch makes many.
    function _digest(Poll memory poll, uint256 move) private pure returns (bytes32 digest) {
        (bytes32 ballotType, bytes32 domain, bytes32 key) = (BALLOT_TYPE, poll.domain, poll.key);
        (uint256 game, uint256 ply) = (poll.game, poll.ply);
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, ballotType)
            mstore(add(free, 32), game)
            mstore(add(free, 64), ply)
            mstore(add(free, 96), move)
            mstore(add(free, 128), key)
            let ballot := keccak256(free, 160)
            mstore(free, hex"1901")
            mstore(add(free, 2), domain)
            mstore(add(free, 34), ballot)
            digest := keccak256(free, 66)
        }
    }

    /// @return Who signed the digest; the zero address, which is no vote key, if nobody did.
    function _signer(bytes32 digest, bytes32 r, uint256 vs) private pure returns (address) {
        uint256 s = vs & S_MASK;
        if (s > MAX_S) return address(0);
        return ecrecover(digest, uint8(27 + (vs >> 255)), r, bytes32(s));
    }

    /// @param offset Where in the calldata the ballot begins.
    /// @return entry What the event says of the ballot, uint32 seat and uint16 move; 0 if it does not count.
    function _countSigned(Poll memory poll, mapping(uint16 => uint256) storage weights, uint256 offset)
        private
        returns (uint256 entry)
    {
        uint32 seat_;
        uint16 move;
        bytes32 r;
        uint256 vs;
        assembly ("memory-safe") {
            entry := shr(208, calldataload(offset))
            seat_ := shr(16, entry)
            move := and(entry, 0xffff)
            r := calldataload(add(offset, 6))
            vs := calldataload(add(offset, 38))
        }
        Voter storage stored = _voters[poll.game][seat_];
        Voter memory voter = stored;
        if (voter.weight == 0 || voter.votedPly == poll.ply + 1) return 0;
        if (_signer(_digest(poll, move), r, vs) != voter.voteKey) return 0;
        if (!_count(poll, weights, voter.weight, move)) return 0;
        stored.votedPly = poll.ply + 1;
    }

    /// @dev Adds a ballot to the count; false if the move is illegal. A move that has weight was found legal before; else all
    /// legal moves are found at once, so that no batch of illegal ones costs more than that.
    function _count(Poll memory poll, mapping(uint16 => uint256) storage weights, uint80 weight, uint16 move)
        private
        returns (bool)
    {
        uint256 moveWeight = weights[move];
        if (moveWeight == 0) {
            if (!poll.hasLegal) (poll.legal, poll.hasLegal) = (rules.legalMoves(poll.position), true);
            if (!Chess.contains(poll.legal, move)) return false;
        }
        unchecked {
            moveWeight += weight;
        }
        weights[move] = moveWeight;
        // forge-lint: disable-next-line(unsafe-typecast)
        poll.count.add(move, uint80(moveWeight), weight); // at most the World's pool
        return true;
    }

    function _log(bytes memory log, uint256 index, uint256 entry) private pure {
        assembly ("memory-safe") {
            // The word that ends with the entry. The rest of it, the array's length or entries before, stays as it is.
            let last := add(log, mul(add(index, 1), COUNTED_BYTES))
            mstore(last, or(and(mload(last), not(0xffffffffffff)), entry))
        }
    }

    /// @inheritdoc IGame
    function closeVote(uint256 game) external {
        Record storage record = _in(game, State.Vote);
        Terms storage terms_ = _terms[game];
        Vote.Count memory count = record.count;
        if (block.timestamp < record.deadline) {
            _checkDue(record.decidableAt);
            if (!count.isDecided(record.worldPool, terms_.quorum)) revert Undecided(record.deadline);
        }
        uint16 move = count.choice(record.worldPool, terms_.quorum);
        emit VoteClosed(game, _ply(record.position), move, count.leaderWeight, count.castWeight);
        if (move == 0) _prove(game, record);
        else _move(game, record, rules.play(record.position, move), move, address(0));
    }

    // ------------------------------------------------------------------------------------------- the network's move

    /// @inheritdoc IGame
    function submitMove(uint256 game, uint16 move, uint256[25] calldata bitmap, address payee, bytes calldata proof)
        external
    {
        Record storage record = _in(game, State.Prove);
        if (payee == address(0)) revert ZeroAddress();
        Position memory position = record.position;
        (uint256[5] memory words, Position memory next) = rules.playBest(position, record.repeated, bitmap, move);
        uint256 context =
            uint256(keccak256(abi.encode(block.chainid, address(this), game, _ply(position), payee))) % Proven.FIELD;
        Model memory model_ = model(_terms[game].model);
        if (proof.length != model_.proofBytes) revert WrongProofLength(proof.length, model_.proofBytes);
        _verify(model_, abi.encodePacked(bitmap, words, context, proof));
        _move(game, record, next, move, payee);
    }

    function _verify(Model memory model_, bytes memory input) private view {
        bytes32 found = model_.verifier.codehash;
        if (found != model_.codeHash) revert VerifierChanged(model_.verifier, model_.codeHash, found);
        if (!Proven.accepts(model_.verifier, input)) revert ProofRejected(model_.verifier);
    }

    /// @inheritdoc IGame
    function voidGame(uint256 game) external {
        Record storage record = _in(game, State.Prove);
        _checkDue(record.deadline);
        _end(game, record, Outcome.Void, Reason.Stalled);
    }

    // ------------------------------------------------------------------------------------------------------ transitions

    function _in(uint256 game, State state) private view returns (Record storage record) {
        record = _records[game];
        if (record.state != state) revert WrongState(game, record.state);
    }

    function _checkDue(uint256 due) private view {
        if (block.timestamp < due) revert TooEarly(block.timestamp, due);
    }

    function _checkOpen(uint256 deadline) private view {
        if (block.timestamp >= deadline) revert TooLate(block.timestamp, deadline);
    }

    /// @dev Plays a move: `position` is the one after it. A payee is rewarded with what the fund still holds, at most.
    function _move(uint256 game, Record storage record, Position memory position, uint16 move, address payee) private {
        uint80 reward = 0;
        if (payee != address(0)) {
            uint80 agreed = _terms[game].reward;
            reward = agreed < record.fund ? agreed : record.fund;
            record.fund -= reward;
            _credits[game][payee] += reward;
        }
        delete record.count;
        (Outcome outcome, Reason reason) = _enter(game, record, position);
        emit Moved(game, _ply(position) - 1, move, payee, reward, position.board, position.state, record.deadline);
        if (outcome != Outcome.None) _end(game, record, outcome, reason);
    }

    /// @dev Takes a new position and judges it: sets the state and clock it leads to, or returns the outcome it ends in.
    function _enter(uint256 game, Record storage record, Position memory position)
        private
        returns (Outcome outcome, Reason reason)
    {
        record.position = position;
        record.deadline = 0;
        uint256 occurrences = ++_occurrences[game][Chess.key(position)];
        record.repeated = occurrences > 1;
        Terms storage terms_ = _terms[game];
        reason = Reason(uint8(rules.ending(position, occurrences)));
        if (reason == Reason.None && _ply(position) >= terms_.maxPly) reason = Reason.MaxPly;
        bool worldToMove = (position.state & 1 == 0) == terms_.worldIsWhite;
        if (reason == Reason.Checkmate) {
            outcome = worldToMove ? Outcome.Leela : Outcome.World;
        } else if (reason != Reason.None) {
            outcome = Outcome.Draw;
        } else if (worldToMove) {
            record.state = State.Vote;
            record.deadline = uint40(block.timestamp + terms_.votingPeriod);
            record.decidableAt = uint40(block.timestamp + terms_.minPeriod);
        } else {
            _prove(game, record);
        }
    }

    function _ply(Position memory position) private pure returns (uint16) {
        return uint16(position.state >> 20);
    }

    function _prove(uint256 game, Record storage record) private {
        record.state = State.Prove;
        record.deadline = uint40(block.timestamp + _terms[game].provingPeriod);
    }

    /// @dev Ends the game and credits the creator with all that is not the stakers'.
    function _end(uint256 game, Record storage record, Outcome outcome, Reason reason) private {
        record.state = State.Over;
        record.outcome = outcome;
        record.reason = reason;
        record.deadline = 0;
        _credits[game][record.creator] += record.fund + Pool.creatorShare(_pools(game, record), outcome);
        record.fund = 0;
        emit GameOver(game, outcome, reason);
    }

    // ------------------------------------------------------------------------------------------------------ the end

    /// @inheritdoc IGame
    function claim(uint256 game, address account) external returns (uint256 amount) {
        if (msg.sender != account && msg.sender != claimerOf[account]) revert NotClaimer(account, msg.sender);
        return _claim(game, account, account);
    }

    /// @inheritdoc IGame
    function claimTo(uint256 game, address to) external returns (uint256 amount) {
        if (to == address(0)) revert ZeroAddress();
        return _claim(game, msg.sender, to);
    }

    /// @inheritdoc IGame
    function chooseClaimer(address claimer) external {
        claimerOf[msg.sender] = claimer;
        emit ClaimerChosen(msg.sender, claimer);
    }

    function _claim(uint256 game, address account, address to) private returns (uint256 amount) {
        amount = owed(game, account);
        if (amount == 0) revert NothingOwed(game, account);
        _credits[game][account] = 0;
        if (_records[game].state == State.Over) _stakes[game][account].settled = true;
        emit Claimed(game, account, to, amount);
        _pay(to, amount);
    }

    /// @inheritdoc IGame
    function owed(uint256 game, address account) public view returns (uint256 amount) {
        amount = _credits[game][account];
        Record storage record = _records[game];
        Stake storage held = _stakes[game][account];
        if (record.state == State.Over && held.amount != 0 && !held.settled) {
            amount += Pool.payout(_pools(game, record), record.outcome, held.side, held.amount);
        }
    }

    function _pools(uint256 game, Record storage record) private view returns (Pool.Pools memory) {
        return Pool.Pools(record.worldPool, record.leelaPool, record.pot, _terms[game].maxOdds, _terms[game].fee);
    }

    // ------------------------------------------------------------------------------------------------------ the coin

    /// @dev Only this function and `_pay` know which coin is staked.
    function _received() private view returns (uint80) {
        return _amount(msg.value);
    }

    function _amount(uint256 value) private pure returns (uint80) {
        if (value > MAX_POOL) revert TooMuch(value, MAX_POOL);
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint80(value);
    }

    /// @dev Comes last in its caller: the receiver may call back.
    function _pay(address to, uint256 amount) private {
        (bool paid,) = to.call{value: amount}("");
        if (!paid) revert TransferFailed(to, amount);
    }

    // ------------------------------------------------------------------------------------------------------ views

    /// @inheritdoc IGame
    function summary(uint256 game) external view returns (Summary memory) {
        Record storage record = _records[game];
        return Summary({
            state: record.state,
            outcome: record.outcome,
            reason: record.reason,
            position: record.position,
            repeated: record.repeated,
            deadline: record.deadline,
            decidableAt: record.decidableAt,
            drawBlock: record.drawBlock,
            drawRound: record.drawRound,
            seats: record.seats,
            worldPool: record.worldPool,
            leelaPool: record.leelaPool,
            pot: record.pot,
            fund: record.fund,
            creator: record.creator
        });
    }

    /// @inheritdoc IGame
    function terms(uint256 game) external view returns (Terms memory) {
        return _terms[game];
    }

    /// @inheritdoc IGame
    function tally(uint256 game) external view returns (Tally memory) {
        Vote.Count storage count = _records[game].count;
        return Tally(count.leader, count.leaderWeight, count.runnerUpWeight, count.castWeight);
    }

    /// @inheritdoc IGame
    function weightOf(uint256 game, uint16 ply, uint16 move) external view returns (uint128) {
        return uint128(_weights[game][ply][move]);
    }

    /// @inheritdoc IGame
    function seat(uint256 game, uint32 number) external view returns (Seat memory) {
        Voter storage voter = _voters[game][number];
        return Seat(_seatAccounts[game][number], voter.voteKey, voter.weight, voter.votedPly);
    }

    /// @inheritdoc IGame
    function stakeOf(uint256 game, address account) external view returns (Side side, uint128 amount, uint32 number) {
        Stake storage held = _stakes[game][account];
        return (held.side, held.amount, held.seat);
    }

    /// @inheritdoc IGame
    function ballotDigest(uint256 game, uint16 ply, uint16 move) external view returns (bytes32) {
        Poll memory poll = _poll(game, _records[game]);
        if (ply != poll.ply) revert WrongPly(ply, poll.ply);
        return _digest(poll, move);
    }
}
