"""One release as files that are mapped into memory, so that it is open in milliseconds and shared by all processes.

bundles/RELEASE-DIGEST/     made in a hidden neighbour, complete before it gets its name, never changed afterwards
  meta.json                 what it is and how long its files are; written last
  items.ids|vectors|lengths|categories|brands|prices, brands     one row an item, ids ascending
  items.heads, items.more   one JSON object an item: what lists say of it, and what only its own page says
  items.text, sketch.*      text vectors of titles, and a short form of them, for items that come in later
  index/                    what searches the vectors; the lists of an ivf stay on the disk
  users.ids|vectors|events  one row a user with events, ids ascending
  users.lists               each user's stored list as the bytes of its entries
  users.about, others.*     profile, interests and tags as JSON; users with attributes only
  seen.*, history.*         items that each user had, and latest events
  placed.*                  who gets an item: places in stored lists by item
  tags.*, popular.*         distinct tags with their vectors; what strangers get
  explanations.*            sentences by the hash of interest and item
  memory.*                  pairs of items, where the towers have them
  towers/                   the trained towers, for histories and words that are newer than the release

An array is one `.npy` file. Rows of different lengths are two: NAME.starts.npy, and NAME.values.npy or NAME.bin. The
digest names the release's tables, artefacts and inputs, so that an erasure makes another bundle; the old one is deleted
by whoever erased. A process keeps what it has mapped until it lets go, also after the files are deleted.
"""

from intentrec.serving.bundle.about import About
from intentrec.serving.bundle.bundle import Bundle
from intentrec.serving.bundle.export import bundle_of, export_bundle
from intentrec.serving.bundle.layout import Meta
from intentrec.serving.bundle.lists import StoredList
from intentrec.serving.bundle.timeline import Timeline

__all__ = ["About", "Bundle", "Meta", "StoredList", "Timeline", "bundle_of", "export_bundle"]
