"""Threadline: a self-hosted, real-time SMS server for sales teams."""
