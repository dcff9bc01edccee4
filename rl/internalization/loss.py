"""The losses by which a model learns to answer without the graph.

RLAG (Nie et al., 2025, arXiv:2509.20162) prefers the answer that was found with the evidence to the one that was given
without, and adds the likelihood of the evidence itself. Weights and margin are those of its published code; where a
log-probability need not go on (`chosen_most`, `rejected_least`) is our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

from rl.internalization.branches import Branches, Scores
from rl.internalization.settings import Internalization

if TYPE_CHECKING:
    import torch

KNOWLEDGE, CHOSEN, REJECTED = "knowledge", "chosen", "rejected"


@dataclass(frozen=True, slots=True)
class Item:
    """What one question gives to learn from: sequences, and for each of their answers its role or its reward."""

    sequences: tuple[Branches, ...]
    roles: tuple[str, ...] = ()
    rewards: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """The tokens that a model reads."""
        return sum(sequence.size for sequence in self.sequences)

    @property
    def answers(self) -> int:
        """The number of answers."""
        return sum(len(sequence.answers) for sequence in self.sequences)


def likelihood(scores: Scores) -> torch.Tensor:
    """The mean negative log-likelihood of a token of any answer: of SFT, and of continued pre-training."""
    return -scores.sums.sum() / scores.counts.sum()


def rlag(roles: Sequence[str], means: torch.Tensor, settings: Internalization) -> torch.Tensor:
    """RLAG's loss of one question, from the length-normalised log-probabilities of what plays each role.

    −log σ(β_D · knowledge + β_A · chosen − β_A · rejected − γ), chosen and rejected clipped. Where no answer is
    rejected, because both agree, the knowledge alone counts.
    """
    from torch.nn.functional import logsigmoid

    by_role = dict(zip(roles, means, strict=True))
    if REJECTED not in by_role:
        return -logsigmoid(settings.beta_known * by_role[KNOWLEDGE] - settings.gamma)
    chosen = by_role[CHOSEN].clamp(max=settings.chosen_most)
    rejected = by_role[REJECTED].clamp(min=settings.rejected_least)
    margin = settings.beta_knowledge * by_role[KNOWLEDGE] + settings.beta_answer * (chosen - rejected)
    return -logsigmoid(margin - settings.gamma)


def advantages(rewards: Sequence[float]) -> list[float]:
    """Rewards less their mean, in units of their standard deviation (Shao et al., 2024, arXiv:2402.03300).

    All 0 where they do not differ.
    """
    spread = pstdev(rewards)
    return [(reward - fmean(rewards)) / spread if spread else 0.0 for reward in rewards]


def grpo(rewards: Sequence[float], means: torch.Tensor, settings: Internalization) -> torch.Tensor:
    """The loss of one group of candidate answers, without a ratio to what drew them, since few of them were drawn.

    As in RLAG a bad answer need not fall below `rejected_least`: most candidates were not drawn from the policy, and
    would be pushed down without end.
    """
    import torch

    weights = torch.tensor(advantages(rewards), device=means.device)
    bounded = torch.where(weights < 0, means.clamp(min=settings.rejected_least), means)
    return -(weights * bounded).mean()


def batch_loss(items: Sequence[Item], scores: Scores, settings: Internalization) -> torch.Tensor:
    """The loss of the questions of a step."""
    import torch

    if not (items[0].roles or items[0].rewards):  # sft, pretrain, and what the others begin with
        return likelihood(scores)
    parts = torch.split(scores.means, [item.answers for item in items])
    if settings.method == "rlag":
        losses = [rlag(item.roles, part, settings) for item, part in zip(items, parts, strict=True)]
    else:
        losses = [grpo(item.rewards, part, settings) for item, part in zip(items, parts, strict=True)]
    return torch.stack(losses).mean()


def role_means(items: Sequence[Item], scores: Scores) -> dict[str, list[float]]:
    """The log-probabilities of what plays each role, for the log: RLAG's three rewards."""
    found: dict[str, list[float]] = {}
    for role, value in zip((role for item in items for role in item.roles), scores.means.tolist(), strict=False):
        found.setdefault(role, []).append(value)
    return found
