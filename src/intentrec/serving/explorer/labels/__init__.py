"""People judge what was written, one thing at a time, and see how far they agree.

subjects    what is judged, in an order that is the same for every rater
evidence    what a rater has to see of it
given       judgements, stored and not stored yet, and how far they agree
routes      the pages
"""
