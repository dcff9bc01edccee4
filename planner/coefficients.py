"""Coefficients of the untrained planners, written by benchmarks/fit_planner.py; do not edit by hand."""

COEFFICIENTS: dict[str, dict[str, float]] = {
    "lexical": {"two_hops": -0.78, "three_hops": -2.46, "returns": -1.04, "spread": -0.32, "coverage": 7.27, "end_type": 0.38, "words": 4.95, "worst_word": 1.08, "fit:constant": 0.0, "fit:probability": 1.0},
    "semantic": {"two_hops": 0.71, "three_hops": 0.22, "returns": -1.96, "spread": -0.24, "cosine": 3.44, "sense": 6.61, "worst_sense": 4.34, "token": 7.89, "worst_token": 1.13, "fit:constant": 0.0, "fit:probability": 1.0},
    "combined": {"fit:constant": 0.0, "fit:probability": 1.0},
}
