"""NYUv2 and Cityscapes: folders of arrays, one value for every pixel."""
