# syntax=docker/dockerfile:1
# docker buildx build --platform linux/amd64,linux/arm64 --target runner --build-arg IMAGE=registry.acme.test/hangar-runner:0.1.0 -t registry.acme.test/hangar-runner:0.1.0 .
# docker buildx build --platform linux/amd64,linux/arm64 --target autoscaler -t registry.acme.test/hangar-autoscaler:0.1.0 .
# A release pins the base by its digest as well: --build-arg NODE=docker.io/library/node:24.21.0-bookworm-slim@sha256:...
ARG NODE=docker.io/library/node:24.21.0-bookworm-slim
ARG GO=docker.io/library/golang:1.26.8-bookworm

# JavaScript is the same on every platform: it is bundled on the builder's own.
FROM --platform=$BUILDPLATFORM ${NODE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc tsconfig.base.json ./
COPY shared shared
COPY runner runner
COPY autoscaler autoscaler
COPY testbed/parts/images/bundle.ts testbed/parts/images/third-party.ts testbed/parts/images/
RUN npm ci --ignore-scripts --include-workspace-root --workspace=@hangar/shared --workspace=@hangar/runner --workspace=@hangar/autoscaler
RUN node testbed/parts/images/bundle.ts
RUN npm pkg delete devDependencies optionalDependencies && for program in runner autoscaler; do npm sbom --sbom-format=cyclonedx --omit=dev --omit=optional --workspace=@hangar/shared --workspace=@hangar/$program > $program/bundle/sbom.cdx.json; done

# The gate is in the runner's image too: who exchanges only the image of the previous runner needs no other one.
FROM --platform=$BUILDPLATFORM ${GO} AS gate
ARG TARGETARCH
ARG VERSION=0.1.0
WORKDIR /src
COPY runner/gate ./
RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /out/gate . && ln -s gate /out/placeholder

FROM ${NODE} AS program
ARG NODE
# The addresses are those of the chart (charts/hangar/Chart.yaml). A release sets its own, and the digest of the base (.github/workflows/release.yml).
LABEL org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.url="https://hangar.dev" \
  org.opencontainers.image.source="https://hangar.dev/source" \
  org.opencontainers.image.documentation="https://hangar.dev/docs" \
  org.opencontainers.image.base.name="${NODE}"
# One arena: each further one holds memory that a program of one busy thread never needs again (12 MiB less while idle).
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
WORKDIR /hangar
COPY LICENSE ./
USER 10001:10001

FROM program AS runner
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="hangar-runner" \
  org.opencontainers.image.description="Runs Drone CI pipelines in Kubernetes Pods" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
COPY --from=build /src/runner/package.json runner/
COPY --from=build /src/runner/bundle runner/bundle
COPY runner/bin/hangar-runner /usr/local/bin/
COPY --from=gate /out/ /
# The reference under which this image is pushed; the runner derives the gate's image from it where it may not read its own Pod.
ARG IMAGE=
ENV HANGAR_OWN_IMAGE=${IMAGE}
# A smaller space for new objects (the default is 16 MiB, held three times): a third less memory with 200 pipelines at once.
ENV NODE_OPTIONS=--max-semi-space-size=4
# In the container of a step that is swapped it is the placeholder, as in the gate's image; elsewhere it becomes the runner.
ENTRYPOINT ["/placeholder", "--else", "/usr/local/bin/node", "/hangar/runner/bundle/main.js"]

FROM program AS autoscaler
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="hangar-autoscaler" \
  org.opencontainers.image.description="Sizes the node pools of a Drone CI on Kubernetes" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
COPY --from=build /src/autoscaler/package.json autoscaler/
COPY --from=build /src/autoscaler/web autoscaler/web
COPY --from=build /src/autoscaler/bundle autoscaler/bundle
COPY autoscaler/bin/hangar-autoscaler /usr/local/bin/
ENTRYPOINT ["node", "/hangar/autoscaler/bundle/main.js"]
