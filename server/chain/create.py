"""`proofmate create`: opens a game on a contract that is deployed, with the owner's key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from web3.exceptions import MismatchedABI

from server.chain import chains, deploy
from server.chain.contracts import game_contract
from server.chain.sender import Sender
from server.chain.signer import signer_of
from server.settings import Environment, SettingsError

BET: Mapping[str, int | bool] = {
    **deploy.DEMO_TERMS,
    "lobbyPeriod": 24 * 3600,
    "votingPeriod": 5 * 60,
    "minPeriod": 60,
    "provingPeriod": 24 * 3600,
    "quorum": 5000,
    "fee": 200,
}
PRIZE = {**BET, "leelaPoolOpen": False, "quorum": 2500, "maxOdds": 0, "fee": 0, "maxStake": deploy.ETHER // 10}
KINDS = {"bet": BET, "prize": PRIZE}
"""Terms by kind of game: a public bet, and a prize, in which stakes always return and only the pot is played for.

A bet's quorum is half of all World stake, so that nobody leads the vote into a lost game with less. A prize is shared
by stakes that risk nothing, so an account stakes at most 0.1 ether."""


def create(kind: str, changes: Sequence[str], pot: str, fund: str) -> int:
    """Opens a game of a kind, with changes to its terms ("votingPeriod=600"), and returns its number.

    Periods are at least what the chain asks for (`chains`), unless `changes` say otherwise. `pot` and `fund` are in
    ether. Raises SettingsError for what cannot be understood and what the contract refuses.
    """
    changed(KINDS[kind], changes)  # what cannot be understood is refused before a chain is asked
    amounts = wei("--fund", fund), wei("--pot", pot)
    if kind == "prize" and amounts[1] == 0:
        raise SettingsError("--pot: a prize needs one")
    w3, address, _ = deploy.locate()
    env = Environment.read()
    signer = signer_of(env, "owner")
    if signer is None:
        raise SettingsError("OWNER_KEY: missing; only the contract's owner creates games")
    chain = chains.check(env, w3.eth.chain_id)
    terms = changed(KINDS[kind] if chain is None else chain.terms(KINDS[kind]), changes)
    owner = Sender(w3, signer, "OWNER_KEY")
    try:
        return deploy.create_game(game_contract(w3, address), owner, terms, *amounts)
    except MismatchedABI:
        raise SettingsError(f"{' '.join(changes)}: no terms that the contract can hold") from None
    except OSError as error:
        raise SettingsError(
            f"RPC_URL: the chain stopped answering ({type(error).__name__}); look for the game before you try again"
        ) from None


def changed(terms: Mapping[str, int | bool], changes: Sequence[str]) -> Mapping[str, int | bool]:
    """Terms with some of them changed, each given as name=number (1 and 0 for yes and no)."""
    given: dict[str, int | bool] = {}
    for change in changes:
        name, _, value = change.partition("=")
        if name not in terms:
            raise SettingsError(f"{change}: not NAME=NUMBER with one of {', '.join(terms)}")
        flag = isinstance(terms[name], bool)
        if not (value.isascii() and value.isdigit()) or (flag and value not in ("0", "1")):
            raise SettingsError(f"{change}: {'0 or 1' if flag else 'a number'} is wanted")
        given[name] = value == "1" if flag else int(value)
    return {**terms, **given}


def wei(option: str, ether: str) -> int:
    """An amount of ether in wei, exactly."""
    try:
        amount = Decimal(ether).scaleb(18)
        if amount.is_finite() and 0 <= amount < 1 << 128 and amount == int(amount):
            return int(amount)
    except InvalidOperation:
        pass
    raise SettingsError(f"{option}: {ether!r} is no amount of ether")
