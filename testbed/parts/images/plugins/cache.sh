#!/bin/sh
# Stands in for a cache plugin: PLUGIN_RESTORE or PLUGIN_REBUILD, PLUGIN_MOUNT (a list), in a volume at /cache.
set -e
IFS=,
for folder in $PLUGIN_MOUNT; do
  test "$PLUGIN_REBUILD" != true || { mkdir -p /cache && tar -cf "/cache/$folder.tar" "$folder" && echo "rebuilt $folder"; }
  test "$PLUGIN_RESTORE" != true || { tar -xf "/cache/$folder.tar" && echo "restored $folder"; }
done
