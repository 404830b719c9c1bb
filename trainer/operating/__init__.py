"""From raw scores to probabilities and predictions: calibration, thresholds, goals."""
