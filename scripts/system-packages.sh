#!/usr/bin/env bash
# Install the Debian packages named, as root; else say which are missing and fail.
set -euo pipefail
missing=()
for package in "$@"; do
  case "$package" in
    prometheus) command -v prometheus >/dev/null && command -v promtool >/dev/null && continue ;;
    etcd-server) command -v etcd >/dev/null && continue ;;
    chromium) command -v chromium >/dev/null && continue ;;
    openssl) command -v openssl >/dev/null && continue ;;
    prometheus-alertmanager) command -v prometheus-alertmanager >/dev/null && continue ;;
    *) dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok' && continue ;;
  esac
  missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "missing system packages: ${missing[*]} (as root: apt-get install ${missing[*]})" >&2
  exit 2
fi
echo "installing system packages: ${missing[*]} ..." >&2
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1  # a package's server is not to be started
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
