"""A codebook's next version as it is, for audits that move on."""

from labeling.codebooks import read_modes, write_modes
from labeling.models import Codebook


def clone_version(old: Codebook) -> Codebook:
    new = Codebook.objects.create(project=old.project, name=old.name, version=old.version + 1)
    write_modes(new, read_modes(old))
    return new
