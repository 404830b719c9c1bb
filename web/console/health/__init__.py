"""Whether all is well: processes, queue, accuracy, drift, quarantine."""
