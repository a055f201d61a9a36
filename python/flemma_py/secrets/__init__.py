"""Where keys come from. Each place says why it had none, so that nobody has to guess what was tried."""
