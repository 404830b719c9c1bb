"""The rules, as a list that is edited as one draft and saved once."""
