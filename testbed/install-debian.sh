#!/usr/bin/env bash
# Installs what the real test cluster needs from Debian: run as root on Debian 12 or newer.
#   testbed/install-debian.sh [group...]
# Groups: cluster (always), chromium (browser tests of the web page), prometheus (alert rules, real scrapes), shells (completion).
# Safe to run again; asks the package index only when something is missing. No service is started.
set -euo pipefail

packages_of() {
  case "$1" in
    cluster)
      echo busybox-static ca-certificates containernetworking-plugins docker-registry iproute2
      echo openssl runc util-linux
      ;;
    chromium) echo chromium fonts-dejavu-core ;;
    prometheus) echo prometheus ;;
    shells) echo bash fish zsh ;;
    *)
      echo "install-debian: unknown group '$1'; known: cluster, chromium, prometheus, shells" >&2
      exit 2
      ;;
  esac
}

is_installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

case "${1:-}" in
  -h | --help)
    sed -n '2,5s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

missing=()
for group in cluster "$@"; do
  # Command substitution in an assignment, so that an unknown group ends the script.
  names=$(packages_of "$group")
  for name in $names; do
    is_installed "$name" || missing+=("$name")
  done
done
if [ "${#missing[@]}" -eq 0 ]; then
  echo "install-debian: all present" >&2
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "install-debian: no apt-get here. Install by hand: ${missing[*]}" >&2
  exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "install-debian: must be root to install: ${missing[*]}. Try: sudo $0 $*" >&2
  exit 2
fi

# Packages such as docker-registry start a daemon when installed; ours are started by the testbed alone.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 0755 "$policy"
fi

echo "install-debian: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >&2
apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" >&2
if [ -d /run/systemd/system ]; then
  for service in docker-registry prometheus prometheus-node-exporter; do
    for name in "${missing[@]}"; do
      [ "$name" = "$service" ] && systemctl disable --quiet "$service" >/dev/null 2>&1 || true
    done
  done
fi
echo "install-debian: done" >&2
