#!/usr/bin/env bash
# npm run browser: the system's Chromium for npm run test:site, where it can be had without asking anybody.
set -euo pipefail
for program in "${MLSTACK_CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$program" ] && command -v "$program" >/dev/null; then echo "browser: $(command -v "$program")"; exit 0; fi
done
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "browser: none is here, and installing one takes root and apt-get: apt-get install chromium"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
echo "browser: $(command -v chromium)"
