"""A kit that any retriever can be held against, ours and yours.

    from intentrec.testing import RetrieverConformance

    class TestMine(RetrieverConformance):
        def build(self):
            return MyRetriever()

Needs nothing but the retriever; run it with pytest.
"""

from intentrec.testing.conformance import RetrieverConformance
from intentrec.testing.worlds import World, checkerboard

__all__ = ["RetrieverConformance", "World", "checkerboard"]
