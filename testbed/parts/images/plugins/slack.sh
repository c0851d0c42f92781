#!/bin/sh
# Stands in for plugins/slack: it tells the status of the build from /run/drone/env, over its own variables.
status=$(sed -n 's/^DRONE_BUILD_STATUS="\(.*\)"$/\1/p' /run/drone/env)
echo "to $PLUGIN_CHANNEL: build $DRONE_BUILD_NUMBER of $DRONE_REPO is $status; $PLUGIN_TEMPLATE"
