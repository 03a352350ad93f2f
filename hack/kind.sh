#!/usr/bin/env bash
# hack/kind.sh up|down: Countersign on a kind cluster, with the people, bindings and policy of `make up`, and their kubeconfigs in
# .countersign/kubeconfigs. Building, loading and installing have run on a kind cluster of two nodes with Kubernetes 1.36.3; policy and sample have not.
#
# Needs: docker (with a running engine), kind, helm, kubectl, and `npm ci`.
#   COUNTERSIGN_KIND_CLUSTER     name of the cluster (countersign)
#   COUNTERSIGN_BASE_IMAGE       distroless Node 24 image that the operator's image is built on (required)
#   COUNTERSIGN_BUILD_IMAGE      Node 24 image with npm that builds it (as the Dockerfile says)
#   COUNTERSIGN_KIND_NODE_IMAGE  node image (kindest/node:v1.36.1); Kubernetes 1.36 or newer
#   COUNTERSIGN_SAMPLE_IMAGE     name@sha256:… of an image that runs until it is ended: the sample is staged with it. Absent: no sample.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cluster=${COUNTERSIGN_KIND_CLUSTER:-countersign}
node_image=${COUNTERSIGN_KIND_NODE_IMAGE:-kindest/node:v1.36.1}
image=countersign-operator
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
    created=yes
    kind create cluster --name "$cluster" --image "$node_image" --kubeconfig "$kubeconfigs/installer" --wait 180s
  fi
}

# Named by its content, so that an upgrade runs what was built, and the same content builds no other release of the chart.
build_image() {
  local args=(--build-arg "BASE_IMAGE=$COUNTERSIGN_BASE_IMAGE")
  [[ -z "${COUNTERSIGN_BUILD_IMAGE:-}" ]] || args+=(--build-arg "BUILD_IMAGE=$COUNTERSIGN_BUILD_IMAGE")
  docker build "${args[@]}" --tag "$image:built" .
  local id
  id=$(docker image inspect --format '{{.Id}}' "$image:built")
  tag=kind-${id#sha256:}
  tag=${tag:0:17}
  docker tag "$image:built" "$image:$tag"
}

# The people's namespaces, bindings and policy, with times in which real pods start.
sample() {
  local as=(kubectl --kubeconfig "$kubeconfigs/installer")
  "${as[@]}" apply -f hack/demo/namespaces.yaml -f hack/demo/bindings.yaml
  "${as[@]}" apply -f hack/demo/policy.yaml
  "${as[@]}" patch relpol production -n payments-prod --type merge \
    -p '{"spec":{"soak":"30s","health":{"progressTimeout":"5m","observeFor":"2m"}}}'
  "${as[@]}" label namespace payments-prod --overwrite countersign.dev/guarded=enforce
  if [[ -z "${COUNTERSIGN_SAMPLE_IMAGE:-}" ]]; then
    printf 'No sample is staged: COUNTERSIGN_SAMPLE_IMAGE names no image.\n' >&2
    return
  fi
  sed "s|image: .*|image: $COUNTERSIGN_SAMPLE_IMAGE|" hack/demo/2.4.0/app.yaml |
    kubectl --kubeconfig "$kubeconfigs/developer-a" apply -f -
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
  [[ -n "${COUNTERSIGN_BASE_IMAGE:-}" ]] || fail 'COUNTERSIGN_BASE_IMAGE is not set: name a distroless Node 24 image, as the Dockerfile says'
  [[ -z "${COUNTERSIGN_SAMPLE_IMAGE:-}" || "$COUNTERSIGN_SAMPLE_IMAGE" == *@sha256:* ]] || fail 'COUNTERSIGN_SAMPLE_IMAGE names no digest: write name@sha256:…'
  not_ours

  # What cannot be built is known before there is a cluster.
  build_image
  mkdir -p "$kubeconfigs"
  trap failed EXIT
  create_cluster
  kind load docker-image "$image:$tag" --name "$cluster"
  install_chart
  node_modules/.bin/node hack/controlplane/kind-identities.ts "$kubeconfigs"
  sample
  trap - EXIT
  printf 'Try: KUBECONFIG=%s kubectl get nodes\n' "$kubeconfigs/admin" >&2
}

# Leaves nothing half made: a cluster that this run created goes, one that was there stays.
failed() {
  printf 'It failed. ' >&2
  if [[ "${created:-}" == yes ]]; then
    kind delete cluster --name "$cluster" || true
    rm -rf .countersign
    printf 'The cluster was deleted again.\n' >&2
  else
    printf 'Cluster %s was there before, and stays.\n' "$cluster" >&2
  fi
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
