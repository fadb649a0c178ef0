"""Pages for people, under /explorer: a user's whole chain, items, releases, comparisons, and labels.

routes      all pages as one router
access      who may look, and from where
sessions    what the browser holds instead of a key
pages       templates, headers, files
"""
