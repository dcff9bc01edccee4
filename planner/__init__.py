"""Question → plan: relation paths that exist in the graph, scored."""
