"""A real Neo4j Community server for tests and benchmarks: from Maven Central, on free ports, in a temporary folder.

By hand: `python -m tests.neo4j_server` prints the settings for your shell and runs until it is interrupted.
It needs Java 17 or 21 and Maven; the first start fetches about 120 MB of jars into the user's cache.
With Docker instead: `docker compose up`, then set NEO4J_URI, NEO4J_USERNAME and NEO4J_PASSWORD.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

VERSION = "5.26.30"  # long-term support; the last line that runs on Java 17
MAIN = "org.neo4j.server.CommunityEntryPoint"
USER, PASSWORD = "neo4j", "rog-test-password"
READY_S = 300
JARS = user_cache_path("rog") / f"neo4j-{VERSION}"  # before a test run moves the cache elsewhere
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>rog</groupId><artifactId>neo4j</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.neo4j</groupId><artifactId>neo4j</artifactId><version>{VERSION}</version></dependency>
    <dependency>
      <groupId>org.neo4j.app</groupId><artifactId>neo4j-server</artifactId><version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""
OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")


class NoServerError(Exception):
    """Why no server can be had here."""


@dataclass
class Server:
    """A server that runs: where it listens, and its process, which tests may kill and start again."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    brief: bool = False

    @property
    def uri(self) -> str:
        """The address for the driver."""
        return f"neo4j://127.0.0.1:{self.port}"

    def driver(self) -> Any:
        """A new driver for this server."""
        from neo4j import GraphDatabase

        return GraphDatabase.driver(self.uri, auth=(USER, PASSWORD))

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self, read_only: bool = False) -> None:
        """Start the server again on the same port and data, if asked with the database read-only."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        self.process = start(self.folder, self.port, read_only, self.brief)
        wait_until_ready(self)


def java() -> str:
    """A Java that this version of Neo4j runs on; NoServerError if there is none."""
    homes = [Path(os.environ["JAVA_HOME"])] if "JAVA_HOME" in os.environ else []
    homes += sorted(Path("/usr/lib/jvm").glob("*"))
    found = [str(home / "bin" / "java") for home in homes] + [shutil.which("java") or "java"]
    for program in found:
        try:
            shown = subprocess.run([program, "-version"], capture_output=True, text=True, check=True).stderr
        except (OSError, subprocess.CalledProcessError):
            continue
        version = re.search(r'version "(\d+)', shown)
        if version and version[1] in ("17", "21"):
            return program
    raise NoServerError("no Java 17 or 21 was found (set JAVA_HOME)")


def jars() -> Path:
    """The folder with the server's jars, fetched on first use; NoServerError if they cannot be."""
    if JARS.exists():
        return JARS
    maven = shutil.which("mvn")
    if maven is None:
        raise NoServerError("no Maven (mvn) to fetch the server with")
    JARS.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=JARS.parent) as folder:
        (Path(folder) / "pom.xml").write_text(POM)
        command = [maven, "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=lib"]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if ran.returncode:
            raise NoServerError(f"Maven cannot fetch Neo4j {VERSION}: {(ran.stdout or ran.stderr).strip()[:300]}")
        (Path(folder) / "lib").rename(JARS)
    return JARS


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(folder: Path, port: int, read_only: bool, brief: bool) -> subprocess.Popen[bytes]:
    """A server process over the data in `folder`; a `brief` one starts in half the time and computes more slowly."""
    (folder / "conf").mkdir(parents=True, exist_ok=True)
    settings = {
        "server.bolt.listen_address": f"127.0.0.1:{port}",
        "server.bolt.advertised_address": f"127.0.0.1:{port}",
        "server.http.enabled": "false",
        "server.https.enabled": "false",
        "dbms.usage_report.enabled": "false",
        "server.memory.pagecache.size": "256m",
        "server.databases.read_only": "neo4j" if read_only else "",
    }
    (folder / "conf" / "neo4j.conf").write_text("".join(f"{key}={value}\n" for key, value in settings.items() if value))
    command = [java(), "-Xmx1g", "-XX:+UseSerialGC", *(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in OPENED)]
    command += ["-XX:TieredStopAtLevel=1"] if brief else []
    command += ["-cp", f"{jars()}/*", MAIN, f"--home-dir={folder}", f"--config-dir={folder}/conf"]
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def wait_until_ready(server: Server, new: bool = False) -> None:
    """Return when the server takes queries; NoServerError with its log if it does not.

    A `new` server wants its password changed first. It locks out who gives a wrong one too often, so none is tried.
    """
    from neo4j import GraphDatabase
    from neo4j.exceptions import DriverError, Neo4jError

    logging.getLogger("neo4j").addHandler(logging.NullHandler())
    query, database = "RETURN 1", "neo4j"
    if new:
        query, database = f"ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO '{PASSWORD}'", "system"
    auth = (USER, "neo4j" if new else PASSWORD)
    until = time.monotonic() + READY_S
    while time.monotonic() < until and server.process.poll() is None:
        try:
            # As clients do, by the routing table: a database can take queries before it is in there.
            with GraphDatabase.driver(server.uri, auth=auth, max_transaction_retry_time=0) as driver:
                driver.execute_query(query, database_=database)
        except (DriverError, Neo4jError):
            time.sleep(0.3)
        else:
            return wait_until_ready(server) if new else None
    logs = [file for file in (server.folder / "server.log", server.folder / "logs" / "debug.log") if file.exists()]
    said = "\n".join(file.read_text("utf-8", "replace")[-2000:] for file in logs)
    raise NoServerError(f"Neo4j did not start in {READY_S} s:\n{said}")


@contextmanager
def running(brief: bool = False) -> Iterator[Server]:
    """A server for as long as the block lasts; nothing is left of it afterwards."""
    with tempfile.TemporaryDirectory(prefix="rog-neo4j-") as name:
        folder, port = Path(name), free_port()
        server = Server(folder, port, start(folder, port, False, brief), brief)
        try:
            wait_until_ready(server, new=True)
            yield server
        finally:
            server.kill()


def main() -> None:
    """Run a server by hand, until an interruption or SIGTERM, which must not leave Java behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with running() as server:
            print(f"export NEO4J_URI={server.uri} NEO4J_USERNAME={USER} NEO4J_PASSWORD={PASSWORD}", flush=True)
            server.process.wait()
    except NoServerError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
