"""What only a local chain has: a JSON-RPC proxy of the page's own origin, and a faucet of play money."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field
from web3 import Web3

from server.api import rpc
from server.api.problems import Problem, answers
from server.api.shared import Shared, require_json
from server.chain.node import first_of
from server.model.frozen import Frozen, Wei

FAUCET = 10 * 10**18
"""What the faucet gives, in wei."""

router = APIRouter(tags=["server"])
rpc_router = APIRouter()
"""Not under the API's prefix: the page's library is told its address."""


class FaucetBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    address: str = Field(pattern="^0x[0-9a-fA-F]{40}$", examples=["0x" + "12" * 20])


class Funded(Frozen):
    address: str
    amount: Wei
    """What was given."""


@rpc_router.post("/rpc", include_in_schema=False)
async def proxy(request: Request, api: Shared) -> Response:
    require_json(request)
    api.limit(api.calls, request)
    body = await request.body()
    return await rpc.forward(
        api.http, first_of(api.settings.rpc_url), body, lambda: api.limit(api.simulations, request)
    )


@router.post("/faucet", responses=answers(400, 408, 413, 415))
async def faucet(request: Request, api: Shared, body: FaucetBody) -> Funded:
    """Funds a burner wallet of a local chain, once."""
    require_json(request)
    api.limit(api.faucets, request)
    address = Web3.to_checksum_address(body.address)
    balance = await run_in_threadpool(api.chain.w3.eth.get_balance, address)
    if not await api.redis.sadd(api.names.faucet, address) and balance:
        raise Problem(429, f"{address} was funded before", "funded")
    make: Any = api.chain.w3.provider.make_request
    answer = await run_in_threadpool(make, "anvil_setBalance", [address, hex(balance + FAUCET)])
    if "error" in answer:
        raise Problem(503, "this chain has no faucet", "faucet")
    return Funded(address=address, amount=FAUCET)
