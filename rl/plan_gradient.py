"""The exact gradient of a planner's expected reward.

The plans that hold nearly all of its probability are enumerated by the exact decoder and run on the graph, so that the
expectation over them is a sum and not a sample: with p the model's probabilities renormalised over these plans, `none`
among them, what is minimised for a question is

    - sum p(z) R(z) + beta KL(p || p_SFT) - entropy H(p)

REINFORCE (Williams 1992) estimates the same gradient from draws; here it has no variance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from kg.types import Question, RelationPath
from planner.decode import Effort, Spelling, decode
from planner.neural import NOTHING, OrNothing, spelling_of
from planner.prompts import NONE, plan_words, relation_words, trained_question
from planner.space import Legal, plan_space
from planner.training.sequences import Encoded
from rl.episode import Executor
from rl.policy import Policy
from rl.rewards import Reward, Scored, expected_parts
from rl.settings import PlanGradient

if TYPE_CHECKING:
    import torch


class Terms(NamedTuple):
    """What a question adds to the loss, as scalar tensors; `p` (plans,) are the probabilities of its plans."""

    loss: torch.Tensor
    reward: torch.Tensor
    kl: torch.Tensor
    entropy: torch.Tensor
    p: torch.Tensor


def objective(
    logps: torch.Tensor, rewards: torch.Tensor, reference: torch.Tensor | None, beta: float, entropy: float
) -> Terms:
    """The loss of one question, from the log-probabilities of its plans (plans,), theirs under the SFT policy too.

    All are renormalised over the plans given. Without `reference` there is no divergence.
    """
    logp = logps.log_softmax(0)
    p = logp.exp()
    reward, spread = (p * rewards).sum(), -(p * logp).sum()
    kl = (p * (logp - reference.log_softmax(0))).sum() if reference is not None else p.sum() * 0
    return Terms(-reward + beta * kl - entropy * spread, reward, kl, spread, p)


@dataclass(frozen=True, slots=True)
class Group:
    """A question, its probable plans (the empty one is `none`), how these are written, and what each earns."""

    question: Question
    plans: tuple[RelationPath, ...]
    sequences: tuple[Encoded, ...]
    scored: tuple[Scored, ...]

    @property
    def rewards(self) -> list[float]:
        """What each plan earns."""
        return [scored.total for scored in self.scored]


@dataclass
class Trials:
    """Enumerates a policy's probable plans and runs them on the graph; each plan of a question is judged once.

    `listed` are the plans that were last listed of each prompt. Those of the prompt most like a new one are read
    along with it, which saves passes of the model.
    """

    policy: Policy
    reward: Reward
    settings: PlanGradient
    listed: dict[str, list[RelationPath]] = field(default_factory=dict)
    _known: dict[tuple[str, str, RelationPath], Scored] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._words = {**relation_words(self.executor.graph), NOTHING: NONE}
        self._spelling: Spelling = spelling_of(self.policy, self._words)

    @property
    def executor(self) -> Executor:
        """What runs the plans."""
        return self.reward.executor

    def groups(self, questions: Sequence[Question]) -> list[Group]:
        """The probable plans of questions that have legal ones, the best first, under the policy as it is now."""
        self.policy.changed()
        prompts = [trained_question(question) for question in questions]
        spaces = [OrNothing(plan_space(self.executor.graph, q, self.settings.max_hops)) for q in questions]
        found = decode(
            spaces,
            self.policy.tree("", prompts),
            self._spelling,
            self.settings.plans,
            Effort(mass=self.settings.mass),
            [self._drafts(prompt, space) for prompt, space in zip(prompts, spaces, strict=True)],
        )
        plans = [[best.path for best in decoded.best] for decoded in found]
        self.listed.update(zip(prompts, plans, strict=True))
        return [self._group(*each) for each in zip(questions, prompts, plans, strict=True)]

    def _drafts(self, prompt: str, space: Legal) -> list[RelationPath]:
        """Legal plans that are likely to be listed."""
        from rapidfuzz import fuzz, process

        near = process.extractOne(prompt, list(self.listed), scorer=fuzz.ratio)
        plans = self.listed[near[0]] if near else [(NOTHING,)]
        return [path for path in plans if all(r in space.options(path[:hop]) for hop, r in enumerate(path))]

    def _group(self, question: Question, prompt: str, decoded: Sequence[RelationPath]) -> Group:
        before = self.policy.prompt_tokens("", prompt)
        sequences = tuple(Encoded(before + self._spelling.plan(path), len(before)) for path in decoded)
        plans = tuple(() if path == (NOTHING,) else path for path in decoded)
        return Group(question, plans, sequences, tuple(self._scored(question, plan) for plan in plans))

    def _scored(self, question: Question, plan: RelationPath) -> Scored:
        key = (question.id, question.text, plan)
        if key not in self._known:
            text = plan_words(plan or (NOTHING,), self._words)
            self._known[key] = self.reward(self.executor.run(question, plan, text))
        return self._known[key]


@dataclass
class References:
    """Log-probabilities of plans under the policy that training starts from, each read once."""

    policy: Policy
    known: dict[Encoded, float] = field(default_factory=dict)

    def of(self, groups: Sequence[Group], pass_tokens: int) -> list[list[float]]:
        """Those of every plan of every group."""
        import torch

        missing = list(dict.fromkeys(s for group in groups for s in group.sequences if s not in self.known))
        if missing:
            with torch.no_grad(), self.policy.reference():
                for some in passes([[sequence] for sequence in missing], pass_tokens):
                    sequences = [sequence for (sequence,) in some]
                    self.known.update(zip(sequences, self.policy.logps(sequences).tolist(), strict=True))
        return [[self.known[sequence] for sequence in group.sequences] for group in groups]


def passes(groups: Sequence[Sequence[Encoded]], most: int) -> Iterator[list[Sequence[Encoded]]]:
    """The groups, as many in one pass of the model as read at most `most` tokens together; one at least."""
    some: list[Sequence[Encoded]] = []
    prefixes: set[tuple[int, ...]] = set()
    for group in groups:
        own = {sequence.tokens[:end] for sequence in group for end in range(1, len(sequence.tokens) + 1)}
        if some and len(prefixes | own) > most:
            yield some
            some, prefixes = [], set()
        some.append(group)
        prefixes |= own
    if some:
        yield some


class Step(NamedTuple):
    """The means over the questions of one step, and each plan's reward by question."""

    measured: dict[str, float]
    rewards: list[list[float]]


def accumulate(policy: Policy, groups: Sequence[Group], references: References, settings: PlanGradient) -> Step:
    """Add the gradient of the mean loss of some groups to the policy's, a few groups in a pass."""

    known = references.of(groups, settings.pass_tokens) if settings.beta else []
    totals: dict[str, float] = {}
    waiting = iter(range(len(groups)))
    for some in passes([group.sequences for group in groups], settings.pass_tokens):
        logps = policy.logps([sequence for sequences in some for sequence in sequences])
        loss, place = logps.new_zeros(()), 0
        for sequences, number in zip(some, waiting, strict=False):
            own = logps[place : place + len(sequences)]
            place += len(sequences)
            reference = own.new_tensor(known[number]) if known else None
            terms = objective(own, own.new_tensor(groups[number].rewards), reference, settings.beta, settings.entropy)
            loss = loss + terms.loss
            for name, value in measures(terms, groups[number]).items():
                totals[name] = totals.get(name, 0.0) + value
        (loss / len(groups)).backward()  # type: ignore[no-untyped-call]
    means = {name: total / len(groups) for name, total in totals.items()}
    return Step(means, [group.rewards for group in groups])


def measures(terms: Terms, group: Group) -> dict[str, float]:
    """What is logged of a question: expectations under its plans' probabilities."""
    p = terms.p.tolist()
    own = {"reward": terms.reward, "kl": terms.kl, "entropy": terms.entropy, "loss": terms.loss}
    told = {name: value.item() for name, value in own.items()}
    return {**told, **expected_parts(p, group.scored), "plans": float(len(p))}
