"""Keys of Argo CD's ConfigMaps that do not shape reconciliation here: known, so that no warning is given for them."""

__all__ = ["COMMON_KEYS", "COMMON_PREFIXES", "PARAMS_KEYS", "PARAMS_PREFIXES"]

COMMON_KEYS = frozenset(
    {
        "admin.enabled",
        "application.allowedNodeLabels",
        "application.links",
        "application.sync.impersonation.enabled",
        "application.sync.requireOverridePrivilegeForRevisionSync",
        "cluster.inClusterEnabled",
        "commit.author.email",
        "commit.author.name",
        "dex.config",
        "exec.enabled",
        "exec.shells",
        "extension.config",
        "ga.anonymizeusers",
        "ga.trackingid",
        "globalProjects",
        "helm.enable",
        "helm.valuesFileSchemes",
        "jsonnet.enable",
        "kustomize.enable",
        "oidc.config",
        "oidc.tls.insecure.skip.verify",
        "passwordPattern",
        "project.links",
        "resource.ignoreResourceUpdatesEnabled",
        "resource.includeEventLabelKeys",
        "resource.excludeEventLabelKeys",
        "resource.links",
        "resource.respectRBAC",
        "resource.sensitive.mask.annotations",
        "resource.customLabels",
        "server.maxPodLogsToRender",
        "server.rbac.disableApplicationFineGrainedRBACInheritance",
        "server.rbac.log.enforce.enable",
        "sourceHydrator.commitMessageTemplate",
        "sourceHydrator.readmeMessageTemplate",
        "statusbadge.enabled",
        "statusbadge.url",
        "ui.bannercontent",
        "ui.bannerpermanent",
        "ui.bannerposition",
        "ui.bannerurl",
        "ui.cssurl",
        "ui.loginButtonText",
        "url",
        "users.anonymous.enabled",
        "users.session.duration",
        "additionalUrls",
    }
)
"""Of ``argocd-cm``; see Argo CD's example of it."""

COMMON_PREFIXES = (
    "accounts.",
    "help.",
    "kustomize.buildOptions.",
    "kustomize.path.",
    "kustomize.version.",
    "resource.customizations",
    "resource.excludeEventLabelKeys",
)
"""The same, for families of keys."""

PARAMS_KEYS = frozenset(
    {
        "application.namespaces",
        "commit.server",
        "hydrator.enabled",
        "log.format.timestamp",
        "otlp.address",
        "otlp.attrs",
        "otlp.headers",
        "otlp.insecure",
        "redis.compression",
        "redis.db",
        "redis.server",
        "repo.server",
        "timeout.repo.cache",
    }
)
"""Of ``argocd-cmd-params-cm``; see Argo CD's example of it."""

PARAMS_PREFIXES = (
    "applicationsetcontroller.",
    "commitserver.",
    "controller.",
    "dexserver.",
    "notificationscontroller.",
    "reposerver.",
    "server.",
)
"""The same, for the options of each of Argo CD's processes."""
