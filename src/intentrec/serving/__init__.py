"""What the offline run wrote, for applications, shoppers and operators. No language model is in the request path.

bundle/        one release as files that are mapped into memory, opened in milliseconds
live/          what happened since: events, new items, edits, all durable before they are acknowledged
ranking/       lists from a bundle and what is live
api/           the REST API
explorer/      pages for people
experiments/   who gets which arm, what they were shown, and what it was worth
operations/    metrics, logs, traces
"""
