"""Names of planners, as they are given on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import ModelError
from kg.graph import Graph, content_hash
from kg.types import Progress
from planner.base import DEFAULT_LM, Planner
from planner.lexical import LexicalPlanner
from planner.training.run import Run, run_of

if TYPE_CHECKING:
    from planner.encoder import Encoder
    from planner.neural import LmPlanner
    from planner.trained import TrainedPlanner, Voices

PLANNERS = {
    "auto": "the run that was trained on this graph, where one is bundled (the demo graph's); else combined",
    "lexical": "words and shapes only, no model",
    "semantic": "with a sentence encoder",
    "combined": f"semantic, and a language model that reads the question ({DEFAULT_LM})",
    "lm": "a language model alone; lm:NAME for another than the default, lm:RUN for a trained one",
    "openai:URL#MODEL": "a model behind an OpenAI-compatible server (vLLM, llama.cpp, Ollama); URL ends in /v1",
    "RUN": "a training run of `rog train planner`: its model, the questions it learned from, and the semantic planner",
}


def make_planner(name: str, graph: Graph, progress: Progress | None = None, anyway: bool = False) -> Planner:
    """The planner of that name or training run; any other name is that of a language model for `combined`.

    ModelError for a run of another vocabulary than this graph's, unless it is to be used `anyway`.
    """
    if name == "auto":
        name = bundled_run("planner", graph) or "combined"
    if name == "lexical":
        return LexicalPlanner(graph)
    if name.startswith("openai:"):
        from planner.chat_client import chat_model
        from planner.remote import RemotePlanner

        return RemotePlanner(graph, chat_model(name))
    alone = name == "lm" or name.startswith("lm:")
    name = (name.removeprefix("lm").removeprefix(":") if alone else name) or DEFAULT_LM
    run = run_of(name)
    added = run.check("planner", graph, anyway) if run else ()
    if alone:
        return lm_planner(name, graph, progress)
    from planner.encoder import Encoder

    if name == "semantic":
        return LexicalPlanner(graph, Encoder(progress=progress))
    if run is not None:
        return grown(run, graph, added, progress)
    from planner.combined import CombinedPlanner
    from planner.lm import LanguageModel

    check_spelling(name, PLANNERS, "planner")
    lm = LanguageModel(DEFAULT_LM if name == "combined" else name, progress)
    return CombinedPlanner(graph, LexicalPlanner(graph, Encoder(progress=progress)), lm)


def check_spelling(name: str, known: Iterable[str], what: str) -> None:
    """ModelError for a name that is nearly one of those known, and so hardly that of a language model."""
    from rapidfuzz import fuzz, process

    if name in known or "/" in name or Path(name).exists():
        return
    near = process.extractOne(name, list(known), scorer=fuzz.ratio, score_cutoff=75)
    if near:
        raise ModelError(f"no {what} {name!r}; did you mean {near[0]}?")


def trained_planner(
    run: Run,
    graph: Graph,
    progress: Progress | None = None,
    voices: Voices | None = None,
    encoder: Encoder | None = None,
) -> TrainedPlanner:
    """The planner of a training run, on whatever graph; `voices` are for its own, `encoder` is one at hand."""
    from planner.cases import read_cases
    from planner.encoder import Encoder
    from planner.trained import TrainedPlanner, Voices

    model, encoder = lm_planner(str(run.folder), graph, progress), encoder or Encoder(progress=progress)
    labels, cases = LexicalPlanner(graph, encoder), read_cases(run, encoder)
    return TrainedPlanner(graph, model, labels, cases, voices or run.calibration(Voices, least=0.0))


def grown(run: Run, graph: Graph, added: Sequence[str], progress: Progress | None = None) -> Planner:
    """The planner of a training run; where relations were added since, the untrained one plans these."""
    from planner.encoder import Encoder
    from planner.grown import GrownPlanner

    encoder = Encoder(progress=progress)
    trained = trained_planner(run, graph, progress, encoder=encoder)
    return GrownPlanner(graph, trained, LexicalPlanner(graph, encoder), added) if added else trained


def lm_planner(name: str, graph: Graph, progress: Progress | None) -> LmPlanner:
    """A language model or a training run as a planner of its own."""
    from planner.lm import LanguageModel
    from planner.neural import TRAINED_MASS, LmPlanner

    lm = LanguageModel(name, progress)
    return LmPlanner(graph, lm, TRAINED_MASS if lm.run else 1.0)


def bundled_run(role: str, graph: Graph) -> str:
    """The folder of the bundled run that trained a `role` on this graph, facts added or gone since, or ''.

    At least half of the run's relations must be there, and be at least half of the graph's.
    """
    from kg.build import demo_folder
    from kg.vocabulary import vocabulary_of
    from planner.training.vocabulary import kept_vocabulary

    run = Run(demo_folder() / "runs" / role)
    if not run.is_done:
        return ""
    config = run.config
    if known := kept_vocabulary(run.folder, config):
        change = known.change(vocabulary_of(graph))
        is_ours = not change.is_another and len(change.kept) >= len(change.added)
    else:
        is_ours = config.get("graph_sha256") == content_hash(graph)
    return str(run.folder) if is_ours and config.get("returning", False) == graph.returning else ""
