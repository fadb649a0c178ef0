"""Every way a time may be written, into UTC with microseconds."""

import polars as pl

from intentrec.data.config import DataConfig
from intentrec.errors import DataError
from intentrec.tables import TIMESTAMP

MICROSECONDS = {"s": 10**6, "ms": 10**3, "us": 1}
ISO_PATTERNS = ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_SANE = (-2_208_988_800_000_000, 7_258_118_400_000_000)  # 1900 and 2200: outside, the unit is wrong


def to_utc(column: pl.Series, config: DataConfig) -> pl.Series:
    """The column as `TIMESTAMP`; null where a value is no time, lies outside 1900 to 2200, or is null.

    Raises:
        DataError: The whole column has a type that the setting `data.timestamp` does not fit.
    """
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        times = column.dt.cast_time_unit("us")
        return _sane(times.dt.convert_time_zone("UTC") if dtype.time_zone else _localised(times, config))
    if dtype == pl.Date:
        return _sane(_localised(column.cast(pl.Datetime("us")), config))
    if dtype == pl.Null:
        return column.cast(TIMESTAMP)
    if config.timestamp in (*MICROSECONDS, "ns") and (dtype.is_numeric() or dtype == pl.String):
        return _sane(_from_number(column, config.timestamp))
    if dtype == pl.String:
        return _sane(_from_text(column, config))
    raise DataError(
        f"Column {column.name!r} holds {dtype} values, which are not times written as {config.timestamp!r}. If they "
        'count from 1970, say in what unit, e.g. timestamp = "s" under [data] in intentrec.toml.'
    )


def _sane(times: pl.Series) -> pl.Series:
    low, high = (pl.lit(edge).cast(TIMESTAMP) for edge in _SANE)
    inside = pl.col(times.name).is_between(low, high)
    frame = times.to_frame()
    if frame.select(inside.all()).item():
        return times
    return frame.select(pl.when(inside).then(pl.col(times.name))).to_series()


def _from_number(column: pl.Series, unit: str) -> pl.Series:
    """Floats hold microseconds exactly until 2255; nanoseconds they do not."""
    if unit == "ns":
        return (column.cast(pl.Int64, strict=False) // 1000).cast(TIMESTAMP)
    micros = column.cast(pl.Float64, strict=False) * MICROSECONDS[unit]
    return micros.round(0).cast(pl.Int64, strict=False).cast(TIMESTAMP)


def _from_text(column: pl.Series, config: DataConfig) -> pl.Series:
    text = column.str.strip_chars()
    if config.timestamp != "iso":
        return _parsed(text, config.timestamp, config)
    text = text.str.replace("T", " ", literal=True)
    times = _parsed(text, ISO_PATTERNS[0], config)
    for pattern in ISO_PATTERNS[1:]:
        if times.null_count() == column.null_count():
            break
        both = pl.DataFrame({"known": times, "more": _parsed(text, pattern, config)})
        times = both.select(pl.coalesce("known", "more").alias(column.name)).to_series()
    return times


def _parsed(text: pl.Series, pattern: str, config: DataConfig) -> pl.Series:
    times = text.str.to_datetime(pattern, time_unit="us", strict=False)
    return times if times.dtype == TIMESTAMP else _localised(times, config)


def _localised(times: pl.Series, config: DataConfig) -> pl.Series:
    """Naive times in the zone of the settings; an hour that a clock change skips is null, a doubled one its first."""
    zoned = times.dt.replace_time_zone(config.timezone, ambiguous="earliest", non_existent="null")
    return zoned.dt.convert_time_zone("UTC")
