"""The application: questions, the graph, chat, the page; one guard before all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import aclosing, asynccontextmanager

import anyio.to_thread
from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel

from kg.errors import RogError
from kg.visible import escaped_json
from rog import __version__
from rog.serve import documents, errors
from rog.serve import messages as m
from rog.serve.asking import Asking, left
from rog.serve.browse import add_graph
from rog.serve.chat import add_chat
from rog.serve.engine import Engine
from rog.serve.guard import LOOPBACK, Guard
from rog.serve.json import Json
from rog.serve.pages import add_pages

READERS = 4  # threads that read the graph: each has bitmaps over all entities of its own


def make_app(
    engine: Engine, title: str, hosts: Collection[str] | None = LOOPBACK, key: str = "", examples: Collection[str] = ()
) -> FastAPI:
    """The application over one graph. `title` is what it is called in public; `hosts` and `key` are `Guard`'s."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = READERS
        yield
        engine.close()

    app = FastAPI(
        title="rog",
        version=__version__,
        description=f"Questions over the graph {title}, answered with the paths that prove them.",
        docs_url=None,  # that page comes from another server; ours is in pages.py
        redoc_url=None,
        lifespan=lifespan,
        responses=errors.RESPONSES,
        default_response_class=Json,
    )

    async def place() -> AsyncIterator[None]:
        """A place in line, kept until the response has been sent."""
        with engine.place():
            yield

    app.state.engine = engine
    scrub = errors.scrubber(engine.graph, title)
    errors.install(app, scrub)
    add_questions(app, engine, scrub, place)
    add_graph(app, engine, title, list(examples))
    add_chat(app, engine, scrub, place)
    add_pages(app, engine)
    app.add_middleware(Guard, metrics=engine.metrics, hosts=hosts, key=key)
    return app


def add_questions(app: FastAPI, engine: Engine, scrub: errors.Scrub, place: Callable[[], AsyncIterator[None]]) -> None:
    """`/v1/ask`."""

    @app.post(
        "/v1/ask",
        response_model=m.Answered,
        tags=["questions"],
        dependencies=[Depends(place)],
        responses={200: {"content": errors.EVENTS}},
    )
    async def ask(asked: m.Ask, request: Request) -> Response | m.Answered:
        """Ask a question. With `stream`, events `link`, `plan`, `paths` and `answer` (or `error`) as they happen."""
        asking = Asking(engine, asked)
        await asking.link()
        if asked.stream:
            return StreamingResponse(events(asking, request, scrub), media_type="text/event-stream")
        return await asking.answered(await asking.trace(left(request)))


async def events(asking: Asking, request: Request, scrub: errors.Scrub) -> AsyncIterator[bytes]:
    """The stages of a question as server-sent events; the last one is `answer` or `error`."""
    yield event("link", documents.linked(asking.question))
    try:
        async with aclosing(asking.stages(left(request))) as stages:
            async for stage in stages:
                yield event(*await asking.document(stage))
    except RogError as error:
        _, kind, message = errors.described(error, scrub)
        yield event("error", m.Error(error=m.Problem(message=message, type=kind)))


def event(name: str, document: BaseModel) -> bytes:
    """One server-sent event."""
    return format_sse_event(event=name, data_str=escaped_json(document.model_dump_json()))
