from intentrec.serving.bundle.about import About
from intentrec.serving.bundle.bundle import Bundle
from intentrec.serving.bundle.export import bundle_of, export_bundle
from intentrec.serving.bundle.layout import Meta
from intentrec.serving.bundle.lists import StoredList
from intentrec.serving.bundle.timeline import Timeline

__all__ = ["About", "Bundle", "Meta", "StoredList", "Timeline", "bundle_of", "export_bundle"]
