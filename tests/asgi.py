"""A client of an ASGI application in this process: plain calls, no server, no thread."""

import asyncio

import httpx


class Client:
    """``Client(app).get("/read")``; ``cookies`` go along with every request. The person is at ``address``."""

    def __init__(self, app, base_url="http://127.0.0.1:9911", address="127.0.0.1"):
        self.app, self.base_url, self.address = app, base_url, address
        self.cookies = {}

    def request(self, method, path, **what):
        async def ask():
            transport = httpx.ASGITransport(self.app, client=(self.address, 50_000))
            async with httpx.AsyncClient(
                transport=transport, base_url=self.base_url, cookies=self.cookies, timeout=30
            ) as client:
                return await client.request(method, path, **what)

        return asyncio.run(ask())

    def get(self, path, **what):
        return self.request("GET", path, **what)

    def post(self, path, **what):
        return self.request("POST", path, **what)
