"""Exact decoding beside plain Hugging Face beam search: same model, same prompts, same legal plans, in one run.

    python -m benchmarks.decoding [--questions 40] [--fb15k DIR] [--out benchmarks/results/decoding.txt]

Beam search is `generate(num_beams=3, prefix_allowed_tokens_fn=…)` over the same automaton, with summed (not length
normalised) log-probabilities. Both results are scored again by one plain float32 forward pass over each whole text;
"at least as probable" is on every question, rank by rank. Questions on FB15k-237 are made from seeded random walks,
since the set has none: what is timed is decoding over Freebase's long relation names.
"""

from __future__ import annotations

import argparse
import random
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import demo_rows, machine, write_report
from kg.build import Sources, build
from kg.graph import Graph
from kg.open import open_graph
from kg.types import Question, RelationPath, Topic
from planner.decode import Spelling, Trie, decode, trie_of
from planner.lm import LanguageModel, Tokens
from planner.neural import LmPlanner
from planner.prompts import plan_preamble, planner_question
from planner.space import PlanSpace, plan_space
from rog.evaluation.evaluate import bootstrap

K, MAX_HOPS = 3, 3
TOLERANCE = 1e-3  # of a log-probability: float32 sums in another order


@dataclass
class Beam:
    """Beam search over the automaton of legal plans, as a user of transformers would write it."""

    lm: LanguageModel
    spelling: Spelling

    def plans(self, question: Question, space: PlanSpace) -> list[RelationPath]:
        """The three plans that beam search returns, best first."""
        import torch

        tokens = self.lm.prompt_tokens(plan_preamble(), planner_question(question))
        prompt = torch.tensor([tokens])
        states: dict[Tokens, list[int]] = {}
        found: dict[Tokens, RelationPath] = {}

        def allowed(_: int, sequence: Any) -> list[int]:
            written = tuple(sequence[len(tokens) :].tolist())
            if written not in states:
                states[written] = self.next_tokens(space, written, found)
            return states[written]

        output = self.lm.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            num_beams=K,
            num_return_sequences=K,
            do_sample=False,
            length_penalty=0.0,
            max_new_tokens=160,
            eos_token_id=self.spelling.end,
            pad_token_id=self.spelling.end,
            prefix_allowed_tokens_fn=allowed,
        )
        plans = []
        for row in output[:, len(tokens) :].tolist():
            written = tuple(row[: row.index(self.spelling.end)]) if self.spelling.end in row else tuple(row)
            if written in found and found[written] not in plans:
                plans.append(found[written])
        return plans

    def next_tokens(self, space: PlanSpace, written: Tokens, found: dict[Tokens, RelationPath]) -> list[int]:
        """The tokens that may follow, by reading what is written through the automaton."""
        places: list[tuple[RelationPath, Trie]] = [((), self.trie(space, ()))]
        for position, token in enumerate(written):
            following = []
            for path, trie in places:
                if token in trie.children:
                    following.append((path, trie.children[token]))
                if trie.ends is not None:
                    longer = (*path, trie.ends)
                    if token == self.spelling.end:
                        found[written[:position]] = longer
                    elif (token,) == self.spelling.separator and space.options(longer):
                        following.append((longer, self.trie(space, longer)))
            places = following
        tokens = set()
        for path, trie in places:
            tokens |= set(trie.children)
            if trie.ends is not None:
                found[written] = (*path, trie.ends)
                tokens.add(self.spelling.end)
                if space.options((*path, trie.ends)):
                    tokens |= set(self.spelling.separator)
        return sorted(tokens) or [self.spelling.end]

    def trie(self, space: PlanSpace, path: RelationPath) -> Trie:
        """The names that may come next."""
        return trie_of((relation, self.spelling.relation(relation)) for relation in space.options(path))


def rescored(lm: LanguageModel, question: Question, spelling: Spelling, plans: Sequence[RelationPath]) -> list[float]:
    """The log-probability of each plan by one plain pass over prompt and plan."""
    import torch

    prompt = lm.prompt_tokens(plan_preamble(), planner_question(question))
    scores = []
    for plan in plans:
        tokens = spelling.plan(plan)
        with torch.inference_mode():
            logp = lm.model(torch.tensor([prompt + tokens])).logits[0].float().log_softmax(-1)
        scores.append(sum(float(logp[len(prompt) - 1 + i, token]) for i, token in enumerate(tokens)))
    return scores


def timed(
    lm: LanguageModel, call: Callable[[], list[RelationPath]]
) -> tuple[list[RelationPath], tuple[float, int, int]]:
    """What a call returns, and the seconds, passes and tokens that it took."""
    meter = Meter(lm)
    began = time.perf_counter()
    found = call()
    seconds = time.perf_counter() - began
    meter.stop()
    return found, (seconds, meter.passes, meter.tokens)


class Meter:
    """Counts a model's forward passes and the tokens that they read."""

    def __init__(self, lm: LanguageModel) -> None:
        self.passes = self.tokens = 0
        self._hook = lm.model.register_forward_pre_hook(self._count, with_kwargs=True)

    def _count(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        ids = args[0] if args else kwargs["input_ids"]
        self.passes += 1
        self.tokens += ids.numel()

    def stop(self) -> None:
        """Count no further."""
        self._hook.remove()


def compare(name: str, graph: Graph, lm: LanguageModel, questions: Sequence[Question]) -> list[str]:
    """Run both over the same questions, question by question in turn, and report."""
    spelling = LmPlanner(graph, lm).spelling
    beam = Beam(lm, spelling)
    lm.tree(plan_preamble(), [""])  # both have seen one prompt before the clock starts
    ours, theirs, less, better, exact = [], [], 0, 0, 0
    for question in questions:
        # Each gets a fresh automaton: looking up what is legal is part of both.
        def search(question: Question = question) -> list[RelationPath]:
            nonlocal exact
            space = plan_space(graph, question, MAX_HOPS)
            decoded = decode([space], lm.tree(plan_preamble(), [planner_question(question)]), spelling, K)[0]
            exact += decoded.exact
            return [best.path for best in decoded.best]

        def guess(question: Question = question) -> list[RelationPath]:
            return beam.plans(question, plan_space(graph, question, MAX_HOPS))

        found, cost = timed(lm, search)
        ours.append(cost)
        guessed, cost = timed(lm, guess)
        theirs.append(cost)
        one, other = (rescored(lm, question, spelling, plans) for plans in (found, guessed))
        pairs = list(zip(one, sorted(other, reverse=True), strict=False))
        less += any(a < b - TOLERANCE for a, b in pairs) or len(one) < len(other)
        better += any(a > b + TOLERANCE for a, b in pairs) or len(one) > len(other)
    costs = [np.array(ours), np.array(theirs)]  # (questions, seconds / passes / tokens)
    ratio = bootstrap(np.log(costs[1][:, 0]) - np.log(costs[0][:, 0]))
    times = f"{np.exp(ratio.mean):.2f} [{np.exp(ratio.low):.2f}, {np.exp(ratio.high):.2f}]"
    ends = [f"{1000 * np.median(cost[:, 0]):.0f} ms" for cost in costs]
    passes, tokens = ([f"{cost[:, column].mean():.1f}" for cost in costs] for column in (1, 2))
    return [
        f"{name}: {len(questions)} questions",
        f"  exact p50 {ends[0]}, beam search p50 {ends[1]}",
        f"  times faster (geometric mean with 95 % interval): {times}",
        f"  passes of the model a question: {passes[0]} and {passes[1]}; tokens read: {tokens[0]} and {tokens[1]}",
        f"  proven exact: {exact}; top 3 less probable than beam search's: {less}; more probable: {better}",
    ]


def fb15k_questions(graph: Graph, number: int, seed: int = 0) -> list[Question]:
    """Questions about seeded random walks of one to three steps."""
    draw = random.Random(seed)
    keys = all_keys(graph)
    questions: list[Question] = []
    while len(questions) < number:
        topic = graph.entity(draw.choice(keys))
        space = PlanSpace(graph, [topic.key], MAX_HOPS)
        path: RelationPath = ()
        for _ in range(draw.randint(1, MAX_HOPS)):
            path = (*path, draw.choice(list(space.options(path))))
        said = " of the ".join(graph.relations[step.lstrip("~")].label.split("/")[-1] for step in reversed(path))
        text = f"What is the {said} of {topic.label}?"
        questions.append(Question(text, (Topic(topic, 1.0, topic.label),), str(len(questions))))
    return questions


def all_keys(graph: Graph) -> list[str]:
    """Every entity's key, in order."""
    from kg.store import Store

    assert isinstance(graph, Store)
    return [graph.key_of(number) for number in range(graph.size.entities)]


def fb15k(folder: Path, place: Path) -> Graph:
    """FB15k-237 as a graph, from its archive and the file of entity names."""
    with tarfile.open(folder / "FB15k-237.tar.gz") as archive:
        archive.extractall(place, filter="data")
    facts = tuple(sorted(place.rglob("train.txt"))) + tuple(sorted(place.rglob("valid.txt")))
    names = place / "names.tsv"
    rows = [line.split("\t")[:2] for line in (folder / "entity2text.txt").read_text("utf-8").splitlines()]
    names.write_text("key\tlabel\n" + "".join(f"{key}\t{label}\n" for key, label in rows), "utf-8")
    build(Sources(facts, (names,)), place / "fb15k.kg")
    return open_graph(place / "fb15k.kg")


def main() -> None:
    """Compare on both graphs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--fb15k", type=Path, default=Path("../shared/data/fb15k237"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/decoding.txt"))
    options = parser.parse_args()
    lm = LanguageModel(dtype="float32")
    lines = [machine(), f"{lm.name} in float32, K = {K}, at most {MAX_HOPS} hops", ""]
    demo = open_graph("demo")
    every = demo_rows(demo, "test")
    picked = random.Random(0).sample(every, min(options.questions, len(every)))
    lines += compare("demo graph", demo, lm, [row.question for row in picked])
    if options.fb15k.exists():
        with tempfile.TemporaryDirectory() as place:
            graph = fb15k(options.fb15k, Path(place))
            lines += compare("FB15k-237", graph, lm, fb15k_questions(graph, options.questions))
    else:
        lines.append(f"FB15k-237: skipped, {options.fb15k} is not there")
    write_report(options.out, lines)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
