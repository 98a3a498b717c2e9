"""Saved texts and their folders."""
