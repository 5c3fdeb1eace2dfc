#!/usr/bin/env bash
# See that the system libraries are there which no wheel brings: for Qt's window (xcb), OpenGL, sound, a virtual
# screen, and Python's venv; in CI also the browser that reports are looked at in, the DICOM programs that
# exports are checked by, and a voice to test with (elsewhere those tests are skipped without them). On Debian
# and Ubuntu, root installs what is missing; everyone else is told the command.
#
# Usage: scripts/system-libraries.sh        (PYTHON=... names the interpreter of the virtual environment)
set -euo pipefail
cd "$(dirname "$0")/.."

# package | what proves that it is there: a shared library, a command, or a file
readonly NEEDED='
xvfb                | command Xvfb
xvfb                | command xvfb-run
xauth               | command xauth
libxcb-cursor0      | library libxcb-cursor.so.0
libxcb-icccm4       | library libxcb-icccm.so.4
libxcb-keysyms1     | library libxcb-keysyms.so.1
libxcb-image0       | library libxcb-image.so.0
libxcb-render-util0 | library libxcb-render-util.so.0
libxcb-xinerama0    | library libxcb-xinerama.so.0
libxcb-shape0       | library libxcb-shape.so.0
libxkbcommon-x11-0  | library libxkbcommon-x11.so.0
libegl1             | library libEGL.so.1
libgl1              | library libGL.so.1
libglx-mesa0        | library libGLX_mesa.so.0
libgl1-mesa-dri     | file /usr/lib*/dri/*_dri.so /usr/lib/*/dri/*_dri.so
libportaudio2       | library libportaudio.so.2
libdbus-1-3         | library libdbus-1.so.3
libglib2.0-0        | library libglib-2.0.so.0
libfontconfig1      | library libfontconfig.so.1
'
readonly NEEDED_IN_CI='
chromium            | command chromium
chromium-driver     | command chromedriver
dcmtk               | command dcmdump
dicom3tools         | command dciodvfy
espeak-ng           | command espeak-ng
pulseaudio          | command pulseaudio
pulseaudio-utils    | command paplay
libasound2-plugins  | file /usr/lib*/alsa-lib/libasound_module_pcm_pulse.so /usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so
'

has_file() {
  local path
  for path in "$@"; do
    [ -e "$path" ] && return 0
  done
  return 1
}

is_there() { # is_there KIND NAME...
  local kind=$1
  shift
  case $kind in
    command) command -v "$1" >/dev/null ;;
    library) grep -qF "$1 " <<<"$libraries" ;;
    file) has_file "$@" ;;
  esac
}

missing_packages() {
  local package kind names
  while IFS='| ' read -r package kind names; do
    # shellcheck disable=SC2086  # a file's patterns are meant to be expanded
    [ -z "$package" ] || is_there "$kind" $names || echo "$package"
  done <<<"$NEEDED${CI:+$NEEDED_IN_CI}"
}

missing_python() {
  if [ -x .venv/bin/pip ]; then
    return
  fi
  local python=${PYTHON:-$(scripts/find-python.sh)}
  if [ -z "$python" ]; then
    echo python3
    echo python3-venv
  elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    "$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
  fi
}

[ "$(uname -s)" = Linux ] || exit 0 # macOS and Windows bring all of this

PATH=$PATH:/usr/sbin:/sbin # where ldconfig lives; not on everyone's path
libraries=$(ldconfig -p)
missing=$({ missing_packages; missing_python; } | sort -u | tr '\n' ' ')
missing=${missing% }
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "System libraries are missing. Install what your distribution calls: $missing" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "System libraries are missing. Install them with this command, then run make again:" >&2
  echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing" >&2
  exit 1
fi
echo "Installing system libraries: $missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086  # a list of packages
apt-get install -q -y --no-install-recommends $missing
