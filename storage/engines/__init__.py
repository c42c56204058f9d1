"""Engines that run the heavy pass from raw bill to rollup, one file each."""
