"""Who makes suggested replies: a model behind an API, or what the team itself has said."""
