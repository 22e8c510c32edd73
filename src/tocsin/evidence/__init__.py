"""Evidence: custody, analysis runs and detections."""
