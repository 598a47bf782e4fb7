# Shared by the scripts beside this file; to be sourced.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }

# need PACKAGE:PROGRAM:WHY ... - installs the Debian packages whose programs are missing.
need() {
  local missing=() item package program why
  for item in "$@"; do
    IFS=: read -r package program why <<<"$item"
    PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null && continue
    missing+=("$package")
    say "system package $package is needed: $why"
  done
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      say "please install as root: apt-get install ${missing[*]}"
      exit 1
    fi
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2
}

# Whether this machine lets root mount a file system that is in a file; says why not.
can_mount_images() {
  local directory device problem=
  directory=$(mktemp -d)
  truncate -s 8M "$directory/image"
  if [ "$(id -u)" -ne 0 ]; then
    problem="only root can"
  elif ! device=$(losetup --find --show "$directory/image" 2>&1); then
    problem="no loop device: $device"
  else
    mkdir "$directory/mounted"
    if ! problem=$(mkfs.ext2 -q "$device" 2>&1 && mount "$device" "$directory/mounted" 2>&1 && umount "$directory/mounted" 2>&1); then
      problem="cannot mount: $problem"
    else
      problem=
    fi
    losetup --detach "$device"
  fi
  rm -rf "$directory"
  [ -z "$problem" ] && return
  echo "$problem"
  return 1
}

need_runtime() {
  need \
    "npm:npm:brings the Node that the program runs on, and its libraries" \
    "haproxy:haproxy:the load balancer itself" \
    "iproute2:ip:namespaces, links, addresses, routes" \
    "iputils-arping:arping:announces addresses to the network" \
    "nftables:nft:masquerading rules of plugged interfaces" \
    "procps:sysctl:kernel settings inside the namespace" \
    "util-linux:unshare:the sandbox's own namespaces" \
    "curl:curl:to send requests by hand"
  # Node needs it and does not bring it.
  ldconfig -p | grep -q libatomic.so.1 || need "libatomic1:libatomic-is-missing:a library that Node needs"
}

# npm 9 does not link the program of an optional package whose sibling for another processor was left out.
link_node() {
  local arch
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *)
      say "no Node for this processor: $(uname -m)"
      exit 1
      ;;
  esac
  ln -sfn "../node-linux-$arch/bin/node" "$root/node_modules/.bin/node"
}

# The packages of package-lock.json and the bundle, each only when something changed.
set_up_node() {
  local stamp=$root/node_modules/.amphora-set-up
  if [ ! -e "$stamp" ] || [ "$root/package-lock.json" -nt "$stamp" ]; then
    say "npm packages"
    (cd "$root" && npm ci --no-progress --loglevel=error >&2)
    link_node
    touch "$stamp"
  fi
  PATH=$root/node_modules/.bin:$PATH
}

build_if_stale() {
  local newest
  newest=$(find "$root/agent" "$root/scripts/build.ts" "$root/package-lock.json" -newer "$root/dist/amphora.js" -print -quit 2>/dev/null || true)
  if [ ! -e "$root/dist/amphora.js" ] || [ -n "$newest" ]; then
    say "build"
    (cd "$root" && node scripts/build.ts >&2)
  fi
}
