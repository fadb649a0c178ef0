import pytest
from pydantic import ValidationError

from intentrec.encoder.config import EncoderConfig


def test_the_defaults_fit_together():
    config = EncoderConfig()
    assert config.served_width in config.widths
    assert config.use == ()


@pytest.mark.parametrize(
    "widths", [(0.5,), (0.5, 1.0), (1.0, 0.25, 0.5), (1.0, 1.0), (1.0, 0.5, 0.5), (1.0, 0.0), (1.0, -0.5), (2.0, 1.0)]
)
def test_widths_fall_from_one(widths):
    with pytest.raises(ValidationError, match="widths must fall from 1.0, each above 0 and none twice"):
        EncoderConfig(widths=widths)


def test_a_served_width_was_trained():
    with pytest.raises(ValidationError, match=r"served_width 0.3 was not trained; widths are 1, 0.5"):
        EncoderConfig(widths=(1.0, 0.5), served_width=0.3)
    assert EncoderConfig(widths=(1.0, 0.5), served_width=0.5).served_dimension(384) == 192


@pytest.mark.parametrize(("numbers", "least"), [("none", 5), ("percentile", 11), ("raw", 20), ("words", 20)])
def test_text_has_room_beside_the_numbers(numbers, least):
    assert EncoderConfig(numbers=numbers, item_tokens=least).item_tokens == least
    message = rf"item_tokens {least - 1} leaves fewer than 4 for text beside {least - 4} for its mark and numbers"
    with pytest.raises(ValidationError, match=message):
        EncoderConfig(numbers=numbers, item_tokens=least - 1)


def test_widths_in_coordinates():
    config = EncoderConfig(widths=(1.0, 0.5, 0.17))
    assert config.dimensions(384) == (384, 192, 65)
    assert config.dimensions(2) == (2, 1, 1)  # never none


MISTAKES = [{"modle": "minilm"}, {"item_fields": ()}, {"item_fields": ("colour",)}, {"temperature": 0.0}, {"batch": 1}]


@pytest.mark.parametrize("changes", MISTAKES)
def test_what_makes_no_sense_is_refused(changes):
    with pytest.raises(ValidationError):
        EncoderConfig.model_validate(changes)
