"""The line of a user's attributes."""

import polars as pl

from intentrec.errors import ConfigError
from intentrec.profiles.behaviour import bounded, one_line
from intentrec.profiles.config import ProfilesConfig
from intentrec.text.tokens import TokenCounter

_SHARE = 4  # attributes may take a quarter of the budget
_HEAD = "Attributes: "


def attribute_lines(users: pl.DataFrame, config: ProfilesConfig, count_tokens: TokenCounter) -> pl.DataFrame:
    """Columns user_id, attributes: "Attributes: country: France; age: 30", only for users that have any.

    Nulls are left out; so are the last attributes where all of them would take more than a quarter of the token budget.

    Raises:
        ConfigError: `config.attributes` names a column that the users table does not have.
    """
    names = _names(users, config)
    if not names:
        return pl.DataFrame(schema={"user_id": pl.String, "attributes": pl.String})
    values = [bounded(one_line(pl.col(name).cast(pl.String)), config.max_value_chars).alias(name) for name in names]
    parts = (
        users.select("user_id", *values)
        .unpivot(on=names, index="user_id", variable_name="name", value_name="value")
        .drop_nulls("value")
        .with_columns(pl.format("{}: {}", one_line(pl.col("name")), "value").alias("part"))
    )
    spent = pl.Series("spent", count_tokens(parts["part"]) + 1, dtype=pl.Int64)
    budget = config.max_tokens // _SHARE - int(count_tokens([_HEAD])[0])
    fitting = parts.with_columns(spent).filter(pl.col("spent").cum_sum().over("user_id") <= budget)
    joined = fitting.group_by("user_id", maintain_order=True).agg(pl.col("part").str.join("; "))
    return joined.select("user_id", (pl.lit(_HEAD) + pl.col("part")).alias("attributes"))


def _names(users: pl.DataFrame, config: ProfilesConfig) -> list[str]:
    if config.attributes is None:
        return [
            name
            for name, dtype in users.schema.items()
            if name != "user_id" and not dtype.is_nested() and not dtype.is_temporal()
        ]
    missing = [name for name in config.attributes if name not in users.columns]
    if missing:
        raise ConfigError(
            f"profiles.attributes names {missing}, but the users table has {users.columns}. "
            "Correct the names in intentrec.toml."
        )
    return list(config.attributes)
