"""The losses by which a model learns to answer without the graph, and the training sequences that they are of.

RLAG ("Knowledge augmentation by reinforcement", code at ChaojunNie/RLAG) prefers the answer that was given with the
evidence to the one that was given without, and adds the likelihood of the evidence itself.
"""

from __future__ import annotations
