"""What networks read: the text and the recall tasks."""
