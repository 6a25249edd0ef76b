"""The inbox on a machine of one's own: a table of SQLite or Postgres, and durable workflows over it."""
