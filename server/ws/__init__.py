"""The real-time protocol: frames, topics, connections, presence."""
