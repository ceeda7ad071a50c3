"""Accounts: what one has in a game."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from web3 import Web3

from server.api.shared import Address, GameNumber, Shared
from server.api.views import AccountView

router = APIRouter()


@router.get("/api/games/{number}/accounts/{address}")
async def account(request: Request, api: Shared, number: GameNumber, address: Address) -> AccountView:
    """What an account has in a game. `owed` is asked of the contract now."""
    api.limit(api.reads, request)
    game = await api.game(number)
    owed = api.chain.contract.functions.owed(number, Web3.to_checksum_address(address))
    return await api.views.account(game, address, await run_in_threadpool(owed.call))
