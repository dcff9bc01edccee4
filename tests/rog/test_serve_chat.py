"""The OpenAI-compatible endpoint, asked by OpenAI's own client."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from kg.store import Store
from planner.lexical import LexicalPlanner
from reasoner.pipeline import RoG
from rog.serve.app import make_app
from rog.serve.engine import Engine
from tests.rog.serving import HEAT, live, served

KEY = "a-key-of-more-than-16"


@pytest.fixture(scope="module")
def client(films: Store) -> Iterator[openai.OpenAI]:
    engine = Engine(RoG(films, LexicalPlanner(films)))
    with live(make_app(engine, "films", key=KEY)) as url:
        yield openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)


def test_the_official_client_asks(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["rog"]
    done = client.chat.completions.create(model="rog", messages=[{"role": "user", "content": HEAT}], temperature=0.2)
    choice = done.choices[0]
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    assert choice.message.content == "Michael Mann\n\n- Heat ─directed by→ Michael Mann"


def test_the_official_client_streams(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="rog", stream=True, stream_options={"include_usage": True},
        messages=[
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Who directed Gladiator?"},
            {"role": "assistant", "content": "Ridley Scott"},
            {"role": "user", "content": [{"type": "text", "text": HEAT}]},
        ],
    )  # fmt: skip
    chunks = list(stream)
    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert "".join(text or "" for text in texts).startswith("Michael Mann")
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert "plan directed by (" in str([chunk.model_extra or chunk.choices for chunk in chunks])
    assert len({chunk.id for chunk in chunks}) == 1


def test_the_official_client_understands_our_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="the model is called 'rog', not 'gpt'"):
        client.chat.completions.create(model="gpt", messages=[{"role": "user", "content": HEAT}])
    with pytest.raises(openai.UnprocessableEntityError, match="messages: "):
        client.chat.completions.create(model="rog", messages=[])
    stranger = client.with_options(api_key="not-the-right-key")
    with pytest.raises(openai.AuthenticationError, match="an API key is needed"):
        stranger.models.list()


def test_a_name_of_several_is_said(demo: Store) -> None:
    with served(demo) as ours:
        asked = {"messages": [{"role": "user", "content": "What country is Lima in?"}]}
        said = ours.post("/v1/chat/completions", json=asked).json()["choices"][0]["message"]["content"]
        assert said.endswith("\n\nthis is about city:lima-pe; city:lima-us of the same name could be meant")


def test_what_cannot_be_answered_is_said(films: Store) -> None:
    def said(*messages: dict[str, object]) -> str:
        answer = ours.post("/v1/chat/completions", json={"messages": messages})
        text: str = answer.json()["choices"][0]["message"]["content"]
        return text

    with served(films) as ours:
        refusal = said({"role": "user", "content": "How expensive was the catering of Heat?"})
        assert refusal.startswith("No grounded answer: ")
        assert "\n- " in refusal
        assert said({"role": "system", "content": "Hi"}) == "No grounded answer: the question is empty."
        assert "at most 2,000 are read" in said({"role": "user", "content": "x" * 3000})
