"""Texts to many."""
