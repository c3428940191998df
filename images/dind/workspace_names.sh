# The workspace under every name that the stack's people know it by, so that `docker run -v NAME:/x` in the backend, the editor or a
# terminal of the engine's container means the same folder. Sourced by entrypoint.sh.
# shellcheck shell=sh
#
#   /app/workspace, /home/coder/workspace, /workspaces   where the backend, the editor and the guide have it
#   claude-workspace                                     the volume's name on the outer engine

WORKSPACE_PLACES='/app/workspace /home/coder/workspace /workspaces'

link_workspace() { # FOLDER
  for place in $WORKSPACE_PLACES; do
    [ "$place" != "$1" ] || continue
    # Another mount, or a folder with something in it, is the operator's.
    [ ! -d "$place" ] || [ -L "$place" ] || rmdir "$place" 2>/dev/null || { say "warning: $place is not the workspace: something else is there"; continue; }
    mkdir -p "${place%/*}" && ln -sfn "$1" "$place" || say "warning: $place can't be linked to $1"
  done
}

# name_workspace FOLDER: waits for the engine, and gives it a volume claude-workspace that is the folder. An ordinary volume of that
# name stays where something is in it: an engine makes one by itself for `docker run -v claude-workspace:/x`.
name_workspace() {
  docker="docker -H unix:///var/run/docker.sock"
  until $docker version >/dev/null 2>&1; do sleep 0.2; done
  device=$($docker volume inspect -f '{{with .Options}}{{.device}}{{end}}' claude-workspace 2>/dev/null) && {
    [ "$device" != "$1" ] || return 0
    folder=$($docker volume inspect -f '{{.Mountpoint}}' claude-workspace)
    if [ -z "$device" ] && [ -n "$(ls -A "$folder" 2>/dev/null)" ] || ! $docker volume rm claude-workspace >/dev/null 2>&1; then
      say "warning: this engine has another volume claude-workspace, which is in use or not empty: in this engine, that name is not the workspace. docker volume rm claude-workspace, and restart"
      return 0
    fi
  }
  $docker volume create -d local -o type=none -o o=bind -o "device=$1" claude-workspace >/dev/null || say "warning: this engine has no volume claude-workspace"
}
