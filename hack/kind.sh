#!/usr/bin/env bash
# hack/kind.sh up|down: Countersign on a kind cluster, with the people, bindings, policy and sample of `make up`, and `.countersign/as`.
# docs/real-cluster.md says what was seen on such a cluster.
#
# Needs: docker (with a running engine), kind, helm, kubectl, and `npm ci`; for the sample also go.
#   COUNTERSIGN_KIND_CLUSTER     name of the cluster (countersign)
#   COUNTERSIGN_BASE_IMAGE       distroless Node 24 image that the operator's image is built on (required)
#   COUNTERSIGN_BUILD_IMAGE      Node 24 image with npm that builds it (as the Dockerfile says)
#   COUNTERSIGN_KIND_NODE_IMAGE  node image (kindest/node:v1.36.1); Kubernetes 1.36 or newer
#   COUNTERSIGN_KIND_CONFIG      configuration of kind, for more nodes than one
#   COUNTERSIGN_SAMPLE_IMAGE     name[:tag]@sha256:… of an image with a shell that the nodes can pull, such as busybox: the sample runs it. With a tag,
#                                one workload of the sample names it by that. Absent: no sample.
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
    kind create cluster --name "$cluster" --image "$node_image" --kubeconfig "$kubeconfigs/installer" --wait 180s \
      ${COUNTERSIGN_KIND_CONFIG:+--config "$COUNTERSIGN_KIND_CONFIG"}
  fi
}

# An image that starts no Node, or an old one, would be noticed only when no pod of the chart becomes ready.
check_base_image() {
  local major
  major=$(docker run --rm --network none "$COUNTERSIGN_BASE_IMAGE" -p 'process.versions.node.split(".")[0]') ||
    fail "COUNTERSIGN_BASE_IMAGE ($COUNTERSIGN_BASE_IMAGE) does not start Node: name a distroless Node 24 image, whose entry point is node"
  ((major >= 24)) || fail "COUNTERSIGN_BASE_IMAGE ($COUNTERSIGN_BASE_IMAGE) has Node $major, and 24 or newer is needed"
}

# Named by its content, so that an upgrade runs what was built, and the same content builds no other release of the chart.
build_image() {
  local args=(--build-arg "BASE_IMAGE=$COUNTERSIGN_BASE_IMAGE")
  [[ -z "${COUNTERSIGN_BUILD_IMAGE:-}" ]] || args+=(--build-arg "BUILD_IMAGE=$COUNTERSIGN_BUILD_IMAGE")
  # An attestation has the time in it, and would give the same content another id.
  BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker build "${args[@]}" --tag "$image:built" .
  local id
  id=$(docker image inspect --format '{{.Id}}' "$image:built")
  tag=kind-${id#sha256:}
  tag=${tag:0:17}
  docker tag "$image:built" "$image:$tag"
}

# Only once, so that what people did since then stays.
sample() {
  local as=(kubectl --kubeconfig "$kubeconfigs/installer")
  "${as[@]}" apply -f hack/demo/namespaces.yaml -f hack/demo/bindings.yaml
  node_modules/.bin/node hack/kind-files.ts .countersign "${COUNTERSIGN_SAMPLE_IMAGE:-}"
  if "${as[@]}" get relpol production -n payments-prod >/dev/null 2>&1; then return; fi
  "${as[@]}" apply -f .countersign/demo/policy.yaml
  "${as[@]}" label namespace payments-prod --overwrite countersign.dev/guarded=enforce
  if [[ -z "${COUNTERSIGN_SAMPLE_IMAGE:-}" ]]; then
    printf 'No sample is staged: COUNTERSIGN_SAMPLE_IMAGE names no image.\n' >&2
    return
  fi
  stage .countersign/demo/2.4.0/app.yaml
}

# The API server's admission policies know a new kind some time after it is served, and refuse it until then; nobody is told when.
stage() {
  local apply=(.countersign/as developer-a kubectl apply -f "$1") deadline=$((SECONDS + 60))
  until "${apply[@]}" --dry-run=server >/dev/null 2>&1 || ((SECONDS > deadline)); do sleep 1; done
  "${apply[@]}"
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
  [[ -z "${COUNTERSIGN_SAMPLE_IMAGE:-}" || "$COUNTERSIGN_SAMPLE_IMAGE" == *@sha256:* ]] || fail 'COUNTERSIGN_SAMPLE_IMAGE names no digest: write name[:tag]@sha256:…'
  [[ -z "${COUNTERSIGN_SAMPLE_IMAGE:-}" ]] || need go
  not_ours

  # What cannot be built or run is known before there is a cluster.
  check_base_image
  build_image
  mkdir -p "$kubeconfigs"
  trap failed EXIT
  create_cluster
  kind load docker-image "$image:$tag" --name "$cluster"
  install_chart
  node_modules/.bin/node hack/controlplane/kind-identities.ts "$kubeconfigs"
  sample
  trap - EXIT
  cat >&2 <<'HINT'
It is up. As one of the people: .countersign/as <identity> <command>. The sample for these pods is in .countersign/demo:

  .countersign/as developer-a kubectl create -f .countersign/demo/2.4.0/candidate.yaml
  .countersign/as developer-a kubectl countersign get payments-2.4.0 -n payments-staging

docs/quickstart.md goes on from here, with .countersign/demo instead of hack/demo. hack/kind.sh down ends it.
HINT
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
