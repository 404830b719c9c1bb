"""Departments: who takes tickets."""
