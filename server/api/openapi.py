"""What the API's schema says of the whole: introduction, tags, components that no route names as its model."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from server.api.problems import ProblemBody

ABOUT = """A crowd plays chess against a neural network, for stakes. All that a page does an outside program can do with
this API and a JSON-RPC of the chain: docs/api.md of the source has a guide, examples/bot.py a program.

Amounts are wei, as decimal strings. Times are Unix seconds of the chain's clock. Errors are RFC 9457 problems.
HEAD answers as GET does, without a body. Unknown fields may be added to answers at any time; what is here stays."""
TAGS = [
    {"name": "server", "description": "What this server is, and a local chain's faucet."},
    {
        "name": "games",
        "description": "Games: the list, a document, its stream, closed votes, the network's thoughts.",
    },
    {"name": "ballots", "description": "Votes: acknowledged here, counted on the chain."},
    {"name": "accounts", "description": "What an account has."},
    {"name": "network", "description": "The network that plays, and the proofs of its moves."},
    {"name": "vault", "description": "The vault, if this server shows one: how it stands, its decisions, its network."},
]


def schema_of(app: FastAPI) -> dict[str, Any]:
    """The schema, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            tags=app.openapi_tags,
            routes=app.routes,
        )
        components = schema["components"]["schemas"]
        components["ProblemBody"] = ProblemBody.model_json_schema()
        for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's own; validation errors are problems here
            components.pop(unused, None)
        app.openapi_schema = schema
    return app.openapi_schema
