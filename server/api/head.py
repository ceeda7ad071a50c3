"""HEAD as GET without the body."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Middleware: answers HEAD with the head that GET would have. A stream ends after its head."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or not scope["path"].startswith(PATHS):
            await self.app(scope, receive, send)
            return
        answered = asyncio.Event()

        async def only_head(message: Message) -> None:
            if answered.is_set():
                return
            if message["type"] == "http.response.start":
                await send(message)
            else:
                answered.set()
                await send({"type": "http.response.body", "body": b""})

        async def answer() -> None:
            await self.app({**scope, "method": "GET"}, receive, only_head)

        app = asyncio.create_task(answer())
        head = asyncio.create_task(answered.wait())
        try:
            await asyncio.wait((app, head), return_when=asyncio.FIRST_COMPLETED)
            if app.done():
                await app
        finally:
            head.cancel()
            app.cancel()
            await asyncio.gather(app, return_exceptions=True)


PATHS = ("/api", "/openapi.json", "/livez", "/readyz", "/metrics")
"""Files of the page answer HEAD by themselves."""
