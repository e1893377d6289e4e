"""Dataset shift: a net that learned in one domain is tested in every one, as it is and with batch norm's statistics renewed."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from cnnviz.engine import data
from cnnviz.engine.again import copies, put
from cnnviz.engine.data.shapes import of_domain
from cnnviz.engine.evaluation import AT_ONCE, outputs
from cnnviz.engine.experiment import Data
from cnnviz.engine.objectives import accuracy
from cnnviz.engine.words import DOMAINS

PLACES = dict.fromkeys(("domain_accuracy", "domain_adapted"), DOMAINS)  # what a column's numbers are about


@torch.no_grad()
def by_domain(net: nn.Module, wanted: Data, seed: int, device: torch.device) -> dict[str, Tensor]:
    """domain_accuracy (domains,): share of right answers in the test set of each of DOMAINS, one image for one, only coloured
    otherwise. domain_adapted, for nets with batch norm: the same once its running statistics are those of that domain's test
    images, whose labels it does not see (AdaBN, Li et al. 2016). The net is left as it was, in training mode.
    """
    sets = [_tested(wanted, domain, seed, device) for domain in DOMAINS]
    columns = {"domain_accuracy": torch.stack([_accuracy(net, *found) for found in sets])}
    if any(isinstance(module, _BatchNorm) for module in net.modules()):
        columns["domain_adapted"] = torch.stack([_adapted(net, *found) for found in sets])
    return columns


@lru_cache(maxsize=2 * len(DOMAINS))
def _tested(wanted: Data, domain: str, seed: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """A domain's test images, scaled by the training set's figures, and their labels."""
    given = () if wanted.domain == "any" else (wanted.domain,)
    learned = data.load("shapes", wanted.train_examples, wanted.test_examples, seed, *given)
    images, labels = of_domain(wanted.test_examples, seed, 1, domain)
    inputs = data.scaled(images, learned.mean, learned.std)
    return torch.from_numpy(inputs).to(device), torch.from_numpy(labels).to(device)


def _accuracy(net: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    net.eval()
    logits = outputs(net, inputs)
    net.train()
    return accuracy(logits, labels)


def _adapted(net: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    """The accuracy with statistics that are the plain mean over batches of these inputs, all of nearly one size."""
    norms = [module for module in net.modules() if isinstance(module, _BatchNorm)]
    momenta, kept = [norm.momentum for norm in norms], copies(net.buffers())
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    for part in inputs.tensor_split(ceil(len(inputs) / AT_ONCE)):
        net(part)
    found = _accuracy(net, inputs, labels)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    put(net.buffers(), kept)
    return found
