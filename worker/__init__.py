"""Floor 3: the process that decides tickets. One device, one process, one pipeline of threads."""
