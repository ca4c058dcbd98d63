"""When quotas are made anew, and when not."""
