"""The server that tests and people start: what is left of it when it is told to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

SLEEPING = """
import subprocess, sys
from tests import neo4j_server

def start(folder, port, read_only, brief):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    print(process.pid, flush=True)
    return process

neo4j_server.start, neo4j_server.wait_until_ready = start, lambda server, new=False: None
neo4j_server.main()
"""


def test_sigterm_ends_the_server_too() -> None:
    ran = subprocess.Popen([sys.executable, "-c", SLEEPING], stdout=subprocess.PIPE, text=True)
    assert ran.stdout is not None
    server = int(ran.stdout.readline())
    assert "NEO4J_URI" in ran.stdout.readline()
    ran.send_signal(signal.SIGTERM)
    assert ran.wait(20) == 128 + signal.SIGTERM
    ran.stdout.close()
    try:
        os.kill(server, 0)
    except ProcessLookupError:
        return
    os.kill(server, signal.SIGKILL)
    raise AssertionError("the server runs on")
