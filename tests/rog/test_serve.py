"""The API as its users meet it: questions, streams, walks, names, and one line for every mistake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from kg.names import RelationNames
from kg.store import Store
from kg.types import Triple
from kg.write import Builder, Provenance
from rog.picture.page import SCRIPT
from tests.rog.serving import HEAT, events, served

LIMA = "Which currency is used in the country whose capital is Lima?"


@pytest.fixture(scope="module")
def client(films: Store) -> Iterator[TestClient]:
    with served(films) as client:
        yield client


@pytest.fixture(scope="module")
def demo_client(demo: Store) -> Iterator[TestClient]:
    with served(demo) as client:
        yield client


def test_ask_answers_with_everything_that_led_there(client: TestClient) -> None:
    answer = client.post("/v1/ask", json={"question": HEAT, "k": 2}).json()
    assert answer["answers"] == [{"key": "mann", "label": "Michael Mann"}]
    assert answer["verdict"] == "grounded"
    assert answer["support"] == [[["heat", "directed_by", "mann"]]]
    assert answer["topics"][0]["key"] == "heat"
    assert answer["plans"][0]["path"] == "directed_by"
    assert len(answer["plans"]) == 2
    assert answer["labels"]["mann"] == "Michael Mann"
    assert answer["relation_labels"]["directed_by"] == "directed by"
    assert answer["picture"] is None


def test_a_stream_tells_link_plan_paths_and_answer_in_order(client: TestClient) -> None:
    response = client.post("/v1/ask", json={"question": HEAT, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    told = events(response.text)
    assert [name for name, _ in told] == ["link", "plan", "paths", "answer"]
    documents = dict(told)
    whole = client.post("/v1/ask", json={"question": HEAT}).json()
    for document in documents.values():
        assert all(whole[field] == value for field, value in document.items() if field not in ("seconds", "picture"))


def test_a_refusal_is_an_answer(client: TestClient) -> None:
    response = client.post("/v1/ask", json={"question": "Who directed Casablanca?"})
    assert response.status_code == 200
    assert response.json()["verdict"] == "no grounded answer"
    assert response.json()["reasons"]


def test_an_ambiguous_name_keeps_all_and_an_entity_settles_it(demo_client: TestClient) -> None:
    both = demo_client.post("/v1/ask", json={"question": LIMA}).json()["topics"]
    assert {(topic["key"], topic["mention"]) for topic in both} == {("city:lima-pe", "Lima"), ("city:lima-us", "Lima")}
    asked = {"question": "What country is Lima in?", "entity": "city:lima-us"}
    settled = demo_client.post("/v1/ask", json=asked).json()
    assert [topic["key"] for topic in settled["topics"]] == ["city:lima-us"]
    assert settled["text"] == "United States"


def test_a_plan_by_hand_is_walked_instead(client: TestClient) -> None:
    asked = {"question": HEAT, "plan": ["directed_by -> ~directed_by", "genre"]}
    answer = client.post("/v1/ask", json=asked).json()
    assert [plan["path"] for plan in answer["plans"]] == asked["plan"]
    assert [plan["probability"] for plan in answer["plans"]] == [0.5, 0.5]
    assert answer["note"] == "the plan was given"
    assert {entry["path"] for entry in answer["evidence"]} == set(asked["plan"])
    assert answer["answers"][0]["key"] == "insider"


@pytest.mark.parametrize(
    ("plan", "status", "said"),
    [
        ("directs", 404, "unknown relation 'directs'; did you mean 'directed_by'"),
        ("genre -> born_in", 404, "no walk from Heat follows genre -> born_in: none gets past step 1"),
        ("born_in", 404, "no walk from Heat follows born_in"),
        (" -> ", 422, "1 to 6 steps"),
        (" -> ".join(["actor", "~actor"] * 4), 422, "1 to 6 steps"),
    ],
)
def test_a_plan_that_cannot_be_walked_says_why(client: TestClient, plan: str, status: int, said: str) -> None:
    response = client.post("/v1/ask", json={"question": HEAT, "plan": [plan]})
    assert response.status_code == status
    assert said in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 422, "question: Field required"),
        ({"question": " "}, 422, "question: "),
        ({"question": "x" * 2001}, 422, "question: String should have at most 2000 characters"),
        ({"question": HEAT, "k": 99}, 422, "k: Input should be less than or equal to 20"),
        ({"question": HEAT, "max_hops": 9}, 422, "max_hops: "),
        ({"question": HEAT, "hops": 2}, 422, "hops: Extra inputs are not permitted"),
        ({"question": HEAT, "entity": "heta"}, 404, "no entity has the key or name 'heta'; did you mean Heat (heat)"),
        ({"question": 7, "k": "many"}, 422, "question: Input should be a valid string (and 1 more)"),
    ],
)
def test_a_mistake_is_one_line(client: TestClient, body: dict[str, object], status: int, said: str) -> None:
    response = client.post("/v1/ask", json=body)
    assert response.status_code == status
    message = response.json()["error"]["message"]
    assert said in message
    assert "\n" not in message


def test_bad_bodies_are_one_line(client: TestClient) -> None:
    json = {"content-type": "application/json"}
    assert "not JSON" in client.post("/v1/ask", content=b"{", headers=json).json()["error"]["message"]
    assert client.post("/v1/ask", content=b"\xff\xfe", headers=json).status_code in (400, 422)
    assert client.post("/v1/ask", content=b'{"question": "a?"}', headers={"content-type": "text/plain"}).is_client_error
    assert client.post("/v1/ask", content=b" " * 70_000, headers=json).status_code == 413
    assert client.get("/v1/ask").status_code == 405
    assert client.get("/v1/nothing").json()["error"]["message"] == "Not Found"


def test_unicode_passes_both_ways(client: TestClient) -> None:
    question = "¿Wer führte Regie bei Heat? 🎬 \u202eevil"
    assert client.post("/v1/ask", json={"question": question}).json()["question"] == question
    lone = client.post(
        "/v1/ask", content=b'{"question": "Heat \\ud800?"}', headers={"content-type": "application/json"}
    )
    assert lone.status_code < 500
    assert client.get("/v1/search", params={"q": "ヒート"}).json() == {"entities": []}


def test_paths_are_walked_without_a_model(client: TestClient) -> None:
    walks = client.get("/v1/paths", params={"entity": "Heat", "path": "actor -> ~actor", "limit": 1}).json()
    assert walks["total"] == 1
    assert walks["paths"] == [[["heat", "actor", "pacino"], ["pacino", "~actor", "insider"]]]
    assert client.get("/v1/paths", params={"entity": "Heat", "path": "nope"}).status_code == 404
    assert client.get("/v1/paths", params={"entity": "Heat", "path": "actor", "limit": 0}).status_code == 422


def test_two_entities_are_connected(client: TestClient) -> None:
    found = client.get("/v1/connections", params={"start": "Heat", "end": "Chicago"}).json()
    assert [walks["path"] for walks in found["paths"]] == ["directed_by -> born_in"]
    assert client.get("/v1/connections", params={"start": "Heat", "end": "Heat"}).json()["paths"] == []


def test_a_way_over_hidden_relations_does_not_hide_a_longer_one(tmp_path: Path) -> None:
    builder = Builder()
    builder.add(Triple(*fact.split()) for fact in ("a id x", "b id x", "a knows c", "c knows d", "d knows b"))
    builder.relation_names = {"id": RelationNames("id", "", True)}
    graph = Store(builder.write(tmp_path / "g.kg", Provenance("test"), False))
    with served(graph) as client:
        found = client.get("/v1/connections", params={"start": "a", "end": "b"}).json()
        assert [walks["path"] for walks in found["paths"]] == ["knows -> knows -> knows"]


def test_search_forgives_spelling(client: TestClient) -> None:
    found = client.get("/v1/search", params={"q": "micheal mann"}).json()["entities"]
    assert found[0]["key"] == "mann"
    assert 0 < found[0]["score"] < 1


def test_the_graph_describes_itself_without_its_place(client: TestClient, films: Store) -> None:
    about = client.get("/v1/graph", params={"limit": 2}).json()
    assert (about["name"], about["entities"], about["facts"]) == ("films", films.size.entities, films.size.triples)
    assert [relation["key"] for relation in about["by_relation"]] == ["actor", "directed_by"]
    assert about["planner"] == "lexical"


def test_what_is_around_an_entity(client: TestClient) -> None:
    around = client.get("/v1/entity", params={"entity": "Michael Mann", "picture": True}).json()
    assert around["entity"] == {"key": "mann", "label": "Michael Mann", "types": ["person"], "degree": 3}
    relations = {row["relation"]: [entity["key"] for entity in row["entities"]] for row in around["relations"]}
    assert relations == {"born_in": ["chicago"], "~directed_by": ["heat", "insider"]}
    assert around["picture"].startswith("<svg")


def test_what_may_come_next(client: TestClient) -> None:
    first = client.get("/v1/next", params={"entity": "heat"}).json()
    assert {option["relation"] for option in first["options"]} == {"actor", "directed_by", "genre"}
    second = client.get("/v1/next", params={"entity": "heat", "path": "directed_by"}).json()
    assert second["reached"] == 1
    assert [(o["relation"], o["words"], o["steps"]) for o in second["options"]] == [
        ("born_in", "born in", 1),
        ("~directed_by", "director of", 1),
    ]


def test_pictures_come_as_svg_or_html(client: TestClient) -> None:
    svg = client.post("/v1/ask", json={"question": HEAT, "picture": "svg"}).json()["picture"]
    html = client.post("/v1/ask", json={"question": HEAT, "picture": "html"}).json()["picture"]
    assert svg.startswith("<svg")
    assert "<table>" in html
    assert "MATCH" in html


def test_health_and_metrics(client: TestClient) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    client.post("/v1/ask", json={"question": HEAT})
    client.post("/v1/ask", json={"question": "Who directed Casablanca?"})
    metrics = client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    lines = dict(line.rsplit(" ", 1) for line in metrics.text.splitlines() if not line.startswith("#"))
    assert float(lines['rog_answers_total{verdict="grounded"}']) >= 1
    assert float(lines['rog_answers_total{verdict="no grounded answer"}']) >= 1
    assert float(lines['rog_requests_total{route="/v1/ask",status="200"}']) >= 2
    assert float(lines['rog_request_seconds_count{route="/v1/ask"}']) >= 2
    assert float(lines["rog_questions_in_progress"]) == 0


def test_the_page_and_the_documentation_need_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/").text
    for name in ("style.css", "app.js", "icon.svg"):
        assert f"/static/{name}" in page
        assert client.get(f"/static/{name}").status_code == 200
    assert client.get("/static/picture.js").text == SCRIPT
    assert client.get("/static/..%2f..%2fapp.py").status_code == 404
    docs = client.get("/docs").text
    for text in (page, docs, client.get("/static/app.js").text, client.get("/static/style.css").text):
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text
    for path in client.get("/openapi.json").json()["paths"]:
        assert f"{path}</code>" in docs
