"""Floor 0: frozen values, errors, settings and text. Opens no socket, imports no other floor."""
