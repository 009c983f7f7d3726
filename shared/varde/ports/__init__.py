"""What the decisions need of the world, as protocols."""
