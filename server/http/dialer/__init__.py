"""What a power dialer uses: the stream of events, webhooks, quick texts and calls."""
