"""Stage 1: each user's attributes and behaviour as compact text, with a way back to the events."""

from intentrec.profiles.build import build_profiles
from intentrec.profiles.config import ProfilesConfig
from intentrec.profiles.refresh import effective_as_of

__all__ = ["ProfilesConfig", "build_profiles", "effective_as_of"]
