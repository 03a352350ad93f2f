# The commands of this repository. Everything runs on the Node of node_modules, whatever Node the machine has.
NODE := node_modules/.bin/node --disable-warning=ExperimentalWarning
JEST := $(NODE) --experimental-vm-modules node_modules/.bin/jest

.DEFAULT_GOAL := help
.PHONY: help demo test proofs mutants quiet nights packages rollouts appends histories rules cosign unit check generate bench scale flood up down ledger build bundle command npm

help: ## lists these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: node_modules ## the main job, start to finish, on a real control plane
	$(NODE) hack/demo.ts

test: node_modules ## every test; builds the control plane's programs first if they are not cached
	$(NODE) hack/controlplane/cli.ts build > /dev/null
	$(JEST)

proofs: node_modules ## every test, with the whole of the long proofs of which `make test` runs a part: matrix, crash, nights, quiet, bounds, histories, replay
	COUNTERSIGN_PROOFS=whole $(MAKE) test

mutants: node_modules ## drops or widens every part of every admission policy in turn; something must notice. TOPICS="pods approvals" for some, ONLY="migration" by name
	$(NODE) hack/mutants.ts $(TOPICS)

quiet: node_modules ## ten thousand ordinary writes of machines in production, and no finding
	COUNTERSIGN_QUIET_WRITES=10000 $(JEST) test/e2e/quiet.test.ts

nights: node_modules ## a thousand emergencies that people, deaths and clocks meddle with
	COUNTERSIGN_NIGHTS=1000 $(JEST) test/faults/nights.test.ts

histories: node_modules ## a hundred thousand releases in a model of a cluster that goes wrong; COUNTERSIGN_HISTORIES for another number
	COUNTERSIGN_PROOFS=whole $(JEST) --selectProjects unit --runTestsByPath test/faults/model.test.ts test/faults/model-more.test.ts

packages: node_modules ## packages as vendors publish them, of ../shared/vendor: released, released again, taken back; prints what of each was released
	COUNTERSIGN_PROOFS=whole $(JEST) test/e2e/packages.test.ts

rollouts: node_modules ## the controller of Argo Rollouts itself, built from source the first time: released, aborted, paused, taken back
	COUNTERSIGN_ROLLOUTS=controller $(JEST) test/e2e/rollouts-controller.test.ts

appends: node_modules ## ten thousand acts entered by several writers at once: one unbroken chain
	COUNTERSIGN_APPENDS=10000 $(JEST) test/api-server/ledger-appends.test.ts

rules: node_modules ## checks and tests the alerts of the chart with promtool, and has it evaluate each query of the dashboard over what a run reports; built from source into ~/.cache/countersign (about ten minutes the first time)
	cd hack/controlplane/build/prometheus && CGO_ENABLED=0 go build -trimpath -tags remove_all_sd -ldflags '-s -w' -o $(HOME)/.cache/countersign/promtool github.com/prometheus/prometheus/cmd/promtool
	$(HOME)/.cache/countersign/promtool check rules charts/countersign/files/monitoring/rules.yaml
	$(HOME)/.cache/countersign/promtool test rules hack/rules.test.yaml
	COUNTERSIGN_PROMTOOL=$(HOME)/.cache/countersign/promtool $(JEST) --selectProjects cluster --runTestsByPath test/e2e/monitoring.test.ts

cosign: node_modules ## statements that the real cosign signs and verifies, offline; built from source into ~/.cache/countersign (about ten minutes the first time)
	cd hack/controlplane/build/cosign && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o $(HOME)/.cache/countersign/cosign github.com/sigstore/cosign/v3/cmd/cosign
	COUNTERSIGN_COSIGN=$(HOME)/.cache/countersign/cosign $(JEST) --runTestsByPath operator/decide/evidence/signed/cosign.test.ts test/e2e/evidence-signed.test.ts

unit: node_modules ## the tests that need no control plane
	$(JEST) --selectProjects unit

check: node_modules ## format, spelling, prose, citations, lint, types, order of rooms, unused exports, generated files
	node_modules/.bin/prettier --check --log-level warn --cache --cache-strategy content --cache-location node_modules/.cache/prettier/.prettier-cache .
	$(NODE) node_modules/.bin/cspell --no-progress --no-summary --dot --cache --cache-strategy content --cache-location node_modules/.cache/cspell .
	$(NODE) hack/prose.ts
	$(NODE) hack/citations.ts
	node_modules/.bin/oxlint --type-aware
	node_modules/.bin/tsc -p .
	node_modules/.bin/tsc -p page
	node_modules/.bin/knip
	$(NODE) node_modules/.bin/depcruise --config .dependency-cruiser.mjs --output-type err operator cli page hack bench test
	$(NODE) hack/generate.ts --check
	$(NODE) hack/chart-readme.ts --check

generate: node_modules ## writes CRDs, reference and the chart's README from their sources
	$(NODE) hack/generate.ts
	$(NODE) hack/chart-readme.ts

bench: node_modules ## figures, measured at the API server
	$(NODE) bench/main.ts

scale: node_modules ## streams, memory and work with 200 production namespaces; COUNTERSIGN_SCALE_NAMESPACES, _PODS and _SECONDS for others
	$(NODE) bench/main.ts scale

flood: node_modules ## memory, Lease and rollbacks while people make as much as they may; COUNTERSIGN_FLOOD_CANDIDATES and others for other sizes
	$(NODE) bench/main.ts flood

up: node_modules ## leaves a control plane with chart, operator and sample running
	$(NODE) hack/up.ts

down: node_modules ## ends it
	$(NODE) hack/up.ts down

ledger: node_modules ## verifies the record of the sample that `make up` left running
	.countersign/as auditor-a kubectl get ledger -n payments-prod -o json | $(NODE) hack/ledger.ts

build: node_modules ## builds the control plane's programs into the cache
	$(NODE) hack/controlplane/cli.ts build

bundle: node_modules ## the operator as the image has it
	$(NODE) hack/bundle.ts

command: node_modules ## kubectl countersign as one file: dist/kubectl-countersign.mjs
	$(NODE) hack/command.ts

npm: node_modules ## kubectl countersign as an archive for npm install: dist/kubectl-countersign-<version>.tgz
	$(NODE) hack/npm-package.ts

node_modules: package.json package-lock.json
	npm ci --no-audit --no-fund
	touch node_modules
