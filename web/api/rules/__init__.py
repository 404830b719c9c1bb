"""Rules as ops edit them: revisions, lint, dry run, backtest, and the departments they name."""
