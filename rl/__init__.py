"""Refinement by reward: plans, answers and paths are judged on the graph, and the models learn from it."""
