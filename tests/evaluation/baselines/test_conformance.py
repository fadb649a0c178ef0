"""Every baseline against the kit that a user's own retriever is held against."""

from intentrec.evaluation.baselines import BM25, EASE, IALS, Content, ItemKNN, Popularity, Transitions, TwoTower
from intentrec.testing import RetrieverConformance


class TestPopularity(RetrieverConformance):
    least_right = 0.0

    def build(self):
        return Popularity(days=365)


class TestItemKNN(RetrieverConformance):
    def build(self):
        return ItemKNN()


class TestItemKNNInOrder(RetrieverConformance):
    def build(self):
        return ItemKNN(window=9, distance=0.0, decay=0.9, activity=0.5, backward=0.9)


class TestEASE(RetrieverConformance):
    def build(self):
        return EASE(regularisation=1.0)


class TestIALS(RetrieverConformance):
    def build(self):
        return IALS(factors=4, regularisation=0.01, alpha=10.0)


class TestBM25(RetrieverConformance):
    def build(self):
        return BM25(recent=20)


class TestContent(RetrieverConformance):
    def build(self):
        return Content(recent=20)


class TestTransitions(RetrieverConformance):
    def build(self):
        return Transitions()


class TestTransitionsOfTwoItems(RetrieverConformance):
    def build(self):
        return Transitions(near=5, far=1, before_near=3, before_far=1)


class TestTwoTower(RetrieverConformance):
    def build(self):
        return TwoTower(width=8, epochs=12, rate=0.03, batch=32)
