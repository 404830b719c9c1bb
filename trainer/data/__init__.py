"""Labelled tickets as rows, and how they are dealt out."""
