"""Experiments against simulation: false alarms, lifts, mismatches and guardrails that are planted."""
