"""What is offered when a chat has gone back: one module each, as `OFFER` (see `rewind.Offer`)."""
