"""The listener: reads the head of each request and hands it to the layer that serves it."""
