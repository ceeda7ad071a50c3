// Everything a visitor can do, and everything that happens by itself: fetching, signing, sending.

import type { Role } from 'chessops/types';
import { makeSquare } from 'chessops/util';
import { type Address, type Hex, type PublicClient, zeroAddress } from 'viem';
import {
  type Account,
  askFaucet,
  fetchAccount,
  fetchConfig,
  fetchGame,
  fetchGames,
  fetchPassport,
  fetchPgn,
  type Game,
  type Side,
  sendBallot,
} from './api.ts';
import {
  checkReceipt,
  ensureVoteKey,
  type GameIdentity,
  keepBallot,
  keptBallot,
  relayChanged,
  signBallot,
  storedVoteKey,
  voteAddress,
} from './ballot.ts';
import { type Announced, burner, connect, discover, explain, reader, transact, type Wallet } from './chain.ts';
import { coins, parseCoins } from './format.ts';
import { destinations, moveNumber, needsPromotion, position, positionKey, readMove, squareText } from './position.ts';
import { type Actions, livePosition, mayVote, news, type Overdue, ownBallot, type State, shown } from './state.ts';
import { follow } from './stream.ts';
import { checkProof } from './verify.ts';

const DIRECT = 'proofmate:vote-at-once';
const WALLET = 'proofmate:wallet';
/** How often what no stream tells, the list of games and the wallet's balance, is looked at, in milliseconds. */
const LOOK_AROUND = 10_000;
/** How long a notice stays, in milliseconds. */
const NOTICE = 5_000;
const ARROWS: Record<string, [file: number, rank: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** The part of the contract's seat that is read here. */
interface Seat {
  voteKey: Address;
}

export class Effects implements Actions {
  private read: PublicClient | null = null;
  private unfollow: () => void = () => {};
  private resent = '';
  private refreshing = false;
  private stale = false;
  private balancesAsked = 0;

  constructor(
    private readonly state: () => State,
    private readonly update: (change: Partial<State>) => void,
  ) {}

  /** Loads the settings and the game; tries again until the server answers. */
  async start(): Promise<void> {
    this.update({ direct: localStorage.getItem(DIRECT) === 'yes' });
    for (let wait = 500; ; wait = Math.min(2 * wait, 8_000)) {
      try {
        const config = await fetchConfig();
        this.read = reader(config);
        this.update({ config });
        this.meetRelay(config.relay);
        break;
      } catch (error) {
        this.update({ connection: 'lost', absent: explain(error) });
        await pause(wait);
      }
    }
    discover((wallet) => this.announced(wallet));
    this.restoreBurner();
    await this.loadGames();
    setInterval(() => document.visibilityState === 'visible' && this.lookAround(), LOOK_AROUND);
  }

  private async loadGames(): Promise<void> {
    for (;;) {
      try {
        const games = await fetchGames();
        this.update({ games });
        const asked = Number(new URLSearchParams(location.search).get('game') ?? Number.NaN);
        const chosen = games.find((g) => g.id === asked) ?? games[0];
        if (chosen !== undefined) {
          this.follow(Number.isInteger(asked) && asked >= 0 ? asked : chosen.id);
          return;
        }
        this.update({
          absent: 'There is no game yet. One will appear here as soon as it is created.',
          connection: 'live',
        });
      } catch (error) {
        this.update({ absent: explain(error), connection: 'lost' });
      }
      await pause(3_000);
    }
  }

  private follow(game: number): void {
    this.unfollow();
    this.update({
      game: null,
      account: null,
      kept: null,
      passport: null,
      check: null,
      viewed: null,
      proposal: null,
      promotion: null,
    });
    this.unfollow = follow(
      game,
      (document) => this.received(document),
      (connection) => {
        this.update({ connection });
        if (connection === 'lost' && this.state().game === null) void this.explainAbsence(game);
      },
    );
  }

  /** A stream tells nothing of why it fails; the document's own address does. */
  private async explainAbsence(game: number): Promise<void> {
    const absent = await fetchGame(game).then(() => null, explain);
    if (this.state().game === null) this.update({ absent });
  }

  private received(game: Game): void {
    const before = this.state().game;
    const now = Date.now() / 1000;
    // A document that waited on its way has a clock that is behind, and none is ahead.
    const skew = Math.max(before === null ? Number.NEGATIVE_INFINITY : this.state().skew, game.now - now);
    const change: Partial<State> = { game, skew, now };
    const said = news(before, game);
    if (said !== '') change.said = said;
    if (before === null || before.fen !== game.fen || before.state !== game.state) {
      Object.assign(change, { proposal: null, promotion: null, picked: null, typed: '' });
    }
    if (before === null || before.state !== game.state) void this.refreshGames();
    this.update(change);
    if (before?.moves.length !== game.moves.length) scrollMoves();
    if (this.state().passport === null) void this.loadPassport(game.terms.model);
    if (before === null || stakesAndVotes(before) !== stakesAndVotes(game)) void this.refreshAccount();
  }

  private async lookAround(): Promise<void> {
    const { wallet, balance } = this.state();
    if (wallet !== null && balance === 0n) void this.firstFunds(wallet);
    await Promise.all([this.refreshGames(), this.refreshAccount()]);
  }

  private async refreshGames(): Promise<void> {
    const games = await fetchGames().catch(() => null);
    if (games !== null) this.update({ games });
  }

  private async loadPassport(model: number): Promise<void> {
    const passport = await fetchPassport(model).catch(() => null);
    if (passport !== null) this.update({ passport });
  }

  // ---------------------------------------------------------------------------------------------------- the account

  /** Fetches what the server knows of this account; one request at a time, and one more if something changed since. */
  private async refreshAccount(): Promise<void> {
    const { wallet, game } = this.state();
    if (wallet === null || game === null) return;
    if (this.refreshing) {
      this.stale = true;
      return;
    }
    this.refreshing = true;
    this.update({ kept: keptBallot(identity(game), wallet.address, game.ply) });
    try {
      void this.refreshBalance();
      const account = await fetchAccount(game.id, wallet.address).catch(() => null);
      const now = this.state();
      if (account !== null && now.wallet?.address === wallet.address && now.game?.id === game.id) {
        this.update({ account });
        if (ownBallot(this.state()) !== null) this.update({ proposal: null });
        void this.resend(account);
      }
    } finally {
      this.refreshing = false;
    }
    if (this.stale) {
      this.stale = false;
      await pause(200);
      await this.refreshAccount();
    }
  }

  private async refreshBalance(): Promise<void> {
    const { wallet } = this.state();
    if (wallet === null) return;
    const asked = ++this.balancesAsked;
    const balance = await this.read?.getBalance({ address: wallet.address }).catch(() => undefined);
    // An answer that was overtaken by a later question may be older than what is shown.
    if (balance !== undefined && asked === this.balancesAsked) this.update({ balance });
  }

  /** A ballot that the relay acknowledged and the server does not know, after a loss on its side, is sent again once. */
  private async resend(account: Account): Promise<void> {
    const { game, kept, task } = this.state();
    if (game?.vote == null || task !== null || !mayVote(this.state()).may) return;
    if (kept === null || kept.ballot.ply !== game.vote.ply || kept.ballot.seat !== account.seat) return;
    const name = `${game.id}:${kept.ballot.ply}:${kept.ballot.signature}`;
    if (this.resent === name) return;
    this.resent = name;
    if (await sendBallot(game.id, kept.ballot).catch(() => null)) await this.refreshAccount();
  }

  // ----------------------------------------------------------------------------------------------------- the wallet

  private walletSlot = () => `${WALLET}:${this.state().config?.chainId ?? 0}`;

  private restoreBurner(): void {
    const { config } = this.state();
    const stored = localStorage.getItem(this.walletSlot());
    if (config?.local && (stored === null || stored === 'burner')) this.setWallet(burner(config));
  }

  private announced(wallet: Announced): void {
    const { wallets, config } = this.state();
    this.update({ wallets: [...wallets, wallet] });
    if (config === null || localStorage.getItem(this.walletSlot()) !== wallet.id) return;
    connect(config, wallet, false).then(
      (connected) => connected !== null && this.setWallet(connected),
      () => {},
    );
  }

  private setWallet(wallet: Wallet): void {
    this.update({ wallet, account: null, kept: null, balance: null, walletOpen: false, proposal: null });
    void this.refreshBalance();
    void this.refreshAccount();
    void this.firstFunds(wallet);
  }

  /** A burner wallet that holds nothing asks the faucet by itself, so that a visitor can stake at once. */
  private async firstFunds(wallet: Wallet): Promise<void> {
    const { config } = this.state();
    if (wallet.kind !== 'burner' || !config?.faucet) return;
    try {
      if ((await this.read?.getBalance({ address: wallet.address })) === 0n) await askFaucet(wallet.address);
    } catch {
      // Asked again with the next look around; the button in the wallet menu shows why it fails.
    }
    await this.refreshBalance();
  }

  openWallets(open: boolean): void {
    this.update({ walletOpen: open });
  }

  useWallet(id: string): void {
    const { config, wallets } = this.state();
    if (config === null) return;
    localStorage.setItem(this.walletSlot(), id);
    const announced = wallets.find((w) => w.id === id);
    if (announced === undefined) {
      this.setWallet(burner(config));
      return;
    }
    void this.attempt('Waiting for the wallet…', async () => {
      const wallet = await connect(config, announced, true);
      if (wallet === null) throw new Error('The wallet shares no account with this page.');
      this.setWallet(wallet);
      wallet.provider?.on?.('accountsChanged', (accounts) => this.accountsChanged(announced, accounts));
    });
  }

  private accountsChanged(announced: Announced, accounts: readonly string[]): void {
    const { config, wallet } = this.state();
    if (config === null || wallet?.id !== announced.id) return;
    if (accounts.length === 0) this.update({ wallet: null, account: null, kept: null, balance: null });
    else void connect(config, announced, false).then((connected) => connected !== null && this.setWallet(connected));
  }

  fund(): void {
    const { wallet } = this.state();
    if (wallet === null) return;
    void this.attempt('Asking for test coins…', async () => {
      await askFaucet(wallet.address);
      await this.refreshBalance();
      this.notify('Test coins are in your wallet.');
    });
  }

  /** Runs a task of the visitor's: one at a time, its failure told in one sentence. */
  private async attempt(task: string, work: () => Promise<void>): Promise<void> {
    if (this.state().task !== null) return;
    this.update({ task, problem: null, notice: null });
    try {
      await work();
    } catch (error) {
      this.update({ problem: explain(error) });
    } finally {
      this.update({ task: null });
    }
  }

  private notify(notice: string): void {
    this.update({ notice });
    setTimeout(() => this.state().notice === notice && this.update({ notice: null }), NOTICE);
  }

  private transaction(task: string, name: string, args: readonly unknown[], value = 0n): Promise<Hex> {
    const { config, wallet } = this.state();
    if (config === null || wallet === null || this.read === null) throw new Error('Connect a wallet first.');
    if (wallet.kind === 'extension') this.update({ task: `${task} Confirm in your wallet.` });
    return transact(config, this.read, wallet, name, args, value);
  }

  // ---------------------------------------------------------------------------------------------- stakes and claims

  setSide(side: Side): void {
    this.update({ side });
  }

  setAmount(amount: string): void {
    this.update({ amount });
  }

  stake(): void {
    const { game, wallet, account, amount } = this.state();
    const wei = parseCoins(amount);
    if (game === null || wallet === null || wei === null) return;
    const side = account?.side ?? this.state().side;
    void this.attempt('Staking…', async () => {
      const at = identity(game);
      const voteKey = side === 'world' ? await this.seatKey(at, wallet.address) : zeroAddress;
      await this.transaction('Staking…', 'stake', [BigInt(game.id), side === 'world' ? 0 : 1, voteKey], wei);
      this.notify(`${coins(wei)} ETH staked on ${side === 'world' ? 'the World' : 'Leela'}.`);
      await this.refreshAccount();
    });
  }

  /**
   * The vote key a World stake must name: the one of the account's seat if the chain knows a seat (another browser may
   * hold it), else this browser's. Asked of the chain, so that a server cannot slip in a key of its own.
   */
  private async seatKey(at: GameIdentity, account: Address): Promise<Address> {
    const { config } = this.state();
    if (config === null || this.read === null) throw new Error('The chain is not known yet.');
    const call = { address: config.contract, abi: config.abi };
    const game = BigInt(at.game);
    const [, amount, number] = (await this.read.readContract({
      ...call,
      functionName: 'stakeOf',
      args: [game, account],
    })) as [number, bigint, number];
    if (amount === 0n) return voteAddress(ensureVoteKey(at, account));
    const seat = (await this.read.readContract({ ...call, functionName: 'seat', args: [game, number] })) as Seat;
    return seat.voteKey;
  }

  claim(): void {
    const { game, wallet, account } = this.state();
    if (game === null || wallet === null) return;
    void this.attempt('Claiming…', async () => {
      await this.transaction('Claiming…', 'claim', [BigInt(game.id), wallet.address]);
      this.notify(`${coins(account?.owed ?? '0')} ETH paid to your wallet.`);
      await this.refreshAccount();
    });
  }

  hurry(call: Overdue): void {
    const { game } = this.state();
    if (game === null) return;
    void this.attempt('Sending…', async () => {
      await this.transaction('Sending…', call, [BigInt(game.id)]);
    });
  }

  // ------------------------------------------------------------------------------------------------------- the vote

  play(from: number, to: number): void {
    const pos = livePosition(this.state().game);
    if (pos === null || !mayVote(this.state()).may) return;
    this.update({ cursor: null, picked: null });
    if (needsPromotion(pos, { from, to })) {
      this.update({ promotion: { from, to } });
      focusSoon('.promotion button');
    } else this.propose(readMove(pos, makeSquare(from) + makeSquare(to)));
  }

  promote(role: Role | null): void {
    const { promotion, game } = this.state();
    const pos = livePosition(game);
    if (promotion === null || pos === null) return;
    this.update({ promotion: null });
    if (role === null) focusSoon('#board');
    const letter = { queen: 'q', rook: 'r', bishop: 'b', knight: 'n' }[role as string];
    if (letter !== undefined)
      this.propose(readMove(pos, makeSquare(promotion.from) + makeSquare(promotion.to) + letter));
  }

  typeMove(text: string): void {
    this.update({ typed: text });
  }

  submitTyped(): void {
    const { game, typed } = this.state();
    const pos = livePosition(game);
    if (pos === null) return;
    const move = readMove(pos, typed);
    if (move === null) this.update({ problem: `“${typed.trim().slice(0, 12)}” is not a legal move here.` });
    else this.propose(move);
  }

  private propose(move: string | null): void {
    if (move === null || !mayVote(this.state()).may) return;
    this.update({ proposal: move, refused: false, typed: '', problem: null, viewed: null });
    if (this.state().direct) this.vote();
    else focusSoon('#vote');
  }

  withdraw(): void {
    this.update({ proposal: null });
    focusSoon('#board');
  }

  setDirect(direct: boolean): void {
    localStorage.setItem(DIRECT, direct ? 'yes' : 'no');
    this.update({ direct });
  }

  vote(): void {
    const { game, wallet, account, proposal } = this.state();
    if (game?.fen == null || wallet === null || account?.seat == null || proposal === null) return;
    const seen = positionKey(position(game.fen));
    if (game.positionKey !== null && seen !== game.positionKey) {
      this.update({ problem: 'The board shown is not the position the server names. Nothing was signed.' });
      return;
    }
    const at = identity(game);
    const key = storedVoteKey(at, wallet.address);
    if (key === null || voteAddress(key).toLowerCase() !== account.voteKey?.toLowerCase()) {
      this.voteByTransaction(); // the vote key is in another browser
      return;
    }
    const { seat } = account;
    void this.attempt('Sending your ballot…', async () => {
      try {
        const ballot = await signBallot(key, at, seat, game.ply, proposal, seen);
        const receipt = await checkReceipt(at, ballot, seen, await sendBallot(game.id, ballot));
        if (receipt === null) throw new Error('The relay’s receipt is not valid.');
        // Kept from here on only: what the relay never acknowledged can still be taken back.
        keepBallot(wallet.address, { ...at, ballot, receipt });
        this.meetRelay(receipt.relay);
        this.voted(game.ply, proposal, 'received');
      } catch (error) {
        this.update({ refused: true });
        throw error;
      } finally {
        // After a failure too: the ballot may have arrived all the same.
        void this.refreshAccount();
      }
    });
  }

  /** The account itself votes: for whom the server or its relay does not serve. The contract skips a second ballot. */
  voteByTransaction(): void {
    const { game, proposal } = this.state();
    const move = ownBallot(this.state())?.move ?? proposal;
    if (game === null || move === null) return;
    const task = 'Voting by transaction…';
    void this.attempt(task, async () => {
      await this.transaction(task, 'castBallot', [BigInt(game.id), game.ply, moveNumber(move)]);
      this.voted(game.ply, move, 'counted');
    });
  }

  private voted(ply: number, move: string, status: 'received' | 'counted'): void {
    const { account } = this.state();
    if (account !== null) this.update({ account: { ...account, ballot: { ply, move, status } } });
    this.update({ proposal: null, said: `Your ballot is ${status}.` });
  }

  private meetRelay(relay: Address): void {
    const { config } = this.state();
    if (config === null || !relayChanged(config, relay)) return;
    this.update({ problem: 'The relay signs with another key than before. Keep your receipts of the old one.' });
  }

  // ------------------------------------------------------------------------------------------------------ the board

  selectGame(game: number): void {
    this.follow(game);
  }

  view(ply: number | null): void {
    const last = this.state().game?.moves.length ?? 0;
    const viewed = ply === null || ply >= last ? null : Math.max(0, ply);
    this.update({ viewed, promotion: null, picked: null });
    scrollMoves();
  }

  flip(): void {
    this.update({ flipped: !this.state().flipped });
  }

  /** Keys on the board itself. Returns whether the key meant something. */
  boardKey(key: string): boolean {
    const { game, cursor, picked, proposal, flipped } = this.state();
    if (game === null) return false;
    if (key === 'Escape') {
      this.update({ picked: null, proposal: null, promotion: null, said: 'Let go.' });
      return true;
    }
    const { fen, live } = shown(this.state());
    if (fen === null) return false;
    if (!live && (key === 'Enter' || key === ' ')) {
      this.view(null);
      this.update({ said: 'Back at the live position.' });
      return true;
    }
    const pos = position(fen);
    const up = (game.world === 'white') !== flipped ? 1 : -1;
    const arrow = ARROWS[key];
    if (arrow !== undefined) {
      const from = cursor ?? (up === 1 ? 4 : 60);
      const file = clamp((from & 7) + up * arrow[0]);
      const rank = clamp((from >> 3) + up * arrow[1]);
      const to = cursor === null ? from : 8 * rank + file;
      this.update({ cursor: to, said: squareText(pos, to) });
      return true;
    }
    if ((key !== 'Enter' && key !== ' ') || cursor === null || proposal !== null || !mayVote(this.state()).may)
      return false;
    const targets = destinations(pos);
    const name = makeSquare(cursor);
    if (picked !== null && targets.get(makeSquare(picked))?.includes(name)) this.play(picked, cursor);
    else if ((targets.get(name)?.length ?? 0) > 0) {
      this.update({ picked: cursor, said: `${squareText(pos, cursor)}, picked up: ${targets.get(name)?.join(', ')}` });
    } else this.update({ picked: null, said: `${squareText(pos, cursor)}: no move from or to here.` });
    return true;
  }

  /** Keys anywhere else: arrows walk through the game, f turns the board. */
  pageKey(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === 'Escape' && this.state().walletOpen) this.openWallets(false);
    if (target.closest('input, select, textarea, #board, summary, [role=dialog]') !== null) return;
    const { viewed, game } = this.state();
    const at = viewed ?? game?.moves.length ?? 0;
    if (event.key === 'ArrowLeft') this.view(at - 1);
    else if (event.key === 'ArrowRight') this.view(at + 1);
    else if (event.key === 'Escape' && this.state().proposal !== null) this.withdraw();
    else if (event.key === 'f') this.flip();
  }

  // ------------------------------------------------------------------------------------------------- the network

  check(ply: number): void {
    const { config, game, check } = this.state();
    const { read } = this;
    if (config === null || game === null || read === null || check?.running === true) return;
    const show = (change: Partial<NonNullable<State['check']>>) => {
      const current = this.state().check;
      if (current !== null && this.state().game?.id === game.id) this.update({ check: { ...current, ...change } });
    };
    this.update({ check: { ply, findings: [], problem: null, running: true } });
    document.getElementById('title-check')?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    void (async () => {
      try {
        await checkProof(config, read, game, ply, (findings) => show({ findings }));
      } catch (error) {
        show({ problem: explain(error) });
      } finally {
        show({ running: false });
      }
    })();
  }

  downloadPgn(): void {
    const { game } = this.state();
    if (game === null) return;
    fetchPgn(game.id).then(
      (pgn) => save(`proofmate-${game.id}.pgn`, 'application/x-chess-pgn', pgn),
      (error) => this.update({ problem: explain(error) }),
    );
  }

  /** The relay's signed word that it received a ballot: evidence if the ballot never gets to the chain. */
  saveReceipt(): void {
    const { kept } = this.state();
    if (kept === null) return;
    save(`proofmate-${kept.game}-${kept.ballot.ply}.json`, 'application/json', JSON.stringify(kept, null, 2));
  }

  dismiss(): void {
    this.update({ problem: null, notice: null });
  }
}

const identity = (game: Game): GameIdentity => ({ chainId: game.chainId, contract: game.contract, game: game.id });

/** What of a document can change what an account has or may do; a proof's progress does not. */
const stakesAndVotes = ({ state, ply, pools, vote }: Game): string =>
  JSON.stringify([state, ply, pools, vote?.castWeight, vote?.pending]);

const clamp = (n: number) => Math.max(0, Math.min(7, n));

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Moves the keyboard's focus once the page is drawn. */
function focusSoon(selector: string): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(selector)?.focus({ preventScroll: true }));
}

/** Keeps the move looked at in sight, without moving the page. */
function scrollMoves(): void {
  requestAnimationFrame(() => {
    const list = document.getElementById('move-list');
    const current = list?.querySelector<HTMLElement>('[aria-current=true]');
    if (list && current) list.scrollTop = current.offsetTop - list.offsetTop - list.clientHeight / 2;
  });
}
