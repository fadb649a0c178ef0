"""SASRec, eSASRec and BERT4Rec through RecTools, in an environment of their own.

RecTools pins versions that clash with ours, so `worker/` runs under another Python, and everything between the two is
Parquet and JSON. Nothing here may import at the top what only one of the two environments has.
"""
