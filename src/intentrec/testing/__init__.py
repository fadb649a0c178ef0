"""A kit that any retriever can be held against, ours and yours.

    from intentrec.testing import RetrieverConformance

    class TestMine(RetrieverConformance):
        def build(self):
            return MyRetriever()

Needs nothing but the retriever; run it with pytest. Every promise is one test: columns, order and ranks, both filters,
strangers, lists that begin longer ones, answers that do not depend on who else is asked for, and a planted world in
which the right item is known. A retriever with `with_histories` is held to that, too. Where a system is not personal,
say `least_right = 0.0` in the class.
"""

from intentrec.testing.conformance import RetrieverConformance, ServesHistories
from intentrec.testing.worlds import World, checkerboard

__all__ = ["RetrieverConformance", "ServesHistories", "World", "checkerboard"]
