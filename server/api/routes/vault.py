"""The vault that this server shows: its contract, how it stands, its decisions with their proofs, its network."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from server.api.problems import answers
from server.api.shared import Shared
from server.api.vault import DecisionProof, NetworkPassport, VaultContract, VaultDocument

router = APIRouter(tags=["vault"])
Hour = Annotated[int, Path(ge=0, lt=1 << 40)]


@router.get("/vault", response_model=VaultDocument, responses=answers(404))
async def vault(request: Request, api: Shared) -> Response:
    """The vault as it stands: holdings, shares, the price and the network's view of each hour, the last decisions."""
    api.limit(api.reads, request)
    reader = await api.vault()
    await reader.visited()
    return Response(await reader.document(), media_type="application/json")


@router.get("/vault/contract", responses=answers(404))
async def contract(request: Request, api: Shared) -> VaultContract:
    """What a program must know to deposit, redeem, decide and check: addresses, tokens, terms, the ABI."""
    api.limit(api.reads, request)
    return await (await api.vault()).contract()


@router.get("/vault/decisions/{hour}", responses=answers(404))
async def decision(request: Request, api: Shared, hour: Hour) -> DecisionProof:
    """The proof of an hour's decision, read from its transaction, with the input and words that it is checked by."""
    api.limit(api.costly, request)
    return await (await api.vault()).proof(hour)


@router.get("/vault/network", responses=answers(404))
async def network(request: Request, api: Shared) -> NetworkPassport:
    """The passport of the vault's network, with its course in the walk-forward backtest against holding."""
    api.limit(api.reads, request)
    return (await api.vault()).passport()
