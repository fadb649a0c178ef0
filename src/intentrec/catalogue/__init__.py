"""What the system makes of each item: a short name, a tag phrase, a category, and the pool of candidate interests."""

from intentrec.catalogue.build import CatalogueResult, build_catalogue, extend_catalogue
from intentrec.catalogue.config import CatalogueConfig
from intentrec.catalogue.refresh import catalogue_as_of

__all__ = ["CatalogueConfig", "CatalogueResult", "build_catalogue", "catalogue_as_of", "extend_catalogue"]
