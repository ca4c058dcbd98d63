"""What can be promised to customers: availability over time, with every promise made so far kept."""
