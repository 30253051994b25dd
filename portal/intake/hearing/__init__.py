"""What outside systems tell by themselves: checked, kept once, and followed by a question to the system itself."""
