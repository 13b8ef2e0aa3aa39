"""MovieLens: ratings of films."""
