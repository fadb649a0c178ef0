"""The rival road: one language model as a dual encoder of users and items (LinkedIn, arXiv 2510.14223)."""

from intentrec.encoder.config import EncoderConfig
from intentrec.extras import lazily

__all__ = ["Encoder", "EncoderConfig", "EncoderRetriever", "fit"]

__getattr__ = lazily(
    __name__, {"Encoder": "encoder", "EncoderRetriever": "retriever", "fit": "fitting"}, "torch", "the encoder"
)
