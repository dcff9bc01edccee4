"""One Neo4j server for the whole run: `$NEO4J_URI` if set, else one from Maven Central, else a skip that says why."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from kg.neo4j_client import Client, connect
from tests.neo4j_server import PASSWORD, USER, NoServerError, Server, running


@pytest.fixture(scope="session")
def own_server() -> Iterator[Server]:
    """A server of our own, which a test may kill and restart."""
    try:
        with running(brief=True) as server:
            yield server
    except NoServerError as error:
        pytest.skip(f"no Neo4j server: {error}")


@pytest.fixture(scope="session")
def neo4j_address(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a server; NEO4J_USERNAME and NEO4J_PASSWORD are set."""
    with pytest.MonkeyPatch.context() as patch:
        if "NEO4J_URI" in os.environ:
            yield os.environ["NEO4J_URI"]
            return
        server: Server = request.getfixturevalue("own_server")
        patch.setenv("NEO4J_USERNAME", USER)
        patch.setenv("NEO4J_PASSWORD", PASSWORD)
        yield server.uri


@pytest.fixture(scope="session")
def connection(neo4j_address: str) -> Client:
    """One connection for all tests, to a database that holds nothing of anybody's."""
    client = connect(neo4j_address)
    if "NEO4J_URI" in os.environ:
        assert not client.read("MATCH (n) RETURN 1 LIMIT 1"), "NEO4J_URI points to a database that is not empty"
    return client


@pytest.fixture
def database(connection: Client) -> Iterator[Client]:
    """That connection, the database emptied, before and after."""
    clear(connection)
    yield connection
    clear(connection)


def clear(client: Client) -> None:
    """Empty the database: nodes and constraints."""
    client.write(("MATCH (n) DETACH DELETE n", {}))
    for (name,) in client.read("SHOW CONSTRAINTS YIELD name"):
        client.write((f"DROP CONSTRAINT `{name}`", {}))
