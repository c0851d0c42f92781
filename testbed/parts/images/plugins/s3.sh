#!/bin/sh
# Stands in for plugins/s3: it uploads the files below PLUGIN_SOURCE with signed requests (AWS signature version 4) to PLUGIN_ENDPOINT.
set -e
host=${PLUGIN_ENDPOINT#*://}
acl=${PLUGIN_ACL:-private}
test "$PLUGIN_PATH_STYLE" = true || { echo "needs path_style"; exit 2; }

sha256() { sha256sum | cut -c1-64; }
bytes() { xxd -r -p; }
# The HMAC of standard input; the key as hexadecimal digits.
hmac() {
  key=$1
  test ${#key} -le 128 || key=$(printf %s "$key" | bytes | sha256)
  while test ${#key} -lt 128; do key=${key}00; done
  inner= outer=
  while test -n "$key"; do
    byte=${key%"${key#??}"}
    key=${key#??}
    inner=$inner$(printf %02x $((0x$byte ^ 0x36)))
    outer=$outer$(printf %02x $((0x$byte ^ 0x5c)))
  done
  digest=$({ printf %s "$inner" | bytes && cat; } | sha256)
  printf %s "$outer$digest" | bytes | sha256
}

upload() {
  day=$(date -u +%Y%m%d) time=$(date -u +%Y%m%dT%H%M%SZ)
  scope=$day/$PLUGIN_REGION/s3/aws4_request
  payload=$(sha256 <"$1")
  signed='host;x-amz-acl;x-amz-content-sha256;x-amz-date'
  request=$(printf 'PUT\n/%s/%s\n\nhost:%s\nx-amz-acl:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n\n%s\n%s' \
    "$PLUGIN_BUCKET" "$2" "$host" "$acl" "$payload" "$time" "$signed" "$payload")
  key=$(printf %s "AWS4$PLUGIN_SECRET_KEY" | xxd -p | tr -d '\n')
  for part in "$day" "$PLUGIN_REGION" s3 aws4_request; do key=$(printf %s "$part" | hmac "$key"); done
  signature=$(printf 'AWS4-HMAC-SHA256\n%s\n%s\n%s' "$time" "$scope" "$(printf %s "$request" | sha256)" | hmac "$key")
  # The connection stays open for writing until the answer is there: not everything on the way takes a half-closed one.
  pipe=$(mktemp -u)
  mkfifo "$pipe"
  nc "${host%:*}" "${host##*:}" <"$pipe" >"$pipe.answer" &
  exec 3>"$pipe"
  {
    printf 'PUT /%s/%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n' "$PLUGIN_BUCKET" "$2" "$host"
    printf 'Content-Length: %s\r\nx-amz-acl: %s\r\n' "$(wc -c <"$1")" "$acl"
    printf 'x-amz-content-sha256: %s\r\nx-amz-date: %s\r\n' "$payload" "$time"
    printf 'Authorization: AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s\r\n\r\n' \
      "$PLUGIN_ACCESS_KEY" "$scope" "$signed" "$signature"
    cat "$1"
  } >&3
  wait $!
  exec 3>&-
  head -n 1 "$pipe.answer" | cut -d ' ' -f 2
}

find "${PLUGIN_SOURCE%%/\**}" -type f | sort | while read -r file; do
  key=${PLUGIN_TARGET#/}/${file#"$PLUGIN_STRIP_PREFIX"}
  status=$(upload "$file" "$key")
  echo "$file to $PLUGIN_BUCKET/$key: $status"
  test "$status" = 200
done
