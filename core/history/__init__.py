"""Tickets of the past: how exports of helpdesks are read, row by row, into labelled tickets."""
