"""How a model is fine-tuned, for every role: settings, sequences, a resumable run."""
