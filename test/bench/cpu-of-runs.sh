# Runs a command several times and prints the user and system times of all of it, as "times" does: bash -s TIMES COMMAND...
runs=$1
shift
while [ $((runs--)) -gt 0 ]; do
  "$@" </dev/null >/dev/null || exit
done
times
