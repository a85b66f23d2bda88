"""The API over a real store: a county with its boxes, an application beside it, and who asks."""

import asyncio
from contextlib import contextmanager

import httpx

from karez_gateway import config as configuration
from karez_gateway.api import tokens
from karez_gateway.api.access import Served
from karez_gateway.api.application import create as application
from karez_gateway.store.readonly import ReadOnlyDatabase

from .county import RECEIVED_UTC_S, create, opened

NOW_UTC_S = RECEIVED_UTC_S + 60


class Desk:
    """One gateway with its API; `now_utc_s` is what the application takes for the time."""

    def __init__(self, county, directory, name="everything"):
        self.county = county
        self.directory = directory
        self.now_utc_s = NOW_UTC_S
        self.config = configuration.load(directory)
        self.store = ReadOnlyDatabase.open(self.config.store_url)
        self.served = Served(self.store, self.config, tokens.Tokens(directory), lambda: self.now_utc_s)
        self.app = application(self.served)
        self.token = self.give(name)

    def give(self, name, *sites, until_utc_s=None):
        """Make a token: of these sites, or of all."""
        scope = tokens.Scope(frozenset(sites) if sites else None)
        return tokens.add(self.directory, name, scope, NOW_UTC_S, until_utc_s)

    def ask(self, path, method="GET", token=None, headers=None, **query):
        """One request; `token` "" sends none."""
        shown = self.token if token is None else token
        sent = dict(headers or {})
        if shown:
            sent.setdefault("Authorization", f"Bearer {shown}")
        return asyncio.run(self._ask(path, method, sent, query))

    async def _ask(self, path, method, headers, query):
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
            return await client.request(method, path, headers=headers, params=query or None)

    def get(self, path, **query):
        """The document of a request that must succeed."""
        found = self.ask(path, **query)
        assert found.status_code == 200, found.text
        return found.json()

    def problem(self, path, token=None, headers=None, method="GET", **query):
        """(status, kind, detail) of a request that must not."""
        found = self.ask(path, method, token, headers, **query)
        assert found.headers["content-type"] == "application/problem+json", found.text
        body = found.json()
        assert body["status"] == found.status_code and body["detail"] and body["title"]
        return found.status_code, body["type"].rpartition(":")[2], body["detail"]


@contextmanager
def desk(directory, *boxes, extra=""):
    """A county in which these boxes are enrolled, and all they have said is booked."""
    with opened(create(directory, extra)) as county:
        county.enrol(*boxes)
        for box in boxes:
            county.take(box, *box.payloads())
        county.work()
        found = Desk(county, directory)
        try:
            yield found
        finally:
            found.store.close()
