"""What `./run` and `./test` are made of, and tools for people who work on Threadline."""
