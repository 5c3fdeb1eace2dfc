"""Two label maps compared: voxel level and lesion level side by side."""
