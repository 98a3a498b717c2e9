"""The rules of suggested replies: what leaves the server, what may come back, and what a reply is still worth."""
