"""The server does what its OpenAPI document says, whatever is sent (schemathesis)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from kg.store import Store
from planner.lexical import LexicalPlanner
from reasoner.pipeline import RoG
from rog.serve.app import make_app
from rog.serve.engine import Engine
from tests.rog.serving import live

ROUTES = [
    ("POST", "/v1/ask"), ("GET", "/v1/graph"), ("GET", "/v1/entity"), ("GET", "/v1/search"), ("GET", "/v1/paths"),
    ("GET", "/v1/connections"), ("GET", "/v1/next"), ("GET", "/v1/models"), ("POST", "/v1/chat/completions"),
    ("GET", "/healthz"), ("GET", "/metrics"),
]  # fmt: skip

PHASES = [phase for phase in Phase if phase.name != "shrink"]  # what fails is short enough


@pytest.fixture(scope="module")
def schema(films: Store) -> Iterator[Any]:
    with live(make_app(Engine(RoG(films, LexicalPlanner(films))), "films")) as url:
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")


def test_every_route_is_tried(schema: Any) -> None:
    operations = [found.ok() for found in schema.get_all_operations()]
    assert sorted((each.method.upper(), each.path) for each in operations) == sorted(ROUTES)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_answer_is_documented(schema: Any, method: str, path: str) -> None:
    @given(case=schema[path][method].as_strategy())
    @settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=PHASES)
    def fuzz(case: Any) -> None:
        case.call_and_validate()

    fuzz()
