"""How every result reaches its reader: tables, one interval, files written whole. The lowest room: it imports no other."""
