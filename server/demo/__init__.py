"""The demo's world: a simulated brokerage with its people, numbers and conversations, the same on every machine."""
