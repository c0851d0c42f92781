#!/bin/sh
# Stands in for drone/git with the real git: what a clone step makes of its variables (depth, tags, pull requests).
set -e
git config --global init.defaultBranch main
git config --global --add safe.directory '*'
test -z "$DRONE_NETRC_MACHINE" || printf 'machine %s\nlogin %s\npassword %s\n' \
  "$DRONE_NETRC_MACHINE" "$DRONE_NETRC_USERNAME" "$DRONE_NETRC_PASSWORD" >"$HOME/.netrc"
depth=${PLUGIN_DEPTH:+--depth=$PLUGIN_DEPTH}
mkdir -p "$DRONE_WORKSPACE"
cd "$DRONE_WORKSPACE"
git init -q
git remote add origin "$DRONE_REMOTE_URL"
case $DRONE_BUILD_EVENT in
pull_request)
  git fetch -q $depth origin "+refs/heads/$DRONE_COMMIT_BRANCH:"
  git checkout -q -b "$DRONE_COMMIT_BRANCH" FETCH_HEAD
  git fetch -q origin "$DRONE_COMMIT_REF:"
  git merge -q "$DRONE_COMMIT_SHA"
  ;;
tag)
  git fetch -q $depth origin "+refs/tags/$DRONE_TAG:"
  git checkout -q FETCH_HEAD
  ;;
*)
  git fetch -q $depth origin "+refs/heads/$DRONE_COMMIT_BRANCH:"
  git checkout -q -b "$DRONE_COMMIT_BRANCH" "$DRONE_COMMIT_SHA"
  ;;
esac
