"""The server under load: throughput, latency, errors and memory of many clients at once.

python -m benchmarks.serve --planner lexical --clients 16 --seconds 60      (against a server of its own)
python -m benchmarks.serve --planner lm --batch 1                            (the same one question at a time)
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import statistics
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from kg.open import open_graph
from rog.serve.app import make_app
from rog.serve.engine import Limits
from rog.serve.run import address, bound, make_engine, server_of


def questions(count: int) -> list[str]:
    """Test questions of the demo graph."""
    file = Path(__file__).parent.parent / "data/demo/questions/test.jsonl"
    rows = [json.loads(line)["question"] for line in file.read_text("utf-8").splitlines()]
    random.Random(7).shuffle(rows)
    return rows[:count]


class Client(threading.Thread):
    """Asks one question after the other; what it saw is in `statuses` and `seconds`."""

    def __init__(self, url: str, asked: list[str], until: float, number: int) -> None:
        super().__init__()
        self._url, self._asked, self._until = urlsplit(url), asked, until
        self._chance = random.Random(number)
        self.statuses: Counter[str] = Counter()
        self.seconds: list[float] = []

    def run(self) -> None:
        """Ask until the time is over."""
        connection = http.client.HTTPConnection(self._url.netloc, timeout=120)
        while time.monotonic() < self._until:
            body = json.dumps({"question": self._chance.choice(self._asked), "paths": 3})
            began = time.perf_counter()
            connection.request("POST", "/v1/ask", body, {"content-type": "application/json"})
            response = connection.getresponse()
            response.read()
            self.statuses[str(response.status)] += 1
            if response.status == 200:
                self.seconds.append(time.perf_counter() - began)


def resident() -> float:
    """This process's memory in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planner", default="lexical")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--queue", type=int, default=32)
    parser.add_argument("--batch", type=int, default=0, help="questions side by side; 0: as the planner likes it")
    options = parser.parse_args()
    graph = open_graph("demo")
    engine = make_engine(graph, options.planner, "symbolic", 3, 3, Limits(options.queue), lambda *_: None)
    if options.batch:
        engine.batch = options.batch
    asked = questions(400)
    with bound("127.0.0.1", 0) as listening:
        server = server_of(make_app(engine, "demo"))
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        serving.start()
        url = address(listening)
        for seconds, shown in ((min(5.0, options.seconds), False), (options.seconds, True)):
            before = resident()
            began, worked = time.monotonic(), time.process_time()
            clients = [Client(url, asked, began + seconds, number) for number in range(options.clients)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            took, worked = time.monotonic() - began, time.process_time() - worked
            if shown:
                statuses = sum((client.statuses for client in clients), Counter())
                times = sorted(value for client in clients for value in client.seconds)
                cuts = statistics.quantiles(times, n=100)
                print(f"{options.planner}, batch {engine.batch}, {options.clients} clients, {took:.0f} s: {statuses}")
                print(f"{len(times) / took:.1f} answers/s, p50 {cuts[49]:.3f} s, p95 {cuts[94]:.3f} s")
                print(f"{1000 * worked / len(times):.1f} ms of processor time an answer, the clients' included")
                print(f"memory {before:.0f} → {resident():.0f} MB")
        server.should_exit = True
        serving.join()


if __name__ == "__main__":
    main()
