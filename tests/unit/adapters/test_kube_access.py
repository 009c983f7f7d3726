"""Reading kubeconfigs and cluster Secrets."""

import base64
import json
import math
from pathlib import Path

import pytest

from varde.adapters.kube.access import Access, from_cluster_secret, from_kubeconfig, from_pod
from varde.errors import Terminal
from varde.model.cluster import Cluster, ClusterConfig, ExecProviderConfig, TLSClientConfig


def written(folder: Path, cluster: dict[str, object], user: dict[str, object], current: str = "it") -> Path:
    path = folder / "kubeconfig"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current,
        "contexts": [{"name": "it", "context": {"cluster": "c", "user": "u", "namespace": "web"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://k8s.test:6443/", **cluster}}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(json.dumps(document))
    return path


def read(folder: Path, cluster: dict[str, object], user: dict[str, object]) -> Access:
    return from_kubeconfig(written(folder, cluster, user))


def test_a_token_becomes_a_header(tmp_path: Path) -> None:
    access = read(tmp_path, {"insecure-skip-tls-verify": True}, {"token": "t0ken"})
    assert access.server == "https://k8s.test:6443"
    assert access.headers == (("Authorization", "Bearer t0ken"),)
    assert access.tls.insecure
    assert math.isinf(access.fresh_for_s)


def test_a_token_file_is_read_again_after_a_minute(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("first\n")
    access = read(tmp_path, {}, {"tokenFile": "token"})
    assert access.headers == (("Authorization", "Bearer first"),)
    assert access.fresh_for_s == 60.0


def test_certificates_are_taken_from_data_or_from_files_beside_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"authority")
    encoded = {name: base64.b64encode(name.encode()).decode() for name in ("certificate", "key")}
    access = read(
        tmp_path,
        {"certificate-authority": "ca.pem", "tls-server-name": "kubernetes"},
        {"client-certificate-data": encoded["certificate"], "client-key-data": encoded["key"]},
    )
    assert (access.tls.authority, access.tls.certificate, access.tls.key) == (b"authority", b"certificate", b"key")
    assert access.server_name == "kubernetes"


def test_a_name_and_password_become_a_header(tmp_path: Path) -> None:
    access = read(tmp_path, {}, {"username": "ann", "password": "pw"})
    assert access.headers == (("Authorization", "Basic " + base64.b64encode(b"ann:pw").decode()),)


PLUGIN = """#!/bin/sh
echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "'$GREETING'"}}'
"""


def plugin(folder: Path) -> str:
    path = folder / "plugin"
    path.write_text(PLUGIN)
    path.chmod(0o700)
    return str(path)


def test_an_exec_plugin_is_run(tmp_path: Path) -> None:
    run = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": plugin(tmp_path),
        "env": [{"name": "GREETING", "value": "hello"}],
        "interactiveMode": "Never",
    }
    access = read(tmp_path, {}, {"exec": run})
    assert access.headers == (("Authorization", "Bearer hello"),)
    assert access.fresh_for_s < math.inf


def test_a_cluster_secret_has_its_own_exec_plugin_and_trust(tmp_path: Path) -> None:
    config = ClusterConfig(
        exec_provider_config=ExecProviderConfig(command=plugin(tmp_path), env={"GREETING": "there"}),
        tls_client_config=TLSClientConfig(ca_data=b"authority", server_name="other"),
    )
    access = from_cluster_secret(Cluster(name="far", server="https://far.test", config=config))
    assert access.headers == (("Authorization", "Bearer there"),)
    assert access.tls.authority == b"authority"
    assert access.server_name == "other"


def test_a_cluster_secret_with_what_is_not_built_names_the_way_out() -> None:
    config = ClusterConfig(aws_auth_config={"clusterName": "far"})
    with pytest.raises(Terminal, match="far: awsAuthConfig is not supported; use execProviderConfig"):
        from_cluster_secret(Cluster(name="far", server="https://far.test", config=config))


def test_a_context_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, {}, {}, current="other")
    with pytest.raises(Terminal, match=r"kubeconfig .* has no entry 'other'"):
        from_kubeconfig(path)


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match="nowhere cannot be used"):
        from_kubeconfig(tmp_path / "nowhere")


def test_outside_a_pod_the_missing_setting_is_named() -> None:
    with pytest.raises(Terminal, match="set VARDE_KUBECONFIG"):
        from_pod()
