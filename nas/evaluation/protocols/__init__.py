"""Protocols of published figures: what a folder must hold, and how it is scored."""
