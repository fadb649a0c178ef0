"""What can be recommended now: the items of a release, and those that came in or changed since."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from intentrec.codes import places
from intentrec.retrieval import ItemIndex
from intentrec.retrieval.topk import Mask, Vectors
from intentrec.serving.bundle import Bundle
from intentrec.serving.ranking.asking import Filters
from intentrec.serving.ranking.stacked import Extended

if TYPE_CHECKING:
    from intentrec.serving.live import LiveItem

_MASKS = 64  # a megabyte each at a million items
_OFTEN, _COUNTED = 16, 1000  # a mask is made when filters come this often; this many are counted
_NOT_NAMED = -1


@dataclass(frozen=True)
class Shelf:
    """Items as they stand at one moment; rows after those of the bundle are new ones.

    Attributes:
        bundle: The release.
        version: `LiveState.items_version` that it was made from.
        index: All items under their vectors.
        live: What came in, by row.
        categories: Code of each item's category, -1 for none, (N,).
        category_codes: Name -> code.
        brands: Code of each item's brand, -1 for none, (N,).
        new_brands: Codes of brands that the release does not know.
        prices: NaN for none, (N,).
    """

    bundle: Bundle
    version: int
    index: ItemIndex
    live: Mapping[int, "LiveItem"]
    categories: NDArray[np.integer]
    category_codes: Mapping[str, int]
    brands: NDArray[np.integer]
    new_brands: Mapping[str, int]
    prices: NDArray[np.float64]
    _masks: dict[Filters, Mask] = field(default_factory=dict, repr=False)
    _asked: dict[Filters, int] = field(default_factory=dict, repr=False)

    @classmethod
    def of_release(cls, bundle: Bundle) -> Self:
        """What the release holds."""
        codes = {name: code for code, name in enumerate(bundle.meta.categories)}
        return cls(bundle, 0, bundle.index, {}, bundle.categories, codes, bundle.brands, {}, bundle.prices)

    @classmethod
    def with_live(cls, bundle: Bundle, version: int, items: Mapping[str, "LiveItem"], vectors: Vectors) -> Self:
        """The same with what came in.

        Args:
            vectors: Vectors of the items that the release does not know, in the order of `items`, (M, D).
        """
        known = {item: bundle.item_row(item) for item in items}
        new = [item for item, row in known.items() if row is None]
        index = Extended.of(bundle.index, new, vectors) if new else bundle.index
        n = len(bundle.index)
        rows = {item: n + place for place, item in enumerate(new)}
        rows |= {item: row for item, row in known.items() if row is not None}
        live = {rows[item]: given for item, given in items.items()}
        categories, brands = (_longer(column, len(new), _NOT_NAMED) for column in (bundle.categories, bundle.brands))
        prices = _longer(bundle.prices, len(new), np.nan)
        codes = {name: code for code, name in enumerate(bundle.meta.categories)}
        new_brands: dict[str, int] = {}
        for row, item in live.items():
            if item.category is not None:
                categories[row] = codes.setdefault(item.category, len(codes))
            brands[row] = _brand_code(bundle, new_brands, item.brand)
            prices[row] = np.nan if item.price is None else item.price
        return cls(bundle, version, index, live, categories, codes, brands, new_brands, prices)

    @cached_property
    def n_new(self) -> int:
        """Items that the release does not know."""
        return len(self.index) - len(self.bundle.index)

    def row(self, item_id: str) -> int | None:
        """Row of an item; None for one that nobody has put in."""
        row = int(self.index.places([item_id])[0])
        return row if row >= 0 and str(self.index.ids[row]) == item_id else None

    def head(self, row: int) -> dict[str, Any]:
        """What entries say of an item; see `Bundle.head`."""
        item, known = self.live.get(row), row < len(self.bundle.index)
        if item is None:
            return self.bundle.head(row)
        earlier = self.bundle.head(row) if known else {}
        category = item.category if item.category is not None else earlier.get("category")
        name = earlier.get("name") or item.title
        return {"title": item.title, "category": category, "brand": item.brand, "price": item.price, "name": name}

    def item(self, row: int) -> dict[str, Any]:
        """What is known of an item; see `Bundle.item`."""
        item = self.live.get(row)
        if item is None:
            return self.bundle.item(row)
        whole = item.model_dump(mode="json") | self.head(row)
        return {name: value for name, value in whole.items() if value is not None}

    def passing(self, filters: Filters) -> Mask | None:
        """Which items come through, (N,); None for all."""
        if filters.open:
            return None
        mask = self._masks.get(filters)
        if mask is None:
            while len(self._masks) >= _MASKS:
                self._masks.pop(next(iter(self._masks)), None)
            self._masks[filters] = mask = self.passes(filters, slice(None))
        return mask

    def few_passing(self, filters: Filters, rows: NDArray[np.integer]) -> Mask:
        """Which of a few items come through; filters that are asked for again and again are looked up in a mask."""
        mask = self._masks.get(filters)
        if mask is None:
            if len(self._asked) >= _COUNTED:
                self._asked.clear()
            times = self._asked[filters] = self._asked.get(filters, 0) + 1
            if times < _OFTEN:
                return self.passes(filters, rows)
            mask = self.passing(filters)
        return np.ones(len(rows), dtype=np.bool_) if mask is None else mask[rows]

    def passes(self, filters: Filters, rows: slice | NDArray[np.integer]) -> Mask:
        """Which of the items come through."""
        codes = self.categories[rows]
        found = np.ones(len(codes), dtype=np.bool_)
        if filters.categories is not None:
            found &= _among(codes, self._category_codes(filters.categories))
        if filters.not_categories:
            found &= ~_among(codes, self._category_codes(filters.not_categories))
        if filters.brands is not None:
            found &= _among(self.brands[rows], self._brand_codes(filters.brands))
        with np.errstate(invalid="ignore"):  # NaN is no price, and no bound lets it through
            if filters.min_price is not None:
                found &= self.prices[rows] >= filters.min_price
            if filters.max_price is not None:
                found &= self.prices[rows] <= filters.max_price
        if filters.items is not None:
            found &= self._are(filters.items, rows)
        if filters.not_items:
            found &= ~self._are(filters.not_items, rows)
        return found

    def _category_codes(self, names: frozenset[str]) -> set[int]:
        return {self.category_codes[name] for name in names if name in self.category_codes}

    def _brand_codes(self, names: frozenset[str]) -> set[int]:
        known = places(self.bundle.brand_names, list(names))
        return set(known[known >= 0].tolist()) | {self.new_brands[name] for name in names if name in self.new_brands}

    def _are(self, items: frozenset[str], rows: slice | NDArray[np.integer]) -> Mask:
        wanted = self.index.rows_of(items)
        if not isinstance(rows, slice):
            return np.isin(rows, wanted)
        mask = np.zeros(len(self.index), dtype=np.bool_)
        mask[wanted] = True
        return mask[rows]


def _longer(column: NDArray[Any], n: int, value: float) -> NDArray[Any]:
    return np.concatenate([column, np.full(n, value, dtype=column.dtype)])


def _brand_code(bundle: Bundle, new: dict[str, int], name: str | None) -> int:
    if name is None:
        return _NOT_NAMED
    known = int(places(bundle.brand_names, [name])[0])
    return known if known >= 0 else new.setdefault(name, len(bundle.brand_names) + len(new))


def _among(codes: NDArray[np.integer], wanted: set[int]) -> Mask:
    """By one look into a table: a million codes take about a millisecond."""
    table = np.zeros(max([int(codes.max(initial=-1)), *wanted]) + 2, dtype=np.bool_)
    table[list(wanted)] = True  # the last place stands for -1
    found: Mask = table[codes]
    return found
