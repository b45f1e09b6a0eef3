"""Packaging of zprl-env."""

from pathlib import Path

from setuptools import find_namespace_packages, setup

ROBOSUITE = ["robosuite==1.5.2", "mujoco>=3.3,<4", "h5py>=3.10"]
METAWORLD = ["metaworld>=3.0,<4"]
ADROIT = ["gymnasium-robotics>=1.4,<2"]
MINARI = ["minari>=0.5.3,<0.6"]
ZARR = ["zarr>=2.18,<4"]
ONNX = ["onnx>=1.17", "onnxruntime>=1.20", "onnxscript>=0.5", "torch>=2.7"]
ZOO = ["rl_zoo3>=2.9.2", "requests"]  # the latter for rl_zoo3.enjoy, which does not say so
REAL = ["ruckig>=0.14", "pydantic>=2", "fastapi>=0.110", "uvicorn>=0.29"]
HUB = ["huggingface_hub>=1.0"]
WANDB = ["wandb>=0.17"]
DOCS = ["furo>=2025.9", "myst-parser>=4", "sphinx>=8", "sphinx-copybutton>=0.5.2"]
SBX = ["sbx-rl>=0.22"]  # before that it ignores the discounts of n-step targets
DEV = [
    "hypothesis>=6.100",
    "minari[create]>=0.5.3,<0.6",  # the tests collect a dataset with it
    "mypy>=1.11",
    "pip>=23",
    "pytest>=8.2",
    "pytest-xdist>=3.6",
    "ruff>=0.8",
    "sb3-contrib>=2.7",
    "setuptools>=77",  # the tests build with it
    "types-PyYAML",
    "types-tqdm",
    *ZOO,
]

setup(
    name="zprl-env",
    version="0.1.0",
    description="Steer frozen robot policies with reinforcement learning in their latent space",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.10,<3.13",
    packages=[
        package
        for root in ("zprl_env", "policies", "real")
        for package in (root, *(f"{root}.{p}" for p in find_namespace_packages(root)))
        if "pretrained" not in package
    ],
    py_modules=["train_sb3"],
    entry_points={"console_scripts": ["zprl=zprl_env.__main__:main"]},
    package_data={
        "policies": ["pretrained/*/*"],
        "real": ["tasks/presets/*.yaml"],
        "zprl_env": ["py.typed", "experts/adroit/*.json", "hyperparams/*.yml"],
    },
    install_requires=[
        "filelock>=3.12",
        "gymnasium>=1.0",
        "h5py>=3.10",
        "imageio[ffmpeg]>=2.34",
        "matplotlib>=3.8",
        "mujoco>=3.3,<4",
        "numba>=0.59",
        "numpy>=1.26",
        "packaging",
        "pyyaml>=6",
        "rich>=13.7",
        "safetensors>=0.4.3",
        "scipy>=1.11",
        "sb3-contrib>=2.7",
        "stable-baselines3>=2.7",
        "tensorboard>=2.16",
        "torch>=2.4",
        "tqdm>=4.66",
        "tyro>=0.9",
    ],
    extras_require={
        "robosuite": ROBOSUITE,
        "metaworld": METAWORLD,
        "adroit": ADROIT,
        "minari": MINARI,
        "zarr": ZARR,
        "onnx": ONNX,
        "real": [*REAL, *ROBOSUITE],  # the simulated arms are robosuite's
        "hub": HUB,
        "zoo": ZOO,
        "wandb": WANDB,
        "sbx": SBX,  # not in all: it brings JAX
        "docs": DOCS,
        "dev": [*DEV, *DOCS],
        "all": [*ROBOSUITE, *METAWORLD, *ADROIT, *MINARI, *ZARR, *ONNX, *HUB, *REAL],
    },
)
