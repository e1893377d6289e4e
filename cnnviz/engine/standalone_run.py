"""The last cells of `standalone`: what is run. A sweep has a `main` of its own, which `sweep_source` writes.

The script has the imports and names of `standalone`: those below are for checkers.
"""

from __future__ import annotations

import torch

from cnnviz.engine.standalone import DOMAIN, THREADS, VARIANTS, Variant, print_figures, train  # noqa: F401
from cnnviz.engine.standalone_data import examples
from cnnviz.engine.standalone_dropout import averaged
from cnnviz.engine.standalone_results import results


# %% What is compared
def variants() -> dict[str, Variant]:  # if sweep
    """The networks that are compared; `sweep_source` writes the function that a script has."""  # if sweep
    return VARIANTS  # if sweep


def main() -> None:
    """Train every variant on the same batches, and print what each is judged by."""  # if single
    """Average every variant's net over masks."""  # if dropout_masks
    global DOMAIN  # if domain
    torch.set_num_threads(THREADS)
    learned, tested = examples()  # if one_domain
    for name, variant in VARIANTS.items():
        DOMAIN = variant.domain  # if domain
        learned, tested = examples()  # if domain
        trained = train(name, variant, learned, tested)  # if single or sweep
        if trained is not None:  # if single
            print_figures(name, results(variant, trained))  # if single
        print_figures(name, averaged(variant, *learned))  # if dropout_masks


# %% Run
if __name__ == "__main__":
    main()
