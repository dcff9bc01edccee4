"""`rog serve` and `rog mcp`: the page and the API, and tools for agents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rog.console import err, opened
from rog.options import AUTO_HOPS, KG, MAX_HOPS_HELP, Anyway, Config, EnvFile, Partial, Planner
from rog.pipeline import DEMO_QUESTIONS, pipeline

if TYPE_CHECKING:
    from rog.serve.engine import Engine

Reasoner = Annotated[str, typer.Option(help="symbolic, lm, a training run, or openai:URL#MODEL.")]
K = Annotated[int, typer.Option(min=1, max=20, help="Plans to try.")]
MaxHops = Annotated[int, typer.Option(min=0, max=4, help=MAX_HOPS_HELP)]
Host = Annotated[str, typer.Option(help="Where to listen; anything but this machine needs ROG_API_KEY.")]
AllowHost = Annotated[list[str] | None, typer.Option(help="A host name to answer to (behind a proxy).")]
Queue = Annotated[int, typer.Option("--queue", min=1, max=1024, help="Questions in progress; more get 429.")]
Reload = Annotated[bool, typer.Option("--reload", help="Serve a newer version of the graph as soon as it is built.")]
Seconds = Annotated[float, typer.Option(min=0.1, max=3600, help="Time that a question may take.")]


def serve_command(
    kg: KG = "demo",
    planner: Planner = "auto",
    reasoner: Reasoner = "symbolic",
    anyway: Anyway = False,
    k: K = 3,
    max_hops: MaxHops = AUTO_HOPS,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 finds a free one.")] = 8000,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    allow_host: AllowHost = None,
    queue: Queue = 32,
    seconds: Seconds = 60,
    reload: Reload = False,
    env_file: EnvFile = None,
    config: Config = None,
) -> None:
    """Serve the page and the API. ROG_API_KEY, where it is set, must come with every request."""
    from rog.serve.app import make_app
    from rog.serve.examples import examples
    from rog.serve.run import address, allowed_hosts, api_key, bound, serve

    key = api_key(host)
    with bound(host, port) as listening:
        engine = engine_of(kg, config, planner, reasoner, k, max_hops, queue, seconds, reload, anyway)
        asked = DEMO_QUESTIONS if kg == "demo" else examples(engine.graph)
        app = make_app(engine, title_of(kg), allowed_hosts(host, allow_host or ()), key, asked)
        url = address(listening)
        err.print(f"page {url}   API {url}/docs   OpenAI {url}/v1 (model rog)   stop with Ctrl-C", soft_wrap=True)
        if open_page:
            import webbrowser

            webbrowser.open(url)
        serve(app, listening)


def engine_of(
    kg: str,
    config: Path | None,
    planner: str,
    reasoner: str,
    k: int,
    max_hops: int,
    queue: int,
    seconds: float,
    reload: bool,
    anyway: bool = False,
) -> Engine:
    """The engine over the graph behind --kg."""
    from rog.progress import progress
    from rog.serve.engine import Limits
    from rog.serve.run import make_engine

    graph = opened(kg, config)
    with progress(err) as report:
        return make_engine(graph, planner, reasoner, k, max_hops, Limits(queue, seconds), report, reload, anyway)


def title_of(kg: str) -> str:
    """What a graph is called without saying where it is: no folder, no host."""
    if "://" in kg:
        return kg.partition("://")[2].partition("/")[2] or "neo4j"
    return Path(kg).name.removesuffix(".kg") if Path(kg).exists() else kg


def mcp_command(
    kg: KG = "demo",
    planner: Planner = "auto",
    reasoner: Reasoner = "symbolic",
    anyway: Anyway = False,
    k: K = 3,
    max_hops: MaxHops = AUTO_HOPS,
    http: Annotated[bool, typer.Option("--http", help="Streamable HTTP at /mcp instead of stdio.")] = False,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --http; 0 finds a free one.")] = 8001,
    allow_host: AllowHost = None,
    queue: Queue = 32,
    seconds: Seconds = 60,
    reload: Reload = False,
    env_file: EnvFile = None,
    config: Config = None,
) -> None:
    """Offer the graph to agents: tools search_entities, describe_graph, find_paths, ask, explain_answer."""
    from contextlib import suppress

    import anyio

    from rog.serve.agents import make_mcp
    from rog.serve.guard import Guard
    from rog.serve.jsonrpc import http_app, serve_stdio
    from rog.serve.run import address, allowed_hosts, api_key, bound, serve

    if not http:
        engine = engine_of(kg, config, planner, reasoner, k, max_hops, queue, seconds, reload, anyway)
        with suppress(KeyboardInterrupt):
            anyio.run(serve_stdio, make_mcp(engine, title_of(kg)))
        return
    key = api_key(host)
    with bound(host, port) as listening:
        engine = engine_of(kg, config, planner, reasoner, k, max_hops, queue, seconds, reload, anyway)
        app = http_app(make_mcp(engine, title_of(kg)))
        guarded = Guard(app, engine.metrics, allowed_hosts(host, allow_host or ()), key)
        err.print(f"MCP {address(listening)}/mcp   stop with Ctrl-C", soft_wrap=True)
        serve(guarded, listening)


def chat_command(
    kg: KG = "demo",
    planner: Planner = "auto",
    reasoner: Reasoner = "symbolic",
    anyway: Anyway = False,
    partial: Partial = False,
    k: K = 3,
    max_hops: MaxHops = AUTO_HOPS,
    env_file: EnvFile = None,
    config: Config = None,
) -> None:
    """Ask one question after the other; /paths, /html and /entity look at the last answer."""
    import sys
    from contextlib import suppress

    from rog.chat import Chat
    from rog.console import out

    with suppress(ImportError):
        import readline  # noqa: F401 - lines can then be edited and called back

    graph = opened(kg, config)
    rog = pipeline(graph, planner, reasoner, k, max_hops, anyway)
    if sys.stdin.isatty():
        err.print(f"{title_of(kg)}: {graph.size.triples:,} facts. Ask in words; /help lists commands, Ctrl-D ends.")
    Chat(rog, out, partial).run(lambda: input("› " if sys.stdin.isatty() else ""))
