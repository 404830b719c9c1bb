"""Floor 2: which departments take a ticket, decided by rules that ops own. Pure; opens no socket.

`ruleset` is what ops write, `parse` and `rules_yaml` are its two doors, `rulebook` is the form
that `decide` runs, and `lint` says what is wrong with it before it is saved.
"""
