"""Reasons by rules: one for every recommendation, whatever models do."""

import polars as pl

_PAIR = {"en": "Goes with your interest in {}: {}", "ru": "К вашему интересу «{}»: {}"}
_REASONS = {
    "en": {
        "tag": "Because of your interest in {}: {}",
        "interest": "Because of your interest in {}",
        "near": "Close to the {} that you chose before",
        "user": "Close to what you chose before",
        "popular": "Popular with other shoppers now",
    },
    "ru": {
        "tag": "Потому что вам интересно «{}»: {}",
        "interest": "Потому что вам интересно «{}»",
        "near": "Близко к тому, что вы уже выбирали: «{}»",
        "user": "Близко к тому, что вы выбирали",
        "popular": "Сейчас популярно у других покупателей",
    },
}


def rule_reason(interest: str, name: str, language: str) -> str:
    """The sentence for an interest and an item that no model wrote one for."""
    return _PAIR[language].format(interest, name)


def reason_of(source: str, interest: str | None, tag: str | None, near: str | None, language: str) -> str:
    """The reason of one row; see `rule_reasons`."""
    texts = _REASONS[language]
    interest, tag, near = (name if name and name.strip() else None for name in (interest, tag, near))
    if source == "popular":
        return texts["popular"]
    by_near = texts["near"].format(near) if near else None
    by_interest = texts["interest"].format(interest) if interest else None
    if source != "tag":
        return by_near or by_interest or texts["user"]
    by_tag = texts["tag"].format(interest, tag) if interest and tag and tag != interest else None
    return by_tag or by_interest or by_near or texts["user"]


def rule_reasons(frame: pl.DataFrame, language: str) -> pl.Series:
    """A reason for every row, never null; an interest and a tag of the same words are said once.

    Args:
        frame: source ('user', 'tag' or 'popular'), and as far as there are such columns interest, tag and near (what
            the user chose before that is most like the item); any of them may be null.
        language: "en" or "ru".
    """
    absent = [
        pl.lit(None, dtype=pl.String).alias(name) for name in ("interest", "tag", "near") if name not in frame.columns
    ]
    texts = _REASONS[language]
    interest, tag = _present("interest"), _present("tag")
    by_tag = pl.when(interest & tag & (pl.col("interest") != pl.col("tag"))).then(
        pl.format(texts["tag"], "interest", "tag")
    )
    by_interest = pl.when(interest).then(pl.format(texts["interest"], "interest"))
    near = pl.when(_present("near")).then(pl.format(texts["near"], "near"))
    reason = (
        pl.when(pl.col("source") == "popular")
        .then(pl.lit(texts["popular"]))
        .when(pl.col("source") == "tag")
        .then(pl.coalesce(by_tag, by_interest, near, pl.lit(texts["user"])))
        .otherwise(pl.coalesce(near, by_interest, pl.lit(texts["user"])))
    )
    return frame.with_columns(absent).select(reason=reason)["reason"]


def _present(name: str) -> pl.Expr:
    return pl.col(name).fill_null("").str.strip_chars().str.len_chars() > 0
