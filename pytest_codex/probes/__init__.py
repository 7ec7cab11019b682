"""What is asked of a target, and how it is asked once."""
