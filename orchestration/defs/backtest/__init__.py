"""The proof in the release: the own history replayed, forecasts and rules scored, methods chosen."""
