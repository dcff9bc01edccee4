"""Refinement by reward. Empty so far: the package holds its place in the order of imports."""
