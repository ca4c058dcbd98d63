"""The engine for size: exact whole-unit solves of single items, coordinated by prices of the shared rows.

Compiled with numba; nothing here is imported before a problem needs it.
"""
