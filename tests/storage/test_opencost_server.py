"""OpenCost over HTTP: each day is asked for once, and what cannot be had is waited for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from storage.offered import Outcome
from tests.storage.bills import Place
from tests.storage.clusters import NOW, Cluster, allocation


@pytest.fixture
def cluster(place: Place) -> Cluster:
    """A cluster of which nothing is known yet."""
    return Cluster(place)


class Server(ThreadingHTTPServer):
    """OpenCost over HTTP: what it has of each day, and what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.days: dict[str, dict[str, Any]] = {}
        self.asked: list[Mapping[str, list[str]]] = []
        self.failing = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Answers of Server."""

    server: Server

    def do_GET(self) -> None:
        """GET /allocation."""
        path, asked = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        self.server.asked.append(asked)
        found: dict[str, Any] = {"code": 200, "data": [self.server.days.get(asked["window"][0][:10], {})]}
        status = 404 if path != "/allocation" else 503 if self.server.failing > 0 else 200
        self.server.failing -= 1
        body = json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A server with four days of September."""
    made = Server()
    for number in range(1, 5):
        day = date(2024, 9, number)
        one = allocation(day, cpuCost=number, ramCost=0)
        made.days[str(day)] = {"shop": one}
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_the_server_is_asked_for_each_day_once(cluster: Cluster, server: Server) -> None:
    """Days are asked for one by one, with idle cost and labels, and kept: Prometheus may forget them."""
    keys = {"url": server.url, "since": "2024-09-01", "labels": '["app", "team"]'}
    assert cluster.take(**keys)["2024-09"].outcome is Outcome.PUBLISHED
    assert [asked["window"] for asked in server.asked] == [
        [f"2024-09-0{number}T00:00:00Z,2024-09-0{number + 1}T00:00:00Z"] for number in range(1, 5)
    ]
    assert server.asked[0]["aggregate"] == ["cluster,namespace,controllerKind,controller,label:app,label:team"]
    assert server.asked[0]["includeIdle"] == ["true"]
    server.days = {"2024-09-05": {"shop": allocation(date(2024, 9, 5), cpuCost=5, ramCost=0)}}
    cluster.take(NOW + timedelta(days=1), **keys)
    assert {key[0].day: cost for key, cost in cluster.place.totals("day").items()} == {n: n for n in range(1, 6)}
    cluster.take(NOW + timedelta(days=1, hours=1), **keys)
    assert len(server.asked) == 5


def test_a_day_that_the_server_has_not(cluster: Cluster, server: Server) -> None:
    """An empty answer is no answer: the month waits, says why, and one request an hour asks again."""
    keys = {"url": server.url, "since": "2024-08-30"}
    found = cluster.take(**keys)
    assert (found["2024-08"].outcome, found["2024-09"].outcome) == (Outcome.WAITING, Outcome.PUBLISHED)
    assert found["2024-08"].why == "2 of 2 days are missing: OpenCost has nothing of 2024-08-30."
    server.asked = []
    cluster.take(**keys)
    assert [asked["window"][0][:10] for asked in server.asked] == ["2024-08-30"]


def test_a_server_that_fails(cluster: Cluster, server: Server) -> None:
    """What passes is asked again at once; what does not leaves the month waiting."""
    keys = {"url": server.url, "since": "2024-09-01"}
    server.failing = 2
    assert cluster.take(**keys)["2024-09"].outcome is Outcome.PUBLISHED
    gone = cluster.offered(NOW + timedelta(days=1), url="http://127.0.0.1:9", since="2024-09-01")
    assert "http://127.0.0.1:9 cannot be reached" in gone.waiting[0].why
    assert cluster.source(url=f"{server.url}/model").lacking() == [f"{server.url}/model answered 404."]
    assert cluster.source(**keys).lacking() == [] and cluster.source().lacking() == []
