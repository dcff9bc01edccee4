"""How a planner is refined by reward: settings, each with its flag's help; light, as the command line reads them."""

from __future__ import annotations

from dataclasses import dataclass

from planner.training.settings import key

DEFAULT_REWARD = "answer_f1=1,executable=.3,necessary=.2,brief=.05"


@dataclass(frozen=True)
class PlanGradient:
    """How a planner follows the exact gradient of its expected reward."""

    reward: str = key(DEFAULT_REWARD, "Parts of the reward and their weights; 0 only logs, my.module:fn adds one.")
    plausibility: str = key("", "For the part plausible: my.module:fn, from a fact to its plausibility (0 to 1).")
    epochs: float = key(1.0, "Passes over the questions.", 0)
    steps: int = key(0, "Steps; 0: as many as the epochs take.", 0)
    batch: int = key(8, "Questions a step.", 1)
    learning_rate: float = key(1e-4, "The highest learning rate; it rises first and then falls as a cosine.", 1e-9)
    warmup: float = key(0.1, "The share of the steps in which the learning rate rises.", 0, 1)
    clip: float = key(1.0, "The norm that a step's gradient is cut to.", 1e-9)
    beta: float = key(0.02, "The weight of the divergence (KL) from the planner that it starts from.", 0)
    entropy: float = key(0.0, "The weight of a bonus for undecided planning.", 0)
    plans: int = key(16, "The most probable plans of a question that are tried at most, `none` among them.", 2)
    mass: float = key(0.99, "The share of the legal plans' probability with which no more are tried.", 0.01, 1)
    max_hops: int = key(3, "Steps of a plan at most.", 1)
    limit: int = key(0, "Questions to learn from at most, drawn by the seed (0: all).", 0)
    dev: int = key(100, "Questions of dev at most, by which the best weights are chosen (0: keep the last).", 0)
    eval_steps: int = key(10, "Steps between looks at dev.", 1)
    save_steps: int = key(10, "Steps between checkpoints: what a kill may cost.", 1)
    pass_tokens: int = key(1024, "Tokens of one pass of the model; of the plan gradient it bounds the memory.", 1)
    seed: int = key(0, "The seed of everything that is drawn.", 0, 2**32 - 1)


@dataclass(frozen=True)
class Grpo(PlanGradient):
    """How a planner learns from plans that it draws; `plans` and `mass` are the plan gradient's alone."""

    generations: int = key(8, "With grpo: plans drawn for each question of a step.", 2)
    unconstrained: bool = key(False, "With grpo: draw any tokens, not only those of legal plans.")
    unmasked_loss: bool = key(False, "With grpo: log-probabilities in the loss among all tokens, not the legal ones.")
    longest: int = key(48, "With grpo: tokens of an unconstrained plan at most.", 1)


@dataclass(frozen=True)
class Joint(PlanGradient):
    """How a planner and a reasoner learn from the answers that they come to together."""

    read: int = key(3, "Plans of a question whose paths the reasoner reads.", 1)
    alone: float = key(0.5, "The weight of what each plan earns by itself, beside the answers.", 0)
    reasoned: float = key(0.5, "The share of questions to be answered with reasoning: a path, and its answer.", 0, 1)
    reasoned_reward: str = key("sufficient=.3", "What these earn beside --reward: that the answer is the path's own.")


@dataclass(frozen=True)
class JointDrawn(Joint, Grpo):
    """How they learn from episodes that are drawn; `plans` and `mass` are the exact gradient's alone."""
