"""What aligned language models are worth, beside the rules, their own zero-shot and a teacher."""
