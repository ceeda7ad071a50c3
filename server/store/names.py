"""Every name in Redis, in one place, and the record that it holds (see `server.store.records`).

All names of a deployment share a prefix made of chain id and contract, so a new deployment never meets old data. In a
cluster the prefix is a hash tag, which puts all of them into one slot: transactions and scripts touch several. Kinds:

    read model (from the chain; may be lost)     cursor, genesis, game, card, games, seats, accounts, voted, votes
    not yet on the chain (must not be lost)      ballots, carried, proof, sent
    not yet in the database (must not be lost)   journal
    passing (may be lost)                        head, version, progress, thought, thoughts, relay, carriage, leader,
                                                 indexer, prover, spent, coin, stats, faucet, series,
                                                 series_state, visited, recorder, keeper, publisher,
                                                 vault_visited, vault_progress

A vault's read model is `vault`; its proofs that are not yet on the chain are `decision`.
"""

from __future__ import annotations

from server.redis_url import RedisUrl
from server.settings import Settings


class Names:
    """The names of one deployment. `cluster`: whether they share a slot; a cluster needs it, nothing else does."""

    def __init__(self, chain_id: int, contract: str, cluster: bool = False) -> None:
        deployment = f"{chain_id}:{contract.lower()}"
        self.prefix = f"proofmate:{{{deployment}}}:" if cluster else f"proofmate:{deployment}:"
        self.jobs = f"rq:{{{deployment}}}" if cluster else "rq"
        """What RQ's own names begin with: its RQ_KEY_PREFIX."""
        self.queue = f"proofmate-{chain_id}-{contract.lower()}"
        """The job queue's name."""
        self.changes = self.prefix + "changes"
        """Channel: the number of a game whose document changed."""
        self.wake = self.prefix + "wake"
        """Channel: there is something for the relay to do."""
        self.genesis = self.prefix + "genesis"
        """String: hash of the chain's first block."""
        self.head = self.prefix + "head"
        """String: Head."""
        self.games = self.prefix + "games"
        """Sorted set of game numbers, scored by the last block that changed each."""
        self.relay = self.prefix + "relay"
        """String that expires: why the relay carries nothing, a sentence, or empty when it is well."""
        self.leader = self.prefix + "leader"
        """Lease of the one relay that acts."""
        self.indexer = self.prefix + "indexer"
        """Lease of the one indexer that writes."""
        self.journal = self.prefix + "journal"
        """Stream of entries for the database of record (server/store/journal.py)."""
        self.recorder = self.prefix + "recorder"
        """Lease of the one process that writes them there."""
        self.publisher = self.prefix + "publisher"
        """Lease of the one process that posts documents to a Mercure hub."""
        self.series = self.prefix + "series"
        """Lease of the one process that opens games."""
        self.series_state = self.prefix + "series_state"
        """String that expires: what the series is at (server/processes/series.py)."""
        self.visited = self.prefix + "visited"
        """String that expires: somebody looked at the list of games a moment ago."""
        self.arrivals = self.prefix + "arrivals"
        """Channel: somebody came after a while in which nobody was here."""
        self.prover = self.prefix + "prover"
        """String: ProverInfo."""
        self.stats = self.prefix + "stats"
        """Hash of counters of the relay: transactions mined, reverts among them, gas they used; ballots that were
        acknowledged and are not counted (lost)."""
        self.faucet = self.prefix + "faucet"
        """Set of addresses that the faucet has funded."""
        self.cursor = self.prefix + "cursor"
        """String: Cursor."""
        self.vault_queue = self.queue + "-vault"
        """The name of the queue of a vault's proofs; a worker takes from it while the game's is empty."""
        self.keeper = self.prefix + "keeper"
        """Lease of the one keeper that acts."""
        self.vault_visited = self.prefix + "vault_visited"
        """String that expires: somebody looked at the vault a moment ago."""
        self.vault_progress = self.prefix + "vault_progress"
        """String that expires: DecisionProgress, the proof under way."""

    @classmethod
    def of(cls, settings: Settings) -> Names:
        """The names of the settings' deployment, in the settings' Redis."""
        cluster = RedisUrl.parse(settings.redis_url).kind == "cluster"
        return cls(settings.chain_id, settings.contract, cluster)

    def waiting_jobs(self) -> str:
        """List: the ids of the proving jobs that no worker has begun, as RQ keeps them."""
        return f"{self.jobs}:queue:{self.queue}"

    def job_record(self, job: str) -> str:
        """Hash: what RQ knows of a job of this id."""
        return f"{self.jobs}:job:{job}"

    def vault(self, address: str) -> str:
        """String: VaultState, the document of the vault at an address."""
        return f"{self.prefix}vault:{address.lower()}"

    def decision(self, hour: int, key: str) -> str:
        """String: StoredDecision, the proof of a vault's decision in an hour on an input (`key_of_input`)."""
        return f"{self.prefix}decision:{hour}:{key}"

    def decision_job(self, hour: int, key: str) -> str:
        """The identity of the job of that proof."""
        return f"{self.vault_queue}-{hour}-{key}"

    def game(self, game: int) -> str:
        """String: Game, the document."""
        return f"{self.prefix}game:{game}"

    def card(self, game: int) -> str:
        """String: Card, the document's few lines for a list."""
        return f"{self.prefix}card:{game}"

    def version(self, game: int) -> str:
        """Counter: goes up with every change that a visitor can see."""
        return f"{self.prefix}version:{game}"

    def seats(self, game: int) -> str:
        """Hash: seat number -> Seat."""
        return f"{self.prefix}seats:{game}"

    def accounts(self, game: int) -> str:
        """Hash: lower-case address -> Staker."""
        return f"{self.prefix}accounts:{game}"

    def voted(self, game: int) -> str:
        """Hash: seat number -> CountedVote, the last of the seat."""
        return f"{self.prefix}voted:{game}"

    def carriage(self, game: int) -> str:
        """String that expires: Carriage, what the relay can carry of the vote's ballots."""
        return f"{self.prefix}carriage:{game}"

    def votes(self, game: int) -> str:
        """Hash: ply -> ClosedVote."""
        return f"{self.prefix}votes:{game}"

    def ballots(self, game: int, ply: int, position_key: str) -> str:
        """Hash: seat number -> StoredBallot."""
        return f"{self.prefix}ballots:{game}:{ply}:{position_key}"

    def carried(self, game: int, ply: int, position_key: str) -> str:
        """Set: seats whose ballot was received and is on the chain. What is missing in it is pending."""
        return f"{self.prefix}carried:{game}:{ply}:{position_key}"

    def proof(self, game: int, ply: int, position_key: str) -> str:
        """String: StoredProof."""
        return f"{self.prefix}proof:{game}:{ply}:{position_key}"

    def progress(self, game: int) -> str:
        """String: Progress, the proof under way."""
        return f"{self.prefix}progress:{game}"

    def thinking(self, game: int) -> str:
        """String: Thinking, the network's best moves in the position it last saw."""
        return f"{self.prefix}thought:{game}"

    def thoughts(self, game: int) -> str:
        """Hash: ply -> Thinking, the network's best moves there."""
        return f"{self.prefix}thoughts:{game}"

    def spent(self, game: int, ply: int) -> str:
        """Counter: gas spent on the ballots of a ply."""
        return f"{self.prefix}spent:{game}:{ply}"

    def coin(self, day: int) -> str:
        """Counter: gwei spent on ballots on a day, counted from 1970 (UTC)."""
        return f"{self.prefix}coin:{day}"

    def sent(self, sender: str) -> str:
        """Hash: nonce -> Flight."""
        return f"{self.prefix}sent:{sender.lower()}"

    def job(self, game: int, ply: int, position_key: str) -> str:
        """The identity of a proving job: a ply of a game, and its position, which a reorganisation can change."""
        return f"{self.queue}-{game}-{ply}-{position_key[2:18]}"
