"""Language models of the writing stages, fine-tuned for their one task on what the judge let through."""
