"""A REST listing into SQLite, by the hub or by dlt; run as a process of its own by ``rest_pull``.

python -m benchmarks.rest_load hub|dlt URL FOLDER LISTINGS

The hub reads through the connector contract as any plugin does. dlt reads with its own
``rest_api`` source, tuned as in ``dlt_load``, into tables without nested ones.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.dlt_load import SPEED


def by_hub(url: str, folder: Path, listings: int) -> None:
    """Pull every listing into ``folder/hub.db``."""
    import logging

    from hub.core.auth import NoAuth
    from hub.core.clock import SystemClock
    from hub.core.connector import Connector, Context, Since, Stream
    from hub.core.http import Http, HttpClient
    from hub.core.ids import IdSource
    from hub.core.limits import Limits
    from hub.core.maps import maps_to
    from hub.core.pages import CursorPages, From, Rest, first_pages
    from hub.core.records import Person
    from hub.core.settings import Section
    from hub.store.engine import Store
    from hub.store.keys import Keys
    from hub.store.upgrade import upgrade
    from hub.sync.pull import Source
    from hub.sync.run import sync

    since = Since("updated_at", lookback=600)
    mapping = maps_to(
        Person, given_name="first_name", family_name="last_name", emails=["email"], phones=["phone"]
    )
    streams = tuple(
        Stream(
            name=f"customers_{n}",
            entity=Person,
            map=mapping,
            key="id",
            reader=Rest(
                f"/v1/customers_{n}",
                items="data",
                pages=CursorPages("cursor", "next_cursor"),
                since=From("updated_since", since),
            ),
            cursor=since,
        )
        for n in range(listings)
    )
    connector = Connector("rest", "REST", Section, streams, check=first_pages(*streams))
    clock = SystemClock()
    http = HttpClient(
        "shop",
        Http(url, NoAuth(), Limits(parallel=16)),
        clock=clock,
        wait=lambda seconds, reason: clock.sleep(seconds),
    )
    store = Store.open(f"sqlite:///{folder / 'hub.db'}", clock)
    upgrade(store)
    ctx = Context("shop", Section(), http, clock, logging.getLogger("shop"), lambda s, r: None)
    source = Source(ctx, connector, streams, region="AU")
    keys = Keys.load(folder / "keys")
    report = sync(store, keys, [source], ids=IdSource(clock), actor="os:bench")
    http.close()
    store.close()
    print(report.status, report.counts.stored)


def by_dlt(url: str, folder: Path, listings: int) -> None:
    """Load every listing into ``folder/dlt.db``."""
    os.environ.update(SPEED, DLT_DATA_DIR=str(folder), EXTRACT__WORKERS="16")
    import dlt
    from dlt.destinations import sqlalchemy
    from dlt.sources.rest_api import rest_api_source

    source = rest_api_source(
        {
            "client": {
                "base_url": url,
                "paginator": {
                    "type": "cursor",
                    "cursor_path": "next_cursor",
                    "cursor_param": "cursor",
                },
            },
            "resource_defaults": {
                "primary_key": "id",
                "write_disposition": "merge",
                "parallelized": True,
            },
            "resources": [
                {
                    "name": f"customers_{n}",
                    "endpoint": {"path": f"v1/customers_{n}", "data_selector": "data"},
                }
                for n in range(listings)
            ],
        },
        max_table_nesting=0,
    )
    pipeline = dlt.pipeline(
        "rest",
        pipelines_dir=str(folder / "pipelines"),
        destination=sqlalchemy(f"sqlite:///{folder / 'dlt.db'}"),
        dataset_name="main",
    )
    pipeline.run(source).raise_on_failed_jobs()


if __name__ == "__main__":
    reader = {"hub": by_hub, "dlt": by_dlt}[sys.argv[1]]
    reader(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
