"""Files in and out of the registry: CSV and XLSX as sheets, rows as wishes, tables and workbooks."""
