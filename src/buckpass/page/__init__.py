"""What people look at: figures, tables and the page (one grammar for page, dashboard and notebook)."""
