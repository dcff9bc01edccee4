"""Plan → evidence → answer, with an independent check of its proof."""
