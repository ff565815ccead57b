"""Ratios in one run against a named peer or a bare loop; never timed tests."""
