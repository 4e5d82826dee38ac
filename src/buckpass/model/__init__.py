"""What is estimated: terms, mechanisms, and the likelihood of the record under any combination of them (model §4)."""
