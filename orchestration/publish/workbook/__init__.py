"""The Excel workbook of a release: exceptions first, decisions to fill in, every column explained."""
