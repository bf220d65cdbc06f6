"""Content labels: what is said in conversations and notes, each with the place where it is said."""
