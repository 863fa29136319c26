#!/bin/sh
# Install Debian packages without starting their services: apt_install.sh PACKAGE...
# To be run as root. The packages' own services are of no use here: the stack starts private ones.
set -eu

policy=/usr/sbin/policy-rc.d
marker='# temporary, by topn-tui tests/stack/apt_install.sh'
saved=

restore() {
    if [ -n "$saved" ]; then mv -f "$saved" "$policy"; else rm -f "$policy"; fi
}

# A file with our marker was left by a run that was killed: nothing to save.
if [ -e "$policy" ] && ! grep -qF "$marker" "$policy"; then
    saved=$(mktemp "$policy.saved-XXXXXX")
    cp -p "$policy" "$saved"
fi
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
printf '#!/bin/sh\n%s\nexit 101\n' "$marker" >"$policy"
chmod 755 "$policy"

export DEBIAN_FRONTEND=noninteractive
install_packages() {
    apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

# The package lists may be missing or too old; fetch them only then.
install_packages "$@" || { apt-get update -q -o DPkg::Lock::Timeout=300 && install_packages "$@"; }
