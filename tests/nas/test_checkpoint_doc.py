"""docs/checkpoint.md is enough to read a checkpoint, and the names in it do not change."""

import json
import re
import runpy
from pathlib import Path

import pytest
import torch

from nas.checkpoint import load_model, save_model
from nas.space.network import BUILT_IN, build

ROOT = Path(__file__).parents[2]
GOLDEN = json.loads((ROOT / "tests/golden/model_keys.json").read_text())


def of_golden(name):
    return build(GOLDEN[name]["arch"], GOLDEN[name]["width"])


def lively(net, seed=0):
    """All weights drawn: a fresh network passes its input on, whatever its cells do."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                value.uniform_(*((0.5, 1.5) if "var" in name else (-0.4, 0.4)), generator=draw)
    return net.eval()


@pytest.fixture(scope="module")
def loader(tmp_path_factory):
    """What the page's first code block defines; it imports nothing of ours."""
    code = re.findall(r"```python\n(.*?)```", (ROOT / "docs/checkpoint.md").read_text(), re.S)[0]
    assert not re.search(r"import (nas|blurkit)|from (nas|blurkit)", code)
    file = tmp_path_factory.mktemp("page") / "loader.py"
    file.write_text(code)
    return runpy.run_path(str(file))["load"]


@pytest.mark.parametrize("name", GOLDEN)
def test_names_shapes_and_types_of_tensors_stay(name):
    tensors = of_golden(name).state_dict()
    found = {k: [str(v.dtype).removeprefix("torch."), list(v.shape)] for k, v in tensors.items()}
    assert found == GOLDEN[name]["tensors"]


def test_the_golden_genotype_has_every_operation_and_fusion():
    from nas.space.genotype import FUSION_NAMES, OPERATION_NAMES

    arch = GOLDEN["genotype"]["arch"]
    assert {name for cell in arch["cells"].values() for name in cell} == set(OPERATION_NAMES)
    assert set(arch["fusions"].values()) == set(FUSION_NAMES)


@pytest.mark.parametrize("arch", ["genotype", *BUILT_IN])
@pytest.mark.parametrize("half", [False, True])
def test_the_page_alone_rebuilds_the_network(arch, half, loader, tmp_path):
    arch = GOLDEN["genotype"]["arch"] if arch == "genotype" else arch
    path = tmp_path / "model.safetensors"
    info = {"name": "n", "arch": arch, "width": 2, "scales": [1, 2], "window": 64}
    save_model(path, lively(build(arch, 2)), info, half=half)
    ours, _ = load_model(path)
    theirs, about = loader(path)
    image = torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(theirs(image), ours(image), atol=1e-4, rtol=1e-4)
        assert (ours(image) - image).abs().max() > 1e-3
    assert (about["scales"], about["window"]) == ([1, 2], 64)


def test_the_shipped_network_follows_the_page(loader):
    from nas.checkpoint import SHIPPED

    ours, _ = load_model()
    theirs, about = loader(SHIPPED)
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(theirs(image), ours(image), atol=1e-4, rtol=1e-4)
    page = (ROOT / "docs/checkpoint.md").read_text()
    assert all(f"`{key}`" in page for key in about)
