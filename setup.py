"""Packaging of zprl-env."""

import re
from pathlib import Path

from setuptools import find_namespace_packages, setup

HERE = Path(__file__).parent
CITATION = (HERE / "CITATION.cff").read_text(encoding="utf-8")


def cited(key: str) -> str:
    """Return what CITATION.cff says under a key; said once, there."""
    found = re.search(rf'^[ -]*{key}: "?([^"\n]+)"?$', CITATION, flags=re.MULTILINE)
    if found is None:
        raise SystemExit(f"CITATION.cff must have {key}.")
    return found[1]


ROBOSUITE = ["robosuite==1.5.2", "mujoco>=3.3,<4", "h5py>=3.10"]
METAWORLD = ["metaworld>=3.0,<4"]
ADROIT = ["gymnasium-robotics>=1.4,<2"]
MINARI = ["minari>=0.5.3,<0.6"]
ZARR = ["zarr>=2.18,<4"]
LEROBOT = ["pyarrow>=16,<26", "av>=14"]  # its data alone; pyarrow 26 needs NumPy 2
ONNX = ["onnx>=1.17", "onnxruntime>=1.20", "onnxscript>=0.5", "torch>=2.7"]
ZOO = [
    "optuna>=4",
    "pandas>=2.2,<3",  # --optimize-hyperparameters ends with a table of its trials
    "plotly>=5.20",  # and with pictures of them,
    "scikit-learn>=1.4",  # which weigh the settings
    "requests",  # for rl_zoo3.enjoy, which does not say so
    "rl_zoo3[plots]>=2.9.2",
]
REAL = ["ruckig>=0.14", "pydantic>=2", "fastapi>=0.110", "uvicorn>=0.29"]
CAMERAS = ["opencv-python-headless>=4.8"]  # USB cameras and files; robosuite brings another cv2
REALSENSE = ["pyrealsense2>=2.54"]
FRANKA = ["franky-control>=2,<3"]
UR = ["ur-rtde>=1.6"]
XARM = ["xarm-python-sdk>=1.15,<2"]
PUSHT = ["gym-pusht==0.1.8", "pymunk>=6.6,<7"]
HUB = ["huggingface_hub>=1.0"]
WANDB = ["wandb>=0.17"]
DOCS = ["furo>=2025.9", "myst-parser>=4", "sphinx>=8", "sphinx-copybutton>=0.5.2"]
HUMAN = ["pygame>=2.1.3"]  # gymnasium's windows, for render_mode="human"
GAMEPAD = ["pygame>=2.1.3"]
SPACEMOUSE = ["pyspacemouse>=2.1,<3"]  # and the hidapi of the system
CONSOLE = ["nicegui>=3.4,<4", *REAL]  # a page beside the arm
RERUN = ["rerun-sdk>=0.22,<0.23"]  # the newer ones need NumPy 2
SBX = ["sbx-rl>=0.22"]  # before that it ignores the discounts of n-step targets
RAY = ["ray[tune]>=2.40"]
RLLIB = ["ray[rllib]>=2.40"]  # whose newest versions ask for Gymnasium 1.2.2
TORCHRL = ["torchrl>=0.9"]  # brings a folder `benchmarks` of its own: not among DEV
DEV = [
    *FRANKA,
    *UR,
    *XARM,
    "franky-sim>=1.0.4,<2",  # speaks libfranka's protocol, as an arm does
    *CONSOLE,
    *RERUN,
    "playwright>=1.50",  # with the system's Chromium
    "hypothesis>=6.100",
    "minari[create]>=0.5.3,<0.6",  # the tests collect a dataset with it
    "mypy>=1.11",
    "pip>=23",
    "pytest>=8.2",
    "pytest-xdist>=3.6",
    "ruff>=0.8",
    "sb3-contrib>=2.7",
    "setuptools>=77",  # the tests build with it
    "psutil>=5.9",  # the tests look for processes that were left behind
    "types-PyYAML",
    "types-psutil",
    "types-tqdm",
    *RAY,
    *("dm-tree", "lz4", "ormsgpack"),  # what RLlib needs besides, with any Gymnasium
    *ZOO,
]

setup(
    name="zprl-env",
    version=cited("version"),
    description="Steer frozen robot policies with reinforcement learning in their latent space",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=cited("name"),
    license=cited("license"),
    license_files=["LICENSE"],
    keywords=re.findall(r"^  - ([a-z ]+)$", CITATION, flags=re.MULTILINE),
    # The address of the paper is the only public one that there is to give.
    project_urls={"Paper": cited("url")},
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Natural Language :: English",
        "Operating System :: MacOS",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    python_requires=">=3.10,<3.13",
    packages=[
        package
        for root in ("zprl_env", "policies", "real")
        for package in (root, *(f"{root}.{p}" for p in find_namespace_packages(root)))
        if "pretrained" not in package and "shipped" not in package
    ],
    py_modules=["train_sb3"],
    entry_points={
        "console_scripts": [
            "zprl=zprl_env.__main__:main",
            "zprl-train=train_sb3:main",
            "zprl-evaluate=zprl_env.evaluate:main",
            "zprl-doctor=zprl_env.doctor.__main__:main",
        ]
    },
    package_data={
        "policies": ["pretrained/*/*"],
        "real": ["tasks/presets/*.yaml", "tasks/models/*.xml", "console/web/static/*"],
        "zprl_env": [
            "py.typed",
            "experts/adroit/*.json",
            "hyperparams/*.yml",
            "deploy/shipped/*/*",
        ],
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
        "pillow>=10.1",  # of which the captions of films have their font
        "pydantic>=2",
        "pyyaml>=6",
        "rich>=13.7",
        "safetensors>=0.4.3",
        "scipy>=1.11",
        "sb3-contrib>=2.7",
        "stable-baselines3>=2.7",
        "tensorboard>=2.16",
        "torch>=2.4",
        "tqdm>=4.66",
        "tyro>=1.0",
    ],
    extras_require={
        "robosuite": ROBOSUITE,
        "metaworld": METAWORLD,
        "adroit": ADROIT,
        "minari": MINARI,
        "zarr": ZARR,
        "lerobot": LEROBOT,
        "onnx": ONNX,
        "real": [*REAL, *ROBOSUITE],  # the simulated arms are robosuite's
        "cameras": CAMERAS,
        "pusht": PUSHT,
        "franka": FRANKA,
        "ur": UR,
        "xarm": XARM,
        "realsense": REALSENSE,  # not in all: there is none for some machines
        "hub": HUB,
        "zoo": ZOO,
        "wandb": WANDB,
        "human": HUMAN,
        "gamepad": GAMEPAD,
        "spacemouse": SPACEMOUSE,
        "console": CONSOLE,
        "rerun": RERUN,
        "sbx": SBX,  # not in all: it brings JAX
        "ray": RAY,  # not in all: it is large
        "rllib": RLLIB,
        "torchrl": TORCHRL,
        "docs": DOCS,
        "dev": [*DEV, *DOCS],
        "all": [
            *(*ROBOSUITE, *METAWORLD, *ADROIT, *MINARI, *ZARR, *ONNX, *HUB, *REAL, *HUMAN),
            *(*CAMERAS, *LEROBOT, *PUSHT),
        ],
    },
)
