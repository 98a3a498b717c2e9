"""The limiter: who may send how many segments, and when."""
