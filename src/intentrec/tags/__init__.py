"""Stage 3: tags, each a modifier and a core word, tied to one interest."""

from intentrec.tags.config import TagsConfig
from intentrec.tags.predict import predict_tags

__all__ = ["TagsConfig", "predict_tags"]
