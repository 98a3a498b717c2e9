"""The transactions T1–T5 and Lifeline's: what may be sent, what was, and what became of it."""
