"""From files to scored studies: finding files, grouping them, and the steps in order."""
