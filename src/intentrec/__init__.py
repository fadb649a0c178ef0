"""Intent-first recommender: language models write down offline what each user wants, light towers answer online."""

from importlib.metadata import version

__version__ = version("intentrec")
