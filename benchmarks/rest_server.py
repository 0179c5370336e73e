"""A REST listing on loopback that answers as fast as it can, or after a fixed latency.

python -m benchmarks.rest_server RECORDS LATENCY_MS     prints its URL

    GET /v1/{listing}?cursor=N&limit=L   {"data": [...], "next_cursor": "N" | null}

Every answer is made beforehand, so that the reader is measured and not the server.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable
from urllib.parse import parse_qs

import orjson
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

PAGE = 200


def rows(records: int) -> list[dict[str, object]]:
    """Customers as a shop's API shows them: a dozen fields, ordered by time of change."""
    rng = random.Random(1)
    return [
        {
            "id": str(100_000 + n),
            "updated_at": f"2026-{1 + n * 10 // records:02}-01T{n % 24:02}:00:00Z",
            "email": f"customer{n}@example.com",
            "first_name": rng.choice(("Ada", "Grace", "Alan", "Edsger")),
            "last_name": rng.choice(("Nguyen", "Smith", "Jones", "Brown")),
            "phone": f"+6141{n:07}",
            "city": rng.choice(("Brisbane", "Sydney", "Perth")),
            "postcode": f"{rng.randrange(1000, 9999)}",
            "accepts_marketing": rng.random() < 0.4,
            "orders_count": rng.randrange(40),
            "total_spent": f"{rng.randrange(100_000) / 100:.2f}",
            "note": "prefers to be called in the afternoon",
        }
        for n in range(records)
    ]


def app(records: int, latency: float) -> ASGIApp:
    """The listing; ``latency`` in seconds is waited for before each answer."""
    held = rows(records)
    pages = [
        orjson.dumps(
            {
                "data": held[at : at + PAGE],
                "next_cursor": str(at + PAGE) if at + PAGE < records else None,
            }
        )
        for at in range(0, records, PAGE)
    ]

    async def listing(scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode())
        body = pages[int(query.get("cursor", ["0"])[0]) // PAGE]
        if latency:
            await asyncio.sleep(latency)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return listing


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        port = self.servers[0].sockets[0].getsockname()[1]
        self._announce(f"http://127.0.0.1:{port}")


def main(records: int, latency_ms: float) -> None:
    """Serve until terminated."""
    config = uvicorn.Config(
        app(records, latency_ms / 1000), port=0, lifespan="off", log_level="critical"
    )
    _Server(config, lambda url: print(url, flush=True)).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
