"""OpenAI's chat completions, so that any chat client can ask: the last message of the user is the question."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel, Field

from kg.errors import QuestionError, RogError
from kg.graph import Graph
from kg.link import checked
from kg.visible import json_text, markdown
from planner.base import Plan
from reasoner.base import Trace
from rog.serve import errors
from rog.serve.asking import Asking, left, read
from rog.serve.engine import Engine
from rog.serve.messages import PARTIAL, Ask
from rog.show import namesakes, path_label, plan_label, related_text

MODEL = "rog"
PROOFS = 10  # paths shown under an answer


class Part(BaseModel):
    """A piece of a message; only texts are read."""

    type: str
    text: str = ""


class Message(BaseModel):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def words(self) -> str:
        """Its text."""
        parts = [self.content] if isinstance(self.content, str) else [part.text for part in self.content or ()]
        return "\n".join(parts)


class StreamOptions(BaseModel):
    """What a stream also says."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """What a chat client sends; everything else that it may send (temperature, …) makes no difference here."""

    model: str = MODEL
    messages: Annotated[list[Message], Field(min_length=1, max_length=500)]
    stream: bool = False
    partial: Annotated[bool, Field(description=PARTIAL)] = False
    stream_options: StreamOptions | None = None


class Said(BaseModel):
    """The assistant's message."""

    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    """The one completion that there is."""

    index: int = 0
    message: Said
    finish_reason: Literal["stop"] = "stop"


class Usage(BaseModel):
    """Tokens; an answer is not written by a model, so there are none."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class Completion(BaseModel):
    """An answer as a chat completion."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: list[Choice]
    usage: Usage = Usage()


class Model(BaseModel):
    """A model that can be asked."""

    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "rog"


class Models(BaseModel):
    """The models that can be asked: one."""

    object: Literal["list"] = "list"
    data: list[Model]


def add_chat(app: FastAPI, engine: Engine, scrub: errors.Scrub, place: Callable[[], AsyncIterator[None]]) -> None:
    """`/v1/chat/completions` and `/v1/models`."""

    @app.get("/v1/models", tags=["chat"])
    async def models() -> Models:
        """The one model: `rog`."""
        return Models(data=[Model()])

    @app.post(
        "/v1/chat/completions",
        response_model=Completion,
        tags=["chat"],
        dependencies=[Depends(place)],
        responses={200: {"content": errors.EVENTS}},
    )
    async def complete(asked: ChatRequest, request: Request) -> Response | Completion:
        """Ask as a chat client does. Each question stands alone: earlier messages are not read."""
        if asked.model != MODEL:
            raise errors.NotFoundError(f"the model is called {MODEL!r}, not {asked.model[:80]!r}")
        name, now = f"chatcmpl-{uuid.uuid4().hex}", int(time.time())
        said = replies(engine, asked.messages, request, asked.partial)
        if asked.stream:
            usage = asked.stream_options is not None and asked.stream_options.include_usage
            return StreamingResponse(
                chunks(said, {"id": name, "created": now}, usage, scrub), media_type="text/event-stream"
            )
        content = "".join([text async for kind, text in said if kind == "content"])
        return Completion(id=name, created=now, choices=[Choice(message=Said(content=content))])


async def replies(
    engine: Engine, messages: list[Message], request: Request, related: bool = False
) -> AsyncGenerator[tuple[str, str]]:
    """What is said, as (`reasoning_content` or `content`, text): the plans, then the answer.

    What cannot be asked (nothing, far too much) is said, too: a chat has no other place for it.
    """
    texts = [message.words for message in messages if message.role == "user"]
    try:
        asking = Asking(engine, Ask.model_construct(question=checked(texts[-1] if texts else "")))
    except QuestionError as error:
        yield "content", f"No grounded answer: {markdown(str(error))}."
        return
    await asking.link()
    async with aclosing(asking.stages(left(request))) as stages:
        async for stage in stages:
            if isinstance(stage, Plan):
                yield (
                    "reasoning_content",
                    await read(asking.graph, partial(plans_in_words, stage)),
                )
            if isinstance(stage, Trace):
                yield "content", await read(asking.graph, partial(in_words, stage, related=related))


async def chunks(
    said: AsyncGenerator[tuple[str, str]], head: dict[str, Any], usage: bool, scrub: errors.Scrub
) -> AsyncIterator[bytes]:
    """A completion in pieces, as they are said."""

    def chunk(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
        return {**head, "object": "chat.completion.chunk", "model": MODEL, "choices": choices}

    yield data(chunk({"role": "assistant", "content": ""}))
    try:
        async with aclosing(said):
            async for kind, text in said:
                yield data(chunk({kind: text}))
    except RogError as error:
        _, kind, message = errors.described(error, scrub)
        yield data({"error": {"message": message, "type": kind}})
        return
    yield data(chunk({}, "stop"))
    if usage:
        yield data({**chunk({}), "choices": [], "usage": Usage().model_dump()})
    yield format_sse_event(data_str="[DONE]")


def data(document: dict[str, Any]) -> bytes:
    """One event without a name."""
    return format_sse_event(data_str=json_text(document))


def plans_in_words(plan: Plan, graph: Graph) -> str:
    """The plans, a line each."""
    labels = ((markdown(plan_label(path.relations, graph)), path.probability) for path in plan.paths)
    return "".join(f"plan {label} ({probability:.2f})\n" for label, probability in labels)


def in_words(trace: Trace, graph: Graph, related: bool = False) -> str:
    """The answer, and the paths that prove it or the reasons why there is none, a line each, as Markdown."""
    answer = trace.answer
    if answer.verdict != "grounded":
        tried = zip(trace.plan.paths, trace.plan_reasons, strict=False)
        lines = [f"- {markdown(f'{plan_label(path.relations, graph)}: {reason}')}" for path, reason in tried]
        if related and answer.related:
            lines = [f"({markdown(related_text(answer))})"]
        return "\n".join([f"No grounded answer: {markdown(answer.text)}.", *lines])
    lines = [f"- {markdown(path_label(path, graph))}" for path in answer.support[:PROOFS]]
    more = len(answer.support) - len(lines)
    lines += [f"- and {more:,} more"] * (more > 0)
    also = markdown(namesakes(trace))
    return "\n".join([markdown(answer.text), "", *lines, *(["", also] if also else [])])
