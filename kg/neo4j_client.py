"""Talking to a Neo4j database: where it is, one bounded query at a time, and every failure as one clear line."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from kg.errors import GraphError, SlowQueryError

SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
TIMEOUT_S = 30.0  # a query
QUICK_S = 5.0  # a query whose answer can be done without
STREAM_S = 6 * 3600.0  # reading or writing a whole graph
VARIABLES = ("NEO4J_URI", "NEO4J_USERNAME", "NEO4J_PASSWORD", "NEO4J_DATABASE")

logging.getLogger("neo4j").addHandler(logging.NullHandler())  # what goes wrong is told once, by us

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Address:
    """Where a database is and who asks. An empty `database` is the account's own."""

    uri: str
    user: str = ""
    password: str = ""
    database: str = ""

    def __repr__(self) -> str:
        return f"Address({self})"

    def __str__(self) -> str:
        return f"{self.uri}/{self.database}" if self.database else self.uri


def is_address(source: str) -> bool:
    """Whether a graph's name is the address of a database: `neo4j`, `neo4j://…`, `bolt+s://…`."""
    return source == "neo4j" or (source.partition("://")[0] in SCHEMES and "://" in source)


def parse_address(source: str, environ: Mapping[str, str] = os.environ) -> Address:
    """The address written as `neo4j://[user@]host[:port][/database]`; `neo4j` takes it from NEO4J_URI.

    User, password and database come from NEO4J_USERNAME, NEO4J_PASSWORD and NEO4J_DATABASE where the address does
    not say. Raises GraphError for an address with a password: command lines are seen and kept.
    """
    if source in ("neo4j", "neo4j://"):
        if not environ.get("NEO4J_URI"):
            raise GraphError("neo4j: the variable NEO4J_URI is not set; give the address, as in neo4j://localhost:7687")
        source = environ["NEO4J_URI"]
    try:
        parts = urlsplit(source)
        host, port = parts.hostname or "localhost", parts.port or 7687
    except ValueError as error:
        raise GraphError(f"{source}: not an address ({error})") from None
    if parts.password is not None:
        raise GraphError("a password does not belong in an address: set NEO4J_PASSWORD, or use --env-file")
    if parts.scheme not in SCHEMES:
        web = (
            " (http is the browser's way in, the database itself listens on port 7687)"
            if "http" in parts.scheme
            else ""
        )
        raise GraphError(f"{source}: expected an address that begins with {'://, '.join(SCHEMES)}://{web}")
    if ":" in host:
        host = f"[{host}]"
    return Address(
        f"{parts.scheme}://{host}:{port}",
        parts.username or environ.get("NEO4J_USERNAME", environ.get("NEO4J_USER", "")),
        environ.get("NEO4J_PASSWORD", ""),
        parts.path.strip("/") or environ.get("NEO4J_DATABASE", ""),
    )


def load_env_file(path: Path) -> None:
    """Set the NEO4J_ variables that a dotenv file (as Aura hands out) holds; GraphError if it has no NEO4J_URI."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise GraphError(f"{path}: cannot be read ({error})") from None
    pairs = (line.removeprefix("export ").partition("=") for line in lines if not line.lstrip().startswith("#"))
    found = {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}
    if "NEO4J_URI" not in found:
        raise GraphError(f"{path}: no line NEO4J_URI=…; expected the file that Aura gives with a new instance")
    os.environ.update({name: found[name] for name in VARIABLES if name in found})


class Client:
    """Bounded queries over a borrowed driver. Reads are routed as reads, which a server refuses to let write."""

    def __init__(self, driver: Any, address: Address, timeout: float = TIMEOUT_S) -> None:
        self._driver = driver
        self.address = address
        self.timeout = timeout
        self.log: Callable[[str, Mapping[str, Any]], None] | None = None

    def read(self, query: str, **parameters: Any) -> list[Row]:
        """The rows that a query returns, within the timeout (else SlowQueryError)."""
        return self._read(query, parameters, self.timeout)

    def read_quickly(self, query: str, **parameters: Any) -> list[Row] | None:
        """The rows that a query returns, or None if it takes long: for what is good to know and can be done without."""
        try:
            return self._read(query, parameters, min(QUICK_S, self.timeout))
        except SlowQueryError:
            return None

    def _read(self, query: str, parameters: Mapping[str, Any], timeout: float) -> list[Row]:
        from neo4j import Query, RoutingControl

        self._logged(query, parameters)
        with self._translated():
            result = self._driver.execute_query(
                Query(cast(Any, query), timeout=timeout),
                parameters_=parameters,
                routing_=RoutingControl.READ,
                database_=self.address.database or None,
            )
        return [tuple(record.values()) for record in result.records]

    def stream(self, query: str, **parameters: Any) -> Iterator[Row]:
        """The rows of a query that reads the whole graph, as they come."""
        from neo4j import READ_ACCESS, Query

        self._logged(query, parameters)
        database = self.address.database or None
        with (
            self._translated(),
            self._driver.session(database=database, default_access_mode=READ_ACCESS, fetch_size=10_000) as session,
        ):
            for record in session.run(Query(cast(Any, query), timeout=STREAM_S), parameters):
                yield tuple(record.values())

    def write(self, *statements: tuple[str, Mapping[str, Any]]) -> None:
        """Run statements in one transaction: all of them or none."""

        def work(transaction: Any) -> None:
            for query, parameters in statements:
                transaction.run(query, parameters).consume()

        from neo4j import unit_of_work

        for query, parameters in statements:
            self._logged(query, parameters)
        with self._translated(), self._driver.session(database=self.address.database or None) as session:
            session.execute_write(unit_of_work(timeout=10 * self.timeout)(work))

    def _logged(self, query: str, parameters: Mapping[str, Any]) -> None:
        if self.log:
            self.log(query, parameters)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what the driver raises into a GraphError of one line."""
        from neo4j.exceptions import DriverError, Neo4jError

        try:
            yield
        except (DriverError, Neo4jError, ValueError, OSError) as error:
            code = (error.code or "") if isinstance(error, Neo4jError) else ""
            slow = "TimedOut" in code or "Terminated" in code
            raise (SlowQueryError if slow else GraphError)(self._explained(error)) from error

    def _explained(self, error: Exception) -> str:
        from neo4j.exceptions import AuthError, Neo4jError, ServiceUnavailable, SessionExpired

        code = (error.code or "") if isinstance(error, Neo4jError) else ""
        message = ((error.message if isinstance(error, Neo4jError) else None) or str(error)).splitlines()[0]
        if isinstance(error, AuthError) or "Security.Unauthorized" in code:
            who = f"the user {self.address.user!r}" if self.address.user else "a connection without user and password"
            return f"{self.address} refuses {who}: set NEO4J_USERNAME and NEO4J_PASSWORD, or use --env-file"
        if "DatabaseNotFound" in code or ("not exist" in message and "database" in message.lower()):
            return f"{self.address.uri} has no database {self.address.database!r}{self._databases()}"
        if "TimedOut" in code or "Terminated" in code:
            advice = "raise `timeout` in the file given with --config, or copy the graph with `rog kg pull`"
            return f"{self.address}: a query took longer than {self.timeout:g} s and was stopped; {advice}"
        if "AccessMode" in code or "Forbidden" in code or "ReadOnly" in code or "read-only" in message:
            return f"{self.address} does not allow that: {message}"
        if isinstance(error, ServiceUnavailable | SessionExpired | OSError):
            advice = "is Neo4j running there? (a free Aura instance pauses when idle: resume it in the console)"
            return f"nothing answers at {self.address.uri}, or the connection was lost ({message}); {advice}"
        return f"{self.address}: {message}" + (f" [{code}]" if code else "")

    def _databases(self) -> str:
        from neo4j.exceptions import DriverError, Neo4jError

        try:
            rows = self._driver.execute_query("SHOW DATABASES YIELD name RETURN name", database_="system").records
        except (DriverError, Neo4jError):
            return ""
        return "; there are: " + ", ".join(sorted({row[0] for row in rows} - {"system"}))


def connect(source: str, timeout: float = TIMEOUT_S) -> Client:
    """A client with a driver of its own, closed with the client; GraphError if it cannot be reached."""
    from neo4j import GraphDatabase
    from neo4j.exceptions import ConfigurationError

    address = parse_address(source)
    auth = (address.user, address.password) if address.user or address.password else None
    try:
        driver = GraphDatabase.driver(
            address.uri,
            auth=auth,
            user_agent=f"rog/{metadata.version('rog')}",
            connection_timeout=5,
            connection_acquisition_timeout=20,
            max_transaction_retry_time=3,
            notifications_min_severity="OFF",
        )
    except (ConfigurationError, ValueError) as error:
        raise GraphError(f"{source}: {error}") from None
    client = Client(driver, address, timeout)
    weakref.finalize(client, driver.close)
    client.read("RETURN 1")
    return client


def is_quotable(name: str) -> bool:
    """Whether a name can stand in query text: not with `\\u`, which is decoded before the closing backtick is found."""
    return bool(name) and "\\u" not in name and "\0" not in name


def quoted(name: str) -> str:
    """A label, type or property as it stands in query text, or GraphError for a name that cannot.

    Never used on anything but names read from the database.
    """
    if not is_quotable(name):
        raise GraphError(f"the name {name!r} cannot be written safely in Cypher")
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A Cypher expression for a text. No `\\u` is left in it: a backslash is parted from the `u` behind it."""
    parts = text.replace("\\", "\\\\").replace("'", "\\'").replace("\\u", "\\' + 'u")
    return f"('{parts}')"
