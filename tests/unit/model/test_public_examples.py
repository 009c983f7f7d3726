"""Objects as Argo CD's public guides have teams write them."""

import yaml

from varde.model.application import Application
from varde.model.applicationset import ApplicationSet
from varde.model.meta import decode
from varde.model.project import AppProject

GUESTBOOK = """
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: guestbook
  namespace: argocd
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec:
  project: default
  source:
    repoURL: https://git.example.com/examples/apps.git
    targetRevision: HEAD
    path: guestbook
  destination: {server: https://kubernetes.default.svc, namespace: guestbook}
  syncPolicy:
    automated: {prune: true, selfHeal: true}
    syncOptions: [CreateNamespace=true, PrunePropagationPolicy=foreground, PruneLast=true]
    managedNamespaceMetadata: {labels: {any: label}, annotations: {the: same}}
    retry:
      limit: 5
      backoff: {duration: 5s, factor: 2, maxDuration: 3m}
  ignoreDifferences:
  - {group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}
  - {kind: ConfigMap, jqPathExpressions: ['.data["config.yaml"].auth']}
  - {group: "*", kind: "*", managedFieldsManagers: [kube-controller-manager]}
  info: [{name: "url:", value: https://guestbook.example.com}]
  revisionHistoryLimit: 10
"""

PROJECT = """
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: shop, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}
spec:
  description: The shop
  sourceRepos: ["*", "!https://git.example.com/secret/**"]
  destinations:
  - {namespace: guestbook, server: https://kubernetes.default.svc, name: in-cluster}
  - {namespace: "!kube-system", server: "*"}
  clusterResourceWhitelist: [{group: "", kind: Namespace, name: shop-*}]
  namespaceResourceBlacklist: [{group: "", kind: ResourceQuota}]
  namespaceResourceWhitelist: [{group: apps, kind: Deployment}]
  orphanedResources: {warn: false}
  roles:
  - name: ci
    description: Syncs from CI
    policies: ["p, proj:shop:ci, applications, sync, shop/guestbook, allow"]
    groups: [my-oidc-group]
    jwtTokens: [{iat: 1535390316}]
  syncWindows:
  - {kind: allow, schedule: "10 1 * * *", duration: 1h, applications: ["*-prod"], timeZone: Europe/Oslo}
  sourceNamespaces: [shop-*]
"""

PAIRS = """
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: pairs, namespace: argocd}
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
  - matrix:
      generators:
      - git:
          repoURL: https://git.example.com/examples/apps.git
          revision: HEAD
          directories: [{path: addons/*}, {path: addons/old, exclude: true}]
      - merge:
          mergeKeys: [server]
          generators:
          - clusters: {selector: {matchLabels: {env: prod}}, values: {tier: gold}}
          - list: {elements: [{server: https://a, tier: silver}]}
  strategy:
    type: RollingSync
    rollingSync:
      steps: [{matchExpressions: [{key: env, operator: In, values: [dev]}], maxUpdate: 25%}, {maxUpdate: 1}]
  template:
    metadata: {name: "{{.path.basename}}-{{.name}}"}
    spec:
      project: default
      source: {repoURL: https://git.example.com/examples/apps.git, targetRevision: HEAD, path: "{{.path.path}}"}
      destination: {server: "{{.server}}", namespace: "{{.path.basename}}"}
"""


def test_the_guestbook_with_all_the_options_of_the_guide_is_read():
    app = decode(yaml.safe_load(GUESTBOOK), Application)
    assert str(app.key) == "argocd/guestbook"
    assert app.spec.all_sources[0].path == "guestbook"
    assert app.spec.sync_policy.retry.backoff.max_duration == "3m"
    assert app.spec.ignore_differences[1].jq_path_expressions == ('.data["config.yaml"].auth',)


def test_a_project_with_all_the_rules_of_the_guide_is_read():
    spec = decode(yaml.safe_load(PROJECT), AppProject).spec
    assert spec.destinations[1].namespace == "!kube-system"
    assert spec.roles[0].jwt_tokens[0].iat == 1535390316
    assert spec.sync_windows[0].time_zone == "Europe/Oslo"
    assert spec.orphaned_resources.warn is False


def test_a_merge_within_a_matrix_is_read():
    spec = decode(yaml.safe_load(PAIRS), ApplicationSet).spec
    inner = spec.generators[0].matrix.generators[1].merge
    assert inner.merge_keys == ("server",)
    assert inner.generators[0].clusters.values == {"tier": "gold"}
    assert [step.max_update for step in spec.strategy.rolling_sync.steps] == ["25%", 1]


def test_a_field_of_a_newer_argo_cd_does_not_keep_an_object_from_being_read():
    manifest = yaml.safe_load(GUESTBOOK)
    manifest["spec"]["fromTheFuture"] = {"a": 1}
    assert decode(manifest, Application).spec.project == "default"
