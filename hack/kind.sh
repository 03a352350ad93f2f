#!/usr/bin/env bash
# hack/kind.sh up|down: Countersign on a kind cluster, with the same people as `make up` and their kubeconfigs in
# .countersign/kubeconfigs.
#
# Where Countersign was written there is no Docker engine: this script has been checked (bash -n), never run. What it shares with
# the tested control plane is tested there: the chart, and identities through CSR approval (hack/controlplane/csr.test.ts).
#
# Needs: docker (with a running engine), kind, helm, kubectl, and `npm ci`.
#   COUNTERSIGN_KIND_CLUSTER     name of the cluster (countersign)
#   COUNTERSIGN_BASE_IMAGE       distroless Node 24 image that the operator's image is built on (required)
#   COUNTERSIGN_KIND_NODE_IMAGE  node image (kindest/node:v1.36.1); Kubernetes 1.36 or newer
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cluster=${COUNTERSIGN_KIND_CLUSTER:-countersign}
node_image=${COUNTERSIGN_KIND_NODE_IMAGE:-kindest/node:v1.36.1}
image=countersign-operator
tag=kind
namespace=countersign-system
kubeconfigs=$PWD/.countersign/kubeconfigs

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

need() {
  command -v "$1" >/dev/null || fail "$1 is needed and not on the PATH. Without Docker, make up runs a real control plane from source."
}

not_ours() {
  [[ ! -e .countersign/controlplane.json ]] || fail '.countersign/ belongs to a control plane from source. Run first: make down'
}

create_cluster() {
  if kind get clusters 2>/dev/null | grep -qxF "$cluster"; then
    kind export kubeconfig --name "$cluster" --kubeconfig "$kubeconfigs/installer"
  else
    kind create cluster --name "$cluster" --image "$node_image" --kubeconfig "$kubeconfigs/installer" --wait 180s
  fi
}

load_image() {
  docker build --build-arg "BASE_IMAGE=${COUNTERSIGN_BASE_IMAGE:?name a distroless Node 24 image, as the Dockerfile says}" --tag "$image:$tag" .
  kind load docker-image "$image:$tag" --name "$cluster"
}

install_chart() {
  helm upgrade --install countersign charts/countersign \
    --kubeconfig "$kubeconfigs/installer" --namespace "$namespace" --create-namespace \
    --set-string operator.image.repository="$image" --set-string operator.image.tag="$tag" \
    --wait --timeout 5m
}

up() {
  for tool in docker kind helm kubectl; do need "$tool"; done
  docker info >/dev/null 2>&1 || fail 'The Docker engine does not answer. Without it, use: make up'
  [[ -x node_modules/.bin/node ]] || fail 'Run first: npm ci'
  not_ours

  mkdir -p "$kubeconfigs"
  create_cluster
  load_image
  install_chart
  node_modules/.bin/node hack/controlplane/kind-identities.ts "$kubeconfigs"
  printf 'Try: KUBECONFIG=%s kubectl get nodes\n' "$kubeconfigs/admin" >&2
}

down() {
  need kind
  not_ours
  kind delete cluster --name "$cluster"
  rm -rf .countersign
}

case "${1:-}" in
  up | down) "$1" ;;
  *) fail 'Usage: hack/kind.sh up|down' ;;
esac
