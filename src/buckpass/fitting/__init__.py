"""Many crises: rival explanations fitted to the record, and asked (model §4)."""
