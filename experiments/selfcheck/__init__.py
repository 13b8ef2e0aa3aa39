"""Long checks of whole programs."""
