"""Names of reasoners, as they are given on the command line."""

from __future__ import annotations

from kg.graph import Graph
from kg.types import Progress
from planner.base import DEFAULT_LM
from planner.registry import check_spelling
from planner.training.run import run_of
from reasoner.base import Reasoner
from reasoner.symbolic import SymbolicReasoner


def make_reasoner(name: str, graph: Graph, progress: Progress | None = None, anyway: bool = False) -> Reasoner:
    """The reasoner of that name; ModelError for a run of another vocabulary, unless it is to be used `anyway`.

    `symbolic`, a training run, `lm` (the default language model), `openai:URL#MODEL` (one behind a server), or the
    language model of that name or folder.
    """
    if name == "symbolic":
        return SymbolicReasoner(graph)
    if name.startswith("openai:"):
        from planner.chat_client import chat_model
        from reasoner.remote import RemoteReasoner

        return RemoteReasoner(graph, chat_model(name))
    from planner.lm import LanguageModel

    run = run_of(name)
    if run is not None:
        from reasoner.quoting import QuotingReasoner, Weights

        run.check("reasoner", graph, anyway)
        return QuotingReasoner(graph, LanguageModel(name, progress), run.calibration(Weights))
    check_spelling(name, ("symbolic", "lm"), "reasoner")
    from reasoner.lm import LmReasoner

    return LmReasoner(graph, LanguageModel(DEFAULT_LM if name == "lm" else name, progress))
