"""Intent-first recommender."""
