"""What people did to the segments' stock, where it stands now, and answers about it."""
