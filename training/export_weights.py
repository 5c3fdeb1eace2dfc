"""Write the weights of a run as the package ships them: safetensors and ONNX, in half precision.

Prints the hashes that belong into the model's card::

    python training/export_weights.py --checkpoint run/checkpoint.pt --model prostate-zones \
        --window 20 112 112 --out model_weights/prostate-zones
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

from napari_medassist.models.networks.known import BUILDERS
from napari_medassist.models.weights import sha256_of


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store weights as float16; they are widened when the network is loaded."""
    graph = model.graph
    casts, stored = [], []
    for weights in graph.initializer:
        values = numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.size < 64:
            stored.append(weights)
            continue
        name = f"{weights.name}_half"
        stored.append(numpy_helper.from_array(values.astype(np.float16), name))
        casts.append(helper.make_node("Cast", [name], [weights.name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(stored)
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Read, convert and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--model", choices=sorted(BUILDERS), required=True)
    parser.add_argument(
        "--window",
        type=int,
        nargs=3,
        metavar=("Z", "Y", "X"),
        help="of the images that the network takes; without it only safetensors are written",
    )
    parser.add_argument("--channels", type=int, default=4)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    parts = torch.load(options.checkpoint, weights_only=True)
    # The weights of both files are the same numbers, rounded once.
    halves = {name: tensor.half().contiguous() for name, tensor in parts["average"].items()}
    net = BUILDERS[options.model]().eval()
    net.load_state_dict({name: tensor.float() for name, tensor in halves.items()})
    options.out.mkdir(parents=True, exist_ok=True)
    tensors = options.out / f"{options.model}.safetensors"
    save_file(halves, tensors)
    if options.window is None:
        print(f"{tensors.name}: {tensors.stat().st_size} bytes, SHA-256 {sha256_of(tensors)}")
        return
    network = options.out / f"{options.model}.onnx"
    example = torch.zeros(1, options.channels, *options.window)
    torch.onnx.export(
        net, (example,), network, input_names=["image"], output_names=["logits"], dynamo=False
    )
    onnx.save(halved(onnx.load(network)), network)
    for path in (network, tensors):
        print(f"{path.name}: {path.stat().st_size} bytes, SHA-256 {sha256_of(path)}")


if __name__ == "__main__":
    main()
