"""The towers beside every tuned baseline, on public logs, with seeds, intervals and tests.

Each system is fitted once for each seed and leaves lists, so that a comparison can be made again in minutes and stopped
and taken up at any place.
"""
