"""Every Redis key, in one place.

All keys of a deployment share a prefix made of chain id and contract, so a new deployment never meets old data. Kinds:

    read model (from the chain; may be lost)     cursor, genesis, game, card, games, seats, accounts, voted, votes
    not yet on the chain (must not be lost)      ballots, proof, sent
    passing (may be lost)                        head, version, progress, thought, thoughts, relay, leader, indexer,
                                                 prover, spent, stats, faucet
"""

from __future__ import annotations


class Keys:
    """The keys of one deployment."""

    def __init__(self, chain_id: int, contract: str) -> None:
        self.prefix = f"proofmate:{chain_id}:{contract.lower()}:"
        self.queue = f"proofmate-{chain_id}-{contract.lower()}"
        """The job queue's name."""
        self.changes = self.prefix + "changes"
        """Channel: the number of a game whose document changed."""
        self.wake = self.prefix + "wake"
        """Channel: something for the relay to do."""
        self.genesis = self.prefix + "genesis"
        """String: hash of the chain's first block."""
        self.head = self.prefix + "head"
        """String: JSON, the newest block: number, its time, and the wall clock when it was seen."""
        self.games = self.prefix + "games"
        """Sorted set of game numbers, scored by the last block that changed each."""
        self.relay = self.prefix + "relay"
        """String that expires: what the relay will not do, a sentence, or nothing when it is well."""
        self.leader = self.prefix + "leader"
        """Lease of the one relay that acts."""
        self.indexer = self.prefix + "indexer"
        """Lease of the one indexer that writes."""
        self.prover = self.prefix + "prover"
        """String: JSON, what the last prover to start said of itself."""
        self.stats = self.prefix + "stats"
        """Hash of counters: what the relay sent and spent."""
        self.faucet = self.prefix + "faucet"
        """Set of addresses that the faucet has funded."""
        self.cursor = self.prefix + "cursor"
        """String: JSON, [shape, [[number, hash], ...]]: of the documents, and the blocks whose events they hold."""

    def game(self, game: int) -> str:
        """String: the document."""
        return f"{self.prefix}game:{game}"

    def card(self, game: int) -> str:
        """String: the document's few lines for a list."""
        return f"{self.prefix}card:{game}"

    def version(self, game: int) -> str:
        """Counter: goes up with every change that a visitor can see."""
        return f"{self.prefix}version:{game}"

    def seats(self, game: int) -> str:
        """Hash: seat number -> JSON."""
        return f"{self.prefix}seats:{game}"

    def accounts(self, game: int) -> str:
        """Hash: lower-case address -> JSON."""
        return f"{self.prefix}accounts:{game}"

    def voted(self, game: int) -> str:
        """Hash: seat number -> "ply:move" of its last counted ballot."""
        return f"{self.prefix}voted:{game}"

    def votes(self, game: int) -> str:
        """Hash: ply -> JSON of the closed vote."""
        return f"{self.prefix}votes:{game}"

    def ballots(self, game: int, ply: int, position: str) -> str:
        """Hash: seat number -> JSON of the ballot received, with its receipt."""
        return f"{self.prefix}ballots:{game}:{ply}:{position}"

    def proof(self, game: int, ply: int, position: str) -> str:
        """String: JSON of a finished proof."""
        return f"{self.prefix}proof:{game}:{ply}:{position}"

    def progress(self, game: int) -> str:
        """String: JSON, the proof under way."""
        return f"{self.prefix}progress:{game}"

    def thinking(self, game: int) -> str:
        """String: JSON, the network's best moves in the position it last saw."""
        return f"{self.prefix}thought:{game}"

    def thoughts(self, game: int) -> str:
        """Hash: ply -> JSON, the network's best moves there."""
        return f"{self.prefix}thoughts:{game}"

    def spent(self, game: int, ply: int) -> str:
        """Counter: gas spent on the ballots of a ply."""
        return f"{self.prefix}spent:{game}:{ply}"

    def sent(self, sender: str) -> str:
        """Hash: nonce -> JSON of a transaction sent and not yet settled."""
        return f"{self.prefix}sent:{sender.lower()}"

    def job(self, game: int, ply: int, position: str) -> str:
        """The identity of a proving job: a ply of a game, and its position, which a reorganisation can change."""
        return f"{self.queue}-{game}-{ply}-{position[2:18]}"
