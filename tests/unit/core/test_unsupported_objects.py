import pytest

from varde.core.unsupported import unsupported_object


def config_map(**annotations: str):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "annotations": annotations}}


@pytest.mark.parametrize(
    ("annotation", "value", "named"),
    [
        ("argocd.argoproj.io/hook", "PreSync", "argocd.argoproj.io/hook"),
        ("helm.sh/hook", "pre-install", "helm.sh/hook"),
        ("argocd.argoproj.io/sync-options", "Prune=false, Replace=true", "Replace=true"),
        ("argocd.argoproj.io/compare-options", "IgnoreExtraneous", "IgnoreExtraneous"),
    ],
)
def test_what_is_not_built_is_named_with_its_object(annotation: str, value: str, named: str):
    (refusal,) = unsupported_object(config_map(**{annotation: value}))
    assert "ConfigMap one" in refusal
    assert named in refusal


@pytest.mark.parametrize(
    "options", ["Prune=false", "Prune=confirm,Delete=false", "PruneLast=true", "ServerSideApply=true"]
)
def test_options_that_are_followed_pass(options: str):
    assert unsupported_object(config_map(**{"argocd.argoproj.io/sync-options": options})) == ()
