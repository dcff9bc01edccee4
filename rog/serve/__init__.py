"""The page, the HTTP API and the tools for agents: one graph and its models, asked by many."""
