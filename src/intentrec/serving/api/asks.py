"""How requests say which list they want."""

from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, create_model

from intentrec.serving.api.fields import Id, Parameters, Price, Share, Text, Whole
from intentrec.serving.ranking import Ask, Filters

Diversity = Annotated[float, Field(ge=0.0, le=10.0, allow_inf_nan=False)]
_ALL = Filters()
_NARROWING = frozenset({"category", "not_category", "brand", "min_price", "max_price", "item", "not_item"})


class ListOptions(BaseModel):
    """What any list can be told."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    k: Whole = Field(10, ge=1)
    """Most entries. The setting serving.max_k bounds it."""
    include_viewed: bool = False
    """Also items that the user has had."""
    category: list[Text] = Field(default_factory=list, max_length=1000)
    """The only categories; may be given several times. An item without a category does not pass."""
    not_category: list[Text] = Field(default_factory=list, max_length=1000)
    """Categories that do not come; may be given several times."""
    brand: list[Text] = Field(default_factory=list, max_length=1000)
    """The only brands; may be given several times. An item without a brand does not pass."""
    min_price: Price | None = None
    """Lowest price, inclusive. An item without a price does not pass."""
    max_price: Price | None = None
    """Highest price, inclusive. An item without a price does not pass."""
    item: list[Id] = Field(default_factory=list, max_length=10_000)
    """The only items, e.g. those in stock; may be given several times."""
    not_item: list[Id] = Field(default_factory=list, max_length=10_000)
    """Items that do not come; may be given several times."""
    beta: Share | None = None
    """Weight of what the user did against what the tags say, 0 to 1; the fitted one by default. Ranks anew."""
    diversity: Diversity | None = None
    """How much variety the first places get, 0 for none; the release's own by default. Ranks anew."""
    explain: bool = True
    """Whether entries carry parts of the score, tag, interest and reason, or only item_id, title and score."""

    def ask(self) -> Ask:
        """The same for a ranking."""
        return self.asked

    @cached_property
    def asked(self) -> Ask:
        """See `ask`."""
        return Ask(
            k=self.k,
            filter_viewed=not self.include_viewed,
            filters=self._filters() if self.model_fields_set & _NARROWING else _ALL,
            beta=self.beta,
            diversity=self.diversity,
            explain=self.explain,
        )

    def _filters(self) -> Filters:
        return Filters(
            categories=_only(self.category),
            not_categories=frozenset(self.not_category),
            brands=_only(self.brand),
            min_price=self.min_price,
            max_price=self.max_price,
            items=_only(self.item),
            not_items=frozenset(self.not_item),
        )


class ListQuery(ListOptions, Parameters):
    """List options behind the `?`."""


class ChannelQuery(ListQuery):
    """List options and the channel."""

    channel: Text
    """user (what the user's vector is near to), tag (what the tags are near to), memory (what goes with items that the
    user had), popular, and encoder where a release has one."""


def up_to(model: type[BaseModel], max_k: int) -> type[BaseModel]:
    """The model of list options with the bound of this server's settings."""
    field = model.model_fields["k"]
    bounded = Field(field.default, ge=1, le=max_k, description=field.description)
    return create_model(model.__name__, __base__=model, __doc__=model.__doc__, k=(Whole, bounded))


def _only(names: list[str]) -> frozenset[str] | None:
    return frozenset(names) if names else None
