"""Texts in bulk: a text that a person sends to many at once from People."""
