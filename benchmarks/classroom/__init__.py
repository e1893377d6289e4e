"""A class on one small machine: learners who open lessons, move sliders, train, watch and change pages, all at once."""
