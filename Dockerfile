# syntax=docker/dockerfile:1
# The operator's image: a bundled program and its thread on a runtime without a shell. It runs as any non-root user on a read-only root file system.
#   docker build --build-arg BASE_IMAGE=<registry>/distroless/nodejs24-debian12:nonroot -t countersign-operator:0.1.0 .
ARG BUILD_IMAGE=node:24-bookworm-slim
# A distroless Node 24 image from the registry that you trust: there is no default, so that nobody runs one by accident.
ARG BASE_IMAGE

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# esbuild's binary is an optional package of npm's; no install script has to run.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY hack/bundle.ts hack/ascii.ts hack/
COPY operator operator
RUN node hack/bundle.ts

FROM ${BASE_IMAGE}
WORKDIR /app
COPY --from=build /src/dist/ ./
ENV NODE_ENV=production
USER 65532:65532
EXPOSE 8080
CMD ["operator.mjs"]
