"""How well the words of a question can be read off a plan, in order.

A question names the relations near its topic first: in "Which currency is used in the country whose capital is
[Lima]?" the words next to Lima belong to step 1 (`capital of`), those farther away to step 2 (`currency`). So the
words, sorted by their distance from the topic, are aligned monotonically with the steps of the plan.
"""

# mypy: ignore-errors

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def align(values, plans, hops):
    """The best monotone alignment of words with the steps of each plan: float64 (plans, 2).

    `values` (words, relations): how well a word fits a relation, words in order of their distance from the topic.
    `plans` (plans, longest) holds relation numbers, `hops` (plans,) how many of them count. Every word belongs to
    one step and every step has at least one word. Columns: the mean value over words, and the best word of the step
    whose best word is worst. A plan with more steps than there are words gets -1 in both.
    """
    words = values.shape[0]
    longest = plans.shape[1]
    result = np.full((len(plans), 2), -1.0)
    best = np.empty((words + 1, longest + 1))
    advanced = np.empty((words + 1, longest + 1), np.bool_)
    for plan in range(len(plans)):
        steps = hops[plan]
        if steps > words:
            continue
        best[:] = -np.inf
        best[0, 0] = 0.0
        for word in range(1, words + 1):
            for step in range(1, min(word, steps) + 1):
                stay, advance = best[word - 1, step], best[word - 1, step - 1]
                advanced[word, step] = advance >= stay
                best[word, step] = max(stay, advance) + values[word - 1, plans[plan, step - 1]]
        step, least, strongest = steps, np.inf, -np.inf
        for word in range(words, 0, -1):
            strongest = max(strongest, values[word - 1, plans[plan, step - 1]])
            if advanced[word, step]:
                least = min(least, strongest)
                strongest = -np.inf
                step -= 1
        result[plan, 0] = best[words, steps] / words
        result[plan, 1] = least
    return result
