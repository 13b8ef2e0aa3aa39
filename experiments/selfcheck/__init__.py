"""Long checks of the whole."""
