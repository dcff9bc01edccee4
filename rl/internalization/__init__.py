"""Part of a graph put into the weights: lessons, what is sampled and judged, losses, and the run."""
