"""How part of a graph is put into a model's weights: settings, each with its flag's help; light."""

from __future__ import annotations

from dataclasses import dataclass

from planner.base import DEFAULT_LM
from planner.training.settings import key

METHODS = ("rlag", "grpo", "sft", "pretrain")


@dataclass(frozen=True)
class Internalization:
    """How a model learns to answer without the graph, and on how many tokens."""

    method: str = key("rlag", f"How it learns: {', '.join(METHODS)}.")
    model: str = key(DEFAULT_LM, "The model to start from where there is no --from: a name or a folder.")
    tokens: int = key(300_000, "Tokens to train on, whatever the method; it stops at the batch that reaches them.", 1)
    warm: float = key(0.4, "The share of the tokens that is spent on SFT first (rlag, grpo).", 0, 1)
    rationale: bool = key(True, "Recite the path before the answer (of no effect on pretrain).")
    noise: float = key(0.5, "The share of questions that are asked with stray words, in which a name stays.", 0, 1)
    most_answers: int = key(3, "Entities of a step at most; questions with longer lists are left out.", 1)
    limit: int = key(0, "Questions to learn from at most, drawn by the seed (0: all).", 0)
    round: int = key(256, "Questions a round: sampled, judged, then learned from.", 1)
    batch: int = key(4, "Questions a step.", 1)
    learning_rate: float = key(3e-4, "The highest learning rate; it rises first and then falls as a cosine.", 1e-9)
    warmup: float = key(0.03, "The share of the tokens in which the learning rate rises.", 0, 1)
    weight_decay: float = key(0.0, "Weight decay of AdamW.", 0)
    clip: float = key(1.0, "The norm that a step's gradient is cut to.", 1e-9)
    layers: float = key(0.4, "The share of the layers, from the top, that learn.", 0, 1)
    rank: int = key(0, "The rank of adapters on them, merged at the end; 0 trains all their weights.", 0)
    alpha: int = key(32, "The scale of the adapters.", 1)
    sampled: float = key(
        0.2, "The share of questions that the model answers from the retrieved paths too; all with --wrong skip.", 0, 1
    )
    wrong: str = key("graph", "What replaces an answer that the graph refutes: the graph's own, or skip.")
    distractors: int = key(2, "Paths of other questions beside the retrieved one.", 0)
    beta_known: float = key(0.5, "RLAG's weight of the knowledge where both answers agree.", 0)
    beta_knowledge: float = key(0.2, "RLAG's weight of the knowledge where they differ.", 0)
    beta_answer: float = key(0.5, "RLAG's weight of the preferred and of the rejected answer.", 0)
    gamma: float = key(0.8, "RLAG's margin.")
    chosen_most: float = key(-0.05, "Log-probability of a preferred answer that need not rise further.", None, 0)
    rejected_least: float = key(-1.5, "Log-probability of a rejected answer that need not fall further.", None, 0)
    group: int = key(4, "Candidate answers of a question (grpo).", 2)
    save_rounds: int = key(4, "Rounds between checkpoints: what a kill may cost.", 1)
    seed: int = key(0, "The seed of everything that is drawn.", 0, 2**32 - 1)
