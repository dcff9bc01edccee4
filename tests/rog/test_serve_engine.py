"""The line before the models: its limit, what is given up, what is read side by side, faults."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.types import Message, Scope

from kg.errors import QuestionError, RogError
from kg.graph import Name
from kg.store import Store
from kg.types import Question
from planner.base import Plan
from planner.lexical import LexicalPlanner
from planner.lm import LanguageModel
from planner.neural import LmPlanner
from reasoner.base import Evidence, Trace
from reasoner.pipeline import RoG
from rog.serve import browse
from rog.serve.app import make_app
from rog.serve.engine import Engine, Job, Limits
from rog.serve.run import make_engine
from rog.serve.watch import StoppedError, Watch
from tests.rog.serving import HEAT, Failing, Waiting, events, served

SECOND = "Who directed Gladiator?"


def test_two_at_once_are_both_answered(films: Store) -> None:
    with served(films) as client, ThreadPoolExecutor(8) as pool:
        asked = [HEAT, SECOND] * 8
        found = list(pool.map(lambda text: client.post("/v1/ask", json={"question": text}).json()["text"], asked))
        assert found == ["Michael Mann", "Ridley Scott"] * 8


def test_more_than_may_wait_is_429(films: Store) -> None:
    planner = Waiting(films)
    with served(films, planner, Limits(questions=1)) as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/v1/ask", json={"question": HEAT})
        assert planner.begun.wait(5)
        for path, body in (
            ("/v1/ask", {"question": HEAT}),
            ("/v1/ask", {"question": HEAT, "stream": True}),
            ("/v1/chat/completions", {"messages": [{"role": "user", "content": HEAT}]}),
        ):
            refused = client.post(path, json=body)
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "1"
            assert "try again" in refused.json()["error"]["message"]
        planner.go.set()
        assert first.result(5).json()["text"] == "Michael Mann"
        assert client.post("/v1/ask", json={"question": HEAT}).status_code == 200  # the place is free again


def test_a_slow_question_ends_and_stops_working(films: Store) -> None:
    watch = Watch()
    planner = Waiting(films, watch)
    RoG(films, LexicalPlanner(films)).trace(HEAT)  # compiled, so that only the planner takes time
    with served(films, planner, Limits(seconds=0.5), watch=watch) as client:
        late = client.post("/v1/ask", json={"question": HEAT})
        assert late.status_code == 504
        assert "longer than 0.5 seconds" in late.json()["error"]["message"]
        told = events(client.post("/v1/ask", json={"question": HEAT, "stream": True}).text)
        assert [name for name, _ in told] == ["link", "error"]
        planner.go.set()
        assert client.post("/v1/ask", json={"question": HEAT}).status_code == 200
        assert 'rog_refused_requests_total{reason="late"} 2.0' in client.get("/metrics").text


class SlowNames:
    """A graph in which nothing is called anything, and every look for a name takes a while."""

    def __init__(self, graph: Store) -> None:
        self._graph, self.searches = graph, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._graph, name)

    def search(self, text: str, limit: int) -> list[Name]:
        """None."""
        self.searches += 1
        time.sleep(0.3)
        return []


@pytest.mark.parametrize(
    ("path", "request_of"),
    [
        (
            "/v1/ask",
            {"json": {"question": " ".join(f"Zorqu{sign}" for sign in "abcdefghijklmnopqrstuv"), "stream": False}},
        ),
        (
            "/v1/ask",
            {"json": {"question": " ".join(f"Zorqu{sign}" for sign in "abcdefghijklmnopqrstuv"), "stream": True}},
        ),
        ("/v1/paths", {"params": {"entity": "zq", "path": "actor"}}),
    ],
)
def test_linking_has_the_deadline_and_frees_its_thread(films: Store, path: str, request_of: dict[str, Any]) -> None:
    graph: Any = SlowNames(films)
    with served(graph, LexicalPlanner(films), limits=Limits(seconds=0.15)) as client:
        late = client.request("POST" if "json" in request_of else "GET", path, **request_of)
        assert (late.status_code, late.json()["error"]["type"]) == (504, "too_slow")
        time.sleep(0.7)
        assert graph.searches <= 1  # of a dozen: nobody waits for the others


def test_walks_have_a_time_limit_too(films: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browse, "walk", lambda *_: time.sleep(1))
    with served(films, limits=Limits(seconds=0.2)) as client:
        late = client.get("/v1/paths", params={"entity": "heat", "path": "actor"})
        assert (late.status_code, late.json()["error"]["type"]) == (504, "too_slow")


@pytest.mark.parametrize("error", [ZeroDivisionError("secret"), QuestionError("too much")])
def test_one_that_fails_fails_alone_and_stages_come_once(
    films: Store, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(RoG(films, LexicalPlanner(films)))
    engine.batch = 2
    answer = engine.rog.reasoner.answer

    def failing(questions: Sequence[Question], *some: Any) -> Any:
        if any("Gladiator" in question.text for question in questions):
            raise error
        return answer(questions, *some)

    monkeypatch.setattr(engine.rog.reasoner, "answer", failing)
    told: list[list[Any]] = [[], []]
    jobs = [
        Job(engine.loaded, engine.rog.question(text), 3, 3, None, told[number].append)
        for number, text in enumerate((HEAT, SECOND))
    ]
    engine._answer_safely(jobs)
    engine.close()
    assert [type(stage) for stage in told[0]] == [Plan, Evidence, Trace]
    assert [type(stage) for stage in told[1][:2]] == [Plan, Evidence]
    assert isinstance(told[1][2], RogError)
    assert "secret" not in str(told[1][2])


@pytest.mark.parametrize("stream", [False, True])
def test_a_question_is_given_up_when_its_client_leaves(films: Store, stream: bool) -> None:
    watch = Watch()
    planner = Waiting(films, watch)
    engine = Engine(RoG(films, planner), watch=watch)
    app: Any = make_app(engine, "films")
    body = b'{"question": "Who directed Heat?", "stream": %s}' % (b"true" if stream else b"false")
    scope: Scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": "/v1/ask",
        "raw_path": b"/v1/ask", "query_string": b"", "root_path": "", "scheme": "http", "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 1), "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
    }  # fmt: skip

    async def leave() -> None:
        read = False

        async def receive() -> Message:
            nonlocal read
            if not read:
                read = True
                return {"type": "http.request", "body": body, "more_body": False}
            while not planner.begun.is_set():
                await anyio.sleep(0.005)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            pass

        with anyio.fail_after(5):
            await app(scope, receive, send)

    anyio.run(leave)
    assert planner.stopped.wait(5)
    engine.close()


def test_a_server_that_stops_leaves_nobody_waiting(films: Store) -> None:
    watch = Watch()
    planner = Waiting(films, watch)
    with served(films, planner, watch=watch) as client, ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(client.post, "/v1/ask", json={"question": HEAT}) for _ in range(2)]
        assert planner.begun.wait(5)
        client.app.state.engine.close()  # type: ignore[attr-defined]
        asked.append(pool.submit(client.post, "/v1/ask", json={"question": HEAT}))
        assert {each.result(5).status_code for each in asked} == {429}


def test_what_waits_together_is_read_side_by_side(films: Store, tiny: LanguageModel) -> None:
    planner = LmPlanner(films, tiny)
    alone = RoG(films, planner)
    engine = Engine(RoG(films, planner))
    questions = [alone.question(f"Who directed {name}?") for name in ("Heat", "Gladiator", "The Insider")]
    wanted = [alone.traces([question])[0].plan.paths for question in questions]

    async def ask_all() -> list[Any]:
        found: list[Any] = [None] * len(questions)

        async def ask(number: int) -> None:
            async for stage in engine.stages(engine.loaded, questions[number], 3, 3):
                found[number] = stage

        engine._changed.acquire()  # the line fills before the first is taken
        async with anyio.create_task_group() as group:
            for number in range(len(questions)):
                group.start_soon(ask, number)
            await anyio.sleep(0)
            engine._changed.release()
        return found

    before = tiny.forwards
    traces = anyio.run(ask_all)
    engine.close()
    assert [[path.relations for path in trace.plan.paths] for trace in traces] == [
        [path.relations for path in plan] for plan in wanted
    ]
    assert "rog_batch_size_sum 3.0" in engine.metrics.text().decode()
    assert "rog_batch_size_count 1.0" in engine.metrics.text().decode()
    assert tiny.forwards > before


def test_a_model_asks_whether_to_go_on(films: Store, tiny: LanguageModel) -> None:
    watch = Watch()
    planner = LmPlanner(watch.graph(films), tiny)
    question = RoG(films, planner).question(HEAT)
    assert planner.plan([question])[0].paths
    hook = tiny.model.register_forward_pre_hook(watch.check)
    watch.wanted = lambda: False
    try:
        with pytest.raises(StoppedError):
            tiny.tree("", ["x"]).begin()
    finally:
        hook.remove()
    with pytest.raises(StoppedError):
        planner.plan([question])


def test_a_fault_of_ours_is_500_without_its_text(films: Store, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "rog"), served(films, Failing()) as client:
        for _ in range(2):  # the server lives on
            broken = client.post("/v1/ask", json={"question": HEAT})
            assert broken.status_code == 500
            assert "secret" not in broken.text
            assert "Traceback" not in broken.text
        assert events(client.post("/v1/ask", json={"question": HEAT, "stream": True}).text)[-1][0] == "error"
    assert "ZeroDivisionError" in caplog.text


def test_a_models_pass_stops_too(films: Store, tiny_folder: Path) -> None:
    import torch

    engine = make_engine(films, f"lm:{tiny_folder}", "symbolic", 3, 3, Limits(), lambda *_: None)
    model = engine.rog.planner._lm.model  # type: ignore[attr-defined]
    engine.loaded.watch.wanted = lambda: False
    with pytest.raises(StoppedError):
        model(torch.tensor([[1]]))
    engine.close()
