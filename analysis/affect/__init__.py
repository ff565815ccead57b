"""What is felt: alignment, recovery, dynamics, and who does as it is told."""
