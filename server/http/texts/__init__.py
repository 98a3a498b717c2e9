"""Conversations and the writing of texts."""
