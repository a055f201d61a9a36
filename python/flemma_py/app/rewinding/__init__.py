"""What tools do to files, written down while they run, and taken back when the user goes back in a chat."""
