"""What the other engines' programs are built from: small modules that require theirs, as ``varde.local`` does it."""

from pathlib import Path

from varde.local.program_sources import Source, required

__all__ = ["argocd", "kustomize_controller"]

MODULES = Path(__file__).with_name("programs")
GO_LOCK = MODULES / "go-requirements.txt"
ARGOCD = "github.com/argoproj/argo-cd/v3"
KUSTOMIZE_CONTROLLER = "github.com/fluxcd/kustomize-controller"


def argocd() -> Source:
    """Argo CD's one program under the names of its parts, the manifest that installs it, and a script that it runs."""
    version = required(MODULES / "argocd", ARGOCD)
    return Source(
        name="argocd",
        module=MODULES / "argocd",
        version=version,
        package=f"{ARGOCD}/cmd",
        programs=("argocd-application-controller", "argocd-repo-server", "argocd-server"),
        ldflags=f"-s -w -X {ARGOCD}/common.version={version.removeprefix('v')}",
        go_lock=GO_LOCK,
        files=("manifests/install.yaml", "hack/git-verify-wrapper.sh"),
    )


def kustomize_controller() -> Source:
    """Flux's controller of Kustomizations, and their CRD."""
    return Source(
        name="kustomize-controller",
        module=MODULES / "kustomize-controller",
        version=required(MODULES / "kustomize-controller", KUSTOMIZE_CONTROLLER),
        package=KUSTOMIZE_CONTROLLER,
        programs=("kustomize-controller",),
        go_lock=GO_LOCK,
        files=("config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml",),
    )
