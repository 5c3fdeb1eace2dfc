"""The parts of a case by themselves: zones of an organ, labels of a map."""
