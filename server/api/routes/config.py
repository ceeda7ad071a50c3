"""What a page must know to talk to the chain."""

from __future__ import annotations

from fastapi import APIRouter, Request

from server.api.shared import Shared
from server.api.views import Config
from server.chain.contracts import abi
from server.settings import public_rpc

router = APIRouter(tags=["server"])


@router.get("/config")
async def config(request: Request, api: Shared) -> Config:
    """What a page must know to talk to the chain, and whose receipts of ballots hold."""
    api.limit(api.reads, request)
    settings, signer = api.settings, api.box.account.address
    return Config(
        chain_id=settings.chain_id,
        contract=settings.contract,
        relay=signer,
        receipt_addresses=tuple(dict.fromkeys((signer, *settings.receipt_addresses))),
        rpc=public_rpc(settings),
        local=settings.local,
        insecure=settings.setup is None,
        faucet=settings.local,
        ballot_margin=settings.ballot_margin,
        explorer=settings.explorer,
        wallet_connect=settings.walletconnect_project_id,
        vault=settings.vault,
        abi=abi(),
    )
