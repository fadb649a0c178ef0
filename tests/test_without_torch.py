"""What a reader of a release needs works where torch is not installed."""

import subprocess
import sys

BLOCKED = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

sys.meta_path.insert(0, Missing())
import intentrec.cli, intentrec.config, intentrec.pipeline.evaluation, intentrec.pipeline.recommender
from intentrec.errors import MissingExtra
try:
    from intentrec.towers import fit
except MissingExtra as error:
    print(error)
"""


def test_settings_commands_and_serving_are_read_without_torch_and_training_names_what_to_install():
    done = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=True)
    assert "torch" in done.stdout
    assert "pip install" in done.stdout
