"""Who addresses whom: networks out of records, their measures, their nulls."""
