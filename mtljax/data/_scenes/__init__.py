"""Generated scenes: class, box, segmentation, depth."""
