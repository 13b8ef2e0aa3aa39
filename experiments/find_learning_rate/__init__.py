"""Find a learning rate for a config."""
