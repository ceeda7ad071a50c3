"""`python -m server.api.schema`: the API's OpenAPI schema as JSON.

The page's types are generated from it (`npm --prefix frontend run types`). Neither Redis nor a chain is needed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from server.api.application import create
from server.chain.client import Chain
from server.settings import Settings

NOWHERE = Path("/nonexistent")


def schema() -> dict[str, Any]:
    """The schema of a local demo's API, which has every route."""
    settings = Settings(
        data_dir=NOWHERE,
        cache_dir=NOWHERE,
        host="127.0.0.1",
        port=1,
        redis_url="redis://127.0.0.1",
        redis_replicas=0,
        mercure_url=None,
        database_url="sqlite://",
        rpc_url="http://127.0.0.1",
        public_rpc_url=None,
        chain_id=31337,
        unlisted_chain=False,
        contract="0x" + "00" * 20,
        start_block=0,
        vault=None,
        vault_block=0,
        receipt_key="0x" + "11" * 32,
        receipt_addresses=(),
        payee=None,
        network=NOWHERE,
        setup=None,
        setup_hash=None,
        explorer=None,
        walletconnect_project_id=None,
        frontend=NOWHERE,
        beacon_url="https://127.0.0.1",
        ballot_margin=15,
        relay_budget=None,
        reads_per_second=50,
        posts_per_second=20,
        streams=2000,
        streams_each=20,
        operator_port=None,
        operator_host="127.0.0.1",
        forwarded_allow_ips="127.0.0.1",
        log_level="info",
    )
    return create(settings, cast(Chain, None)).openapi()


if __name__ == "__main__":
    print(json.dumps(schema(), indent=1, sort_keys=True))
