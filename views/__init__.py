"""What is said: domain objects in, messages, views and pictures out. Pure: no database, clock or Slack."""
