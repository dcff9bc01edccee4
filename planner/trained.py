"""Plans by a model that was trained on the graph, with what its training questions and the words' meaning say.

A fine-tuned model is sure, and often wrong, of wordings that it was not trained on. Three that err differently: the
model, what training questions like this one had for plans (`planner.cases`), and the semantic planner, which was never
trained on the graph. Their weighted product (Hinton, Neural Computation 2002, products of experts) follows whichever is
sure. Where the last two agree and are sure the model, which takes ten times as long, is not asked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from itertools import islice
from math import exp, inf, log, log1p
from typing import NamedTuple

import numpy as np

from kg.graph import Graph
from kg.types import Question, RelationPath
from planner.base import FITS, Plan, ScoredPath
from planner.cases import Cases, Vote
from planner.coefficients import COEFFICIENTS
from planner.decode import Decoded
from planner.lexical import LexicalPlanner, Prior, log_softmax, sigmoid
from planner.neural import NOTHING, LmPlanner, side_by_side
from planner.prompts import masked_question
from planner.space import PlanSpace, is_legal

DRAFTS = 4  # plans that are best without the model: it reads them along with the question
SHORTLIST = 8  # of each one's plans that are weighed
DOUBT = 1e-4  # added to the semantic planner's: it may be quite sure, and wrong, and then no voice could outweigh it
UNSEEN = 0.1  # added to the share of every plan: new questions may want a plan that no known one had
SURE = 0.9  # probability of one plan, by cases and semantic planner, from which the model is not asked
SPOKEN = 0.25  # share of like questions' word that has to be for it
NOT_ASKED = "clear from like questions: the language model was not asked"
NOT_HEEDED = "the language model was not asked: on dev its word counted for nothing"
LEAST = 1e-6  # the least probability that is told from 0
UNLIKE = 0.1  # added to what like questions say for and against: unlike ones say neither (docs/LOG.md, 2026-12-01)


class Voices(NamedTuple):
    """The exponents of the product; fitted to each run (`planner.calibrate`). A voice of 0 is not heard at all.

    The defaults were chosen on dev questions of two graphs and on wordings held out of training (docs/LOG.md).
    """

    model: float = 1.0
    semantic: float = 0.5
    cases: float = 2.0


class Known(NamedTuple):
    """What is known of a question before the model is asked.

    `shares` say how far like questions speak for each legal plan, `alike` how alike they are at all (`cases.Vote`).
    """

    prior: Prior
    shares: Mapping[RelationPath, float]
    alike: float
    voices: Voices = Voices()

    def said(self, path: RelationPath) -> tuple[float, float]:
        """The log of what the semantic planner and like questions each give a legal plan; neither rules one out."""
        return log(exp(self.prior.logp(path)) + DOUBT), log(self.shares.get(path, 0.0) + UNSEEN)

    def score(self, path: RelationPath) -> float:
        """The log of the product of both, of a legal plan."""
        semantic, cases = self.said(path)
        return self.voices.semantic * semantic + self.voices.cases * cases

    def best(self) -> list[RelationPath]:
        """The legal plans that either lists, the best by their product first."""
        listed = dict.fromkeys([*self.shares, *self.prior.best[:SHORTLIST]])
        return sorted(listed, key=lambda path: (-self.score(path), path))

    def most(self, listed: Collection[RelationPath]) -> float:
        """What a legal plan that is not listed can have for a score at most."""
        unseen = (path for path in self.prior.best if path not in listed and path not in self.shares)
        others = [*(path for path in self.shares if path not in listed), *islice(unseen, 1)]
        return max(map(self.score, others), default=-inf)

    def odds(self, decoded: Decoded | None = None) -> float:
        """The log-odds that any plan says what is asked.

        They start from the model's own `none` where it is heard, and are that alone where it alone is heard; the
        semantic planner's where the model is not.
        """
        if not self.voices.model:
            return logit(self.prior.fits)
        signs = self.signs(decoded)
        if decoded and not self.voices.semantic and not self.voices.cases:
            return signs["model"]
        weights = COEFFICIENTS[TrainedPlanner.name]
        prefix = "" if decoded else "alone:"
        return weights[f"{prefix}constant"] + sum(weights[f"{prefix}{name}"] * value for name, value in signs.items())

    def signs(self, decoded: Decoded | None = None) -> dict[str, float]:
        """What tells whether any plan fits, each as log-odds.

        Like questions whose plans are legal here speak for it, those whose plans are not against it; where no training
        question is like this one they say nothing.
        """
        spoken = (sum(self.shares.values()) + UNLIKE) / (self.alike + 2 * UNLIKE)
        found = {"semantic": logit(self.prior.fits), "cases": logit(spoken)}
        return found if decoded is None else {**found, "model": -logit(logps(decoded)[1])}


class TrainedPlanner:
    """A `Planner` that multiplies the distributions of a trained model, of like questions and of the semantic planner.

    The odds that any plan fits are a product of theirs too, with weights fitted on wordings held out of training
    (benchmarks/fit_trained.py). Where the model is asked, the plans that it lists are weighed and the few that are
    best without it; else all that the others list. `exact` says that no other can have a greater product.
    """

    name = "trained"

    def __init__(
        self, graph: Graph, lm: LmPlanner, labels: LexicalPlanner, cases: Cases, voices: Voices | None = None
    ) -> None:
        self._graph = graph
        self._lm = lm
        self._labels = labels
        self._cases = cases
        self._voices = voices or Voices()

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """A plan for each question: its `k` most probable legal relation paths."""
        return side_by_side(self._graph, questions, max_hops, lambda some, spaces: self._plans(some, spaces, k))

    def _plans(self, questions: Sequence[Question], spaces: Sequence[PlanSpace], k: int) -> list[Plan]:
        known = self.known(questions, spaces)
        plans = [weighed(one, None, k) for one in known]
        heeded = self._voices.model > 0
        unsure = [number for number, plan in enumerate(plans) if heeded and not is_clear(plan, known[number])]
        asked = [questions[number] for number in unsure]
        decoded = self.decoded(asked, [spaces[number] for number in unsure], [known[number] for number in unsure], k)
        for number, found in zip(unsure, decoded, strict=True):
            plans[number] = weighed(known[number], found, k)
        return plans

    def known(self, questions: Sequence[Question], spaces: Sequence[PlanSpace]) -> list[Known]:
        """What is known of questions that have legal plans, without the model."""
        found = []
        for question, space in zip(questions, spaces, strict=True):
            vote = self._cases.vote(masked_question(question), partial(is_legal, space=space))
            found.append(Known(self._labels.prior(question, space), *vote, self._voices))
        return found

    def unlike(self, question: Question, space: PlanSpace, plans: Collection[RelationPath]) -> Vote:
        """What like questions would say if none had been trained with this wording or with these plans."""
        text = masked_question(question)
        cases = self._cases.without(text, plans)
        return cases.vote(text, partial(is_legal, space=space)) if cases else Vote({}, 0.0)

    def decoded(
        self, questions: Sequence[Question], spaces: Sequence[PlanSpace], known: Sequence[Known], k: int = 0
    ) -> list[Decoded]:
        """What the model says of them, of `k` plans or more; it reads along what is best without it."""
        drafts = [[*one.best()[: max(DRAFTS, k)], (NOTHING,)] for one in known]
        return self._lm.decoded(questions, spaces, max(SHORTLIST, k), drafts)


def is_clear(plan: Plan, known: Known) -> bool:
    """Whether a plan that was made without the model can stand."""
    best = plan.paths[0]
    agreed = best.relations == known.prior.best[0] and known.shares.get(best.relations, 0.0) >= SPOKEN
    return agreed and best.probability >= SURE and plan.fits >= FITS


def logps(decoded: Decoded) -> tuple[dict[RelationPath, float], float]:
    """The log-probability of each plan that the model listed or read, and the probability of `none`."""
    legal = {found.path: found.logp - decoded.log_total for found in (*decoded.best, *decoded.drafted)}
    nothing = exp(legal.pop((NOTHING,)))
    return legal, nothing


def weighed(known: Known, decoded: Decoded | None, k: int) -> Plan:
    """The `k` best plans by the product of what is known and of what the model says, if it was asked."""
    if decoded is None:
        score = {path: known.score(path) for path in known.best()}
        unlisted, is_complete, note = known.most([*score]), True, NOT_ASKED if known.voices.model else NOT_HEEDED
    else:
        legal, nothing = logps(decoded)
        # The model's, of all plans that it has not listed together.
        rest = log(max(LEAST, 1.0 - nothing - sum(map(exp, legal.values()))))
        model = known.voices.model
        score = {path: model * logp + known.score(path) for path, logp in legal.items()}
        unlisted, is_complete, note = model * rest + known.most([*score]), decoded.exact, ""
    paths = sorted(score, key=lambda path: (-score[path], path))
    shares = log_softmax(np.array([score[path] for path in paths]))
    kept = tuple(ScoredPath(path, float(share)) for path, share in zip(paths, shares, strict=True))[:k]
    proven = [is_complete and known.prior.complete and score[path.relations] >= unlisted for path in kept]
    if not all(proven):
        listed = "the best of those that the model, like questions or the semantic planner listed"
        only = "plan 1 is the most probable of all, the others are " if proven[0] else ""
        note = "; ".join(filter(None, [note, only + listed]))
    return Plan(kept, all(proven), sigmoid(known.odds(decoded)), note)


def logit(probability: float, least: float = LEAST) -> float:
    """The log-odds, kept finite."""
    probability = min(max(probability, least), 1 - least)
    return log(probability) - log1p(-probability)
