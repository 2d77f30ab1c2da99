"""What is measured of a network, a task or a text."""
