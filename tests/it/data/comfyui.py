"""Writes the tables of ComfyUI's and Visionatrix's own answers that src/comfyui and src/vix are tested against.

Run with PyYAML 6.0.3 (6.0.4 gives the last of several merged mappings precedence, against YAML's rule) and a checkout of
each, which are only read; -P because of fnmatch.py beside this:
COMFYUI=… VISIONATRIX=… python3 -P tests/it/data/comfyui.py > tests/it/data/comfyui.json

`folders`: the folders of each type, in the order in which ComfyUI looks, without a yaml in the first row, then what each
yaml beside it changes of that; null where ComfyUI does not start. `worker`: the same inside a Visionatrix worker. `found`: whether a worker finds a model among
files, all of them right, and where it would put it. ROOT stands for the folder that all of it is in, with ROOT/ComfyUI (of
which ROOT/link is another name), ROOT/home, ROOT/disk (`$DISK`) and ROOT/Data (with Visionatrix's `models` and `output`).
"""

import ast
import asyncio
import atexit
import hashlib
import importlib
import itertools
import json
import logging
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from urllib.parse import urlparse

COMFYUI, VISIONATRIX = Path(os.environ["COMFYUI"]), Path(os.environ["VISIONATRIX"])
TYPES = [
    "audio_encoders", "background_removal", "checkpoints", "classifiers", "clip_vision", "configs", "controlnet", "detection",
    "diffusers", "diffusion_models", "embeddings", "frame_interpolation", "geometry_estimation", "gligen", "hypernetworks",
    "latent_upscale_models", "loras", "model_patches", "optical_flow", "photomaker", "style_models", "text_encoders",
    "upscale_models", "vae", "vae_approx", "ipadapter", "instantid", "sams", "ultralytics_bbox", "pulid", "birefnet", "mine",
]  # fmt: skip

YAMLS = [
    "a1111:\n",
    "a: {checkpoints: models/x}\n",
    "a:\n  base_path: ~/sd\n  vae: VAE/\n",
    "a:\n  vae: VAE\n  base_path: $DISK/sd\n",
    "a:\n  base_path: ${DISK}\n  vae: $DISK/$NOBODY\n",
    "a:\n  base_path: $NOBODY/x\n  vae: v\n",
    "a:\n  base_path: ''\n  vae: v\n",
    "a:\n  base_path: ../x\n  vae: ./v\n",
    "a:\n  base_path: ../../../../../../../../../../../../x\n  vae: v/../w//./\n",
    "a:\n  base_path: /x\n  vae: /abs\n  loras: ~/l\n",
    "a:\n  base_path: /x\n  loras: |\n    Lora\n    Ly CORIS  \n\n  unet: u\nb:\n  clip: /t\n",
    "a:\n  base_path: /x\n  loras: >\n    one\n    line\n",
    "a:\n  base_path: /x\n  loras: \"one\\ntwo\"\n",
    "a:\r\n  base_path: /x\r\n  loras: |\r\n    one\r\n    two\r\n",
    "a:\n  is_default: true\n  base_path: /d\n  vae: v\n  unet: u\n  diffusion_models: d\n  t2i_adapter: t\n",
    "a:\n  is_default: true\n  vae: /one\nb:\n  is_default: true\n  vae: /two\n",
    "a:\n  is_default: true\n  controlnet: models/t2i_adapter\n  text_encoders: models/text_encoders\n  loras: |\n    /l\n    /l\n",
    "a:\n  is_default: yes\n  vae: /v\n",
    "a:\n  is_default: 'no'\n  vae: /v\n",
    "a:\n  is_default: off\n  vae: /v\n",
    "a:\n  is_default: y\n  vae: /v\n",
    "a:\n  is_default: 0\n  vae: /v\n",
    "a:\n  is_default: 0.0\n  vae: /v\n",
    "a:\n  is_default: 0x10\n  vae: /v\n",
    "a:\n  is_default:\n  vae: /v\n",
    "a:\n  is_default: []\n  vae: /v\n",
    "a:\n  is_default: {x: y}\n  vae: /v\n",
    "a:\n  is_default: !!str false\n  vae: /v\n",
    # what PyYAML makes of twice the same key, and of merges
    "a:\n  vae: /one\n  loras: /l\n  vae: /two\n",
    "a:\n  vae: /one\na:\n  loras: /two\n",
    "a:\n  is_default: true\n  unet: /one\n  diffusion_models: /two\n  \"unet\": /three\n",
    "a: &a\n  base_path: /a\n  vae: v\nb:\n  <<: *a\n  base_path: /b\n  loras: l\n",
    "a: &a {base_path: /a, vae: v}\nb: &b {base_path: /b, loras: l}\nc:\n  <<: [*a, *b]\n  clip: t\n",
    "a: &a {vae: /a}\nb: &b {<<: *a, loras: /b}\nc:\n  vae: /c\n  <<: *b\n",
    "a: &a /shared\nb:\n  vae: *a\n  loras: *a\n",
    "<<: {a: {vae: /merged}}\nb: {loras: /l}\n",
    # types that only the yaml knows, and those of widespread node packs
    "a:\n  base_path: /p\n  mine: m\n  ipadapter: ip\n  ultralytics_bbox: bbox\n  sams: s\n",
    "a:\n  is_default: true\n  base_path: /p\n  mine: |\n    m\n    n\n",
    "a:\n  custom_nodes: /nodes\n  vae: /v\n  1: /one\n",
    # what it does not start with
    "a: [",
    "- a\n",
    "a: models\n",
    "a:\n  loras: [x, y]\n",
    "a:\n  loras:\n",
    "a:\n  base_path: 7\n  vae: v\n",
    "a:\n  base_path:\n  vae: v\n",
    "a:\n  vae: 2024-01-01\n",
    "a:\n  vae: 1_000\n",
    "a:\n  vae: 12:30\n",
    "a:\n  vae: yes\n",
    "a:\n  vae: 1.5\n",
    "a:\n  <<: 7\n  vae: /v\n",
    "a:\n  vae: !mine /v\n",
    "a:\n  vae: *nobody\n",
    "a: {vae: /v}\n---\nb: {vae: /w}\n",
    "a:\n\tvae: /v\n",
    "a:\n  vae: =\n",
    "a: {vae: /v, [x]: /w}\n",
    # folders that look like other things and are none
    "\ufeffa:\n  vae: /v\n",
    "a: []\nb: ''\nc: {vae: ''}\n",
    "a:\n  vae: 007a\n  loras: 1.2.3\n  clip: y\n  mine: 'true'\n",
]  # fmt: skip

# name, types, filename, expression for other names, the files that are there
FOUND = [
    ("checkpoints", "m.safetensors", None, []),
    ("checkpoints", "m.safetensors", None, ["Data/models/checkpoints/m.safetensors"]),
    ("checkpoints", "m.safetensors", None, ["ComfyUI/models/checkpoints/m.safetensors"]),
    ("checkpoints", "m.safetensors", None, ["Data/output/checkpoints/m.safetensors"]),
    ("checkpoints", "m.safetensors", None, ["ComfyUI/output/checkpoints/m.safetensors"]),
    ("checkpoints", "m.safetensors", None, ["Data/models/checkpoints/sub/m.safetensors"]),
    ("checkpoints", "m.safetensors", "m\\.safe", ["Data/models/checkpoints/sub/m.safetensors"]),
    ("checkpoints", "m.safetensors", "m\\.safe", ["Data/models/checkpoints/.hidden/m.safetensors"]),
    ("checkpoints", "m.safetensors", "m\\.safe", ["Data/models/checkpoints/1/2/3/4/5/6/7/8/9/10/11/12/m.safetensors"]),
    ("checkpoints", "m.safetensors", "other", ["Data/models/checkpoints/other.ckpt"]),
    ("checkpoints", "m.safetensors", "other", ["ComfyUI/models/checkpoints/deep/other.ckpt"]),
    ("checkpoints", "m.safetensors", "other", ["Data/models/loras/other.ckpt"]),
    ("embeddings", "m.pt", None, ["Data/models/embeddings/m.pt"]),
    ("embeddings", "m.pt", None, ["ComfyUI/models/embeddings/m.pt"]),
    ("gligen", "m.pt", None, ["Data/models/gligen/m.pt"]),
    ("hypernetworks", "m.pt", None, ["Data/models/hypernetworks/m.pt"]),
    ("model_patches", "m.pt", None, ["Data/models/model_patches/m.pt"]),
    ("audio_encoders", "m.pt", None, ["Data/models/audio_encoders/m.pt"]),
    ("classifiers", "m.pt", None, ["Data/models/classifiers/m.pt"]),
    ("configs", "m.yaml", None, ["Data/models/configs/m.yaml"]),
    ("configs", "m.yaml", None, ["ComfyUI/models/configs/m.yaml"]),
    ("text_encoders", "m.pt", None, ["Data/models/clip/m.pt"]),
    ("text_encoders", "m.pt", None, ["Data/models/text_encoders/m.pt"]),
    ("text_encoders", "m.pt", None, ["ComfyUI/models/clip/m.pt"]),
    ("text_encoders", "m.pt", None, ["Data/output/clip/m.pt"]),
    ("controlnet", "m.pt", None, ["Data/models/t2i_adapter/m.pt"]),
    ("controlnet", "m.pt", None, ["ComfyUI/models/t2i_adapter/m.pt"]),
    ("loras", "m.pt", None, ["Data/models/photomaker/m.pt"]),
    ("photomaker", "m.pt", None, ["Data/models/loras/m.pt"]),
    ("diffusion_models", "m.pt", None, ["Data/models/unet/m.pt"]),
    ("diffusion_models", "m.pt", None, ["ComfyUI/models/unet/m.pt"]),
    ("birefnet", "m.pt", None, ["Data/models/birefnet/m.pt"]),
    ("birefnet", "m.pt", None, []),
    ("ultralytics_bbox", "m.pt", None, ["ComfyUI/models/ultralytics/bbox/m.pt"]),
    ("ultralytics", "bbox/m.pt", None, ["Data/models/ultralytics/bbox/m.pt"]),
    ("clip,vae", "m.pt", None, ["Data/models/vae/m.pt"]),
    ("nobody,vae", "m.pt", None, []),
    ("", "insightface/m.onnx", None, ["Data/models/insightface/m.onnx"]),
    ("", "insightface/m.onnx", None, ["ComfyUI/models/insightface/m.onnx"]),
    ("", "insightface/m.onnx", "m\\.onnx", ["Data/models/anywhere/m.onnx"]),
    ("", "custom_nodes/pack/m.onnx", None, ["ComfyUI/custom_nodes/pack/m.onnx"]),
    ("", "custom_nodes/pack/m.onnx", "m\\.onnx", ["ComfyUI/custom_nodes/other/m.onnx"]),
    ("", "custom_nodes/pack/m.onnx", None, []),
]  # fmt: skip
CONTENT = b"a model"


def function(path, name, names):
    """A function of a file, as its authors wrote it, among other names than that file imports."""
    tree = ast.parse(path.read_text())
    found = [node for node in ast.walk(tree) if getattr(node, "name", None) == name]
    exec(compile(ast.Module(found[:1], []), str(path), "exec"), names)
    return names[name]


class World:
    """One folder with a ComfyUI and a worker's data, and ComfyUI's module of folders, loaded from there."""

    def __init__(self, yaml, through="ComfyUI"):
        self.root = Path(os.path.realpath(tempfile.mkdtemp()))
        atexit.register(shutil.rmtree, self.root)
        self.comfyui = self.root / "ComfyUI"
        (self.comfyui / "utils").mkdir(parents=True)
        for name in ["folder_paths.py", "utils/extra_config.py"]:
            shutil.copy(COMFYUI / name, self.comfyui / name)
        (self.comfyui / "main.py").touch()
        (self.root / "link").symlink_to("ComfyUI")
        if yaml is not None:
            (self.comfyui / "extra_model_paths.yaml").write_bytes(yaml.encode())
        os.environ |= {"HOME": str(self.root / "home"), "DISK": str(self.root / "disk")}
        self.args = SimpleNamespace(base_directory=None, models_directory=None, extra_model_paths_config=None,
                                    output_directory=None, input_directory=None, user_directory=None)  # fmt: skip
        sys.modules["comfy"] = ModuleType("comfy")
        sys.modules["comfy.cli_args"] = SimpleNamespace(args=self.args)
        sys.path.insert(0, str(self.root / through))
        for name in ["folder_paths", "utils", "utils.extra_config"]:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        self.paths = importlib.import_module("folder_paths")
        self.utils = importlib.import_module("utils.extra_config")
        sys.path.pop(0)
        self.through = through

    def start(self):
        """What ComfyUI's main.py does about folders."""
        utils = SimpleNamespace(extra_config=self.utils)
        names = {"os": os, "args": self.args, "folder_paths": self.paths, "utils": utils, "itertools": itertools,
                 "logging": logging, "__file__": str(self.root / self.through / "main.py")}  # fmt: skip
        function(COMFYUI / "main.py", "apply_custom_paths", names)()

    def start_worker(self):
        """What Visionatrix's `load` does about folders."""
        data = self.root / "Data"
        options = SimpleNamespace(MODELS_DIR=str(data / "models"), COMFYUI_DIR=str(self.comfyui))
        names = {"Path": Path, "options": options, "ComfyUIFolderPathDefinition": SimpleNamespace}
        wrapper = VISIONATRIX / "visionatrix" / "comfyui_wrapper.py"
        source = wrapper.read_text().replace("-> list[ComfyUIFolderPathDefinition]", "")
        (self.root / "wrapper.py").write_text(source)
        folders = function(self.root / "wrapper.py", "get_autoconfigured_model_folders_from", names)
        self.paths.models_dir = options.MODELS_DIR
        for one in folders(options.MODELS_DIR):
            self.paths.add_model_folder_path(one.folder_key, one.path, True)
        self.paths.set_output_directory(str(data / "output"))
        self.start()
        return options

    def folders(self):
        known = self.paths.folder_names_and_paths
        return {kind: [self.named(folder) for folder in known[kind][0]] for kind in TYPES if kind in known}

    def named(self, path):
        return str(path).replace(str(self.root), "ROOT")


def answers(yaml, start, through="ComfyUI"):
    world = World(yaml, through)
    try:
        start(world)
    except Exception:
        return None
    return world.folders()


def rows(start):
    """What each yaml changes, also of a ComfyUI that is reached through a link where that could make a difference."""
    plain = answers(None, start)
    yield {"yaml": None, "through": "ComfyUI", "folders": plain}
    for yaml in YAMLS:
        for through in ["ComfyUI", "link"] if "../" in yaml else ["ComfyUI"]:
            folders = answers(yaml, start, through)
            changed = folders and {kind: found for kind, found in folders.items() if found != plain.get(kind)}
            yield {"yaml": yaml, "through": through, "folders": changed}


async def nothing(*_, **__):
    return True


def found(types, filename, expression, files):
    world = World(None)
    options = world.start_worker()
    options.VIX_MODE, options.VIX_SERVER_FULL_MODELS = "WORKER", "1"
    for name in files:
        (world.root / name).parent.mkdir(parents=True, exist_ok=True)
        (world.root / name).write_bytes(CONTENT)
    model = SimpleNamespace(
        name="M", types=[kind for kind in types.split(",") if kind], filename=filename, url=f"https://huggingface.co/o/m/resolve/main/{filename}",
        hash=hashlib.sha256(CONTENT).hexdigest(), hashes={}, regexes=[{"input_value": expression}] if expression else [],
    )  # fmt: skip
    names = {
        "os": os, "re": re, "Path": Path, "asyncio": asyncio, "hashlib": hashlib, "builtins": __builtins__, "options": options,
        "urlparse": urlparse, "LOGGER": logging.getLogger("visionatrix"), "AIResourceModel": SimpleNamespace,
        "ModelProgressInstall": SimpleNamespace,
        "get_folder_names_and_paths": lambda: world.paths.folder_names_and_paths,
        "get_root_models_dir": lambda: world.paths.models_dir,
        "db_queries": SimpleNamespace(add_model_progress_install=nothing, reset_model_progress_install_error=nothing,
                                      update_model_mtime=nothing, update_model_progress_install=nothing),
    }  # fmt: skip
    package = VISIONATRIX / "visionatrix"
    possible = function(package / "models_map.py", "get_possible_paths_for_model", names)
    for name in ["_check_hash_sync", "check_hash", "check_model_file", "lookup_for_model_file_in_directory", "lookup_for_model_file"]:
        function(package / "models.py", name, names)
    exists = function(package / "models.py", "does_model_exist_in_fs", names)
    folder, name = possible(model)[0]
    return {
        "types": model.types, "filename": filename, "expression": expression, "files": files,
        "place": world.named(folder / name),
        "found": asyncio.run(exists(model, "a flow", None, delete_invalid=False)),
    }  # fmt: skip


def main():
    logging.disable()
    vars(__builtins__)  # a module here, as the functions of Visionatrix expect it
    tables = {"folders": rows(World.start), "worker": rows(World.start_worker), "found": (found(*row) for row in FOUND)}
    lines = {name: ",\n".join(json.dumps(row, sort_keys=True) for row in table) for name, table in tables.items()}
    print("{" + ",\n".join(f'"{name}": [\n{text}\n]' for name, text in lines.items()) + "}")


main()
