"""The graph: open, store, link, walk. Knows no model."""
