"""Accounts: what one has in a game, and in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from web3 import Web3

from server.api.problems import answers
from server.api.shared import Address, Api, GameNumber, Shared
from server.api.views import AccountGame, AccountGames, AccountView
from server.model.game import Card
from server.model.payout import Stake, payout

router = APIRouter(tags=["accounts"])


@router.get("/games/{number}/accounts/{address}", responses=answers(404))
async def account(request: Request, api: Shared, number: GameNumber, address: Address) -> AccountView:
    """What an account has in a game. `owed` is asked of the contract now."""
    api.limit(api.reads, request)
    version = await api.views.version(number)  # first: what is read after it is at least as new
    game = await api.game(number)
    owed = await run_in_threadpool(_owed, api, address, [number])
    view = await api.views.account(game, address, owed[0])
    return view.model_copy(update={"version": version})


@router.get("/accounts/{address}/games")
async def account_games(
    request: Request,
    api: Shared,
    address: Address,
    before: Annotated[int | None, Query(ge=0, lt=1 << 32)] = None,
) -> AccountGames:
    """Games in which an account has a stake or unclaimed money, the newest first, of the 100 before a number."""
    api.limit(api.costly, request)
    cards, below = await api.views.cards(before, 100)
    stakes = await api.views.stakes(address, cards)
    owed = await run_in_threadpool(_owed, api, address, [card.id for card in cards])
    games = [
        AccountGame(game=card, side=side, stake=stake, payout=_payout(card, side, stake), owed=due)
        for card, (side, stake), due in zip(cards, stakes, owed, strict=True)
        if stake or due
    ]
    after = None if below is None else f"{request.url.path}?before={below}"
    return AccountGames(games=tuple(games), before=below, next=after)


def _owed(api: Api, address: str, games: Sequence[int]) -> list[int]:
    """What the contract owes an account in each game, in wei, asked in one request."""
    holder = Web3.to_checksum_address(address)
    if not games:
        return []
    with api.chain.w3.batch_requests() as batch:
        for game in games:
            batch.add(api.chain.contract.functions.owed(game, holder))
        return [int(cast(Any, amount)) for amount in batch.execute()]


def _payout(card: Card, side: str | None, stake: int) -> int | None:
    """What a stake of a finished game pays in all, in wei; null while the game is on."""
    if card.outcome is None or side is None:
        return None
    own, other = (card.world_pool, card.leela_pool) if side == "world" else (card.leela_pool, card.world_pool)
    parts = {
        "account": Stake(side, stake),
        "its side": Stake(side, own - stake),
        "other side": Stake("leela" if side == "world" else "world", other),
    }
    stakes = {name: part for name, part in parts.items() if part.amount}
    return payout(card.outcome, stakes, card.max_odds, card.fee, card.pot).stakers["account"]
