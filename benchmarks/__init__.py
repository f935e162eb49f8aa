"""Tables of the paper and of this package; README.md beside this file tells how they are made."""
