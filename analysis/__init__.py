"""Pure statistics: long tables and counts in, frozen dataclasses out. Imports no Django."""
