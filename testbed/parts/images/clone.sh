#!/bin/sh
# Stands in for drone/git: leaves a workspace that looks cloned, without any network.
# TESTBED_CLONE_SLEEP: seconds to wait first. TESTBED_CLONE_EXIT: exit code to fail with.
workspace="${DRONE_WORKSPACE:-$PWD}"
commit="${DRONE_COMMIT_SHA:-0000000000000000000000000000000000000000}"
branch="${DRONE_COMMIT_BRANCH:-${DRONE_BRANCH:-main}}"
echo "clone: ${DRONE_REMOTE_URL:-no remote} $branch $commit into $workspace"
if [ -n "$TESTBED_CLONE_SLEEP" ]; then
  echo "clone: waiting ${TESTBED_CLONE_SLEEP}s"
  sleep "$TESTBED_CLONE_SLEEP"
fi
if [ "${TESTBED_CLONE_EXIT:-0}" != 0 ]; then
  echo "clone: failing with ${TESTBED_CLONE_EXIT} as told"
  exit "$TESTBED_CLONE_EXIT"
fi
mkdir -p "$workspace/.git/refs/heads" || exit 1
cd "$workspace" || exit 1
echo "$commit" >.git/HEAD || exit 1
echo "$branch $commit" >.git/packed-refs
echo "workspace of ${DRONE_REPO:-a repository} at $commit" >README.md || exit 1
echo "clone: HEAD is now at $commit"
