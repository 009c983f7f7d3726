#!/bin/sh
# Makes the two Secrets that are in no repository, from the kernel's random numbers; those that are there are left alone.
# sh deploy/secrets.sh [NAMESPACE]
set -eu
namespace=${1:-argocd}

missing() {
  test -z "$(kubectl get secret --namespace "$namespace" "$1" --ignore-not-found --output name)"
}

random() {
  head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'
}

# By standard input, so that no process list shows what is in them.
create() {
  kubectl create --namespace "$namespace" --filename -
}

if missing varde-internal; then
  create <<END
{apiVersion: v1, kind: Secret, metadata: {name: varde-internal}, stringData: {key: "$(random)"}}
END
fi
if missing varde-redis; then
  password=$(random)
  create <<END
apiVersion: v1
kind: Secret
metadata: {name: varde-redis}
stringData:
  url: redis://:$password@varde-redis:6379/0
  server.conf: requirepass $password
END
fi
