"""An OpenAI-compatible server on this machine that says what a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Say = Callable[[str], "str | tuple[int, bytes]"]


@dataclass
class Asked:
    """Where the server listens, and the path, headers and body of every request that it got."""

    url: str = ""
    requests: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)


@contextmanager
def chat_server(say: Say) -> Iterator[Asked]:
    """A server that replies to a prompt what `say` makes of it: the text of a message, or a status and a body."""
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, document))
            said = say(document["messages"][-1]["content"])
            if isinstance(said, str):
                said = 200, json.dumps({"choices": [{"message": {"role": "assistant", "content": said}}]}).encode()
            self.send_response(said[0])
            self.send_header("location", f"{asked.url}/elsewhere")
            self.send_header("content-length", str(len(said[1])))
            self.end_headers()
            self.wfile.write(said[1])

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    asked.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
