"""How sure a number is, how far two agree, which of several models is ahead."""
