"""MultiMNIST: two overlapping images in one."""
