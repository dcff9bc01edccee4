"""Systems measured on questions: arms and controls, what they answered, how good that is, and the report."""
