"""Answers to customers from the last release and what happened since: quotes, wishes, single units."""
