"""Files as they lie on the disk: unpacked, decoded, recognised by their content, read record by record."""
