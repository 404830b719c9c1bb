"""`pointsman up`, and the processes and services that commands start or find."""
